"""What is foreseen of changed restrictions: who would read another date, and who knows the former one."""

from datetime import timedelta

import pytest

from aftercare.outbox.foreseeing_dates import foresee_dates
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.protocols.models import Restriction
from tests import factories
from tests.factories import BODY, ELAPSED, ENDED_AT, WALL_TIME
from tests.outbox.sessions import ONE_HOUR, complete, draft

pytestmark = pytest.mark.django_db
NAMES_HEAT = f"{BODY['en']}\nSauna: not before {{{{ from.heat }}}}.\n"


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def protocol(clinic):
    """An evening message and one of the next day, both naming from when on a sauna is allowed: 72 hours."""
    found = factories.protocol(clinic, steps=())
    for number, fields in enumerate((ELAPSED, WALL_TIME), start=1):
        text = factories.template(clinic, safety_critical=True)
        factories.approved_version(text, body=NAMES_HEAT)
        factories.step(found, **{**fields, "number": number, "template": text})
    Restriction.objects.create(protocol=found, topic="heat", hours_light=72, hours_deeper=72)
    return found


@pytest.fixture
def session(clinic, protocol):
    found = draft(clinic, protocol=protocol)
    complete(found)
    return found


def longer(protocol, hours=96):
    rule = protocol.restrictions.get()
    rule.hours_light = rule.hours_deeper = hours
    return [rule]


def send(session, slug="first-night"):
    row = session.scheduled_messages.get(step__slug=slug)
    factories.attempt(row)
    ScheduledMessage.objects.filter(pk=row.pk).update(status=Status.SENT, sent_at=row.send_at)


def test_longer_wait_is_named_by_every_planned_message_that_speaks_of_it(protocol, session):
    found = foresee_dates(protocol, longer(protocol), now=ENDED_AT)

    assert (found.naming, found.told) == (2, 0)


def test_patient_who_was_told_the_old_date_is_counted(protocol, session):
    send(session)

    found = foresee_dates(protocol, longer(protocol), now=ONE_HOUR)

    assert (found.naming, found.told, found.untold) == (1, 1, 0)


def test_patient_with_no_further_message_is_counted_as_one_to_call(protocol, session):
    send(session)
    send(session, "day-1")

    found = foresee_dates(protocol, longer(protocol), now=ONE_HOUR)

    assert (found.naming, found.told, found.untold) == (0, 1, 1)


def test_patient_who_was_told_the_very_date_that_comes_back_is_not_counted(protocol, session):
    send(session)
    Restriction.objects.update(hours_light=24, hours_deeper=24)

    found = foresee_dates(protocol, longer(protocol, 72), now=ONE_HOUR)

    assert (found.naming, found.told) == (1, 0)


def test_dates_that_lie_behind_the_patient_are_told_to_nobody(protocol, session):
    send(session)
    send(session, "day-1")

    found = foresee_dates(protocol, longer(protocol), now=ENDED_AT + timedelta(days=6))

    assert not found


def test_wait_set_for_the_session_itself_does_not_follow_the_protocol(protocol, session):
    session.waits = {"heat": 120}
    session.save()

    assert not foresee_dates(protocol, longer(protocol), now=ENDED_AT)


def test_advice_that_no_text_speaks_of_changes_no_message(protocol, session):
    swimming = Restriction(protocol=protocol, topic="swimming", hours_light=48, hours_deeper=48)

    assert not foresee_dates(protocol, [*protocol.restrictions.all(), swimming], now=ENDED_AT)


def test_message_of_another_treatment_of_the_day_names_the_new_date_too(clinic, protocol, session):
    other = factories.protocol(clinic, steps=())
    text = factories.template(clinic)
    factories.approved_version(text, body=NAMES_HEAT)
    factories.step(other, **{**WALL_TIME, "slug": "own", "number": 1, "template": text})
    second = draft(clinic, patient=session.patient, protocol=other, ended_at=ENDED_AT + timedelta(hours=2))
    complete(second, now=second.ended_at)

    found = foresee_dates(protocol, longer(protocol), now=ENDED_AT)

    assert found.naming == 3


def test_example_has_the_date_now_and_the_one_after(protocol, session):
    example = foresee_dates(protocol, longer(protocol), now=ENDED_AT).examples[0]

    assert (example.session, example.topic) == (session, "heat")
    assert example.after.on - example.before.on == timedelta(days=1)
