"""``manage.py simulate``: the plan a session would get. Nothing is stored."""

import json
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from django.core.management.base import BaseCommand, CommandError, CommandParser

from aftercare.clinics.instants import read_instant, read_zone
from aftercare.clinics.models import Clinic, Locale
from aftercare.outbox.reasons import sentences
from aftercare.protocols.library import UnknownProtocol, load
from aftercare.protocols.models import Protocol
from aftercare.protocols.simulating import SimulatedStep, Step, simulate
from aftercare.timing import QuietHours

BAD_INPUT = 2
QUIET = "21:00-08:00"
T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """The steps to simulate, and what goes without saying for them."""

    steps: Iterable[Step]
    zone: str
    quiet: QuietHours | None


class Command(BaseCommand):
    help = (
        "Prints the messages a session would get: each step's local time, UTC, window, and why it moved.\n"
        "Nothing is stored. Without --clinic the shipped protocol is used and no database is read.\n"
        "The time to undo a completed session is left out.\n\n"
        "  manage.py simulate --protocol microneedling --ended-at 2026-03-28T15:00 --zone Europe/London"
    )
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--protocol", required=True, metavar="SLUG")
        parser.add_argument(
            "--ended-at", required=True, help="2026-03-28T15:00: by the clock of the zone, or with an offset"
        )
        parser.add_argument("--recorded-at", help="when it is entered (default: when it ended)")
        parser.add_argument("--zone", help="the patient's, for example Europe/London (default: the clinic's)")
        parser.add_argument("--clinic", metavar="SLUG", help="use this clinic's own protocol and quiet hours")
        parser.add_argument("--quiet", metavar="HH:MM-HH:MM", help=f"or “none” (default: {QUIET})")
        parser.add_argument("--locale", default=Locale.EN_GB.value, help="how the table writes dates")
        parser.add_argument("--json", action="store_true", help="print a list of objects instead of a table")

    def handle(self, **options: Any) -> None:
        locale = _locale(options["locale"])
        plan = _plan(options["protocol"], options["clinic"])
        zone = _checked(lambda: read_zone(options["zone"] or plan.zone), "--zone")
        quiet = _quiet(options["quiet"]) if options["quiet"] else plan.quiet
        ended_at = _checked(lambda: read_instant(options["ended_at"], zone=zone), "--ended-at")
        recorded = options["recorded_at"] or options["ended_at"]
        recorded_at = _checked(lambda: read_instant(recorded, zone=zone), "--recorded-at")
        if recorded_at < ended_at:
            raise _bad("--recorded-at: A session is recorded after it ended. Give a later time.")
        steps = simulate(plan.steps, ended_at=ended_at, recorded_at=recorded_at, zone=zone, quiet=quiet)
        lines = [_as_json(steps, zone)] if options["json"] else _table(steps, zone, locale)
        self.stdout.write("\n".join(lines))


def _bad(text: str) -> CommandError:
    return CommandError(text, returncode=BAD_INPUT)


def _checked(read: Callable[[], T], option: str) -> T:
    try:
        return read()
    except ValueError as error:
        raise _bad(f"{option}: {error}") from error


def _locale(text: str) -> str:
    if text not in Locale.values:
        raise _bad(f"--locale: “{text}” is not known. Choose one of: {', '.join(Locale.values)}.")
    return text.replace("-", "_")


def _plan(protocol: str, clinic: str | None) -> Plan:
    if clinic is not None:
        return _own_plan(protocol, clinic)
    try:
        steps = load(protocol).steps
    except UnknownProtocol as error:
        raise _bad(f"--protocol: {error}") from error
    return Plan(steps, zone="", quiet=_quiet(QUIET))


def _own_plan(protocol: str, slug: str) -> Plan:
    clinic = Clinic.objects.filter(slug=slug).first()
    if clinic is None:
        known = ", ".join(Clinic.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise _bad(f"--clinic: There is no clinic “{slug}”. Clinics: {known}.")
    own = Protocol.objects.filter(clinic=clinic, slug=protocol).first()
    if own is None:
        known = ", ".join(clinic.protocols.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise _bad(f"--protocol: {clinic} has no protocol “{protocol}”. Its protocols: {known}.")
    steps = own.steps.filter(enabled=True).order_by("number")
    return Plan(steps, zone=str(clinic.time_zone), quiet=clinic.quiet_hours())


def _quiet(text: str) -> QuietHours | None:
    if text == "none":
        return None
    try:
        start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError as error:
        raise _bad(f"--quiet: “{text}” is not a span of time. Write it like {QUIET}, or none.") from error
    return QuietHours(start, end) if start != end else None


def _as_json(steps: Iterable[SimulatedStep], zone: ZoneInfo) -> str:
    return json.dumps(
        [
            {
                "step": step.slug,
                "kind": step.kind,
                "send_at": step.slot.send_at.isoformat(),
                "local": step.slot.send_at.astimezone(zone).isoformat(),
                "latest": step.slot.latest.isoformat(),
                "status": step.slot.status.value,
                "reason": _reason(step),
            }
            for step in steps
        ],
        indent=2,
        ensure_ascii=False,
    )


def _reason(step: SimulatedStep) -> str:
    return " ".join(sentences(step.slot.reasons))


def _table(steps: Iterable[SimulatedStep], zone: ZoneInfo, locale: str) -> list[str]:
    rows = [("Step", f"Local time ({zone.key})", "UTC", "At the latest (local)", "Status", "Why")]
    for step in steps:
        place = step.slot
        rows.append(
            (
                step.slug,
                _written(place.send_at.astimezone(zone), locale),
                f"{place.send_at:%Y-%m-%d %H:%M}",
                _written(place.latest.astimezone(zone), locale),
                place.status.value,
                _reason(step),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _written(local: datetime, locale: str) -> str:
    return f"{format_skeleton('yMMMEd', local, locale=locale)} {local:%H:%M}"
