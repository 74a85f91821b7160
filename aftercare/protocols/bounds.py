"""What a practitioner may set for one session otherwise than the protocol says, and how far. Pure.

A restriction may be made longer, up to its ``most_hours``, and never shorter than its ``least_hours``, or
than the protocol's own hours where it has none. A step may be skipped if the protocol says so, and a
safety-critical one never (a constraint of the database as well).
"""

from dataclasses import dataclass

from aftercare.protocols.models import ProtocolStep, Restriction

MOST_HOURS = 28 * 24
"""Where the protocol names no most: a wait beyond four weeks is a slip of the pen."""


@dataclass(frozen=True)
class Bounds:
    """The hours that may be set, both ends included."""

    least: int
    most: int

    def __contains__(self, hours: int) -> bool:
        return self.least <= hours <= self.most


def hours_of(restriction: Restriction, *, light: bool) -> int | None:
    """The protocol's own hours; None where it gives no rule. ``light``: no area deeper than 0.5 mm."""
    return restriction.hours_light if light else restriction.hours_deeper


def bounds_of(restriction: Restriction, *, light: bool) -> Bounds:
    """How short and how long a practitioner may make it for one session."""
    own = hours_of(restriction, light=light) or 0
    least = own if restriction.least_hours is None else min(restriction.least_hours, own)
    most = MOST_HOURS if restriction.most_hours is None else restriction.most_hours
    return Bounds(least, max(most, own))


def may_skip(step: ProtocolStep) -> bool:
    return step.may_be_skipped and not step.safety_critical
