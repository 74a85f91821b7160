"""Whom a clinic must not mail any more, after what mail services report."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min
from django.db.models.functions import Coalesce

from aftercare.clinics.models import AfterComplaint, Clinic
from aftercare.outbox.models import DeliveryEvent, Purpose, Suppression

COMPLAINTS = ("complained", "unsubscribed")

_AFTER_COMPLAINT: Mapping[str, Purpose] = {
    AfterComplaint.NOTHING: Purpose.ALL,
    AfterComplaint.SAFETY: Purpose.ROUTINE,
}


def purposes_against(safety_critical: bool) -> tuple[Purpose, ...]:
    """The purposes that forbid a message, depending on whether it is safety-critical."""
    always = (Purpose.ALL, Purpose.CARE)
    return always if safety_critical else (*always, Purpose.ROUTINE)


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
