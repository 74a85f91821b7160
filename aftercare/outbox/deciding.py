"""What an exception at the mail service proves, and therefore what may be done. Pure: no row, no clock.

The one rule: only what is proven not to have been accepted may be tried again. Everything else is Unknown.
"""

import json
import random
import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import BadHeaderError
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, SSLError

from aftercare.outbox.answers import Answer, judge, speaks_of_unverified_sender
from aftercare.outbox.backends import NotTaken
from aftercare.outbox.decisions import ChannelRefused, Decision, NotSent, Refused, Sent, Unknown
from aftercare.outbox.smtp import ConnectionLost
from aftercare.outbox.washing import storable

__all__ = [
    "ChannelRefused",
    "Decision",
    "NotSent",
    "Refused",
    "Sent",
    "Unknown",
    "decide",
    "decide_opening",
    "pause",
    "retry_after",
    "words_of",
]

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=30)
LONGEST_ASKED = timedelta(days=365).total_seconds()
MOST_WORDS, MOST_CONTENT = 2_000, 65_536

# Raised while the message is written, before anything leaves.
REFUSALS = (
    AnymailInvalidAddress,
    AnymailUnsupportedFeature,
    AnymailSerializationError,
    BadHeaderError,
    UnicodeError,
    smtplib.SMTPNotSupportedError,
)
AUTHENTICATION = frozenset({530, 534, 535, 538})  # RFC 4954, section 6
TOO_LARGE = 552  # RFC 1870: also at MAIL, where a message's size is declared
# What Postfix says of a sender or of us, though at RCPT (smtpd_delay_reject), and Exchange at DATA (5.7.60).
SENDER_REJECTED = re.compile(r"sender address rejected|permissions? to send as this sender", re.I)
# The words of Postfix, Exim, Exchange, qmail and Google for "we do not relay for you".
CLIENT_REJECTED = re.compile(
    r"relay(ing)?( access)? denied|relay not permitted|unable to relay|credentials for relay|rcpthosts|"
    r"authentication (is )?required|client host (rejected|\[[^\]]*\] blocked)|helo command rejected",
    re.I,
)
QUOTA_SPENT = re.compile(r"\b5\.4\.5\b")  # Google's "sending limit exceeded"
# Raised before anything leaves; botocore is optional, hence the names.
BOTO_NOT_SENT = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"})
BOTO_CHANNEL_REFUSED = frozenset(
    {
        *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "NoAuthTokenError"),
        *("NoRegionError", "InvalidRegionError", "UnknownEndpointError", "ProfileNotFound"),
        *("TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError", "MetadataRetrievalError"),
    }
)
BAD_SET_UP = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
)


def decide(error: Exception, *, provider: str = "", now: datetime, answered: bool = False) -> Decision:
    """What an exception raised by ``send_messages`` means for the one message it was given.

    ``provider`` is anymail's ``esp_name`` (as the error has it, unless given) or any name of another service.
    ``answered``: the provider's answer of success had come when this was raised
    (:func:`aftercare.outbox.providers.has_answer`), so that only the provider itself can say that it refused.
    """
    if isinstance(error, AnymailRecipientsRefused):
        return _of_refused_recipients(error, provider)
    if isinstance(error, AnymailAPIError):
        return _of_api(error, provider, now)
    return Unknown() if answered else _of_other(error)


def decide_opening(error: Exception) -> NotSent | ChannelRefused:
    """What an exception while connecting means: nothing has left."""
    if isinstance(error, ImproperlyConfigured | smtplib.SMTPNotSupportedError):
        return ChannelRefused()
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code in AUTHENTICATION:
        return ChannelRefused()
    if type(error).__name__ in BOTO_CHANNEL_REFUSED:
        return ChannelRefused()
    return NotSent(whole_channel=True)


def pause(tries: int, *, asked: float | None = None, draw: Callable[[], float] = random.random) -> timedelta:
    """How long to wait after ``tries`` tries: exponential with full jitter, at least what the service asked.

    ``asked`` is in seconds; ``draw`` gives numbers from 0 to 1. From 30 seconds, doubling to 30 minutes.
    """
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 16))
    return max(longest * draw(), timedelta(seconds=max(1.0, asked or 0.0)))


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header: a number or a date (RFC 9110, 10.2.3), else None."""
    text = (value or "").strip()
    if text.isdecimal() and text.isascii():
        return min(float(text), LONGEST_ASKED)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    seconds = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    return min(max(0.0, seconds), LONGEST_ASKED)


def words_of(error: Exception) -> str:
    """The mail service's own words, for staff; at most 2,000 characters."""
    if isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException):
        code, reply = _reply(error)
        return storable(f"{code} {reply}", MOST_WORDS)
    try:
        return storable(error, MOST_WORDS)
    except Exception:  # noqa: BLE001 - an answer that cannot be read must not cost what was decided of it
        return type(error).__name__


def _reply(error: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> tuple[int, str]:
    """Code and text of the SMTP reply; of the first recipient, as every message has one."""
    if isinstance(error, smtplib.SMTPResponseException):
        code, reply = error.smtp_code, error.smtp_error
    else:
        code, reply = next(iter(error.recipients.values()), (0, b""))
    return code, reply.decode(errors="replace") if isinstance(reply, bytes) else str(reply)


def _of_other(error: Exception) -> Decision:
    if isinstance(error, ConnectionLost):
        return Unknown() if error.payload_left else NotSent()
    if isinstance(error, NotTaken):
        return NotSent(whole_channel=True)
    if isinstance(error, REFUSALS):
        return Refused()
    # Bare, anymail raises it for an address of the API that cannot be made.
    if isinstance(error, ImproperlyConfigured) or type(error) is AnymailError:
        return ChannelRefused()
    return _of_smtp(error) if isinstance(error, smtplib.SMTPException) else Unknown()


def _of_smtp(error: smtplib.SMTPException) -> Decision:
    if isinstance(error, smtplib.SMTPHeloError | smtplib.SMTPConnectError):
        return decide_opening(error)
    if not isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException):
        return Unknown()
    code, text = _reply(error)
    if 400 <= code < 500:
        return NotSent(whole_channel=code == 421)
    if not 500 <= code < 600:
        return Unknown()
    return _of_smtp_refusal(code, text, at_mail=isinstance(error, smtplib.SMTPSenderRefused))


def _of_smtp_refusal(code: int, text: str, *, at_mail: bool) -> Decision:
    """RFC 5321, 4.2.1: 5xx means never. Whom it concerns: us, this sender, or the message alone.

    At MAIL (3.3) the server knows nothing but the sender and a declared size.
    """
    if code in AUTHENTICATION or CLIENT_REJECTED.search(text) or QUOTA_SPENT.search(text):
        return ChannelRefused()
    if code == TOO_LARGE:
        return Refused()
    if at_mail or SENDER_REJECTED.search(text) or speaks_of_unverified_sender(text):
        return ChannelRefused(sender_only=True)
    return Refused()


def _of_refused_recipients(error: AnymailRecipientsRefused, provider: str) -> Decision:
    """The provider refused this message; some say so also when it is the sender that they mind."""
    known = _answer(error, provider, status=0).known_code()
    return known if isinstance(known, ChannelRefused) else Refused()


def _of_api(error: AnymailAPIError, provider: str, now: datetime) -> Decision:
    status = _http_status(error)
    if status is None:
        return _of_broken_request(error)
    decision = judge(_answer(error, provider, status=status))
    if isinstance(decision, NotSent):
        return replace(decision, retry_after=retry_after(_header(error, "Retry-After"), now=now))
    return decision


def _of_broken_request(error: AnymailAPIError) -> Decision:
    """No reply at all: proven not sent only if no connection came about."""
    cause = error.__cause__
    name = type(cause).__name__
    if isinstance(cause, BAD_SET_UP) or name in BOTO_CHANNEL_REFUSED:
        return ChannelRefused()
    if name == "ParamValidationError":  # botocore's, of what it was given
        return Refused()
    if name in BOTO_NOT_SENT or (cause is not None and _never_connected(cause)):
        return NotSent(whole_channel=True)
    return Unknown()


def _never_connected(cause: BaseException) -> bool:
    """By urllib3's own reason, which Requests and botocore wrap; a proxy's is wrapped once more."""
    reason = getattr(cause.args[0], "reason", None) if cause.args else None
    reason = getattr(reason, "original_error", reason)
    if isinstance(reason, OSError) and str(reason).startswith("Tunnel connection failed"):
        return True  # http.client's: the proxy did not let us through
    if botocore_details := getattr(cause, "kwargs", None):
        reason = botocore_details.get("error", reason)
    if isinstance(reason, SSLError):
        return bool(reason.args) and isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, NewConnectionError | NameResolutionError | ConnectTimeoutError)


def _answer(error: AnymailError, provider: str, *, status: int) -> Answer:
    """The answer as bytes: Requests' own, or boto3's dict with its error code."""
    response: Any = error.response
    name = provider or str(getattr(error, "esp_name", None) or "")
    if isinstance(response, dict):
        said = response.get("Error", {})
        return Answer(name, status, json.dumps(said, default=str).encode())
    content = getattr(response, "content", None) or b""
    return Answer(name, status, content[:MOST_CONTENT] if isinstance(content, bytes) else b"")


def _http_status(error: AnymailAPIError) -> int | None:
    """Of Requests' response, or of the dict that boto3 has (anymail leaves ``status_code`` empty then)."""
    if isinstance(error.response, dict):
        return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return error.status_code


def _header(error: AnymailAPIError, name: str) -> str | None:
    response: Any = error.response
    if isinstance(response, dict):
        return response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(name.lower())
    return getattr(response, "headers", {}).get(name)
