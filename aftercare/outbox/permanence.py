"""Whether a refusal is the address's own fault for good, by each mail service's own words."""

import re
from collections.abc import Callable, Mapping
from typing import Any

REFUSALS = frozenset({"bounced", "rejected", "failed"})

BAD_ADDRESS = re.compile(r"(?<![\d.])5\.(?:1\.(?:1|2|3|6|10)|2\.1)(?![\d.])")
"""The enhanced codes of RFC 3463 and RFC 7505 for an address, domain or mailbox that is not there."""
PASSING = re.compile(r"(?<![\d.])4\.\d{1,3}\.\d{1,3}(?![\d.])")

BY_WORD: Mapping[str, tuple[str, Mapping[str, bool]]] = {
    # service: (where the word stands, what it means). Words that are not here leave it open.
    "Amazon SES": ("bounce.bounceType", {"Permanent": True, "Transient": False}),
    "Brevo": ("event", {"hard_bounce": True, "invalid_email": True, "soft_bounce": False, "error": False}),
    "MailerSend": ("data.type", {"hard_bounced": True, "soft_bounced": False}),
    "Mailjet": ("hard_bounce", {"True": True, "False": False}),
    "Mandrill": ("event", {"hard_bounce": True, "soft_bounce": False}),
    "Resend": ("data.bounce.type", {"Permanent": True, "Transient": False, "Temporary": False}),
    "Unisender Go": (
        "delivery_info.delivery_status",
        {
            **dict.fromkeys(("err_user_unknown", "err_user_inactive", "err_domain_inactive"), True),
            **dict.fromkeys(("err_mailbox_full", "err_too_large", "err_will_retry", "err_lost"), False),
            **dict.fromkeys(("err_spam_rejected", "err_spam_skipped", "err_blacklisted"), False),
        },
    ),
}


def is_permanent(provider: str, event_type: str, *, reason: str, raw: Any, reply: str) -> bool | None:
    """True if mail to the address can never arrive, False if it may another time, None if it is not said.

    ``raw`` is the service's own report; ``reply`` what the receiving server answered. A refusal of the
    message's content, or by a full mailbox, is never for good. Only refusals are asked about.
    """
    if event_type not in REFUSALS:
        return None
    said = RULES[provider](raw) if provider in RULES else None
    if said is None and provider in BY_WORD:
        where, meanings = BY_WORD[provider]
        said = meanings.get(str(_at(raw, where)))
    if said is None and reason == "invalid":
        return True
    return said if said is not None else _by_reply(reply)


def _by_reply(reply: str) -> bool | None:
    if BAD_ADDRESS.search(reply):
        return True
    return False if PASSING.search(reply) else None


def _at(raw: Any, where: str) -> Any:
    """The value at a path of keys; None where there is none."""
    for key in where.split("."):
        raw = raw.get(key) if isinstance(raw, Mapping) else None
    return raw


def _mailgun(raw: Any) -> bool | None:
    """Severity alone is not enough: "permanent" is also said of what was tried until it was too old."""
    if _at(raw, "event-data.severity") == "temporary":
        return False
    return {"bounce": True, "suppress-bounce": True, "old": False}.get(str(_at(raw, "event-data.reason")))


def _mailtrap(raw: Any) -> bool | None:
    """Its bounces are hard ones; those for the content are told apart by the receiving server's reply."""
    hard = _at(raw, "event") == "bounce" and _at(raw, "bounce_category") in (None, "hard", "badmailbox")
    return True if hard else None


def _postmark(raw: Any) -> bool | None:
    word = _at(raw, "Type") or _at(raw, "SuppressionReason")
    hard = dict.fromkeys(("HardBounce", "BadEmailAddress"), True)
    passing = ("SoftBounce", "Blocked", "VirusNotification", "DMARCPolicy", "SMTPApiError")
    return {**hard, **dict.fromkeys(passing, False)}.get(str(word))


def _resend(raw: Any) -> bool | None:
    """Older reports have no type of bounce, only a sentence."""
    hard = "hard bounce" in str(_at(raw, "data.bounce.message"))
    return True if hard and _at(raw, "data.bounce.type") is None else None


def _sparkpost(raw: Any) -> bool | None:
    """By its classes of bounce: 10 and 30 are the address, 1 is anything, the others pass or mean content."""
    events = _at(raw, "msys")
    for event in events.values() if isinstance(events, Mapping) else ():
        bounce_class = str(_at(event, "bounce_class") or "1")
        return None if bounce_class == "1" else bounce_class in {"10", "30"}
    return None


def _mandrill(raw: Any) -> bool | None:
    """A reject names the earlier event for which the service refuses now."""
    return True if _at(raw, "msg.reject.reason") == "hard-bounce" else None


RULES: Mapping[str, Callable[[Any], bool | None]] = {
    "Mailgun": _mailgun,
    "Mailtrap": _mailtrap,
    "Mandrill": _mandrill,
    "Postmark": _postmark,
    "Resend": _resend,
    "SparkPost": _sparkpost,
}
