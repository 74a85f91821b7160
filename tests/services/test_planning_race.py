"""Two members of staff at once, on a database that lets both in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from django.db import connection

from aftercare.outbox.handling import cancel_message
from aftercare.outbox.models import ScheduledMessage, StatusChange
from aftercare.outbox.planning import Refused, complete_session, reopen_session, void_session
from aftercare.outbox.replanning import replan_clinic
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.factories import ENDED_AT

NOW = ENDED_AT
SOON = NOW + timedelta(minutes=1)

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


def at_once(*calls):
    """What each call returned, or the refusal it raised, all started at the same moment."""
    barrier = Barrier(len(calls))

    def run(call):
        barrier.wait(timeout=10)
        try:
            return call()
        except Refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def _fresh(session):
    """The session as another request would have it."""
    return TreatmentSession.objects.get(pk=session.pk)


def _complete(session):
    return partial(complete_session, _fresh(session), by=None, now=NOW)


def _statuses(session):
    return set(session.scheduled_messages.values_list("status", flat=True))


@pytest.fixture
def protocol():
    return factories.protocol(factories.clinic())


@pytest.fixture
def pair(protocol):
    """Two drafts of one patient under one protocol, an hour apart."""
    patient = factories.patient(protocol.clinic)
    return [
        factories.treatment_session(protocol.clinic, patient=patient, protocol=protocol, ended_at=end)
        for end in (ENDED_AT - timedelta(hours=1), ENDED_AT)
    ]


def test_completing_one_session_twice_at_once_promises_each_message_once(protocol):
    session = factories.treatment_session(protocol.clinic, protocol=protocol)

    at_once(*[_complete(session)] * 4)

    assert session.scheduled_messages.count() == protocol.steps.count()
    assert StatusChange.objects.count() == protocol.steps.count()


def test_completing_two_sessions_of_a_patient_at_once_leaves_the_newest_ones_messages(pair):
    older, newer = pair

    at_once(_complete(older), _complete(newer))

    assert (_statuses(older), _statuses(newer)) == ({"superseded"}, {"scheduled"})


def test_voiding_the_newer_while_replanning_its_clinic_revives_the_older(pair):
    older, newer = pair
    complete_session(older, by=None, now=NOW)
    complete_session(newer, by=None, now=NOW)

    at_once(
        partial(void_session, _fresh(newer), reason="A slip.", by=None, now=SOON),
        partial(replan_clinic, newer.clinic, by=None, now=SOON),
    )

    assert (_statuses(older), _statuses(newer)) == ({"scheduled"}, {"cancelled"})


def test_reopening_and_voiding_at_once_leaves_nothing_scheduled(protocol):
    session = factories.treatment_session(protocol.clinic, protocol=protocol)
    complete_session(session, by=None, now=NOW)

    at_once(
        partial(reopen_session, _fresh(session), by=None, now=SOON),
        partial(void_session, _fresh(session), reason="A slip.", by=None, now=SOON),
    )

    session.refresh_from_db()
    assert (session.state, _statuses(session)) == ("voided", {"cancelled"})


def test_cancelling_one_message_at_once_by_two_leaves_one_line(protocol):
    session = factories.treatment_session(protocol.clinic, protocol=protocol)
    staff = factories.user(protocol.clinic)
    message = complete_session(session, by=None, now=NOW)[0]

    at_once(
        *[partial(cancel_message, message, reason=reason, by=staff, now=SOON) for reason in ("One.", "Two.")]
    )

    assert StatusChange.objects.filter(message=message, to_status="cancelled").count() == 1
    assert ScheduledMessage.objects.get(pk=message.pk).status == "cancelled"
