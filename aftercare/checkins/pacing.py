"""How much one link and one address may send in a minute, counted in the database for all processes.

Whoever calls lets an emergency through, whatever the count says.
"""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from aftercare.checkins.models import PostCount

PER_LINK = 30
PER_ADDRESS = 120
"""Posts a minute: a waiting room on one connection has several patients, each with a few parts to send."""
KEPT = timedelta(hours=1)


def too_many(*, link: str, address: str, now: datetime) -> bool:
    """Counts one post for both; whether either has had more than it may in this minute."""
    minute = now.replace(second=0, microsecond=0)
    counted = [
        (_count(f"link:{link}", minute), PER_LINK),
        (_count(f"address:{address}", minute), PER_ADDRESS),
    ]
    return any(count > most for count, most in counted)


def forget_counts(*, now: datetime) -> int:
    """Deletes what is of no use any more. Returns how many there were."""
    return PostCount.objects.filter(minute__lt=now - KEPT).delete()[0]


def _count(what: str, minute: datetime) -> int:
    key = _hidden(what)
    mine = PostCount.objects.filter(key=key, minute=minute)
    if not mine.update(count=F("count") + 1):
        PostCount.objects.bulk_create([PostCount(key=key, minute=minute, count=0)], ignore_conflicts=True)
        mine.update(count=F("count") + 1)
    return mine.values_list("count", flat=True).get()


def _hidden(what: str) -> str:
    """A keyed hash: the table must not tell who looked at which page from where."""
    return hashlib.blake2b(what.encode(), key=_key(), digest_size=16).hexdigest()


def _key() -> bytes:
    return hashlib.sha256(settings.SECRET_KEY.encode()).digest()
