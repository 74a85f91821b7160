"""The worst of several levels."""

from collections.abc import Iterable

from aftercare.followups.levels import Level

__all__ = ["Level", "worst"]


def worst(levels: Iterable[Level]) -> Level:
    """The highest of them; NONE of none."""
    return max(levels, key=lambda level: level.rank, default=Level.NONE)
