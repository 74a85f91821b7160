"""Tasks whose turn has come are told of by notices: once, bundled, in the commit that says so."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.followups.closing import claim_task, close_task
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.followups.opening import open_task, withdraw_task
from aftercare.outbox import notifying
from aftercare.outbox.heartbeat import LOOP_TICK
from aftercare.outbox.models import StaffNotice
from aftercare.outbox.notifying import hasten, tell_due, tell_now
from aftercare.outbox.ticking import tick_once
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    clinic = factories.clinic(escalation_email="second@clinic.example.com")
    factories.user(clinic, email="nurse@clinic.example.com")
    factories.user(clinic, Role.OWNER, email="owner@clinic.example.com")
    clinic.memberships.filter(role=Role.OWNER).update(told_of_tasks=False)
    return clinic


@pytest.fixture
def open_one(clinic, at):
    """Opens tasks with four hours to do them in."""

    def open_(number=1, where=None):
        return open_task(
            clinic=where or clinic,
            patient=factories.patient(where or clinic, first_name="Zenobia"),
            cause=Cause.MISSED,
            source=f"message:{number}:missed",
            detail="First night",
            now=at.now,
            deadline_at=at.now + timedelta(hours=4),
        )

    return open_


@pytest.fixture
def task(open_one):
    return open_one()


def told():
    return [
        (each.rung, each.recipient.partition("@")[0]) for each in StaffNotice.objects.order_by("created_at")
    ]


def test_new_task_is_told_to_whoever_is_on_duty_by_the_next_tick(at, task):
    assert tick_once(LOOP_TICK) == 1

    assert told() == [("duty", "nurse")]


def test_task_that_nobody_takes_on_climbs_to_the_second_person_then_the_owner_then_all(at, task):
    for _ in range(10):
        tell_due(now=at.now)
        at.pass_(minutes=30)

    assert told() == [
        *[("duty", "nurse"), ("second", "second"), ("owner", "owner")],
        *[("overdue", "second"), ("overdue", "owner")],
    ]


def test_task_is_told_once_however_often_the_tick_looks(at, task):
    tell_due(now=at.now)

    assert tell_due(now=at.now) == 0
    assert len(told()) == 1


def test_claimed_task_is_told_of_again_only_when_overdue(at, clinic, task):
    tell_due(now=at.now)
    claim_task(task=task, by=factories.user(clinic, email="amy@clinic.example.com"), now=at.now)
    at.pass_(hours=3)
    tell_due(now=at.now)
    before = told()
    at.pass_(hours=1)
    tell_due(now=at.now)

    assert before == [("duty", "nurse")]
    assert told()[1:] == [("overdue", "amy"), ("overdue", "second"), ("overdue", "owner")]


def test_taking_over_an_overdue_task_tells_nobody_again(at, clinic, task):
    at.pass_(hours=5)
    tell_due(now=at.now)
    count = len(told())
    claim_task(task=task, by=factories.user(clinic), now=at.now)

    assert tell_due(now=at.now + timedelta(days=1)) == 0
    assert len(told()) == count


@pytest.mark.parametrize("how", ["closed", "withdrawn"])
def test_task_that_is_over_is_told_to_nobody(at, clinic, task, how):
    if how == "closed":
        close_task(task=task, outcome="Called.", by=factories.user(clinic), now=at.now)
    else:
        withdraw_task(task.source, outcome="It arrived.", now=at.now)

    assert tell_due(now=at.now + timedelta(days=1)) == 0


def test_withdrawn_task_that_opens_anew_is_told_anew(at, open_one):
    tell_due(now=at.now) if open_one() else None
    withdraw_task("message:1:missed", outcome="It arrived.", now=at.now)
    open_one()

    assert tell_due(now=at.now) == 1
    assert told() == [("duty", "nurse"), ("duty", "nurse")]


def test_tasks_of_one_moment_are_one_mail_a_person_and_lead_to_the_list(at, open_one):
    tasks = [open_one(number) for number in range(3)]

    tell_due(now=at.now)

    notice = StaffNotice.objects.get()
    assert set(notice.tasks.all()) == set(tasks)
    assert "3 tasks need somebody" in notice.subject
    page = reverse("admin:followups_followuptask_changelist")
    assert f"{page}\n" in notice.text


def test_clinics_are_told_apart(at, open_one):
    other = factories.clinic()
    factories.user(other, email="other@elsewhere.example.com")
    open_one(1), open_one(2, other)

    tell_due(now=at.now)

    notices = StaffNotice.objects.order_by("pk")
    assert {each.recipient: each.clinic for each in notices}["other@elsewhere.example.com"] == other
    assert all(task.clinic == each.clinic for each in notices for task in each.tasks.all())


def test_one_round_tells_of_no_more_than_its_batch(at, open_one, monkeypatch):
    monkeypatch.setattr(notifying, "BATCH", 2)
    for number in range(3):
        open_one(number)

    assert (tell_due(now=at.now), tell_due(now=at.now), tell_due(now=at.now)) == (2, 1, 0)


def test_killed_before_the_commit_it_is_told_anew_and_once(at, task, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(FollowUpTask.objects.none().__class__, "bulk_update", die)
        with pytest.raises(Killed), transaction.atomic():
            tell_due(now=at.now)

    assert told() == []
    assert tell_due(now=at.now) == 1
    assert told() == [("duty", "nurse")]


def test_notice_names_the_clinic_the_deadline_and_the_page_but_no_patient_and_no_treatment(at, clinic, task):
    tell_due(now=at.now)

    notice = StaffNotice.objects.get()
    whole = notice.subject + notice.text
    assert reverse("admin:followups_followuptask_change", args=[task.pk]) in notice.text
    assert "Saturday 28 March 2026, 20:01 (London time)" in notice.text
    assert clinic.name in whole
    assert not any(word in whole for word in ("Zenobia", "Lindqvist", "First night", "Microneedling"))


def test_notice_begins_with_the_most_urgent_level_and_says_no_more_of_the_patient(at, clinic, open_one):
    for number, level in enumerate(["none", "e", "b"]):
        FollowUpTask.objects.filter(pk=open_one(number).pk).update(level=level)
    tell_due(now=at.now)

    notice = StaffNotice.objects.get(rung="duty")
    assert notice.subject == f"E: emergency – 3 tasks need somebody · {clinic.name}"
    assert notice.text.startswith(f"E: emergency. 3 tasks at {clinic.name} need somebody.\n")
    assert "Zenobia" not in notice.subject + notice.text


def test_clinic_that_nobody_can_be_told_at_is_said_in_the_log(at, open_one, caplog):
    lonely = factories.clinic()
    open_one(1, lonely)

    tell_due(now=at.now)

    assert told() == []
    assert "nobody_to_tell" in caplog.text


def test_urgent_task_is_told_at_once_and_not_again_by_the_tick(at, task):
    assert tell_now(task, now=at.now) is True

    assert tell_now(task, now=at.now) is False
    assert tell_due(now=at.now) == 0
    assert told() == [("duty", "nurse")]


@pytest.fixture
def night(clinic):
    """The clinic is shut until Monday 9:00 in London; somebody is on call."""
    for weekday in range(5):
        clinic.opening_hours.create(weekday=weekday, opens_local_time=time(9), closes_local_time=time(18))
    clinic.on_call_email = "oncall@clinic.example.com"
    clinic.save()
    return datetime(2026, 3, 30, 8, tzinfo=UTC)


def spent_ladder(at):
    for hours in (0, 2, 3, 4):
        tell_due(now=at.now + timedelta(hours=hours))
    return told()


def test_ladder_that_is_spent_at_night_goes_on_with_those_who_come_on_duty(at, night, task):
    before = spent_ladder(at)
    tell_due(now=night - timedelta(minutes=1))
    tell_due(now=night)
    tell_due(now=night + timedelta(days=1))

    assert [name for _rung, name in before] == ["oncall", "second", "owner", "second", "owner"]
    assert told()[5:] == [("opening", "nurse")]


def test_mail_at_opening_says_why_it_comes_and_that_the_task_is_overdue(at, night, task):
    spent_ladder(at)
    tell_due(now=night)

    notice = StaffNotice.objects.get(rung="opening")
    assert notice.subject.startswith("Nobody has taken it on. A task is overdue")
    assert "It should have been done by Saturday 28 March 2026, 20:01" in notice.text
    assert "it came while the clinic was shut, and is still open" in notice.text


@pytest.mark.parametrize(("claimed_after", "names"), [(1, []), (5, ["nurse"])])
def test_what_was_taken_on_at_night_is_told_at_opening_only_if_it_was_overdue(
    at, clinic, night, task, claimed_after, names
):
    task.deadline_at = night + timedelta(hours=1) if claimed_after == 1 else task.deadline_at
    task.save()
    spent_ladder(at)
    claim_task(task=task, by=factories.user(clinic, email=""), now=at.now + timedelta(hours=claimed_after))
    tell_due(now=night)

    assert [name for rung, name in told() if rung == "opening"] == names


def test_task_of_opening_hours_is_told_at_no_opening(at, clinic, night, task):
    task.opened_at = task.tell_at = night
    task.deadline_at = night + timedelta(hours=4)
    task.save()
    for hours in range(30):
        tell_due(now=night + timedelta(hours=hours))

    assert {rung for rung, _name in told()} == {"duty", "second", "owner", "overdue"}


def test_mail_at_opening_that_did_not_get_through_hastens_the_next_rung(at, night, task):
    task.deadline_at = night + timedelta(days=3)
    task.save()
    tell_due(now=at.now)
    tell_due(now=night)
    opening = StaffNotice.objects.get(rung="opening")
    StaffNotice.objects.filter(pk=opening.pk).update(status="failed")

    hasten(opening, now=night)
    tell_due(now=night)

    assert told()[-2:] == [("opening", "nurse"), ("second", "second")]


def test_notice_says_of_each_task_whether_its_time_has_passed(at, clinic, night, open_one):
    for number, opened_at in ((1, at.now), (2, night - timedelta(hours=3))):
        at.now = opened_at
        open_one(number)
        tell_due(now=at.now)
    tell_due(now=night)

    notice = StaffNotice.objects.get(rung="opening", recipient="nurse@clinic.example.com")
    assert (
        notice.subject
        == f"Nobody has taken them on. A task is overdue. A task needs somebody · {clinic.name}"
    )
    overdue, by, waits, until = notice.text.split("\n\n")[:4]
    assert (overdue, waits) == (
        f"Nobody has taken them on. A task at {clinic.name} is overdue.",
        f"A task at {clinic.name} needs somebody.",
    )
    assert by.startswith("It should have been done by Saturday 28 March 2026")
    assert until.startswith("It should be done by Monday 30 March 2026")


def test_person_whose_address_is_given_twice_with_other_letters_gets_one_mail(at, clinic, task):
    clinic.escalation_email = "Owner@clinic.example.com"
    clinic.save()
    at.pass_(hours=3)
    tell_due(now=at.now)

    assert sorted(name.lower() for _rung, name in told()) == ["nurse", "owner"]


def answered_before_closing(at, night, open_one, level):
    """An answer of Friday ten minutes before closing, whose task is due on Monday at noon."""
    at.now = night - timedelta(days=3) + timedelta(hours=9, minutes=50)
    task = open_one()
    FollowUpTask.objects.update(level=level, deadline_at=night + timedelta(hours=3))
    for hours in range(70):
        tell_due(now=at.now + timedelta(hours=hours))
    return [
        (each.rung, each.created_at) for each in task.notices.order_by("created_at") if each.rung != "opening"
    ]


def test_mail_about_an_answer_that_can_wait_comes_at_opening_and_not_at_night(at, night, open_one):
    rungs = answered_before_closing(at, night, open_one, "b")

    assert [rung for rung, _told_at in rungs[:1]] == ["duty"]
    assert all(told_at >= night for _rung, told_at in rungs[1:])
    assert {rung for rung, _told_at in rungs} >= {"second", "owner"}


def test_mail_about_an_answer_of_today_comes_at_night_as_well(at, night, open_one):
    rungs = answered_before_closing(at, night, open_one, "a")

    assert any(rung == "second" and told_at < night for rung, told_at in rungs)


@pytest.mark.parametrize("level", ["a", "e"])
def test_urgent_task_at_night_is_told_to_the_owners_at_once_as_well(at, clinic, night, task, level):
    FollowUpTask.objects.filter(pk=task.pk).update(level=level)

    tell_due(now=at.now)

    assert sorted(told()) == [("at_once", "owner"), ("duty", "oncall")]
    assert "Zenobia" not in "".join(notice.subject + notice.text for notice in StaffNotice.objects.all())


def test_task_that_can_wait_leaves_the_owners_in_peace(at, night, task):
    FollowUpTask.objects.filter(pk=task.pk).update(level="b")

    tell_due(now=at.now)

    assert told() == [("duty", "oncall")]


def test_owner_who_is_on_call_is_told_of_an_urgent_task_once(at, clinic, night, task):
    clinic.on_call_email = "Owner@Clinic.example.com"
    clinic.save()
    FollowUpTask.objects.filter(pk=task.pk).update(level="e")

    tell_due(now=at.now)

    assert told() == [("duty", "Owner")]


def test_every_mail_after_the_first_begins_with_that_nobody_has_taken_it_on(at, task):
    FollowUpTask.objects.filter(pk=task.pk).update(level="a")
    spent_ladder(at)

    for notice in StaffNotice.objects.all():
        again = notice.rung not in ("duty", "at_once")
        assert notice.subject.startswith("A: today – Nobody has taken it on. ") == again
        assert notice.text.startswith("A: today. Nobody has taken it on. ") == again


def test_overdue_task_that_somebody_has_is_not_said_to_be_nobodys(at, clinic, task):
    tell_due(now=at.now)
    claim_task(task=task, by=factories.user(clinic, email="amy@clinic.example.com"), now=at.now)
    at.pass_(hours=4)

    tell_due(now=at.now)

    assert all("Nobody has" not in notice.text for notice in StaffNotice.objects.filter(rung="overdue"))
