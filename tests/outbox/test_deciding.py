"""What each fault at the mail service proves: a table for SMTP, one for the HTTP services, one for pauses."""

import json
import smtplib
import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from anymail.backends.postmark import EmailBackend as PostmarkBackend
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.core.mail import BadHeaderError, EmailMessage
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
)

from aftercare.outbox.backends import NotTaken
from aftercare.outbox.channel import NobodyKnows
from aftercare.outbox.deciding import (
    ChannelRefused,
    NotSent,
    Refused,
    Sent,
    Unknown,
    decide,
    decide_opening,
    pause,
    retry_after,
    words_of,
)
from aftercare.outbox.smtp import ConnectionLost

NOW = datetime(2026, 3, 28, 16, tzinfo=UTC)
NOWHERE: Any = None  # the pool or connection that urllib3 would name
HERE, CHANNEL = NotSent(), NotSent(whole_channel=True)
SENDER = ChannelRefused(sender_only=True)


def recipient(code):
    return smtplib.SMTPRecipientsRefused({"a@example.com": (code, b"5.1.1 no such user")})


def sender(code):
    return smtplib.SMTPSenderRefused(code, b"no", "c@example.com")


def data(code):
    return smtplib.SMTPDataError(code, b"no")


@pytest.mark.parametrize(
    ("error", "decision"),
    [
        (ConnectionLost("gone", payload_left=False), HERE),
        (ConnectionLost("gone", payload_left=True), Unknown()),
        (smtplib.SMTPServerDisconnected("gone, and nobody knows when"), Unknown()),
        (sender(451), HERE),
        (sender(421), CHANNEL),
        (sender(550), SENDER),
        (sender(553), SENDER),
        (sender(552), Refused()),
        (sender(530), ChannelRefused()),
        (recipient(450), HERE),
        (recipient(550), Refused()),
        (data(451), HERE),
        (data(554), Refused()),
        (data(-1), Unknown()),
        (data(250), Unknown()),
        (smtplib.SMTPAuthenticationError(535, b"bad password"), ChannelRefused()),
        (smtplib.SMTPNotSupportedError("SMTPUTF8"), Refused()),
        (smtplib.SMTPHeloError(451, b"later"), CHANNEL),
        (NotTaken("disk full"), CHANNEL),
        (BadHeaderError("newline"), Refused()),
        (UnicodeEncodeError("ascii", "é", 0, 1, "no"), Refused()),
        (TimeoutError(), Unknown()),
        (ConnectionResetError(), Unknown()),
        (NobodyKnows("it says nothing"), Unknown()),
        (RuntimeError("a defect of a backend"), Unknown()),
    ],
)
def test_smtp_fault_means(error, decision):
    assert decide(error, now=NOW) == decision


def answered(status, **headers):
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    return AnymailRequestsAPIError(response=response)


def broken(cause):
    error = AnymailRequestsAPIError("Error posting")
    error.__cause__ = cause
    return error


def unreachable(reason):
    return broken(requests.ConnectionError(MaxRetryError(NOWHERE, "/", reason)))


@pytest.mark.parametrize(
    ("error", "decision"),
    [
        (unreachable(NewConnectionError(NOWHERE, "refused")), CHANNEL),
        (unreachable(NameResolutionError("host", NOWHERE, socket.gaierror())), CHANNEL),
        (unreachable(ConnectTimeoutError("slow")), CHANNEL),
        (unreachable(ProxyError("no", NewConnectionError(NOWHERE, "refused"))), CHANNEL),
        (unreachable(SSLError(ssl.SSLCertVerificationError("self-signed"))), CHANNEL),
        (unreachable(SSLError(ssl.SSLError("bad record"))), Unknown()),
        (broken(requests.ConnectionError(ProtocolError("reset"))), Unknown()),
        (unreachable(ProtocolError("reset")), Unknown()),
        (broken(requests.ConnectionError()), Unknown()),
        (broken(requests.ReadTimeout("slow")), Unknown()),
        (broken(requests.exceptions.ChunkedEncodingError("half")), Unknown()),
        (broken(requests.exceptions.InvalidURL("no host")), ChannelRefused()),
        (broken(None), Unknown()),
        (answered(200), Unknown()),
        (answered(302), Unknown()),
        (answered(400), Refused()),
        (answered(422), Refused()),
        (answered(401), ChannelRefused()),
        (answered(403), ChannelRefused()),
        (answered(408), Unknown()),
        (answered(409), Unknown()),
        (answered(429), CHANNEL),
        (answered(429, **{"Retry-After": "120"}), NotSent(120.0, whole_channel=True)),
        (
            answered(503, **{"Retry-After": "Sat, 28 Mar 2026 16:01:30 GMT"}),
            NotSent(90.0, whole_channel=True),
        ),
        (answered(500), Unknown()),
        (answered(502), Unknown()),
        (answered(504), Unknown()),
        (AnymailRecipientsRefused(), Refused()),
        (AnymailInvalidAddress("no"), Refused()),
        (AnymailUnsupportedFeature("no"), Refused()),
        (AnymailSerializationError(), Refused()),
        (AnymailConfigurationError("no key"), ChannelRefused()),
        (AnymailError("a sender domain with a slash"), ChannelRefused()),
    ],
)
def test_http_service_fault_means(error, decision):
    assert decide(error, now=NOW) == decision


@pytest.mark.parametrize(
    ("provider", "body", "decision"),
    [
        ("Mandrill", [{"status": "rejected", "reject_reason": "unsigned"}], SENDER),
        ("Mandrill", [{"status": "rejected", "reject_reason": "hard-bounce"}], Refused()),
        ("Mailjet", {"Messages": [{"Errors": [{"ErrorCode": "send-0008"}]}]}, SENDER),
        ("Postmark", {"ErrorCode": 406}, Refused()),
        ("Postmark", {"ErrorCode": 100}, Refused()),
        ("Brevo", {"code": "duplicate_parameter"}, Refused()),
    ],
)
def test_recipients_refused_by_anymail_may_mean_the_sender(provider, body, decision):
    response = requests.Response()
    response._content = json.dumps(body).encode()

    assert decide(AnymailRecipientsRefused(response=response), provider=provider, now=NOW) == decision


def test_provider_is_the_errors_own_unless_told():
    response = answered(400).response
    response._content = b'{"code": "duplicate_parameter"}'
    error = AnymailRequestsAPIError(response=response, esp_name="Brevo")

    assert decide(error, now=NOW) == Sent(earlier=True)
    assert decide(error, provider="Postmark", now=NOW) == Refused()


def ses(status=None, cause=None, **headers):
    """As anymail's SES backend raises it: no status_code, boto3's dict as response."""
    metadata = {"ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers}}
    error = AnymailAPIError(response=metadata if status else None)
    error.__cause__ = cause
    return error


def boto(name):
    return type(name, (Exception,), {})()


@pytest.mark.parametrize(
    ("error", "decision"),
    [
        (ses(400), Refused()),
        (ses(403), ChannelRefused()),
        (ses(429, **{"retry-after": "7"}), NotSent(7.0, whole_channel=True)),
        (ses(500), Unknown()),
        (ses(cause=boto("EndpointConnectionError")), CHANNEL),
        (ses(cause=boto("NoCredentialsError")), ChannelRefused()),
        (ses(cause=boto("ParamValidationError")), Refused()),
        (ses(cause=boto("ReadTimeoutError")), Unknown()),
        (ses(cause=boto("ConnectionClosedError")), Unknown()),
    ],
)
def test_ses_fault_means(error, decision):
    assert decide(error, now=NOW) == decision


@pytest.mark.parametrize(
    ("error", "decision"),
    [
        (ConnectionRefusedError(), CHANNEL),
        (TimeoutError(), CHANNEL),
        (ssl.SSLError("handshake"), CHANNEL),
        (smtplib.SMTPConnectError(421, b"busy"), CHANNEL),
        (smtplib.SMTPAuthenticationError(535, b"bad password"), ChannelRefused()),
        (smtplib.SMTPAuthenticationError(454, b"try later"), CHANNEL),
        (smtplib.SMTPNotSupportedError("STARTTLS"), ChannelRefused()),
        (boto("NoRegionError"), ChannelRefused()),
        (AnymailConfigurationError("no key"), ChannelRefused()),
    ],
)
def test_fault_while_connecting_means_that_nothing_left(error, decision):
    assert decide_opening(error) == decision


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sat, 28 Mar 2026 17:00:00 GMT", 3600.0),
        ("Sat, 28 Mar 2026 15:00:00 GMT", 0.0),
        ("99999999999999999999", 31_536_000.0),
        ("soon", None),
        ("-5", None),
        ("１２", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_number_or_date(value, seconds):
    assert retry_after(value, now=NOW) == seconds


@pytest.mark.parametrize(
    ("tries", "draw", "seconds"),
    [(1, 1.0, 30), (2, 1.0, 60), (3, 0.5, 60), (7, 1.0, 1800), (400, 1.0, 1800), (1, 0.0, 1)],
)
def test_pause_doubles_up_to_half_an_hour_with_full_jitter(tries, draw, seconds):
    assert pause(tries, draw=lambda: draw) == timedelta(seconds=seconds)


def test_pause_is_never_shorter_than_the_service_asked():
    assert pause(1, asked=100.0, draw=lambda: 0.3) == timedelta(seconds=100)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (recipient(550), "550 5.1.1 no such user"),
        (smtplib.SMTPDataError(554, "spam"), "554 spam"),
        (ValueError("no"), "no"),
        (smtplib.SMTPDataError(451, b"later\x00 \xff"), "451 later \ufffd"),
        (ValueError("a\ud800\x00b"), "a?b"),
        (ValueError("x" * 3000), "x" * 2000),
    ],
)
def test_words_for_staff_are_the_services_own(error, words):
    assert words_of(error) == words


def test_refused_port_through_anymail_itself_is_not_sent():
    """Guards the table against a new anymail or requests."""
    backend = PostmarkBackend(server_token="t", api_url="http://127.0.0.1:9/")
    email = EmailMessage("s", "b", "c@example.com", ["a@example.com"])
    with pytest.raises(AnymailAPIError) as raised:
        backend.send_messages([email])

    assert decide(raised.value, now=NOW) == CHANNEL
