"""Whom a clinic must not mail any more, after what mail services report."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Min
from django.db.models.functions import Coalesce

from aftercare.clinics.addresses import comparable
from aftercare.clinics.models import AfterComplaint, Clinic
from aftercare.outbox.models import DeliveryEvent, Purpose, ScheduledMessage, Status, Suppression

STILL_TO_COME = frozenset({Status.SCHEDULED, Status.HELD, Status.CLAIMED})
COMPLAINTS = ("complained", "unsubscribed")

_AFTER_COMPLAINT: Mapping[str, Purpose] = {
    AfterComplaint.NOTHING: Purpose.ALL,
    AfterComplaint.SAFETY: Purpose.ROUTINE,
}


def purposes_against(safety_critical: bool) -> tuple[Purpose, ...]:
    """The purposes that forbid a message, depending on whether it is safety-critical."""
    always = (Purpose.ALL, Purpose.CARE)
    return always if safety_critical else (*always, Purpose.ROUTINE)


def reasons_against(messages: Collection[ScheduledMessage]) -> dict[UUID, str]:
    """Of those still to come the ones that a suppression will stop when they are due, with its reason.

    One query at most, with the messages' patients read already.
    """
    waiting = [message for message in messages if message.status in STILL_TO_COME]
    if not waiting:
        return {}
    rows = Suppression.objects.filter(
        clinic__in={message.clinic_id for message in waiting},
        email__in={comparable(message.patient.email) for message in waiting},
    )
    keys = {
        (clinic, email, purpose): why
        for clinic, email, purpose, why in rows.values_list("clinic_id", "email", "purpose", "reason")
    }
    found = ((message.pk, _reason_against(message, keys)) for message in waiting)
    return {pk: why for pk, why in found if why is not None}


def _reason_against(message: ScheduledMessage, reasons: Mapping[tuple[int, str, str], str]) -> str | None:
    address = comparable(message.patient.email)
    keys = ((message.clinic_id, address, purpose) for purpose in purposes_against(message.safety_critical))
    return next((reasons[key] for key in keys if key in reasons), None)


def suppress_after(event: DeliveryEvent, *, clinic: Clinic, now: datetime) -> Suppression | None:
    """The new suppression that a report asks for: of a bounce for good, a complaint or an unsubscribe.

    None if it asks for none or the address is suppressed for that purpose already.
    """
    if event.event_type in COMPLAINTS:
        purpose = _AFTER_COMPLAINT[clinic.after_complaint]
    elif event.permanent:
        purpose = Purpose.ALL
    else:
        return None
    return _suppress(clinic, event.recipient, purpose, reason=event.event_type, now=now)


def suppress_often_bounced(*, clinic: Clinic, email: str, now: datetime) -> Suppression | None:
    """The new suppression of an address from which too many of a clinic's messages came back lately.

    Read after the report's own transaction, so that of several that are judged at once the last sees all.
    """
    bounces = DeliveryEvent.objects.filter(
        recipient=email,
        event_type="bounced",
        verdict__in=(DeliveryEvent.Verdict.APPLIED, DeliveryEvent.Verdict.FORMER),
        message__clinic=clinic,
    )
    firsts = bounces.values("message").annotate(at=Min(Coalesce("happened_at", "received_at")))
    within = timedelta(days=settings.SOFT_BOUNCE_DAYS)
    if not often((row["at"] for row in firsts.order_by()), count=settings.SOFT_BOUNCES, within=within):
        return None
    return _suppress(clinic, email, Purpose.ALL, reason="bounced often", now=now)


def often(times: Iterable[datetime], *, count: int, within: timedelta) -> bool:
    """Whether ``count`` of the times lie within that span, anywhere."""
    ordered = sorted(times)
    return any(last - first <= within for first, last in zip(ordered, ordered[count - 1 :], strict=False))


def _suppress(
    clinic: Clinic, email: str, purpose: Purpose, *, reason: str, now: datetime
) -> Suppression | None:
    suppression, created = Suppression.objects.get_or_create(
        clinic=clinic, email=email, purpose=purpose, defaults={"reason": reason, "created_at": now}
    )
    return suppression if created else None
