"""What is in hand is read in one go, and never believed for long."""

from datetime import timedelta

import pytest

from aftercare.clinics.models import Patient
from aftercare.content.approval import retire
from aftercare.outbox import loading
from aftercare.outbox.claiming import claim
from aftercare.outbox.composing import compose
from aftercare.outbox.loading import FRESH, InHand
from aftercare.outbox.models import Status, Suppression
from aftercare.outbox.transitions import move
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_hand(at):
    """Claims everything that is due."""
    return lambda: InHand(claim(limit=100, lease=timedelta(minutes=5)))


def test_claim_is_read_once_for_all_its_messages(at, make_message, session, django_assert_max_num_queries):
    messages = {make_message(session), *(make_message() for _ in range(4))}
    claimed = claim(limit=100, lease=timedelta(minutes=5))
    hand = InHand(claimed)

    with django_assert_max_num_queries(9):
        taken = [hand.take(message.pk, now=at.now) for message in claimed]

    assert set(taken) == messages


def test_what_composing_needs_was_read_along(in_hand, at, scheduled, django_assert_num_queries):
    hand = in_hand()
    message = hand.take(scheduled.pk, now=at.now)
    hand.text_for(message)

    with django_assert_num_queries(0):
        compose(message, text_for=hand.text_for, now=at.now)


def test_messages_of_one_template_share_the_look_up_of_its_text(
    in_hand, at, session, make_message, django_assert_num_queries
):
    other = factories.treatment_session(
        session.clinic, protocol=session.protocol, state="completed", completed_at=at.now
    )
    rows = [make_message(session), make_message(other)]
    hand = in_hand()
    first, second = [hand.take(row.pk, now=at.now) for row in rows]
    hand.text_for(first)

    with django_assert_num_queries(0):
        hand.text_for(second)


def test_what_is_older_than_a_second_is_read_again(in_hand, at, scheduled, another):
    hand = in_hand()
    hand.take(scheduled.pk, now=at.now)
    another.patient.email = "new@example.com"
    another.patient.save()

    message = hand.take(another.pk, now=at.now + FRESH)

    assert message.patient.email == "new@example.com"


def test_message_is_read_no_sooner_than_among_the_next_few(at, make_message, session, monkeypatch):
    monkeypatch.setattr(loading, "AHEAD", 2)
    for given in (session, None, None):
        make_message(given)
    first, *others = claim(limit=3, lease=timedelta(minutes=5))
    hand = InHand([first, *others])
    hand.take(first.pk, now=at.now)
    Patient.objects.update(email="new@example.com")

    emails = [hand.take(message.pk, now=at.now).patient.email for message in others]

    assert emails[0] != "new@example.com"
    assert emails[1] == "new@example.com"


def test_text_retired_meanwhile_is_not_used_again(in_hand, at, scheduled, another):
    hand = in_hand()
    hand.text_for(hand.take(scheduled.pk, now=at.now))
    retire(another.step.template.versions.get(), now=at.now)

    message = hand.take(another.pk, now=at.now + FRESH)

    assert hand.text_for(message) is None


def test_message_that_the_claim_no_longer_holds_is_not_in_hand(in_hand, at, scheduled):
    hand = in_hand()
    move(scheduled.pk, to=Status.CANCELLED, frm=Status.CLAIMED, now=at.now)

    assert hand.take(scheduled.pk, now=at.now) is None


def test_message_let_go_is_not_read_again(in_hand, at, scheduled):
    hand = in_hand()
    hand.take(scheduled.pk, now=at.now)
    hand.let_go(scheduled.pk)

    assert hand.take(scheduled.pk, now=at.now + FRESH) is None


@pytest.mark.parametrize("purpose", ["all", "care"])
@pytest.mark.parametrize(
    ("patients", "suppressed"),
    [
        ("Amara@Example.com", "amara@example.com"),
        ("amara@example.com", "Amara@Example.com"),
        ("anna@KLINIK-MÜLLER.example", "anna@klinik-müller.example"),
    ],
)
def test_suppression_is_by_address_whatever_its_case(in_hand, at, scheduled, purpose, patients, suppressed):
    scheduled.patient.email = patients
    scheduled.patient.save()
    Suppression.objects.create(
        clinic=scheduled.clinic, email=suppressed, purpose=purpose, reason="-", created_at=at.now
    )

    hand = in_hand()

    assert hand.is_suppressed(hand.take(scheduled.pk, now=at.now))


def test_suppression_of_another_clinic_does_not_count(in_hand, at, scheduled, another):
    Suppression.objects.create(
        clinic=another.clinic, email=scheduled.patient.email, reason="-", created_at=at.now
    )

    hand = in_hand()

    assert not hand.is_suppressed(hand.take(scheduled.pk, now=at.now))
