"""The number that a patient gives so that the clinic can call, where it has none."""

import unicodedata
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation

from aftercare.checkins.approving import book_of
from aftercare.checkins.concerns import open_concern, take_number
from aftercare.checkins.levels import Level
from aftercare.checkins.models import Concern
from aftercare.clinics.addresses import validate_line
from aftercare.clinics.hours import duty_of
from aftercare.content.filters import dialled, is_number
from aftercare.outbox.holding import lock_patient
from aftercare.treatments.models import TreatmentSession

LONGEST = 40
"""Characters, as in the patient's record."""
FEWEST_DIGITS = 6
"""Fewer make no number that can be called from outside a house."""


class NoNumber(Exception):
    """What was written cannot be called."""


def give_number(session: TreatmentSession, written: str, *, now: datetime) -> Concern | None:
    """Keeps the number with the session's open concern; None if there is none.

    Giving it again changes nothing. Raises NoNumber.
    """
    number = read_number(written)
    # What is written for staff is in the clinic's language, whatever the patient's browser asks for.
    with translation.override(session.clinic.locale), transaction.atomic():
        patient = lock_patient(session.patient_id)
        patient.clinic = session.clinic
        concern = open_concern(session.pk)
        if concern is None or concern.phone_given == number:
            return concern
        concern.patient, concern.clinic = patient, session.clinic
        rules = concern.check_ins.select_related("rules").latest("started_at").rules
        limit = book_of(rules).limits[Level(concern.level)]
        take_number(concern, number, limit=limit, duty=duty_of(session.clinic), now=now)
    return concern


def read_number(written: str) -> str:
    """As it was written, with any alphabet's digits as those of a telephone. Raises NoNumber."""
    number = "".join(_digit(letter) for letter in written.strip())
    try:
        validate_line(number)
    except ValidationError as error:
        raise NoNumber from error
    digits = dialled(number).strip("+")
    if not is_number(number) or len(digits) < FEWEST_DIGITS or len(number) > LONGEST:
        raise NoNumber
    return number


def _digit(letter: str) -> str:
    return str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
