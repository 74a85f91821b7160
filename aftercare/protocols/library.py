"""The protocols that come with the project, read from their files. No database: a clinic gets its own copy.

A protocol is a folder of ``shipped/``: ``protocol.toml`` says when each message goes, ``en/`` and ``es/``
hold one text per step, Markdown with Liquid placeholders below a TOML front matter between lines of ``+++``.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from aftercare.timing import Elapsed, WallTime, When

SHIPPED = Path(__file__).parent / "shipped"
LANGUAGES = ("en", "es")
_FENCE = "+++\n"


class UnknownProtocol(LookupError):
    """No protocol of that slug is shipped; ``known`` lists those that are."""

    def __init__(self, slug: str, known: list[str]) -> None:
        super().__init__(f"There is no shipped protocol “{slug}”. Choose one of: {', '.join(known)}.")
        self.slug = slug
        self.known = known


@dataclass(frozen=True)
class ShippedText:
    """What one step says in one language: a draft until a clinician approves it."""

    locale_language: str
    subject: str
    preheader: str
    body: str


@dataclass(frozen=True)
class ShippedStep:
    """One message of a shipped protocol, with its texts by language."""

    slug: str
    number: int
    name: str
    when: When
    late_action: Literal["skip", "skip_and_task"]
    unknown_policy: Literal["unconfirmed", "send_again"]
    quiet_exempt: bool
    safety_critical: bool
    asks_check_in: bool
    may_be_skipped: bool
    texts: dict[str, ShippedText]
    newer_session: Literal["supersede", "keep"] = "supersede"
    enabled: bool = True


@dataclass(frozen=True)
class ShippedRestriction:
    """Hours a patient waits after the treatment, up to 0.5 mm and deeper; None leaves it to the clinic."""

    topic: str
    hours_light: int | None
    hours_medium: int | None
    least_hours: int | None = None
    most_hours: int | None = None


@dataclass(frozen=True)
class ShippedProtocol:
    """A plan for one treatment, for the variants it was written for and no other."""

    slug: str
    name: str
    treatment: str
    variants: tuple[str, ...]
    steps: tuple[ShippedStep, ...]
    restrictions: tuple[ShippedRestriction, ...]


def slugs() -> list[str]:
    """The slugs of all shipped protocols, in alphabetical order."""
    return sorted(file.parent.name for file in SHIPPED.glob("*/protocol.toml"))


def load(slug: str) -> ShippedProtocol:
    """The shipped protocol of that slug, steps in order. Raises UnknownProtocol."""
    if slug not in slugs():
        raise UnknownProtocol(slug, known=slugs())
    folder = SHIPPED / slug
    plan = tomllib.loads((folder / "protocol.toml").read_text(encoding="utf-8"))
    steps = sorted((_step(folder, row) for row in plan["steps"]), key=lambda step: step.number)
    return ShippedProtocol(
        slug=plan["slug"],
        name=plan["name"],
        treatment=plan["treatment"],
        variants=tuple(plan["variants"]),
        steps=tuple(steps),
        restrictions=tuple(_restriction(row) for row in plan["restrictions"]),
    )


def _step(folder: Path, row: dict[str, Any]) -> ShippedStep:
    return ShippedStep(
        slug=row["slug"],
        number=row["number"],
        name=row["name"],
        when=_when(row),
        late_action=row["late_action"],
        unknown_policy=row["unknown_policy"],
        quiet_exempt=row["quiet_exempt"],
        safety_critical=row["safety_critical"],
        asks_check_in=row.get("asks_check_in", False),
        may_be_skipped=row.get("may_be_skipped", False),
        texts={language: _text(folder / language / f"{row['slug']}.md", language) for language in LANGUAGES},
    )


def _when(row: dict[str, Any]) -> When:
    if row["kind"] == "elapsed":
        return Elapsed(minutes=row["minutes"], latest_minutes=row["latest_minutes"])
    return WallTime(day=row["day"], at=row["at"], latest_day=row["latest_day"], latest_at=row["latest_at"])


def _text(file: Path, language: str) -> ShippedText:
    _nothing, head, body = file.read_text(encoding="utf-8").split(_FENCE, 2)
    front = tomllib.loads(head)
    return ShippedText(
        locale_language=language,
        subject=front["subject"],
        preheader=front["preheader"],
        body=body.strip() + "\n",
    )


def _restriction(row: dict[str, Any]) -> ShippedRestriction:
    return ShippedRestriction(row["topic"], row.get("hours_light"), row.get("hours_medium"))
