"""A newer session takes over while an older one's message is being sent: it is not tried again."""

from datetime import timedelta

import pytest
from django.core import mail

from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.planning import complete_session
from aftercare.outbox.superseding import overtaken
from tests import factories
from tests.factories import ENDED_AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def tried(make_message):
    """A message that was not accepted at its first try and waits for the second."""
    return make_message(attempt_count=1, why="waiting_to_retry")


def _newer(message, now, **over):
    session = message.session
    over = {"protocol": session.protocol, "ended_at": session.ended_at + timedelta(days=1), **over}
    draft = factories.treatment_session(session.clinic, patient=session.patient, **over)
    draft.state, draft.completed_at = "completed", now
    draft.save()
    return draft


def _stored(message):
    return ScheduledMessage.objects.get(pk=message.pk)


def test_message_tried_before_is_superseded_by_a_session_that_came_meanwhile(tried, run, at):
    """As it stands when planning saw it being sent, and its try then failed."""
    newer = _newer(tried, at.now)

    run()

    assert (_stored(tried).status, _stored(tried).superseded_by) == ("superseded", newer)
    assert mail.outbox == []


def test_message_in_doubt_is_left_to_staff_when_a_newer_session_came(tried, run, at):
    ScheduledMessage.objects.filter(pk=tried.pk).update(in_doubt=True)
    tried.step.__class__.objects.filter(pk=tried.step_id).update(unknown_policy="send_again")
    factories.attempt(tried, outcome="unknown")
    _newer(tried, at.now)

    run()

    assert (_stored(tried).status, _stored(tried).why) == ("unconfirmed", "newer_session")


def test_message_tried_before_goes_when_no_newer_session_came(tried, run, provider):
    run()

    assert _stored(tried).status == "sent"


def test_message_that_its_step_keeps_is_tried_again(tried, run, at):
    tried.step.__class__.objects.filter(pk=tried.step_id).update(newer_session="keep")
    _newer(tried, at.now)

    run()

    assert _stored(tried).status == "sent"


def test_first_try_asks_no_query(scheduled, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert overtaken(scheduled) is None


def test_message_being_sent_stays_when_the_newer_session_is_saved_and_is_not_tried_again(
    make_message, run, at
):
    message = make_message(status="sending", attempt_count=1)
    session = message.session
    newer = factories.treatment_session(
        session.clinic,
        patient=session.patient,
        protocol=session.protocol,
        ended_at=ENDED_AT + timedelta(minutes=5),
    )
    complete_session(newer, by=None, now=at.now)
    assert _stored(message).status == "sending"

    ScheduledMessage.objects.filter(pk=message.pk).update(
        status="scheduled", claim_token=None, lease_until=None, why="waiting_to_retry"
    )
    run()

    assert _stored(message).status == "superseded"
