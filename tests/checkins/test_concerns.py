"""From an answer that needs a human to the human who closed it."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from aftercare.checkins.concerns import (
    ConcernError,
    acknowledge,
    close_concern,
    is_called,
    note_call,
    raise_concern,
)
from aftercare.checkins.levels import Level
from aftercare.checkins.models import Concern
from aftercare.clinics.duty import Duty, Hours
from aftercare.clinics.models import Role
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.outbox.models import StaffNotice, Status, Why
from aftercare.outbox.notifying import tell_due
from aftercare.outbox.planning import complete_session
from tests import factories

pytestmark = pytest.mark.django_db
ROUTINE = {**factories.WALL_TIME, "slug": "day-3", "name": "Progress", "day": 3, "latest_day": 3}
SAFETY = {**ROUTINE, "slug": "day-4", "day": 4, "latest_day": 4, "safety_critical": True}
NOON = datetime(2026, 3, 30, 11, tzinfo=UTC)  # a Monday, noon in London
FRIDAY = datetime(2026, 4, 3, 11, tzinfo=UTC)
HOURS = {Level.E: 0.25, Level.A: 2, Level.B: 24, Level.C: 72}


@pytest.fixture
def session():
    clinic = factories.clinic()
    session = factories.treatment_session(clinic, protocol=factories.protocol(clinic, (ROUTINE, SAFETY)))
    complete_session(session, by=None, now=factories.ENDED_AT)
    return session


def concern_at(session, level, now=NOON, **more):
    duty = Duty(zone=session.clinic.time_zone, hours=tuple(Hours(day, time(9), time(18)) for day in range(5)))
    limit = timedelta(hours=HOURS[level])
    return raise_concern(session, level=level, limit=limit, duty=duty, now=now, **more)


def task_of(concern, name):
    return FollowUpTask.objects.get(source=f"{concern.sources}{name}")


def read(concern, by, at=NOON):
    """Somebody opens the page of the task that tells of the concern's level, and takes it on."""
    return acknowledge(concern, read=task_of(concern, concern.level), by=by, now=at)


def statuses(session):
    return {row.safety_critical: (row.status, row.why) for row in session.scheduled_messages.all()}


def test_concern_opens_with_a_task_and_holds_routine_messages_only(session):
    concern = concern_at(session, Level.A)

    task = FollowUpTask.objects.get()
    assert (task.cause, task.source, task.level) == (Cause.CONCERN, f"concern:{concern.pk}:a", Level.A)
    assert task.deadline_at == concern.due_at == NOON + timedelta(hours=2)
    assert concern.promised_at == NOON + timedelta(hours=2)
    assert statuses(session) == {False: (Status.HELD, Why.OPEN_CONCERN), True: (Status.SCHEDULED, "")}


def told():
    return list(StaffNotice.objects.order_by("created_at", "recipient").values_list("rung", "recipient"))


@pytest.fixture
def people(session):
    """Somebody on duty, an owner, and a second person to tell."""
    for role, name in ((Role.STAFF, "nurse"), (Role.OWNER, "owner")):
        factories.user(session.clinic, role, email=f"{name}@clinic.example.com")
    session.clinic.memberships.filter(role=Role.OWNER).update(told_of_tasks=False)
    session.clinic.escalation_email = "second@clinic.example.com"
    session.clinic.save()


TOLD_FIRST = [("duty", "nurse@clinic.example.com"), ("at_once", "owner@clinic.example.com")]


def test_concern_has_its_mails_to_whoever_is_on_duty_and_the_owner_in_the_outbox_at_once(session, people):
    concern_at(session, Level.A)

    assert told() == TOLD_FIRST


def test_concern_that_nobody_acknowledges_goes_to_the_second_person_then_the_owner(session, people):
    concern_at(session, Level.A)
    for minutes in (59, 60, 89, 90):
        tell_due(now=NOON + timedelta(minutes=minutes))

    assert [(rung, address.partition("@")[0]) for rung, address in told()[2:]] == [
        ("second", "second"),
        ("owner", "owner"),
    ]


def test_acknowledged_concern_is_told_to_nobody_else_before_it_is_overdue(session, people):
    concern = concern_at(session, Level.A)
    read(concern, factories.user(session.clinic))
    tell_due(now=NOON + timedelta(minutes=119))
    before = len(told())
    tell_due(now=NOON + timedelta(minutes=120))

    assert before == 2
    assert {rung for rung, _address in told()[2:]} == {"overdue"}


def test_answer_before_closing_climbs_its_ladder_while_somebody_is_there(session, people):
    concern_at(session, Level.B, now=FRIDAY)  # promised by closing, six hours later
    for hours in (2.9, 3, 4.4, 4.5, 5.9, 6):
        tell_due(now=FRIDAY + timedelta(hours=hours))

    at = StaffNotice.objects.order_by("created_at").values_list("rung", "created_at")
    after = [(rung, (told_at - FRIDAY) / timedelta(hours=1)) for rung, told_at in dict.fromkeys(at)]
    assert after == [("duty", 0), ("second", 3), ("owner", 4.5), ("overdue", 6)]


def test_less_urgent_answer_at_night_is_told_at_opening_to_those_on_duty_and_climbs_from_then(
    session, people
):
    night = NOON.replace(hour=22)
    concern_at(session, Level.B, now=night)
    before = told()
    for hours in (10, 14.4, 14.5):  # nine o'clock, and half the time until six
        tell_due(now=night + timedelta(hours=hours))

    assert before == []
    assert [(rung, address.partition("@")[0]) for rung, address in told()] == [
        ("duty", "nurse"),
        ("second", "second"),
    ]


def test_notice_that_cannot_be_written_never_loses_the_answer(session, people, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("aftercare.outbox.notifying.words_for", None)
        concern_at(session, Level.E)
    before = told()
    tell_due(now=NOON)

    assert (Concern.objects.count(), FollowUpTask.objects.count(), before) == (1, 1, [])
    assert told() == TOLD_FIRST


@pytest.mark.parametrize("level", [Level.B, Level.A])
def test_answer_that_is_no_worse_changes_nothing(session, level):
    first = concern_at(session, Level.A)
    second = concern_at(session, level, now=NOON + timedelta(hours=1))

    assert first == second
    assert second.due_at == NOON + timedelta(hours=2)
    assert FollowUpTask.objects.count() == 1


@pytest.mark.parametrize("level", [Level.B, Level.A])
def test_new_answer_that_is_no_worse_has_a_task_of_its_own_once_the_first_is_taken_on(session, level):
    concern = read(concern_at(session, Level.A), factories.user(session.clinic))

    later = NOON + timedelta(hours=1)
    again = concern_at(session, level, now=later, news=True)

    assert (again.pk, again.level, again.acknowledged_at) == (concern.pk, Level.A, NOON)
    task = FollowUpTask.objects.get(claimed_by=None)
    assert (task.source, task.level) == (f"concern:{concern.pk}:{level}:2", level)
    assert task.deadline_at == concern.promised_at == NOON + timedelta(hours=2)


def test_new_answer_adds_no_task_while_one_as_urgent_is_read_by_nobody(session):
    concern_at(session, Level.A)
    concern_at(session, Level.A, now=NOON + timedelta(hours=1), news=True)

    assert FollowUpTask.objects.count() == 1


def test_worse_answer_raises_the_concern_and_needs_a_new_acknowledgement(session):
    staff = factories.user(session.clinic)
    concern = read(concern_at(session, Level.B), staff)

    raised = concern_at(session, Level.E, now=NOON + timedelta(hours=1))

    assert (raised.pk, raised.level, raised.acknowledged_at) == (concern.pk, Level.E, None)
    assert raised.due_at == NOON + timedelta(hours=1, minutes=15)
    open_now = FollowUpTask.objects.filter(closed_at__isnull=True).order_by("pk")
    assert [task.source for task in open_now] == [f"concern:{concern.pk}:b", f"concern:{concern.pk}:e"]


def test_worse_answer_withdraws_the_task_that_nobody_has_taken_on(session):
    concern_at(session, Level.B)
    concern_at(session, Level.A)

    first, second = FollowUpTask.objects.order_by("pk")
    assert first.closed_at is not None
    assert second.closed_at is None


@pytest.mark.parametrize(
    ("level", "now", "due", "promised"),
    [
        (Level.A, NOON.replace(hour=16), timedelta(hours=1), timedelta(hours=1)),  # until closing
        (Level.A, NOON.replace(hour=16, minute=50), timedelta(hours=2), None),  # about to close
        (Level.A, NOON.replace(hour=22), timedelta(hours=2), None),  # on call
        (Level.B, NOON.replace(hour=22), timedelta(hours=19), None),  # until the next closing
        (Level.C, NOON, timedelta(hours=72), timedelta(hours=72)),
    ],
)
def test_promise_is_made_only_while_somebody_is_on_duty(session, level, now, due, promised):
    concern = concern_at(session, level, now=now)

    assert concern.due_at == now + due
    assert concern.promised_at == (promised and now + promised)


def test_acknowledging_takes_the_task_on_once(session):
    first, second = factories.user(session.clinic), factories.user(session.clinic)
    concern = concern_at(session, Level.A)

    read(concern, first)
    stored = read(concern, second, NOON + timedelta(minutes=5))

    assert (stored.acknowledged_by, stored.acknowledged_at) == (first, NOON)
    assert FollowUpTask.objects.get().claimed_by == first


def test_call_is_noted_once_and_acknowledges(session):
    staff = factories.user(session.clinic)
    concern = concern_at(session, Level.A)

    task = task_of(concern, "a")
    note_call(concern, read=task, by=staff, now=NOON)
    stored = note_call(concern, read=task, by=staff, now=NOON + timedelta(minutes=5))

    assert (stored.called_at, stored.acknowledged_by) == (NOON, staff)


@pytest.mark.parametrize("level", [Level.B, Level.E])
def test_call_about_an_earlier_answer_is_none_about_a_later_one(session, level):
    staff, later = factories.user(session.clinic), NOON + timedelta(hours=1)
    concern = concern_at(session, Level.B)
    note_call(concern, read=task_of(concern, "b"), by=staff, now=NOON)
    concern = concern_at(session, level, now=later, news=True)
    newest = FollowUpTask.objects.latest("pk")
    before = is_called(concern, about=newest)
    stored = note_call(concern, read=newest, by=staff, now=later)

    assert before is False
    assert stored.called_at == later
    assert is_called(stored, about=newest)


def test_closing_ends_the_task_and_releases_routine_messages(session):
    staff = factories.user(session.clinic)
    concern = concern_at(session, Level.A)

    close_concern(concern, outcome="Reached her: a cold sore, seen today.", by=staff, now=NOON)
    close_concern(concern, outcome="Reached her: a cold sore, seen today.", by=staff, now=NOON)

    assert FollowUpTask.objects.get().outcome == "Reached her: a cold sore, seen today."
    assert statuses(session)[False] == (Status.SCHEDULED, "")
    session.patient.refresh_from_db()
    assert session.patient.concern_at is None


def test_closing_needs_an_outcome_and_keeps_the_first(session):
    staff = factories.user(session.clinic)
    concern = concern_at(session, Level.A)

    with pytest.raises(ConcernError, match="what came of it"):
        close_concern(concern, outcome="  ", by=staff, now=NOON)
    close_concern(concern, outcome="Seen.", by=staff, now=NOON)
    with pytest.raises(ConcernError, match="closed already"):
        close_concern(concern, outcome="Not seen.", by=staff, now=NOON)
    with pytest.raises(ConcernError, match="closed already"):
        read(concern, staff)


def test_routine_messages_wait_for_the_last_open_concern(session):
    staff = factories.user(session.clinic)
    other = factories.treatment_session(session.clinic, patient=session.patient, protocol=session.protocol)
    first, second = concern_at(session, Level.A), concern_at(other, Level.B)

    close_concern(first, outcome="Seen.", by=staff, now=NOON)
    assert statuses(session)[False] == (Status.HELD, Why.OPEN_CONCERN)

    close_concern(second, outcome="Seen.", by=staff, now=NOON)
    assert statuses(session)[False] == (Status.SCHEDULED, "")


def test_session_completed_while_a_concern_is_open_is_held_too(session):
    concern_at(session, Level.A)
    other = factories.treatment_session(
        session.clinic,
        patient=session.patient,
        protocol=factories.protocol(session.clinic, (ROUTINE, SAFETY)),
        ended_at=NOON - timedelta(hours=1),
    )

    session.patient.refresh_from_db()
    complete_session(other, by=None, now=NOON)

    assert statuses(other) == {False: (Status.HELD, Why.OPEN_CONCERN), True: (Status.SCHEDULED, "")}


def test_second_open_concern_of_a_session_is_refused(session):
    concern = concern_at(session, Level.A)
    concern.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        concern.save()


def test_history_keeps_who_did_what(session):
    staff = factories.user(session.clinic)
    close_concern(concern_at(session, Level.A), outcome="Seen.", by=staff, now=NOON)

    newest = Concern.objects.get().history.first()
    assert (newest.history_user, newest.outcome) == (staff, "Seen.")
