"""What the database itself refuses of messages and tries, and how they read in lists."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from aftercare.outbox.models import Attempt, Heartbeat, ScheduledMessage, StatusChange, Suppression
from tests import factories
from tests.factories import ENDED_AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def message():
    return factories.message(factories.treatment_session(factories.clinic()))


@pytest.fixture
def attempt(message):
    return _attempt(message)


def _attempt(message, **over):
    version = message.step.template.versions.get()
    compiled, _made = version.compiled.get_or_create(brand_digest="b", defaults={"digest": "d"})
    fields = {
        "number": 1,
        "opened_at": ENDED_AT,
        "provider": "smtp",
        "compiled": compiled,
        "values": {},
        "headers": {},
        "digest": "d",
    }
    return Attempt.objects.create(message=message, **fields | over)


def _refused(constraint):
    return pytest.raises(IntegrityError, match=constraint)


def _update(message, **fields):
    ScheduledMessage.objects.filter(pk=message.pk).update(**fields)


def test_second_message_for_a_session_and_step_violates_a_constraint(message):
    with _refused("step"), transaction.atomic():
        factories.message(message.session, message.step)

    assert ScheduledMessage.objects.count() == 1


def test_unknown_status_violates_a_constraint(message):
    with _refused("message_status_known"):
        _update(message, status="posted")


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "claimed"},
        {"status": "sending", "claim_token": uuid.UUID(int=1)},
        {"status": "claimed", "lease_until": ENDED_AT},
        {"status": "scheduled", "claim_token": uuid.UUID(int=1), "lease_until": ENDED_AT},
    ],
)
def test_lease_without_work_or_work_without_lease_violates_a_constraint(message, fields):
    with _refused("message_leased_while_worked_on"):
        _update(message, **fields)


def test_message_due_before_its_promise_violates_a_constraint(message):
    with _refused("message_due_not_before_promise"):
        _update(message, due_at=message.send_at - timedelta(seconds=1))


def test_sent_message_without_its_time_violates_a_constraint(message):
    with _refused("message_sent_has_time"):
        _update(message, status="sent")


def test_superseded_message_without_its_session_violates_a_constraint(message):
    with _refused("message_superseded_names_session"):
        _update(message, status="superseded")


def test_message_that_is_not_superseded_but_names_a_session_violates_a_constraint(message):
    with _refused("message_superseded_names_session"):
        _update(message, superseded_by=message.session)


def test_number_of_a_try_twice_violates_a_constraint(message, attempt):
    Attempt.objects.update(outcome="unknown", closed_at=ENDED_AT)
    with _refused("number"):
        _attempt(message)


def test_second_open_try_violates_a_constraint(message, attempt):
    with _refused("UNIQUE|attempt_one_open_per_message"):
        _attempt(message, number=2)


@pytest.mark.parametrize("fields", [{"outcome": "sent"}, {"closed_at": ENDED_AT}])
def test_settled_try_without_its_time_or_open_one_with_it_violates_a_constraint(attempt, fields):
    with _refused("attempt_closed_when_settled"):
        Attempt.objects.filter(pk=attempt.pk).update(**fields)


def test_suppression_twice_for_a_purpose_violates_a_constraint(message):
    fields = {"clinic": message.clinic, "email": "a@example.com", "reason": "bounced", "created_at": ENDED_AT}
    Suppression.objects.create(**fields)
    with _refused("email"):
        Suppression.objects.create(**fields)


def test_rows_read_as_staff_would_say_them(message, attempt):
    change = StatusChange(message=message, from_status="scheduled", to_status="sent")
    suppression = Suppression(clinic=message.clinic, email="a@example.com")

    assert str(message) == f"1. First night · {message.patient}"
    assert str(attempt) == f"{message.pk} · 1"
    assert str(change) == "scheduled → sent"
    assert str(suppression) == "a@example.com · Aftercare messages"
    assert str(Heartbeat(name="beat")) == "beat"


def test_messages_of_other_clinics_are_out_of_a_users_reach(message, attempt):
    factories.message(factories.treatment_session(factories.clinic()))
    member = factories.user(message.clinic)

    assert list(ScheduledMessage.objects.for_user(member)) == [message]
    assert list(Attempt.objects.for_user(member)) == [attempt]


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("notice_status_known", {"status": "posted"}),
        ("notice_leased_while_sending", {"status": "sending"}),
        ("notice_leased_while_sending", {"claim_token": uuid.uuid4()}),
        ("notice_sent_has_time", {"status": "sent"}),
    ],
)
def test_notice_that_contradicts_itself_violates_a_constraint(constraint, fields):
    notice = factories.notice(factories.clinic())

    with _refused(constraint):
        type(notice).objects.filter(pk=notice.pk).update(**fields)


def test_notice_reads_as_whom_it_tells():
    assert str(factories.notice(factories.clinic())) == "Whoever is on duty · nurse@clinic.example.com"
