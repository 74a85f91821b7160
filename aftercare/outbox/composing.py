"""From a promise to the exact copy that leaves, and back from what was kept to that copy."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import format_datetime
from functools import cached_property, lru_cache

from aftercare.clinics.addresses import ascii_domain
from aftercare.content.models import CompiledVersion
from aftercare.content.placeholders import Values
from aftercare.content.problems import ContentError
from aftercare.content.publishing import Texts, as_compiled, texts_for, written_in
from aftercare.content.rendering import paths_of, render
from aftercare.content.skeletons import FilledText
from aftercare.outbox.links import CHECK_IN, READ, UNSUBSCRIBE, asked_by, thread_of
from aftercare.outbox.merging import day_of
from aftercare.outbox.models import Attempt, ScheduledMessage, Why
from aftercare.outbox.values import message_values, said_of_the_day
from aftercare.outbox.wire import ADDRESSING, Mail, address


class CannotCompose(Exception):
    """A message that cannot be written; ``why`` and the text say what staff must mend."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(detail)
        self.why = why


class NotTheCopySent(Exception):
    """What was kept no longer reproduces the copy that left."""


@dataclass(frozen=True)
class Copy:
    """One message to the byte: what it says, and its headers but the subject."""

    subject: str
    html: str
    text: str
    headers: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all four, as hexadecimal; none of them can hold the character that parts them."""
        headers = [part for header in sorted(self.headers.items()) for part in header]
        whole = map(_utf8, (self.subject, self.html, self.text, *headers))
        return hashlib.sha256(b"\0".join(whole)).hexdigest()

    def as_email(self) -> Mail:
        """The copy as Django's mail backends take it: plain text first, HTML as the alternative."""
        # In one order, because the database keeps none and a repeated try must be the same to the byte.
        extra = {name: self.headers[name] for name in sorted(self.headers) if name not in ADDRESSING}
        reply_to = [self.headers["Reply-To"]] if "Reply-To" in self.headers else None
        email = Mail(
            self.subject,
            self.text,
            from_email=self.headers["From"],
            to=[self.headers["To"]],
            reply_to=reply_to,
            headers=extra,
        )
        email.attach_alternative(self.html, "text/html")
        email.boundary = self.digest
        return email


def _utf8(text: str) -> bytes:
    return text.utf8() if isinstance(text, FilledText) else text.encode()


@dataclass(frozen=True)
class Composed:
    """A copy with what reproduces it: the compiled text and the values it was filled with."""

    copy: Copy
    compiled: CompiledVersion
    values: Values


def approved_texts(message: ScheduledMessage) -> Texts | None:
    """The approved texts that speak to this message's patient. Raises ContentError."""
    locale = message.patient.written_locale
    return texts_for(message.step.template, locale=locale, clinic=message.clinic)


def approved_text(message: ScheduledMessage) -> CompiledVersion | None:
    """The one among them for the time at which the message was promised."""
    texts = approved_texts(message)
    return texts.for_promise(message.created_at) if texts else None


def compose(
    message: ScheduledMessage,
    *,
    now: datetime,
    text_for: Callable[[ScheduledMessage], CompiledVersion | None] = approved_text,
) -> Composed:
    """Writes the message from the newest approved text. ``now`` becomes its Date. Raises CannotCompose."""
    if message.patient_id != message.session.patient_id:
        raise CannotCompose(Why.CANNOT_COMPOSE, "Its session is of another patient.")
    try:
        compiled = text_for(message)
        if compiled is None:
            raise CannotCompose(Why.NOT_APPROVED, message.step.template.name)
        locale = written_in(compiled.version, locale=message.patient.written_locale, clinic=message.clinic)
        day = day_of(message.session, message.step)
        values = message_values(day, locale=locale, topics=_topics(compiled))
        values["day"] = {"merged": said_of_the_day(day, locale=locale)}
        values["links"] = _links(message)
        copy = _copy(compiled, values, headers_of(message, locale=locale, now=now))
    except ContentError as error:
        raise CannotCompose(Why.CANNOT_COMPOSE, str(error)) from error
    return Composed(copy, compiled, values)


def reproduce(attempt: Attempt) -> Copy:
    """The copy of this try, to the byte. Raises NotTheCopySent when it does not come out the same."""
    copy = _copy(attempt.compiled, attempt.values, attempt.headers)
    if attempt.digest not in (copy.digest, _former_digest(copy)):
        raise NotTheCopySent(f"Attempt {attempt.pk} of message {attempt.message_id} is not what was kept.")
    return copy


def _former_digest(copy: Copy) -> str:
    """As the digest was reckoned of the first messages that were ever sent."""
    whole = json.dumps([copy.subject, copy.html, copy.text, sorted(copy.headers.items())])
    return hashlib.sha256(whole.encode()).hexdigest()


def headers_of(message: ScheduledMessage, *, locale: str, now: datetime) -> dict[str, str]:
    """Every header but the subject. Raises CannotCompose for an address that no mail can carry.

    Message-ID is the same at every try (RFC 5322, 3.6.4), so that a copy sent twice is shown once, and
    References the same for every message of a session, so that they are shown together;
    Auto-Submitted is RFC 3834, List-Unsubscribe-Post RFC 8058.
    """
    clinic = message.clinic
    domain = ascii_domain(clinic.sender_email.rpartition("@")[2])
    reply_to = {"Reply-To": clinic.reply_to} if clinic.reply_to else {}
    headers = {
        "From": _sender(clinic.sender_name, clinic.sender_email),
        "To": message.patient.email,
        **reply_to,
        "Date": _date(now.replace(microsecond=0)),
        "Message-ID": f"<{message.pk}@{domain}>",
        "References": f"<{thread_of(message.session_id)}@{domain}>",
        "Content-Language": locale,
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{UNSUBSCRIBE.url(message.pk)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    for name in ADDRESSING:
        _check_address(name, headers.get(name))
    return headers


@lru_cache(maxsize=64)
def _date(at: datetime) -> str:
    """The messages of a second share it."""
    return format_datetime(at)


def _check_address(name: str, value: str | None) -> None:
    """Finds here, where it costs one message, what the mail backend would stumble over."""
    if value is None:
        return
    try:
        address(value)
    except (ValueError, MessageError) as error:
        raise CannotCompose(Why.CANNOT_COMPOSE, f"{name}: {error}") from error
    if not value.isprintable():
        raise CannotCompose(Why.CANNOT_COMPOSE, f"{name}: a line break or control character")


@lru_cache(maxsize=1024)
def _sender(name: str, email: str) -> str:
    try:
        return str(Address(display_name=name, addr_spec=email))
    except (ValueError, MessageError) as error:
        detail = "From: the clinic's sender name or address holds what no mail can carry"
        raise CannotCompose(Why.CANNOT_COMPOSE, detail) from error


def _links(message: ScheduledMessage) -> dict[str, str | bool]:
    links: dict[str, str | bool] = {"read": READ.url(message.pk), "unsubscribe": UNSUBSCRIBE.url(message.pk)}
    if message.step.template.asks_check_in:
        links["check_in"] = CHECK_IN.url(asked_by(message))
    return links


def _topics(compiled: CompiledVersion) -> list[str]:
    """Of which advice the text speaks."""
    return [
        path.removeprefix("from.") for path in paths_of(as_compiled(compiled)) if path.startswith("from.")
    ]


def _copy(compiled: CompiledVersion, values: Values, headers: Mapping[str, str]) -> Copy:
    rendered = render(as_compiled(compiled), values)
    return Copy(rendered.subject, rendered.html, rendered.text, headers)
