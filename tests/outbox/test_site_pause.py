"""Pausing everything: nothing is claimed, windows pass as ever, and what waited goes at a pace."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from aftercare.followups.models import FollowUpTask
from aftercare.outbox.backlog import review
from aftercare.outbox.models import ScheduledMessage, SitePause
from aftercare.outbox.pausing import pause_site, resume_site
from aftercare.outbox.reaping import miss_late
from aftercare.outbox.refusing import Refused
from aftercare.outbox.site_pause import in_force, site_paused
from tests import factories
from tests.outbox.conftest import SEND_AT

pytestmark = pytest.mark.django_db
NOW = SEND_AT + timedelta(minutes=1)
LATER = SEND_AT + timedelta(minutes=30)


@pytest.fixture
def root():
    return factories.user(None, username="root", is_superuser=True)


@pytest.fixture
def paused(root):
    return pause_site(reason="The texts are wrong.", by=root, now=NOW)


def test_site_runs_until_somebody_pauses_it(root, django_assert_num_queries):
    before = site_paused()
    pause_site(reason="The texts are wrong.", by=root, now=NOW)

    with django_assert_num_queries(1):
        after = site_paused()

    assert (before, after) == (False, True)


def test_pause_keeps_reason_and_who(root, paused):
    pause = in_force()

    assert (pause.paused_at, pause.reason, pause.paused_by) == (NOW, "The texts are wrong.", root)


def test_pausing_again_keeps_the_first_reason(root, paused):
    again = pause_site(reason="Another.", by=root, now=LATER)

    assert again == paused
    assert SitePause.objects.get().reason == "The texts are wrong."


def test_pausing_without_reason_is_refused(root):
    with pytest.raises(Refused):
        pause_site(reason=" ", by=root, now=NOW)

    assert not site_paused()


def test_two_pauses_in_force_are_impossible(paused):
    with pytest.raises(IntegrityError), transaction.atomic():
        SitePause.objects.create(paused_at=NOW, reason="Another.")


def test_pause_takes_claimed_messages_back_and_leaves_them_scheduled(make_message, root):
    claimed, waiting, sending = (make_message(status=s) for s in ("claimed", "scheduled", "sending"))

    pause_site(reason="The texts are wrong.", by=root, now=NOW)

    statuses = dict(ScheduledMessage.objects.values_list("pk", "status"))
    assert statuses == {claimed.pk: "scheduled", waiting.pk: "scheduled", sending.pk: "sending"}


def test_window_that_passes_while_paused_is_missed_and_its_task_opened(scheduled, paused):
    miss_late(scheduled.latest_at + timedelta(seconds=1))

    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.why) == ("missed", "window_passed")
    assert FollowUpTask.objects.get().cause == "missed"


def test_review_counts_every_clinic(make_message, paused):
    make_message()
    make_message(latest_at=NOW + timedelta(minutes=5))
    make_message(send_at=LATER + timedelta(hours=1))

    found = review(paused, now=LATER)

    assert (found.total, found.safety, found.later, found.missed) == (1, 1, 1, 1)


def test_resuming_spreads_what_is_due_over_all_clinics(make_message, root, paused):
    messages = [make_message() for _ in range(3)]
    ahead = make_message(send_at=LATER + timedelta(hours=1))

    resumed = resume_site(by=root, now=LATER, per_minute=6)

    due = ScheduledMessage.objects.exclude(pk=ahead.pk).order_by("due_at").values_list("due_at", flat=True)
    assert (resumed, site_paused()) == (len(messages), False)
    assert list(due) == [LATER + timedelta(seconds=10 * k) for k in range(3)]
    assert ScheduledMessage.objects.get(pk=ahead.pk).due_at == ahead.due_at


def test_resuming_spares_quiet_hours(session, root, paused):
    step = session.protocol.steps.get(slug="day-1")
    night = datetime(2026, 3, 28, 23, tzinfo=UTC)
    message = factories.message(session, step, latest_at=night + timedelta(days=1))

    resume_site(by=root, now=night)

    message.refresh_from_db()
    assert message.due_at == datetime(2026, 3, 29, 7, tzinfo=UTC)  # 08:00 in London


def test_resuming_twice_resumes_once(scheduled, root, paused):
    resume_site(by=root, now=LATER)

    again = resume_site(by=root, now=LATER + timedelta(minutes=1))

    paused.refresh_from_db()
    assert (again, paused.resumed_at, paused.resumed_by) == (0, LATER, root)


def test_site_can_be_paused_again_after_it_was_resumed(root, paused):
    resume_site(by=root, now=LATER)

    pause_site(reason="Again.", by=root, now=LATER)

    assert in_force().reason == "Again."
    assert SitePause.objects.count() == 2
