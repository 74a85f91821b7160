"""``manage.py outbox``: how the outbox stands, for people and for monitors."""

import json
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error

from aftercare.outbox import clock
from aftercare.outbox.alarming import Alarm, Level, Thresholds, alarms, level_of
from aftercare.outbox.figures import CAP, Figures, read_figures

HELP = f"""Says how the outbox stands, and what an operator must know, a line a reason.

Exit code: 0 fine, 1 warning, 2 critical (also when the database does not answer).
Ages are in seconds. What is due is counted up to {CAP} of each kind. Rates are exact to ten seconds."""
UNITS = {
    "due": "seconds the oldest due message may have waited",
    "tick": "seconds since the last tick",
    "events": "seconds the oldest delivery event may have waited for its verdict",
}


class Command(BaseCommand):
    help = HELP
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one object instead of a table")
        for field in fields(Thresholds):
            name, level = field.name.split("_")
            what = UNITS.get(name, f"{name} messages that may be there")
            parser.add_argument(
                f"--{name}-{level}",
                type=float,
                default=field.default,
                metavar="N",
                help=f"{level} above: {what} (default: {field.default})",
            )

    def handle(self, **options: Any) -> None:
        limits = Thresholds(**{field.name: options[field.name] for field in fields(Thresholds)})
        try:
            figures = read_figures(now=clock.database_now())
        except Error as error:
            raise CommandError(
                f"CRITICAL The database does not answer: {type(error).__name__}", returncode=Level.CRITICAL
            ) from None
        found = alarms(figures, limits)
        lines = [_as_json(figures, found)] if options["json"] else _table(figures, found)
        self.stdout.write("\n".join(lines))
        if level := level_of(found):
            raise SystemExit(level.value)


def _as_json(figures: Figures, found: list[Alarm]) -> str:
    document = {
        "level": level_of(found).name.lower(),
        "reasons": [{"level": alarm.level.name.lower(), "reason": alarm.reason} for alarm in found],
        "tick_age": figures.tick_age,
        **asdict(figures),
    }
    document["due"]["count"] = figures.due.count
    return json.dumps(document, indent=2, cls=DjangoJSONEncoder)


def _table(figures: Figures, found: list[Alarm]) -> Iterable[str]:
    rows = list(_rows(figures))
    width = max(len(name) for name, _value in rows)
    yield from (f"{name.ljust(width)}  {value}" for name, value in rows)
    yield ""
    yield from (f"{alarm.level.name} {alarm.reason}" for alarm in found)
    if not found:
        yield "OK"


def _rows(figures: Figures) -> Iterable[tuple[str, object]]:
    due = figures.due
    yield "due now", f"{due.count}, the oldest for {due.oldest_seconds:.0f} s" if due.count else 0
    for name in ("claimed", "sending", "unknown", "unconfirmed", "held"):
        yield name, getattr(figures, name)
    yield "failed, last 24 hours", figures.failed_last_day
    yield "missed, last 24 hours", figures.missed_last_day
    yield "sent, last minute", figures.sent_last_minute
    yield "sent, last hour", figures.sent_last_hour
    ticks = [f"{name.partition(':')[2]} {age:.0f} s ago" for name, age in figures.tick_ages.items()]
    yield "last tick", ", ".join(ticks) or "never"
    yield "workers seen", figures.workers
    yield "mail services at rest", len(figures.rests)
    yield "site paused since", figures.paused_since.isoformat() if figures.paused_since else "not paused"
    yield "delivery events waiting", figures.events_waiting
