"""What a claimed message says where a newer version left planned messages the older text."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from aftercare.content.approval import approve
from aftercare.outbox.composing import compose
from aftercare.outbox.loading import Shared
from aftercare.outbox.models import ScheduledMessage
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def message():
    """Promised yesterday, under a text that was approved before."""
    session = factories.treatment_session(factories.clinic())
    row = factories.message(session)
    ScheduledMessage.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=1))
    return ScheduledMessage.objects.get(pk=row.pk)


def newer(template, *, keep):
    draft = factories.draft_version(template, subject="The newer text")
    by = factories.practitioner(template.clinic)
    return approve(draft, by=by, now=timezone.now(), planned_keep_older=keep)


@pytest.mark.parametrize(("keep", "newest"), [(False, True), (True, False)])
def test_planned_message_says_what_the_approval_chose(message, keep, newest):
    newer(message.step.template, keep=keep)

    copy = compose(message, now=timezone.now()).copy

    assert (copy.subject == "The newer text") is newest
    assert mail.outbox == []


@pytest.mark.parametrize(("keep", "newest"), [(False, True), (True, False)])
def test_drain_reads_the_texts_once_and_gives_each_message_its_own(
    message, keep, newest, django_assert_num_queries
):
    newer(message.step.template, keep=keep)
    later = factories.message(factories.treatment_session(message.clinic, protocol=message.session.protocol))
    shared = Shared()
    shared.attach([message, later], now=timezone.now())

    texts = [shared.text_for(message), shared.text_for(later)]

    assert (texts[0].subject == "The newer text") is newest
    assert texts[1].subject == "The newer text"
    with django_assert_num_queries(0):
        assert [shared.text_for(message), shared.text_for(later)] == texts
