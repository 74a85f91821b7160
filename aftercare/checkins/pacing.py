"""How much one link and one address may send in a minute, counted in the database for all processes.

Whoever calls lets an emergency through, whatever the count says.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from aftercare.checkins.models import PostCount

PER_LINK = 30
PER_ADDRESS = 120
"""Posts a minute: a waiting room on one connection has several patients, each with a few parts to send."""
KEPT = timedelta(hours=1)
COUNT = """
INSERT INTO checkins_postcount (key, minute, count) VALUES {rows}
ON CONFLICT (key, minute) DO UPDATE SET count = checkins_postcount.count + 1
RETURNING key, count
"""


class Over(NamedTuple):
    """Which of the two has sent more than it may in this minute. True if either has."""

    link: bool
    address: bool

    def __bool__(self) -> bool:
        return self.link or self.address


def over_limit(*, link: str, address: str, now: datetime) -> Over:
    """Counts one post for both."""
    keys = (_hidden(f"link:{link}"), _hidden(f"address:{address}"))
    counted = dict(_count(keys, now.replace(second=0, microsecond=0)))
    return Over(link=counted[keys[0]] > PER_LINK, address=counted[keys[1]] > PER_ADDRESS)


def forget_counts(*, now: datetime) -> int:
    """Deletes what is of no use any more. Returns how many there were."""
    return PostCount.objects.filter(minute__lt=now - KEPT).delete()[0]


def _count(keys: Sequence[str], minute: datetime) -> list[tuple[str, int]]:
    """Counts one more of each in one statement, so that none is lost between processes; the new counts."""
    at = connection.ops.adapt_datetimefield_value(minute)
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT.format(rows=", ".join(["(%s, %s, 1)"] * len(keys))), [*chain(*((key, at) for key in keys))]
        )
        return list(cursor.fetchall())


def _hidden(what: str) -> str:
    """A keyed hash: the table must not tell who looked at which page from where."""
    return hashlib.blake2b(what.encode(), key=_key(), digest_size=16).hexdigest()


def _key() -> bytes:
    return hashlib.sha256(settings.SECRET_KEY.encode()).digest()
