"""What must hold for every exception and every answer, whatever a provider may come up with."""

import json
import smtplib
import ssl
from datetime import UTC, datetime

import botocore.exceptions
import requests
import urllib3.exceptions
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
)
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import BadHeaderError
from hypothesis import given, settings
from hypothesis import strategies as st

from aftercare.outbox.answers import CODES
from aftercare.outbox.deciding import (
    ChannelRefused,
    Decision,
    NotSent,
    Refused,
    Sent,
    Unknown,
    decide,
    decide_opening,
    retry_after,
    words_of,
)

NOW = datetime(2026, 3, 28, 16, tzinfo=UTC)
NOT_NOW = {420, 421, 425, 429, 503}

providers = st.sampled_from([*CODES, "Mailgun", "MailerSend", "Mailtrap", "SMTP h:25", ""])
documented = st.sampled_from(sorted({code for codes in CODES.values() for code in codes}))
fields = st.sampled_from(["code", "Code", "name", "ErrorCode", "reject_reason", "message", "status", "data"])
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | documented
bodies = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=4)
)
coded = st.dictionaries(fields, documented, min_size=1, max_size=2)
contents = st.binary(max_size=80) | (bodies | coded).map(lambda body: json.dumps(body).encode())
headers = st.dictionaries(
    st.just("Retry-After"), st.text(max_size=30) | st.sampled_from(["7", "Sat, 28 Mar 2026 17:00:00 GMT"])
)

in_any_time = settings(deadline=None)


@st.composite
def answers(draw):
    response = requests.Response()
    response.status_code, response._content = draw(st.integers(100, 599)), draw(contents)
    response.headers.update(draw(headers))
    response.encoding = draw(st.sampled_from([None, "utf-8", "idna", "nonsense"]))
    return AnymailRequestsAPIError(response=response)


def classes(*modules):
    found = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    return sorted((each for each in found if issubclass(each, Exception)), key=lambda each: each.__name__)


def make(kind, arguments, cause):
    """An exception of any class, though its own constructor may want something else."""
    error = kind.__new__(kind)
    error.args = tuple(arguments)
    error.__cause__ = cause
    return error


plain = st.builds(
    make,
    st.sampled_from(classes(requests.exceptions, urllib3.exceptions, botocore.exceptions, smtplib, ssl))
    | st.sampled_from([OSError, ValueError, RuntimeError, KeyError, TimeoutError, ConnectionError, EOFError])
    | st.sampled_from([BadHeaderError, AnymailInvalidAddress, ImproperlyConfigured]),
    st.lists(st.none() | st.text(max_size=10) | st.builds(OSError) | st.builds(ValueError), max_size=2),
    st.none(),
)
wrapped = st.builds(make, st.just(AnymailAPIError), st.just([]), plain | st.none())


def complete(error):
    """With what the constructors that :func:`make` goes round would have set."""
    for name in ("response", "status_code", "esp_name"):
        if isinstance(error, AnymailError) and not hasattr(error, name):
            setattr(error, name, None)
    if isinstance(error, smtplib.SMTPResponseException):
        error.smtp_code, error.smtp_error = 0, b""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        error.recipients = {}
    return error


@in_any_time
@given(answers(), providers)
def test_every_answer_is_decided(error, provider):
    assert isinstance(decide(error, provider=provider, now=NOW), Decision)


@in_any_time
@given(answers(), providers)
def test_answer_proves_nothing_but_by_a_refusal_or_the_providers_own_words(error, provider):
    status, decision = error.status_code, decide(error, provider=provider, now=NOW)

    if not 400 <= status < 500 and status != 503 and provider not in {"Mandrill", "Postal", "Mailgun"}:
        assert isinstance(decision, Unknown)
    if isinstance(decision, NotSent) and status not in NOT_NOW:
        assert any(code.encode() in error.response.content for code in CODES[provider])


@in_any_time
@given(answers(), providers)
def test_only_brevos_own_word_proves_an_earlier_acceptance(error, provider):
    if isinstance(decide(error, provider=provider, now=NOW), Sent):
        assert provider == "Brevo"
        assert b"duplicate_parameter" in error.response.content


@in_any_time
@given(answers(), providers)
def test_refused_recipient_is_never_worth_another_try(error, provider):
    refused = AnymailRecipientsRefused(response=error.response)

    assert isinstance(decide(refused, provider=provider, now=NOW), Refused | ChannelRefused)


PROVEN = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.NameResolutionError,
    urllib3.exceptions.ConnectTimeoutError,
    botocore.exceptions.EndpointConnectionError,
    botocore.exceptions.ConnectTimeoutError,
    botocore.exceptions.ProxyConnectionError,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
)


@in_any_time
@given(plain | wrapped, providers)
def test_exception_of_any_shape_is_not_worth_another_try_unless_proven(error, provider):
    complete(error)
    root = error.__cause__ or error

    if isinstance(decide(error, provider=provider, now=NOW), NotSent):
        assert isinstance(root, PROVEN)


@in_any_time
@given(plain)
def test_request_that_broke_off_is_worth_another_try_only_if_no_connection_came_about(reason):
    """As Requests raises it: urllib3's reason inside the error of its pool."""
    pool = make(urllib3.exceptions.MaxRetryError, [], None)
    pool.reason = reason
    error = complete(make(AnymailAPIError, [], make(requests.ConnectionError, [pool], None)))

    if decide(error, now=NOW) != Unknown():
        assert isinstance(reason, PROVEN)


@in_any_time
@given(plain, providers)
def test_exception_after_an_answer_of_success_proves_nothing(error, provider):
    assert decide(complete(error), provider=provider, now=NOW, answered=True) == Unknown()


@in_any_time
@given(plain)
def test_exception_while_connecting_is_never_in_doubt(error):
    assert isinstance(decide_opening(complete(error)), NotSent | ChannelRefused)


@in_any_time
@given(plain | answers())
def test_words_for_staff_are_never_too_many(error):
    assert len(words_of(complete(error))) <= 2000


@in_any_time
@given(st.text(max_size=40) | st.from_regex(r"[0-9]{1,400}", fullmatch=True) | st.none())
def test_retry_after_is_a_time_or_nothing(value):
    seconds = retry_after(value, now=NOW)

    assert seconds is None or 0 <= seconds <= 366 * 86_400
