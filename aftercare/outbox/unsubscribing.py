"""A patient's wish not to be written to any more, from the link that every message carries."""

from datetime import datetime

from django.db import transaction

from aftercare.clinics.addresses import comparable
from aftercare.outbox.consequences import tell_of_unsubscribing
from aftercare.outbox.models import Purpose, ScheduledMessage, Suppression
from aftercare.outbox.suppressing import purposes_against


def purpose_of(message: ScheduledMessage) -> Purpose:
    """What is left with this message: a routine one with its kind; a safety-critical one with all of the
    clinic's aftercare, so that nobody takes the rest for the warnings."""
    return Purpose.CARE if message.safety_critical else Purpose.ROUTINE


def stopped_for(message: ScheduledMessage) -> Purpose | None:
    """What the address of this message gets no more of this clinic: CARE is all of it; None if nothing is."""
    rows = Suppression.objects.filter(clinic=message.clinic_id, email=_address_of(message))
    found = set(rows.values_list("purpose", flat=True))
    if found & set(purposes_against(safety_critical=True)):
        return Purpose.CARE
    return Purpose.ROUTINE if found else None


@transaction.atomic
def unsubscribe(message: ScheduledMessage, *, purpose: Purpose, now: datetime) -> Suppression:
    """Notes what the clinic must not send any more to the address this message went to. Once is enough.

    Whoever leaves the safety-critical messages too needs their advice in another way: the clinic is told.
    """
    suppression, new = Suppression.objects.get_or_create(
        clinic=message.clinic,
        email=_address_of(message),
        purpose=purpose,
        defaults={"reason": "unsubscribed", "created_at": now},
    )
    if new and purpose != Purpose.ROUTINE:
        tell_of_unsubscribing(message, now=now)
    return suppression


def _address_of(message: ScheduledMessage) -> str:
    """Where the last try went: the patient's address may have been corrected since."""
    attempt = message.attempts.last()
    return comparable(str(attempt.headers["To"] if attempt else message.patient.email))
