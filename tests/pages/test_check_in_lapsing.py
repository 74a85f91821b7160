"""A check-in that was left unfinished: gone on with for a while, then asked afresh."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from aftercare.checkins.lapsing import GOES_ON_FOR
from aftercare.checkins.levels import Level
from aftercare.checkins.models import CheckIn, Concern
from aftercare.checkins.reminding import promise_reminders
from aftercare.outbox.models import ScheduledMessage
from tests import factories

pytestmark = pytest.mark.django_db
LATE = datetime(2026, 3, 30, 22, 50, tzinfo=UTC)  # ten to midnight in London


def part_of(page):
    words = page.content.decode()
    return next(number for number in range(1, 5) if f"Part {number} of 4" in words)


def test_check_in_of_another_day_is_asked_from_the_first_part_with_nothing_chosen(visitor, at):
    visitor.send(1)
    at.now += timedelta(days=1)

    page = visitor.get()

    assert part_of(page) == 1
    assert " checked" not in page.content.decode()


def test_looking_at_a_lapsed_check_in_changes_nothing(visitor, at):
    visitor.send(1)
    at.now += timedelta(days=1)
    visitor.get()

    assert CheckIn.objects.get().lapsed_at is None


def test_answer_of_another_day_begins_a_check_in_of_that_day_beside_the_unfinished(visitor, at):
    visitor.send(1)
    at.now += timedelta(days=5)
    visitor.send(1)

    lapsed, begun = CheckIn.objects.order_by("number")
    assert (lapsed.day, lapsed.lapsed_at, lapsed.answered_at) == (2, at.now, None)
    assert (begun.day, begun.is_open, begun.answers) == (7, True, lapsed.answers)


def test_questions_of_the_new_day_are_asked(visitor, at):
    visitor.send(1)
    at.now += timedelta(days=5)
    visitor.send(1)
    visitor.send(2)

    assert 'name="marks"' in visitor.get().content.decode()


def test_part_sent_after_midnight_is_kept_and_the_emergency_questions_come_again(visitor, at):
    at.now = LATE
    visitor.send(1)
    at.now += timedelta(minutes=20)

    page = visitor.send(2, redness="more")

    assert part_of(page) == 1
    assert CheckIn.objects.get(lapsed_at=None).answers["redness"] == "more"
    assert Concern.objects.get().level == Level.A


def test_day_is_the_patients_own(visitor, asking, at):
    asking.patient.time_zone = "America/Los_Angeles"
    asking.patient.save()
    at.now = LATE
    visitor.send(1)
    at.now += timedelta(minutes=20)

    assert part_of(visitor.get()) == 2


@pytest.mark.parametrize(
    ("later", "part"), [(GOES_ON_FOR, 2), (GOES_ON_FOR + timedelta(seconds=1), 1)], ids=["within", "after"]
)
def test_check_in_is_gone_on_with_for_some_hours_of_the_same_day(visitor, at, later, part):
    visitor.send(1)
    at.now += later

    assert part_of(visitor.get()) == part


def test_answering_again_after_an_unfinished_check_in_lapsed_begins_another(visitor, at):
    visitor.send(1)
    at.now += timedelta(days=1)
    visitor.client.post(visitor.path, {"again": "1"})
    visitor.client.post(visitor.path, {"again": "1"})

    assert [row.is_open for row in CheckIn.objects.order_by("number")] == [False, True]


def test_concern_of_a_lapsed_check_in_stays_open_and_counts(visitor, at):
    visitor.send(1)
    visitor.send(2, redness="more")
    at.now += timedelta(days=1)

    page = visitor.send_all()

    assert "We said that we would call you by 14:00" in page.content.decode()
    assert Concern.objects.get().closed_at is None


def test_reminder_leads_to_the_first_part_although_the_check_in_was_begun_just_before(visitor, asking, at):
    factories.approve_reminder(asking.clinic)
    type(asking.session).objects.update(state="completed", completed_at=factories.ENDED_AT)
    earlier = at.now - timedelta(hours=1)
    ScheduledMessage.objects.update(sent_at=earlier, send_at=earlier, due_at=earlier, latest_at=at.now)
    promise_reminders(now=at.now)
    visitor.send(1)
    reminder = ScheduledMessage.objects.filter(step__reminds=asking.step)

    at.now += timedelta(hours=1)
    before = part_of(visitor.get())
    reminder.update(status="sent", sent_at=at.now)

    assert (before, part_of(visitor.get())) == (2, 1)


def test_check_in_cannot_be_finished_and_lapsed(asking, at):
    with pytest.raises(IntegrityError, match="check_in_finished_or_lapsed"), transaction.atomic():
        factories.check_in(asking, lapsed_at=at.now)
