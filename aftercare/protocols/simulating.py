"""The plan that a session would get, from a protocol's steps alone: no database, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from aftercare.timing import Elapsed, QuietHours, Slot, When, slot


class Step(Protocol):
    """What a shipped step and a clinic's own have in common."""

    @property
    def slug(self) -> str: ...
    @property
    def when(self) -> When: ...
    @property
    def quiet_exempt(self) -> bool: ...


@dataclass(frozen=True)
class SimulatedStep:
    slug: str
    kind: str
    slot: Slot


def simulate(
    steps: Iterable[Step],
    *,
    ended_at: datetime,
    recorded_at: datetime,
    zone: ZoneInfo,
    quiet: QuietHours | None,
) -> list[SimulatedStep]:
    """Where each step's message falls for a treatment that ended and was recorded at these instants.

    Raises ValueError for naive instants.
    """
    return [
        SimulatedStep(
            step.slug,
            "elapsed" if isinstance(step.when, Elapsed) else "wall_time",
            slot(
                step.when,
                ended_at=ended_at,
                zone=zone,
                quiet=None if step.quiet_exempt else quiet,
                now=recorded_at,
            ),
        )
        for step in steps
    ]
