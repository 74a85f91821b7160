"""Resuming while others work, on a database that lets both in."""

from datetime import timedelta
from functools import partial

import pytest

from aftercare.clinics.models import Clinic
from aftercare.outbox import clock
from aftercare.outbox.models import ScheduledMessage, SitePause
from aftercare.outbox.pausing import pause_clinic, pause_site, resume_clinic, resume_site
from aftercare.outbox.planning import complete_session
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.factories import ENDED_AT
from tests.services.test_planning_race import at_once

NOW = ENDED_AT + timedelta(minutes=90)  # the first message's time has passed, its window has not
COUNT = 6

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def protocol():
    return factories.protocol(factories.clinic(), steps=(factories.ELAPSED,))


@pytest.fixture
def root():
    return factories.user(None, username="root", is_superuser=True)


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch):
    """For the drains that a resume wakes: they run at once here."""
    monkeypatch.setattr(clock, "database_now", lambda: NOW)


@pytest.fixture
def promised(protocol):
    """Messages of the clinic, each of a session of its own."""
    made = [factories.treatment_session(protocol.clinic, protocol=protocol) for _ in range(COUNT)]
    for session in made:
        complete_session(session, by=None, now=ENDED_AT)
    return made


@pytest.fixture
def held(protocol, promised, root):
    """The same, held because their clinic is paused."""
    pause_clinic(protocol.clinic, reason="Fire drill.", by=root, now=ENDED_AT)
    return promised


def due_after():
    """How many seconds after the resume each message is due."""
    times = ScheduledMessage.objects.order_by("due_at").values_list("due_at", flat=True)
    return [(at - NOW).total_seconds() for at in times]


def test_two_who_resume_at_once_at_different_paces_resume_once(root, held):
    def resume(per_minute):
        return resume_clinic(Clinic.objects.get(), by=root, now=NOW, per_minute=per_minute)

    counts = at_once(partial(resume, 6), partial(resume, 60))

    gap = 10 if counts[0] else 1
    assert sorted(counts) == [0, COUNT]
    assert due_after() == [gap * k for k in range(COUNT)]


def test_two_who_pause_and_resume_everything_at_once_do_it_once(root, promised):
    pauses = at_once(*[partial(pause_site, reason=f"Reason {n}.", by=root, now=NOW) for n in range(3)])

    counts = at_once(*[partial(resume_site, by=root, now=NOW, per_minute=60)] * 3)

    assert len(set(pauses)) == SitePause.objects.count() == 1
    assert sorted(counts) == [0, 0, COUNT]
    assert due_after() == list(range(COUNT))


def test_sessions_completed_while_their_clinic_resumes_hinder_nobody(protocol, root, held):
    drafts = [factories.treatment_session(protocol.clinic, protocol=protocol) for _ in range(4)]

    def complete(pk):
        return complete_session(TreatmentSession.objects.get(pk=pk), by=None, now=NOW)

    at_once(
        partial(resume_clinic, Clinic.objects.get(), by=root, now=NOW, per_minute=60),
        *[partial(complete, draft.pk) for draft in drafts],
    )

    rows = ScheduledMessage.objects.filter(session__in=held)
    assert set(rows.values_list("status", flat=True)) <= {"scheduled", "sent"}
    assert ScheduledMessage.objects.count() == COUNT + len(drafts)
