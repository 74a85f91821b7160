"""A signed link stands for one message and one purpose, names nobody, and ends."""

import hashlib
import re
import uuid
from base64 import b32decode, urlsafe_b64decode
from datetime import timedelta

import pytest
from django.core.signing import Signer

from aftercare.outbox.links import READ, UNSUBSCRIBE, BadLink, OldLink, QuickSigner, thread_of

pytestmark = pytest.mark.django_db

both = pytest.mark.parametrize(("link", "days"), [(UNSUBSCRIBE, 400), (READ, 90)])


def token_of(link, message):
    return link.url(message.pk).removeprefix("http://localhost:8000/").split("/")[1]


@both
def test_link_leads_back_to_its_message(scheduled, at, link, days):
    assert link.message_of(token_of(link, scheduled), now=at.now) == scheduled


@both
def test_link_is_short_and_names_nobody(scheduled, link, days):
    url = link.url(scheduled.pk)

    assert scheduled.patient.email not in url
    assert len(url) < 150


@both
def test_link_with_another_messages_signature_is_refused(scheduled, another, at, link, days):
    forged = ".".join([token_of(link, another).split(".")[0], token_of(link, scheduled).split(".")[1]])

    with pytest.raises(BadLink):
        link.message_of(forged, now=at.now)


@both
def test_link_of_a_message_that_is_gone_is_refused(scheduled, at, link, days):
    token = token_of(link, scheduled)
    scheduled.delete()

    with pytest.raises(BadLink):
        link.message_of(token, now=at.now)


def test_link_to_unsubscribe_does_not_open_what_was_said(scheduled, at):
    with pytest.raises(BadLink):
        READ.message_of(token_of(UNSUBSCRIBE, scheduled), now=at.now)
    with pytest.raises(BadLink):
        UNSUBSCRIBE.message_of(token_of(READ, scheduled), now=at.now)


@both
def test_link_ends_when_its_time_is_over(scheduled, link, days):
    token, last = token_of(link, scheduled), scheduled.send_at + timedelta(days=days)

    assert link.message_of(token, now=last) == scheduled
    with pytest.raises(OldLink) as old:
        link.message_of(token, now=last + timedelta(seconds=1))
    assert old.value.message == scheduled


def test_messages_of_one_session_share_a_thread_that_does_not_count_sessions():
    assert thread_of(7) == thread_of(7) != thread_of(8)
    assert len(thread_of(7)) == 32


BITCOIN_ADDRESS = re.compile(r"\b(?:[13][a-km-zA-HJ-NP-Z1-9]{29,34}|bc1[ac-hj-np-z02-9]{30,90})\b")


def test_no_link_holds_what_a_spam_filter_takes_for_a_bitcoin_address():
    ids = [uuid.UUID(bytes=hashlib.sha256(b"%d" % number).digest()[:16], version=4) for number in range(2000)]
    suspicious = uuid.UUID("1" * 12 + "4" + "1" * 3 + "8" + "1" * 15)

    assert BITCOIN_ADDRESS.search(suspicious.hex)
    assert not [url for pk in [*ids, suspicious] if BITCOIN_ADDRESS.search(url := READ.url(pk))]


@pytest.mark.parametrize("value", ["", "a", "0123456789abcdef" * 2, "ñ"])
def test_quick_signer_signs_what_djangos_does(value):
    quick, plain = (kind(sep=".", salt="aftercare.outbox.reading") for kind in (QuickSigner, Signer))
    digest = urlsafe_b64decode(plain.signature(value) + "=")

    for _again in range(2):
        assert b32decode(quick.signature(value).upper() + "====") == digest


def test_quick_signer_takes_what_was_signed_by_the_key_before():
    older = QuickSigner(key="older", salt="x").sign("value")

    assert QuickSigner(key="newer", fallback_keys=["older"], salt="x").unsign(older) == "value"
