"""A signed link stands for one message and lets its reader stop the clinic's aftercare mail."""

from datetime import timedelta

import pytest

from aftercare.outbox.composing import compose
from aftercare.outbox.models import Attempt, Suppression
from aftercare.outbox.unsubscribing import BadLink, OldLink, message_of, unsubscribe, unsubscribe_url

pytestmark = pytest.mark.django_db


def token_of(message):
    return unsubscribe_url(message.pk).removeprefix("http://localhost:8000/u/").removesuffix("/")


def test_link_leads_back_to_its_message(scheduled, at):
    assert message_of(token_of(scheduled), now=at.now) == scheduled


def test_link_names_nobody(scheduled):
    url = unsubscribe_url(scheduled.pk)

    assert scheduled.patient.email not in url
    assert len(url) < 150


def test_forged_link_is_refused(scheduled, another, at):
    forged = another.pk.hex + token_of(scheduled)[32:]

    with pytest.raises(BadLink):
        message_of(forged, now=at.now)


def test_link_of_a_message_that_is_gone_is_refused(scheduled, at):
    token = token_of(scheduled)
    scheduled.delete()

    with pytest.raises(BadLink):
        message_of(token, now=at.now)


def test_link_outlives_a_year_but_not_for_ever(scheduled):
    token = token_of(scheduled)

    assert message_of(token, now=scheduled.send_at + timedelta(days=400)) == scheduled
    with pytest.raises(OldLink):
        message_of(token, now=scheduled.send_at + timedelta(days=400, seconds=1))


def test_unsubscribing_twice_leaves_one_suppression(scheduled, at):
    unsubscribe(scheduled, now=at.now)
    unsubscribe(scheduled, now=at.pass_(days=1))

    suppression = Suppression.objects.get()
    assert (suppression.clinic, suppression.email) == (scheduled.clinic, scheduled.patient.email)
    assert suppression.purpose == "care"


def test_address_that_got_the_message_is_the_one_that_is_suppressed(scheduled, at):
    composed = compose(scheduled, now=at.now)
    Attempt.objects.create(
        message=scheduled, number=1, opened_at=at.now, provider="p", compiled=composed.compiled,
        values=composed.values, headers={**composed.copy.headers, "To": "Old@Example.com"}, digest="d",
    )  # fmt: skip

    assert unsubscribe(scheduled, now=at.now).email == "old@example.com"
