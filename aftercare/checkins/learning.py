"""What a clinic can learn from its patients' answers: counts and times, none so small that it names one."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from aftercare.checkins.counting import CALLED, DAYS, Counts, Handled, count
from aftercare.checkins.hiding import FEWEST, Key, hidden
from aftercare.checkins.levels import Level
from aftercare.clinics.models import Clinic

WHAT = ("patients", "asked", "answered", "flagged")


@dataclass(frozen=True, kw_only=True)
class DayLine:
    """How many answers came to which level, in some days after the treatment."""

    first: int
    last: int
    counts: dict[Level, int | None]


@dataclass(frozen=True, kw_only=True)
class Times:
    """How fast concerns of a level were acknowledged and closed: medians, and per cent within the deadline.

    ``allowed``: how long staff had. The shares are of concerns that were acted on or whose deadline is over.
    """

    level: Level
    concerns: int | None
    allowed: timedelta | None = None
    acknowledged: timedelta | None = None
    acknowledged_in_time: int | None = None
    closed: timedelta | None = None
    closed_in_time: int | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """What became of the check-ins of a clinic, or of those with one protocol, depth, practitioner or lot.

    ``asked``, ``answered`` and ``flagged`` count check-ins. None is what stays hidden.
    """

    name: str
    patients: int | None
    asked: int | None
    answered: int | None
    flagged: int | None
    days: Sequence[DayLine]
    times: Sequence[Times]

    @property
    def rate(self) -> int | None:
        """Per cent of those asked that were answered."""
        return None if not self.asked or self.answered is None else round(100 * self.answered / self.asked)


@dataclass(frozen=True, kw_only=True)
class Learning:
    """All of it: of the whole clinic, and of each of the groups that were asked for."""

    whole: Group
    groups: Sequence[Group]


def learn(clinic: Clinic, *, since: datetime, now: datetime, by: str | None = None) -> Learning:
    """Counts what was asked and answered since then, and by one of counting.GROUPS. Reads three times.

    What is hidden of the whole is the same whatever it is split by.
    """
    counts = count(clinic, since=since, by=by)
    secret = hidden(counts.cells, list(counts.sums()))
    return Learning(
        whole=_group(None, counts, secret, now=now),
        groups=[_group(name, counts, secret, now=now) for name in sorted(counts.groups)],
    )


def _group(name: str | None, counts: Counts, secret: Collection[Key], *, now: datetime) -> Group:
    days = [
        DayLine(
            first=first,
            last=last,
            counts={level: _shown(Key(name, "level", level, number), counts, secret) for level in Level},
        )
        for number, (first, last) in enumerate(DAYS)
    ]
    what = {one: _shown(Key(name, one), counts, secret) for one in WHAT}
    times = [_times(Key(name, "concerns", level), counts, secret, now=now) for level in CALLED]
    return Group(name=name or "", days=days, times=times, **what)


def _shown(key: Key, counts: Counts, secret: Collection[Key]) -> int | None:
    if key in secret or key not in counts.cells:
        return None
    cell = counts.cells[key]
    return len(cell.patients) if key.what == "patients" else cell.count


def _times(key: Key, counts: Counts, secret: Collection[Key], *, now: datetime) -> Times:
    level, concerns = Level(key.level), counts.handled[key.group, key.level]
    shown = _shown(key, counts, secret)
    if shown is None:
        return Times(level=level, concerns=None)
    acknowledged = [(one, one.acknowledged_at) for one in concerns]
    closed = [(one, one.closed_at) for one in concerns]
    return Times(
        level=level,
        concerns=shown,
        allowed=_median((one, one.due_at) for one in concerns),
        acknowledged=_median(acknowledged),
        acknowledged_in_time=_share(acknowledged, now),
        closed=_median(closed),
        closed_in_time=_share(closed, now),
    )


def _median(acts: Iterable[tuple[Handled, datetime | None]]) -> timedelta | None:
    """From the answer to the act; None if it was done for too few patients."""
    done = [(one, at) for one, at in acts if at is not None]
    if _are_few(one for one, _at in done):
        return None
    return timedelta(seconds=median((at - one.raised_at).total_seconds() for one, at in done))


def _share(acts: Iterable[tuple[Handled, datetime | None]], now: datetime) -> int | None:
    """Per cent done within the deadline, of those that were done or should have been."""
    settled = [(one, at) for one, at in acts if at is not None or one.due_at <= now]
    if _are_few(one for one, _at in settled):
        return None
    return round(100 * sum(at is not None and at <= one.due_at for one, at in settled) / len(settled))


def _are_few(concerns: Iterable[Handled]) -> bool:
    return len({one.patient for one in concerns}) < FEWEST
