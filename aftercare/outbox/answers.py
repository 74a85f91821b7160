"""What the HTTP answer of a mail provider proves. Pure.

An answer proves more than its status where the provider documents the words of its body. Sources, by name:
Resend "Errors"; Brevo "Idempotency for batch emails" and the codes of its API reference; Postmark "API error
codes"; SparkPost "Transmissions"; Mailjet "Send API v3.1"; Mandrill's errors and reject reasons; the API of
Postal; Amazon SES v2 "SendEmail" and AWS "Common Errors".
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aftercare.outbox.decisions import ChannelRefused, Decision, NotSent, Refused, Sent, Unknown

ACCOUNT, SENDER = ChannelRefused(), ChannelRefused(sender_only=True)
LATER = NotSent(whole_channel=True)

# provider: {a code of its answers: what it proves}; codes as the provider writes them, numbers as text.
CODES: Mapping[str, Mapping[str, Decision]] = {
    "Resend": {
        # A key belongs to one try, so another copy of the very same message was here before; but Resend does
        # not say whether it was taken.
        "invalid_idempotent_request": Unknown(replayable=False),
        "concurrent_idempotent_requests": Unknown(),
        "invalid_from_address": SENDER,
        **dict.fromkeys(("missing_api_key", "invalid_api_key", "restricted_api_key"), ACCOUNT),
        **dict.fromkeys(("suspended_api_key", "invalid_access"), ACCOUNT),
    },
    "Brevo": {
        "duplicate_parameter": Sent(earlier=True),
        **dict.fromkeys(("unauthorized", "permission_denied", "not_enough_credits"), ACCOUNT),
        "account_under_validation": ACCOUNT,
    },
    "Postmark": {
        **dict.fromkeys(("400", "401"), SENDER),  # sender signature not found, not confirmed
        **dict.fromkeys(("10", "405", "412", "413"), ACCOUNT),  # token, credits, pending, may not send
        "100": LATER,  # maintenance
    },
    "SparkPost": {"7001": SENDER, **dict.fromkeys(("2101", "2102", "2103"), LATER)},
    "Mailjet": {"send-0008": SENDER},
    "Mandrill": {
        **dict.fromkeys(("unsigned", "invalid-sender"), SENDER),
        **dict.fromkeys(("Invalid_Key", "PaymentRequired", "Unknown_Subaccount"), ACCOUNT),
        "ValidationError": Refused(),
    },
    "Postal": {
        "UnauthenticatedFromAddress": SENDER,
        **dict.fromkeys(("InvalidServerAPIKey", "AccessDenied", "ServerSuspended"), ACCOUNT),
    },
    "Amazon SES": {
        "MailFromDomainNotVerifiedException": SENDER,
        **dict.fromkeys(("AccountSuspendedException", "SendingPausedException"), ACCOUNT),
        **dict.fromkeys(("AccountSendingPausedException", "ConfigurationSetSendingPausedException"), ACCOUNT),
        **dict.fromkeys(("NotFoundException", "ConfigurationSetDoesNotExistException"), ACCOUNT),
        **dict.fromkeys(("InvalidClientTokenId", "UnrecognizedClientException", "OptInRequired"), ACCOUNT),
        **dict.fromkeys(("SignatureDoesNotMatch", "InvalidSignatureException", "NotAuthorized"), ACCOUNT),
        **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired"), ACCOUNT),
        **dict.fromkeys(("IncompleteSignature", "MissingAuthenticationToken"), ACCOUNT),
        **dict.fromkeys(("Throttling", "ThrottlingException", "TooManyRequestsException"), LATER),
        "LimitExceededException": LATER,
    },
}
CODE_FIELDS = ("code", "Code", "name", "ErrorCode", "reject_reason")

# RFC 9110: 421 (misdirected), RFC 8470: 425 (too early), RFC 6585: 429; SparkPost: 420 for a spent limit.
NOT_NOW = frozenset({420, 421, 425, 429, 503})
SET_UP_REFUSED = frozenset({401, 402, 403, 404, 405, 407})
MAY_HAVE_BEEN_TAKEN = frozenset({408, 409})

# Envoy's words for a line that broke behind it, where the request had gone on; providers sit behind it.
CUT_BEHIND_THE_RELAY = "disconnect/reset before headers"
# Anymail documents this greeting, with status 200, as Mailgun's answer to a wrong address of the API.
MAILGUNS_GREETING = "Mailgun Magnificent API"
SPEAKS_OF_SENDER = re.compile(r"\b(domain|sender|identity|from (address|email|field))\b|[`'\"]from\b", re.I)
SENDER_NOT_VERIFIED = re.compile(
    r"\b(domain|sender|identity|identities|from(\.email| address))\b.{0,60}?"
    r"((not|n't)( been)? (verified|confirmed|validated|authenticated)|must be verified|failed the check)"
    r"|unverified (sending )?(domain|sender)|address is not verified|not an? authorized sender"
    r"|invalid [`'\"]?from\b",
    re.I | re.S,
)
BAD_KEY = re.compile(
    r"(invalid|wrong|missing) api[ _-]?key|api[ _-]?key (is|was) (invalid|missing|not)", re.I
)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: of which provider, its status, and at most the first 64 KiB of its body."""

    provider: str
    status: int
    content: bytes = b""

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")

    def known_code(self) -> Decision | None:
        """What the first code in the body that is known for this provider proves."""
        known = CODES.get(self.provider, {})
        return next((known[code] for code in _codes(_json(self.content)) if code in known), None)


def judge(answer: Answer) -> Decision:
    """What an answer proves that anymail did not take for a success. Retry-After is not looked at."""
    if 200 <= answer.status < 300:
        return _of_strange_success(answer)
    if known := answer.known_code() if _codes_count(answer) else None:
        return known
    if answer.status == 503 and CUT_BEHIND_THE_RELAY in answer.text:
        return Unknown()
    if answer.status in NOT_NOW:
        return LATER
    if answer.status in MAY_HAVE_BEEN_TAKEN or not 400 <= answer.status < 500:
        return Unknown()
    return _of_refusal(answer)


def speaks_of_unverified_sender(text: str) -> bool:
    """Whether a service's words say that a sender or its domain lacks proof of ownership.

    Only the words that services document for it: what is wrong with one recipient must not stop a sender.
    """
    return bool(SENDER_NOT_VERIFIED.search(text))


def _codes_count(answer: Answer) -> bool:
    """Whether the provider speaks for itself: with 500 only Mandrill does, for every error."""
    return 400 <= answer.status < 500 or answer.status == 503 or answer.provider == "Mandrill"


def _of_strange_success(answer: Answer) -> Decision:
    """A 2xx that anymail did not understand: taken or not, unless the provider reports errors so."""
    if answer.provider == "Postal" and _is_postal_error(_json(answer.content)):
        return answer.known_code() or Refused()
    if answer.provider == "Mailgun" and MAILGUNS_GREETING in answer.text:
        return ACCOUNT
    return Unknown()


def _of_refusal(answer: Answer) -> Decision:
    """A 4xx: certainly not taken; the words only tell whom it concerns.

    What is said of a sender with 403 concerns that sender. What concerns everybody stops everybody, but a
    message that alone is at fault must fail alone, so that 400 and 422 need unmistakable words.
    """
    if BAD_KEY.search(answer.text):
        return ACCOUNT
    if speaks_of_unverified_sender(answer.text):
        return SENDER
    if answer.status == 403 and _json(answer.content) and SPEAKS_OF_SENDER.search(answer.text):
        return SENDER  # in JSON, as a firewall's page may speak of any domain
    return ACCOUNT if answer.status in SET_UP_REFUSED else Refused()


def _is_postal_error(body: Any) -> bool:
    return isinstance(body, dict) and body.get("status") in ("error", "parameter-error")


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _codes(body: Any, depth: int = 5) -> Iterator[str]:
    """Every code in the body, outermost first, at most ``depth`` levels down."""
    if depth == 0 or not isinstance(body, dict | list):
        return
    inner = list(body.values()) if isinstance(body, dict) else body[:20]
    if isinstance(body, dict):
        yield from (
            str(body[name]) for name in CODE_FIELDS & body.keys() if isinstance(body[name], str | int)
        )
    for each in inner[:50]:
        yield from _codes(each, depth - 1)
