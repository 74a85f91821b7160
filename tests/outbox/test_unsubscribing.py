"""What a patient no longer wants, and that the clinic is told when its safety messages stop too."""

import pytest

from aftercare.followups.models import Cause, FollowUpTask
from aftercare.outbox.composing import compose
from aftercare.outbox.models import Attempt, Purpose, Suppression
from aftercare.outbox.unsubscribing import unsubscribe

pytestmark = pytest.mark.django_db


def test_unsubscribing_twice_leaves_one_suppression_and_one_task(scheduled, at):
    unsubscribe(scheduled, purpose=Purpose.CARE, now=at.now)
    unsubscribe(scheduled, purpose=Purpose.CARE, now=at.pass_(days=1))

    suppression = Suppression.objects.get()
    assert (suppression.clinic, suppression.email) == (scheduled.clinic, scheduled.patient.email)
    assert suppression.purpose == "care"
    assert FollowUpTask.objects.count() == 1


def test_leaving_care_messages_opens_a_task_with_a_deadline(scheduled, at):
    unsubscribe(scheduled, purpose=Purpose.CARE, now=at.now)

    task = FollowUpTask.objects.get()
    assert (task.cause, task.patient, task.clinic) == (
        Cause.UNSUBSCRIBED, scheduled.patient, scheduled.clinic,
    )  # fmt: skip
    assert task.deadline_at > at.now


def test_keeping_the_safety_messages_needs_no_human(scheduled, at):
    suppression = unsubscribe(scheduled, purpose=Purpose.ROUTINE, now=at.now)

    assert suppression.purpose == "routine"
    assert not FollowUpTask.objects.exists()


def test_leaving_the_safety_messages_later_still_tells_the_clinic(scheduled, at):
    unsubscribe(scheduled, purpose=Purpose.ROUTINE, now=at.now)
    unsubscribe(scheduled, purpose=Purpose.CARE, now=at.now)

    assert FollowUpTask.objects.count() == 1


def test_address_that_got_the_message_is_the_one_that_is_suppressed(scheduled, at):
    composed = compose(scheduled, now=at.now)
    Attempt.objects.create(
        message=scheduled, number=1, opened_at=at.now, provider="p", compiled=composed.compiled,
        values=composed.values, headers={**composed.copy.headers, "To": "Old@Example.com"}, digest="d",
    )  # fmt: skip

    assert unsubscribe(scheduled, purpose=Purpose.CARE, now=at.now).email == "old@example.com"
