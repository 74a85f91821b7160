"""An urgent task closes only with how the patient was reached, and an emergency only if somebody was."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from aftercare.checkins.concerns import raise_concern
from aftercare.checkins.handling import Closing, NotSaid, finish, said_in, take_on
from aftercare.checkins.levels import Level
from aftercare.checkins.models import Concern
from aftercare.clinics.duty import Duty, Hours
from aftercare.clinics.models import Role
from aftercare.followups.closing import TaskError
from aftercare.followups.models import FollowUpTask
from aftercare.outbox.models import StaffNotice
from aftercare.outbox.notifying import tell_due
from tests import factories

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 30, 11, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def clinic():
    clinic = factories.clinic(escalation_email="second@clinic.example.com")
    factories.user(clinic, Role.OWNER, email="owner@clinic.example.com")
    return clinic


@pytest.fixture
def staff(clinic):
    return factories.user(clinic, email="nurse@clinic.example.com")


@pytest.fixture
def session(clinic):
    return factories.treatment_session(clinic)


def at_level(session, level):
    duty = Duty(zone=session.clinic.time_zone, hours=tuple(Hours(day, time(9), time(18)) for day in range(5)))
    raise_concern(session, level=level, limit=timedelta(minutes=20), duty=duty, now=NOON)
    return FollowUpTask.objects.latest("pk")


def close(task, reached, by, *, at=LATER, outcome="Rang twice."):
    read = said_in(Concern.objects.get())
    return finish(task=task, closing=Closing(outcome=outcome, reached=reached, read=read), by=by, now=at)


def told():
    return set(StaffNotice.objects.values_list("recipient", flat=True))


@pytest.mark.parametrize("level", [Level.E, Level.A])
def test_urgent_task_does_not_close_before_it_is_said_how_the_patient_was_reached(session, staff, level):
    task = at_level(session, level)

    with pytest.raises(NotSaid, match="how you reached"):
        close(task, "", staff)
    task.refresh_from_db()
    assert (task.closed_at, Concern.objects.get().closed_at) == (None, None)


@pytest.mark.parametrize("level", [Level.B, Level.C])
def test_task_that_can_wait_closes_without_being_asked(session, staff, level):
    assert close(at_level(session, level), "", staff).closed_at == LATER


@pytest.mark.parametrize("reached", ["called", "otherwise"])
def test_emergency_closes_with_how_the_patient_was_reached_kept(session, staff, reached):
    task = close(at_level(session, Level.E), reached, staff)

    assert (task.closed_at, task.reached, task.outcome) == (LATER, reached, "Rang twice.")
    assert task.history.order_by("history_id").last().reached == reached
    assert Concern.objects.get().closed_at == LATER


def test_task_of_today_whose_patient_was_not_reached_closes_and_says_so(session, staff):
    task = at_level(session, Level.A)
    close(task, "not_reached", staff)

    task = close(task, "not_reached", staff)

    assert (task.reached, task.outcome) == ("not_reached", "Not reached. Rang twice.")
    assert Concern.objects.get().outcome == "Not reached. Rang twice."


def test_emergency_whose_patient_was_not_reached_stays_open_and_is_nobodys(session, staff):
    task = take_on(task=at_level(session, Level.E), by=staff, now=NOON)

    close(task, "not_reached", staff)

    task.refresh_from_db()
    assert (task.closed_at, task.claimed_by, task.reached) == (None, None, "")
    assert Concern.objects.get().closed_at is None
    assert [(note.text, note.by) for note in task.notes.all()] == [("Not reached. Rang twice.", staff)]


def test_emergency_whose_patient_was_not_reached_is_told_to_the_next_at_once(session, staff):
    task = take_on(task=at_level(session, Level.E), by=staff, now=NOON)
    before = told()

    close(task, "not_reached", staff)

    assert before == {"nurse@clinic.example.com", "owner@clinic.example.com"}
    assert told() - before == {"second@clinic.example.com"}


def test_emergency_not_reached_is_told_to_everybody_on_duty_but_to_who_said_so(session, clinic, staff):
    factories.user(clinic, email="desk@clinic.example.com")
    task = take_on(task=at_level(session, Level.E), by=staff, now=NOON)

    close(task, "not_reached", staff)

    mails = StaffNotice.objects.filter(rung="unreached")
    names = sorted(mail.recipient.partition("@")[0] for mail in mails)
    assert names == ["desk", "owner", "second"]


def test_mail_of_a_patient_not_reached_says_who_tried_and_when_and_that_somebody_else_must(session, staff):
    staff.first_name, staff.last_name = "Nina", "Nurse"
    task = take_on(task=at_level(session, Level.E), by=staff, now=NOON)

    close(task, "not_reached", staff)

    mail = StaffNotice.objects.filter(rung="unreached").first()
    assert mail.subject.startswith("E: emergency – The patient was not reached. Somebody else must try now")
    assert (
        "An emergency's patient was not reached by Nina Nurse at 12:05. Somebody else must try" in mail.text
    )
    assert "Nobody has taken" not in mail.subject + mail.text
    assert "half of the time" not in mail.text
    assert session.patient.last_name not in mail.subject + mail.text


def test_owner_alone_with_a_patient_not_reached_has_the_mail_back(session, clinic):
    clinic.escalation_email = ""
    clinic.save()
    session.clinic.refresh_from_db()
    owner = clinic.memberships.get().user
    task = take_on(task=at_level(session, Level.E), by=owner, now=NOON)

    close(task, "not_reached", owner)

    assert [mail.recipient for mail in StaffNotice.objects.filter(rung="unreached")] == [owner.email]


def test_emergency_not_reached_goes_on_to_the_rungs_that_are_left(session, staff):
    task = take_on(task=at_level(session, Level.E), by=staff, now=NOON)
    close(task, "not_reached", staff)

    for minutes in range(6, 40):
        tell_due(now=NOON + timedelta(minutes=minutes))

    later = StaffNotice.objects.filter(created_at__gt=LATER).order_by("created_at")
    assert [one.rung for one in later] == ["owner", "overdue", "overdue"]
    assert all("not reached, and nobody has it now" in one.subject for one in later)


def test_same_words_sent_twice_tell_once(session, staff):
    task = at_level(session, Level.E)
    close(task, "not_reached", staff)
    notices = StaffNotice.objects.count()

    close(task, "not_reached", staff, at=LATER + timedelta(seconds=5))

    assert (StaffNotice.objects.count(), task.notes.count()) == (notices, 1)


def test_emergency_that_all_were_told_of_is_told_again_when_nobody_was_reached(session, staff):
    task = at_level(session, Level.E)
    late = NOON + timedelta(hours=1)
    FollowUpTask.objects.update(told="overdue", tell_at=None)

    close(task, "not_reached", staff, at=late)

    again = StaffNotice.objects.filter(created_at=late)
    assert {one.recipient for one in again} == {"second@clinic.example.com", "owner@clinic.example.com"}


def test_milder_task_that_would_close_an_emergency_stays_open_too(session, staff):
    emergency = at_level(session, Level.E)
    at_level(session, Level.B)
    milder = FollowUpTask.objects.latest("pk")
    FollowUpTask.objects.filter(pk=emergency.pk).exclude(pk=milder.pk).update(
        closed_at=NOON, closed_by=staff, outcome="Called.", tell_at=None
    )

    close(milder, "not_reached", staff)

    assert Concern.objects.get().closed_at is None


def test_closed_emergency_is_not_opened_by_saying_that_nobody_was_reached(session, staff):
    task = close(at_level(session, Level.E), "called", staff)

    with pytest.raises(TaskError, match="closed already"):
        close(task, "not_reached", staff)


def test_database_keeps_no_emergency_closed_as_not_reached(session, staff):
    task = at_level(session, Level.E)

    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUpTask.objects.filter(pk=task.pk).update(reached="not_reached")
