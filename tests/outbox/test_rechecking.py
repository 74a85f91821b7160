"""At the last moment before sending, everything is looked at again."""

from datetime import timedelta

import pytest

from aftercare.outbox.models import Status, Why
from aftercare.outbox.rechecking import Verdict, verdict

pytestmark = pytest.mark.django_db
HELD, CANCELLED = Status.HELD, Status.CANCELLED


def void(message, now):
    message.session.state = "voided"


def reopen(message, now):
    message.session.state = "draft"


def disable(message, now):
    message.step.enabled = False


def let_its_window_pass(message, now):
    message.latest_at = now - timedelta(milliseconds=1)


def pause_clinic(message, now):
    message.clinic.paused_at = now


def pause_protocol(message, now):
    message.session.protocol.paused_at = now


def pause_patient(message, now):
    message.patient.paused_at = now


def take_back_consent(message, now):
    message.patient.email_consent_at = None


@pytest.mark.parametrize(
    ("happening", "expected"),
    [
        (void, Verdict(CANCELLED, Why.SESSION_VOIDED)),
        (disable, Verdict(CANCELLED, Why.STEP_DISABLED)),
        (reopen, Verdict(HELD, Why.SESSION_REOPENED)),
        (let_its_window_pass, Verdict(Status.MISSED, Why.WINDOW_PASSED)),
        (pause_clinic, Verdict(HELD, Why.CLINIC_PAUSED)),
        (pause_protocol, Verdict(HELD, Why.PROTOCOL_PAUSED)),
        (pause_patient, Verdict(HELD, Why.PATIENT_PAUSED)),
        (take_back_consent, Verdict(HELD, Why.NO_CONSENT)),
    ],
)
def test_what_happened_meanwhile_stops_the_message(scheduled, at, happening, expected):
    happening(scheduled, at.now)

    assert verdict(scheduled, suppressed=False, now=at.now) == expected


def test_nothing_speaks_against_a_message_at_the_end_of_its_window(scheduled):
    assert verdict(scheduled, suppressed=False, now=scheduled.latest_at) is None


def test_suppression_stops_the_message(scheduled, at):
    no = verdict(scheduled, suppressed=True, now=at.now)

    assert no == Verdict(Status.SUPPRESSED, Why.SUPPRESSED_ADDRESS)


@pytest.mark.parametrize(
    ("first", "second", "to"),
    [(void, let_its_window_pass, CANCELLED), (let_its_window_pass, pause_patient, Status.MISSED)],
)
def test_the_most_final_reason_wins(scheduled, at, first, second, to):
    first(scheduled, at.now)
    second(scheduled, at.now)

    no = verdict(scheduled, suppressed=True, now=at.now)

    assert no is not None
    assert no.to == to
