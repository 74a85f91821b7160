"""Two engines, or an engine and a patient, at the same moment, on a database that lets both in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from aftercare.checkins.answering import Given, answer
from aftercare.checkins.questions import questions_for
from aftercare.checkins.reminding import promise_reminders
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.protocols.models import StepKind
from tests import factories

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
SENT_AT = factories.ENDED_AT + timedelta(days=1)


@pytest.fixture
def asking():
    return factories.check_in_sent(factories.clinic(), at=SENT_AT)


def at_once(*calls):
    barrier = Barrier(len(calls))

    def run(call):
        barrier.wait(timeout=10)
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def remind():
    return promise_reminders(now=SENT_AT)


def test_engines_at_once_promise_one_reminder(asking):
    promised = at_once(*[remind] * 4)

    assert sorted(promised) == [0, 0, 0, 1]
    assert ScheduledMessage.objects.filter(step__kind=StepKind.REMINDER).count() == 1


def test_answer_in_the_same_moment_leaves_no_reminder_standing(asking):
    asked = questions_for(variant="standard", day=1)
    given = Given(answers={one.code: one.choices[0] for one in asked}, last=True)

    at_once(remind, lambda: answer(asking, given, now=SENT_AT))

    waiting = ScheduledMessage.objects.filter(step__kind=StepKind.REMINDER, status=Status.SCHEDULED)
    assert not waiting.exists()
