"""A protocol as a JSON document, and back: for another clinic, another site, or a drawer."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import time
from typing import Any

from django.utils.translation import gettext as _

from aftercare.content.models import MessageTemplate
from aftercare.protocols.library import ShippedProtocol, ShippedRestriction, ShippedStep, ShippedText
from aftercare.protocols.models import Protocol, ProtocolStep, StepKind
from aftercare.protocols.schema import Mistake, mistakes
from aftercare.timing import Elapsed, WallTime, When

FORMAT, VERSION = "aftercare-protocol", 1
HOURS = ("hours_light", "hours_deeper", "least_hours", "most_hours")
LARGEST = 1_000_000
"""Bytes; a hundred steps in two languages take less."""


class NotAProtocol(Exception):
    """A document that cannot be taken in; ``mistakes`` says why, never empty."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__("; ".join(f"{each.place}: {each.message}" for each in mistakes))
        self.mistakes = mistakes


def exported(protocol: Protocol) -> dict[str, Any]:
    """The protocol with its steps, restrictions and the newest words of each, approved or not."""
    steps = protocol.steps.select_related("template").prefetch_related("template__versions")
    restrictions = protocol.restrictions.values("topic", *HOURS)
    return {
        "format": FORMAT,
        "version": VERSION,
        "slug": protocol.slug,
        "name": protocol.name,
        "variants": list(protocol.variants),
        "steps": [_exported_step(step) for step in steps],
        "restrictions": list(restrictions),
    }


def written(protocol: Protocol) -> str:
    """The same as text, indented for people."""
    return json.dumps(exported(protocol), ensure_ascii=False, indent=2) + "\n"


def read(text: str | bytes) -> ShippedProtocol:
    """The plan that a document holds. Raises NotAProtocol with every mistake and its place."""
    document = _parsed(text)
    if found := mistakes(document) or list(_contradictions(document)):
        raise NotAProtocol(*found)
    steps = sorted((_step(row) for row in document["steps"]), key=lambda step: step.number)
    return ShippedProtocol(
        slug=document["slug"],
        name=document["name"],
        treatment="",
        variants=tuple(document["variants"]),
        steps=tuple(steps),
        restrictions=tuple(
            ShippedRestriction(row["topic"], *(row.get(name) for name in HOURS))
            for row in document["restrictions"]
        ),
    )


def _parsed(text: str | bytes) -> Any:
    if len(text) > LARGEST:
        raise NotAProtocol(Mistake("", _("The file is larger than %(size)s kB.") % {"size": LARGEST // 1000}))
    try:
        return json.loads(text.decode("utf-8-sig") if isinstance(text, bytes) else text)
    except UnicodeDecodeError as error:
        raise NotAProtocol(Mistake("", _("The file is no text in UTF-8."))) from error
    except json.JSONDecodeError as error:
        message = _("This is no JSON: line %(line)s, column %(column)s.")
        raise NotAProtocol(Mistake("", message % {"line": error.lineno, "column": error.colno})) from error
    except (RecursionError, ValueError) as error:
        raise NotAProtocol(Mistake("", _("This is no JSON that can be read."))) from error


def _contradictions(document: dict[str, Any]) -> Iterator[Mistake]:
    """What a schema cannot say: windows that end too early, numbers that come twice, unsafe steps."""
    for name in ("slug", "number"):
        yield from _twice((row[name] for row in document["steps"]), "steps", name)
    yield from _twice((row["topic"] for row in document["restrictions"]), "restrictions", "topic")
    for index, row in enumerate(document["restrictions"]):
        least, most = row.get("least_hours"), row.get("most_hours")
        if least is not None and most is not None and least > most:
            yield Mistake(f"restrictions[{index}]", _("The least hours must not be more than the most."))
    for index, row in enumerate(document["steps"]):
        yield from _against_step(row, f"steps[{index}]")


def _twice(values: Iterable[Any], rows: str, name: str) -> Iterator[Mistake]:
    for value, count in Counter(values).items():
        if count > 1:
            yield Mistake(f"{rows}[].{name}", _("“%(value)s” is there more than once.") % {"value": value})


def _against_step(row: dict[str, Any], place: str) -> Iterator[Mistake]:
    try:
        _when(row)
    except ValueError as error:
        yield Mistake(place, str(error))
    if row.get("safety_critical"):
        if not row.get("enabled", True):
            yield Mistake(f"{place}.enabled", _("A safety-critical step cannot be disabled."))
        if row.get("may_be_skipped"):
            yield Mistake(f"{place}.may_be_skipped", _("A safety-critical step cannot be skipped."))
        if row.get("late_action") != "skip_and_task":
            message = _("A safety-critical message that was missed must open a follow-up task.")
            yield Mistake(f"{place}.late_action", message)


def _step(row: dict[str, Any]) -> ShippedStep:
    return ShippedStep(
        slug=row["slug"],
        number=row["number"],
        name=row["name"],
        when=_when(row),
        late_action=row.get("late_action", "skip"),
        unknown_policy=row.get("unknown_policy", "unconfirmed"),
        quiet_exempt=row.get("quiet_exempt", False),
        safety_critical=row.get("safety_critical", False),
        asks_check_in=row.get("asks_check_in", False),
        newer_session=row.get("newer_session", "supersede"),
        may_be_skipped=row.get("may_be_skipped", False),
        enabled=row.get("enabled", True),
        texts={language: _text(language, words) for language, words in row["texts"].items()},
    )


def _text(language: str, words: dict[str, str]) -> ShippedText:
    return ShippedText(language, words["subject"], words.get("preheader", ""), words["body"])


def _when(row: dict[str, Any]) -> When:
    if row["kind"] == StepKind.ELAPSED:
        return Elapsed(minutes=row["minutes"], latest_minutes=row["latest_minutes"])
    at, latest_at = time.fromisoformat(row["at"]), time.fromisoformat(row["latest_at"])
    return WallTime(day=row["day"], at=at, latest_day=row["latest_day"], latest_at=latest_at)


def _exported_step(step: ProtocolStep) -> dict[str, Any]:
    return {
        "slug": step.slug,
        "number": step.number,
        "name": step.name,
        "kind": step.kind,
        **_exported_when(step),
        "late_action": step.late_action,
        "unknown_policy": step.unknown_policy,
        "quiet_exempt": step.quiet_exempt,
        "safety_critical": step.safety_critical,
        "asks_check_in": step.template.asks_check_in,
        "newer_session": step.newer_session,
        "may_be_skipped": step.may_be_skipped,
        "enabled": step.enabled,
        "texts": _exported_texts(step.template),
    }


def _exported_when(step: ProtocolStep) -> dict[str, Any]:
    when = step.when
    if isinstance(when, Elapsed):
        return {"minutes": when.minutes, "latest_minutes": when.latest_minutes}
    return {
        "day": when.day,
        "at": f"{when.at:%H:%M}",
        "latest_day": when.latest_day,
        "latest_at": f"{when.latest_at:%H:%M}",
    }


def _exported_texts(template: MessageTemplate) -> dict[str, Any]:
    """The newest words of each language; versions come newest first."""
    texts: dict[str, Any] = {}
    for each in template.versions.all():
        words = {"subject": each.subject, "preheader": each.preheader, "body": each.body}
        texts.setdefault(each.language, words)
    return texts
