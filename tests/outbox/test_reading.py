"""What a patient reads again: the copy that was sent, and the plan as it stands now."""

from datetime import date, timedelta

import pytest

from aftercare.outbox.links import READ
from aftercare.outbox.models import Purpose, Suppression
from aftercare.outbox.reading import NotKept, letter_of, plan_of
from aftercare.protocols.models import Topic
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(session):
    message = factories.message(session, status="sent")
    factories.attempt(message)
    return message


@pytest.fixture
def next_one(sent):
    step = sent.session.protocol.steps.last()
    return factories.message(sent.session, step=step, send_at=sent.send_at + timedelta(days=1))


def test_letter_is_the_copy_that_was_sent(sent):
    sent.patient.first_name = "Another"
    sent.patient.save()

    letter = letter_of(sent)

    assert letter.subject == f"A note from {sent.clinic.name}"
    assert letter.words.startswith("<p>Hello Amara,</p>")
    assert "style" not in letter.words
    assert letter.sent_at == sent.send_at


def test_letter_is_of_the_try_that_was_taken(sent):
    sent.patient.first_name = "Nobody"
    factories.attempt(sent, outcome="refused")

    assert "Amara" in letter_of(sent).words


def test_message_that_was_never_tried_has_no_letter(scheduled):
    with pytest.raises(NotKept):
        letter_of(scheduled)


def test_copy_that_no_longer_matches_its_seal_is_not_shown(sent):
    sent.attempts.update(digest="x" * 64)

    with pytest.raises(NotKept):
        letter_of(sent)


def test_plan_says_what_has_come_and_what_will(sent, next_one):
    plan = plan_of(sent.session)

    assert [(told.subject, told.url) for told in plan.told] == [
        (f"A note from {sent.clinic.name}", READ.url(sent.pk))
    ]
    assert list(plan.coming) == [next_one.send_at]


@pytest.mark.parametrize("status", ["held", "missed", "cancelled", "suppressed", "failed"])
def test_plan_promises_no_message_that_may_not_come(next_one, status):
    type(next_one).objects.filter(pk=next_one.pk).update(status=status)

    assert plan_of(next_one.session).coming == []


@pytest.mark.parametrize(("purpose", "left"), [(Purpose.CARE, 0), (Purpose.ROUTINE, 0), (Purpose.ALL, 0)])
def test_plan_promises_nothing_that_the_patient_has_stopped(next_one, purpose, left):
    Suppression.objects.create(
        clinic=next_one.clinic, email=next_one.patient.email, purpose=purpose, reason="unsubscribed"
    )

    assert len(plan_of(next_one.session).coming) == left


def test_plan_has_the_dates_in_the_patients_zone_the_earliest_first(sent):
    rules = sent.session.protocol.restrictions
    rules.create(topic=Topic.ACTIVES, hours_light=168, hours_deeper=168)
    rules.create(topic=Topic.MAKEUP, hours_light=24, hours_deeper=48)
    rules.create(topic=Topic.WASHING)

    plan = plan_of(sent.session)

    assert [(topic, when.on, when.at and when.at.hour) for topic, when in plan.restarts] == [
        ("makeup", date(2026, 3, 30), 16),
        ("actives", date(2026, 4, 5), None),
    ]


def test_plan_of_a_session_that_is_being_corrected_shows_no_date(sent, next_one):
    sent.session.protocol.restrictions.create(topic=Topic.HEAT, hours_light=72, hours_deeper=72)
    sent.session.next_visit_on = date(2026, 5, 1)
    sent.session.state = "draft"

    plan = plan_of(sent.session)

    assert plan.check_in_at is None
    assert (plan.settled, plan.coming, plan.restarts, plan.next_visit_on) == (False, [], [], None)
    assert len(plan.told) == 1
