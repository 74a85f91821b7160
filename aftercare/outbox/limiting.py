"""How many messages may be claimed now, by the account's limits and by those of single clinics.

Called inside the claiming transaction: :func:`allowance` locks the buckets, :func:`take` deducts what was
really claimed, and both end with the claim. Where nobody set a limit neither asks the database anything, but
for which clinics have one, once in ``LIMITS_READ_SECONDS``.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Greatest

from aftercare.clinics.models import Clinic
from aftercare.outbox.buckets import Bucket, Limit, utc_day
from aftercare.outbox.models import SendBucket

Limits = dict[int, Limit]
"""By clinic id; clinics without a limit have no entry."""

LONGEST_CLAIM = timedelta(hours=1)
"""No claim that is given back is older: LEASE_SECONDS ends there."""
BUSY = timedelta(milliseconds=50)
"""After so long it is worth asking again for a bucket that another worker holds."""


@dataclass(frozen=True)
class Held:
    """A locked bucket with its limit, as it is at the claim's ``now``."""

    scope: str
    limit: Limit
    bucket: Bucket


@dataclass(frozen=True)
class Allowance:
    """What may be claimed now.

    ``account``: how many in all, None for any number. ``clinics``: how many by clinic id, of limited clinics
    alone. ``wait``: how long until the account has something; ``clinic_wait``: until the first of the
    clinics that have nothing now may have something. None where nobody waits.
    """

    account: int | None = None
    clinics: dict[int, int] = field(default_factory=dict)
    wait: timedelta | None = None
    clinic_wait: timedelta | None = None
    held_account: Held | None = field(default=None, repr=False)
    held_clinics: Mapping[int, Held] = field(default_factory=dict, repr=False)


_known: tuple[float, Limits] | None = None


def account_limit() -> Limit:
    """The limits of the whole account, from the environment."""
    return Limit(settings.MAIL_PER_SECOND, settings.MAIL_PER_DAY)


def clinic_limits() -> Limits:
    """The limits that clinics have set, at most ``LIMITS_READ_SECONDS`` old."""
    global _known
    if _known is None or time.monotonic() >= _known[0] + settings.LIMITS_READ_SECONDS:
        limited = Clinic.objects.of_every_clinic().filter(
            Q(mails_per_second__isnull=False) | Q(mails_per_day__isnull=False)
        )
        rows = limited.order_by("pk").values_list("pk", "mails_per_second", "mails_per_day")
        _known = time.monotonic(), {pk: Limit(a_second, a_day) for pk, a_second, a_day in rows}
    return _known[1]


def allowance(channel: str, *, now: datetime) -> Allowance:
    """Locks the buckets of what is limited and says how many messages may be claimed at ``now``.

    Waits for the account's bucket, so that one claimer after the other takes from it. A clinic whose bucket
    another worker holds gets nothing this time. A new bucket is empty. Call it in the claim's transaction.
    """
    account = _hold_account(channel, now)
    limits = clinic_limits()
    clinics = _hold_clinics(limits, now) if limits else {}
    waits = [held.bucket.wait(held.limit) for held in clinics.values()]
    waits += [BUSY] * (len(limits) - len(clinics))
    return Allowance(
        account=account.bucket.allows(account.limit) if account else None,
        clinics={pk: _allowed(clinics.get(pk)) for pk in limits},
        wait=account.bucket.wait(account.limit) if account else None,
        clinic_wait=min((wait for wait in waits if wait is not None), default=None),
        held_account=account,
        held_clinics=clinics,
    )


def take(allowed: Allowance, taken: Mapping[int, int]) -> None:
    """Deducts what was claimed, by clinic id (clinics without a limit too), in the same transaction.

    Raises ValueError if it is more than was allowed: the claim must not stand.
    """
    changed = []
    if allowed.held_account is not None:
        changed.append(_row(allowed.held_account, sum(taken.values())))
    for clinic_id, count in taken.items():
        if clinic_id in allowed.held_clinics:
            changed.append(_row(allowed.held_clinics[clinic_id], count))
        elif clinic_id in allowed.clinics and count:
            raise ValueError(f"{count} messages were taken from a bucket that is not held.")
    if changed:
        SendBucket.objects.bulk_update(changed, ["tokens", "filled_at", "day", "taken_today"])


def at_pace(allowed: Allowance) -> Allowance:
    """The same without the limits of the day, which what a patient's answer sets off does not wait for.

    The second's limits stay, and what is taken counts for the day all the same.
    """
    account = _without_day(allowed.held_account) if allowed.held_account else None
    held = {pk: _without_day(clinic) for pk, clinic in allowed.held_clinics.items()}
    bounds = {pk: held[pk].bucket.allows(held[pk].limit) if pk in held else 0 for pk in allowed.clinics}
    return Allowance(
        account=account.bucket.allows(account.limit) if account else None,
        clinics={pk: count for pk, count in bounds.items() if count is not None},
        held_account=account,
        held_clinics=held,
    )


def give_back(
    channel: str, counts: Mapping[int, int], *, now: datetime, claimed_at: datetime | None = None
) -> None:
    """Takes messages that were claimed and given back untouched, by clinic id, off the day's count.

    The second's tokens come back by themselves. Only the day of the claim is corrected: without
    ``claimed_at``, nothing in the first hour of a day, because the claim may be yesterday's.
    """
    day = utc_day(claimed_at or now)
    if claimed_at is None and utc_day(now - LONGEST_CLAIM) != day:
        return
    limits = clinic_limits()
    back = {f"clinic:{pk}": count for pk, count in sorted(counts.items()) if pk in limits}
    if account_limit():
        back = {f"channel:{channel}": sum(counts.values()), **back}  # the account's first, as in a claim
    for scope, count in back.items():
        rows = SendBucket.objects.filter(scope=scope, day=day)
        rows.update(taken_today=Greatest(F("taken_today") - count, 0))


def _hold_account(channel: str, now: datetime) -> Held | None:
    limit = account_limit()
    if not limit:
        return None
    rows = SendBucket.objects.select_for_update().filter(scope=f"channel:{channel}")
    row = rows.first()
    if row is None:
        _make([f"channel:{channel}"], now)
        row = rows.get()
    return _hold(row, limit, now)


def _hold_clinics(limits: Limits, now: datetime) -> dict[int, Held]:
    ids = {f"clinic:{pk}": pk for pk in limits}
    free = SendBucket.objects.select_for_update(skip_locked=True).filter(scope__in=ids)
    rows = {row.scope: row for row in free}
    if absent := ids.keys() - rows.keys():  # another worker's, or not there yet
        _make(absent, now)
    return {ids[scope]: _hold(row, limits[ids[scope]], now) for scope, row in rows.items()}


def _hold(row: SendBucket, limit: Limit, now: datetime) -> Held:
    found = Bucket(row.tokens, row.filled_at, row.day, row.taken_today)
    filled = found.filled(limit, now=now)
    if filled.filled_at < found.filled_at:
        # Begun anew on a clock that was set back: kept though nothing be taken, or it would begin each time.
        SendBucket.objects.filter(scope=row.scope).update(tokens=0.0, filled_at=now, day=filled.day)
    return Held(row.scope, limit, filled)


def _without_day(held: Held) -> Held:
    return replace(held, limit=Limit(a_second=held.limit.a_second))


def _make(scopes: Iterable[str], now: datetime) -> None:
    rows = [SendBucket(scope=scope, tokens=0.0, filled_at=now, day=utc_day(now)) for scope in sorted(scopes)]
    SendBucket.objects.bulk_create(rows, ignore_conflicts=True)


def _allowed(held: Held | None) -> int:
    return (held.bucket.allows(held.limit) or 0) if held else 0


def _row(held: Held, count: int) -> SendBucket:
    left = held.bucket.without(count, held.limit)
    return SendBucket(
        scope=held.scope,
        tokens=left.tokens,
        filled_at=left.filled_at,
        day=left.day,
        taken_today=left.taken_today,
    )


def days_end_of_the_account(*, now: datetime) -> bool:
    """Whether an account has used up what it may send on the UTC day of ``now``."""
    a_day = account_limit().a_day
    if a_day is None:
        return False
    spent = SendBucket.objects.filter(scope__startswith="channel:", day=utc_day(now), taken_today__gte=a_day)
    return spent.exists()


def half_the_day_is_used(clinic_id: int, *, now: datetime) -> bool:
    """Whether the account or the clinic has sent half of what it may on the UTC day of ``now``."""
    account, clinic = account_limit().a_day, clinic_limits().get(clinic_id, Limit()).a_day
    spent = Q(pk__in=())
    if account is not None:
        spent |= Q(scope__startswith="channel:", taken_today__gte=account // 2)
    if clinic is not None:
        spent |= Q(scope=f"clinic:{clinic_id}", taken_today__gte=clinic // 2)
    return SendBucket.objects.filter(spent, day=utc_day(now)).exists()


def clinics_at_their_days_end(*, now: datetime) -> set[int]:
    """The ids of clinics that have used up what they may send on the UTC day of ``now``."""
    days = {
        f"clinic:{pk}": (pk, limit.a_day) for pk, limit in clinic_limits().items() if limit.a_day is not None
    }
    if not days:
        return set()
    rows = SendBucket.objects.filter(scope__in=days, day=utc_day(now)).values_list("scope", "taken_today")
    return {days[scope][0] for scope, taken in rows if taken >= (days[scope][1] or 0)}
