"""How far a message to a lot has come, and whom somebody must phone. Reads only."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from aftercare.clinics.models import Patient
from aftercare.lots.models import VOIDED, LotMail
from aftercare.lots.treated import treated_with
from aftercare.outbox.models import Delivery, ScheduledMessage, Status, Why

NEVER_CAME = (
    Status.FAILED,
    Status.SUPPRESSED,
    Status.MISSED,
    Status.UNCONFIRMED,
    Status.CANCELLED,
    Status.SUPERSEDED,
)
CAME_BACK = (Delivery.BOUNCED, Delivery.REJECTED)


@dataclass(frozen=True)
class ToPhone:
    """A patient whom the message did not or cannot reach, and why."""

    patient: Patient
    why: str
    message: ScheduledMessage | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """``new``: patients who can be written to and have no message yet. ``in_line``: of the held, how many
    wait for nothing but their turn."""

    counts: Mapping[Status, int]
    in_line: int
    came_back: int
    to_phone: list[ToPhone]
    new: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def sent(self) -> int:
        return self.counts.get(Status.SENT, 0)

    @property
    def waiting(self) -> int:
        """Not left yet, whether in line or on its way."""
        kinds = (Status.HELD, Status.SCHEDULED, Status.CLAIMED, Status.SENDING)
        return sum(self.counts.get(kind, 0) for kind in kinds)


def progress_of(mail: LotMail) -> Progress:
    """Five queries, however many patients there are."""
    rows = mail.messages.order_by().values_list("status", "why").annotate(count=Count("pk"))
    treated = treated_with(mail.clinic, mail.lot)
    written = mail.written_to
    lost = list(_lost(mail, written))
    blocked = [
        ToPhone(one.patient, one.obstacle.said)
        for one in treated
        if one.obstacle and one.patient.pk not in written
    ]
    return Progress(
        **_counted(rows),
        came_back=sum(one.message is not None and one.message.delivery in CAME_BACK for one in lost),
        to_phone=[*blocked, *lost],
        new=sum(one.obstacle is None and one.patient.pk not in written for one in treated),
    )


def _lost(mail: LotMail, written: set[int]) -> Iterator[ToPhone]:
    related = mail.messages.select_related("patient", "step").order_by("patient__last_name")
    ended = related.filter(status__in=NEVER_CAME).exclude(VOIDED & Q(patient__in=written))
    returned = related.filter(status=Status.SENT, delivery__in=CAME_BACK)
    for message in [*ended, *returned]:
        came_back = message.status == Status.SENT
        why = message.get_delivery_display() if came_back else message.get_status_display()
        yield ToPhone(message.patient, str(why), message)


def _counted(rows: Iterable[tuple[str, str, int]]) -> dict[str, Any]:
    counts, in_line = Counter[Status](), 0
    for status, why, count in rows:
        counts[Status(status)] += count
        in_line += count if (status, why) == (Status.HELD, Why.IN_LINE) else 0
    return {"counts": counts, "in_line": in_line}
