"""What an exception at the mail service proves, and therefore what may be done. Pure: no row, no clock.

The one rule: only what is proven not to have been accepted may be tried again. Everything else is Unknown.
"""

import random
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import BadHeaderError
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, SSLError

from aftercare.outbox.backends import NotTaken
from aftercare.outbox.smtp import ConnectionLost


@dataclass(frozen=True)
class Sent:
    """The service took it, and calls it so."""

    provider_message_id: str = ""


@dataclass(frozen=True)
class NotSent:
    """Certainly not accepted, and worth another try. ``retry_after`` is in seconds, when the service asked.

    ``whole_channel``: the service, not the message, is in trouble, so that others need not be tried now.
    """

    retry_after: float | None = None
    whole_channel: bool = False


@dataclass(frozen=True)
class Refused:
    """Certainly not accepted, and it never will be."""


@dataclass(frozen=True)
class Unknown:
    """It may have been accepted."""


@dataclass(frozen=True)
class ChannelRefused:
    """The service refuses our log-in or set-up: nothing is wrong with the message."""


Decision = NotSent | Refused | Unknown | ChannelRefused

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=30)
CHANNEL_PAUSE = timedelta(minutes=1)

REFUSALS = (
    AnymailRecipientsRefused,
    AnymailInvalidAddress,
    AnymailUnsupportedFeature,
    AnymailSerializationError,
    BadHeaderError,
    UnicodeError,
    smtplib.SMTPNotSupportedError,
)
AUTHENTICATION = frozenset({530, 534, 535, 538})  # RFC 4954, section 6
HTTP_CHANNEL_REFUSED = frozenset({401, 402, 403, 404, 405, 407})
# Raised before anything leaves; botocore is optional, hence the names.
BOTO_NOT_SENT = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"})
BOTO_CHANNEL_REFUSED = frozenset({"NoCredentialsError", "PartialCredentialsError", "NoRegionError"})
BAD_SET_UP = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.MissingSchema,
)


def decide(error: Exception, *, now: datetime) -> Decision:
    """What an exception raised by ``send_messages`` means for the one message it was given."""
    if isinstance(error, ConnectionLost):
        return Unknown() if error.payload_left else NotSent()
    if isinstance(error, NotTaken):
        return NotSent(whole_channel=True)
    if isinstance(error, REFUSALS):
        return Refused()
    if isinstance(error, ImproperlyConfigured):
        return ChannelRefused()
    if isinstance(error, smtplib.SMTPException):
        return _of_smtp(error)
    return _of_api(error, now) if isinstance(error, AnymailAPIError) else Unknown()


def decide_opening(error: Exception) -> NotSent | ChannelRefused:
    """What an exception while connecting means: nothing has left."""
    if isinstance(error, ImproperlyConfigured | smtplib.SMTPNotSupportedError):
        return ChannelRefused()
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code in AUTHENTICATION:
        return ChannelRefused()
    return NotSent(whole_channel=True)


def pause(tries: int, *, asked: float | None = None, draw: Callable[[], float] = random.random) -> timedelta:
    """How long to wait after ``tries`` tries: exponential with full jitter, at least what the service asked.

    ``asked`` is in seconds; ``draw`` gives numbers from 0 to 1. From 30 seconds, doubling to 30 minutes.
    """
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 16))
    return max(longest * draw(), timedelta(seconds=max(1.0, asked or 0.0)))


def channel_pause(asked: float | None = None, *, draw: Callable[[], float] = random.random) -> timedelta:
    """How long a whole channel rests: half to one and a half minutes, at least what the service asked."""
    return max(CHANNEL_PAUSE * (0.5 + draw()), timedelta(seconds=asked or 0.0))


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header: a number or a date (RFC 9110, 10.2.3), else None."""
    text = (value or "").strip()
    if text.isdecimal() and text.isascii():
        return min(float(text), timedelta(days=365).total_seconds())
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


def words_of(error: Exception) -> str:
    """The mail service's own words, for staff; at most 2,000 characters."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reply = next(iter(error.recipients.values()))
        return f"{code} {_text(reply)}"[:2000]
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"[:2000]
    return str(error)[:2000]


def _text(reply: bytes | str) -> str:
    return reply.decode(errors="replace") if isinstance(reply, bytes) else reply


def _of_smtp(error: smtplib.SMTPException) -> Decision:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _of_reply(next(iter(error.recipients.values()))[0])
    if isinstance(error, smtplib.SMTPResponseException):
        return _of_reply(error.smtp_code)
    return Unknown()


def _of_reply(code: int) -> Decision:
    """RFC 5321, 4.2.1: 4xx means not now, 5xx means never; 421 that the server closes the connection."""
    if code in AUTHENTICATION:
        return ChannelRefused()
    if HTTPStatus.BAD_REQUEST <= code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotSent(whole_channel=code == 421)
    return Refused() if 500 <= code < 600 else Unknown()


def _of_api(error: AnymailAPIError, now: datetime) -> Decision:
    status = _http_status(error)
    if status is None:
        return _of_broken_request(error)
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return NotSent(retry_after(_header(error, "Retry-After"), now=now), whole_channel=True)
    if status in HTTP_CHANNEL_REFUSED:
        return ChannelRefused()
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT):
        return Unknown()
    return Refused() if 400 <= status < 500 else Unknown()


def _of_broken_request(error: AnymailAPIError) -> Decision:
    """No reply at all: proven not sent only if no connection came about."""
    cause = error.__cause__
    name = type(cause).__name__
    if isinstance(cause, BAD_SET_UP) or name in BOTO_CHANNEL_REFUSED:
        return ChannelRefused()
    if name in BOTO_NOT_SENT or (cause is not None and _never_connected(cause)):
        return NotSent(whole_channel=True)
    return Unknown()


def _never_connected(cause: BaseException) -> bool:
    """By urllib3's own reason, which Requests wraps; a proxy's is wrapped once more."""
    reason = getattr(cause.args[0], "reason", None) if cause.args else None
    reason = getattr(reason, "original_error", reason)
    if isinstance(reason, SSLError):
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, NewConnectionError | NameResolutionError | ConnectTimeoutError)


def _http_status(error: AnymailAPIError) -> int | None:
    """Of Requests' response, or of the dict that boto3 has (anymail leaves ``status_code`` empty then)."""
    if isinstance(error.response, dict):
        return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return error.status_code


def _header(error: AnymailAPIError, name: str) -> str | None:
    response: Any = error.response
    if isinstance(response, dict):
        return response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(name.lower())
    return response.headers.get(name)
