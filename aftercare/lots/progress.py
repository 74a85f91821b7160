"""How far a message to a lot has come, and whom somebody must phone. Reads only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Count, Q

from aftercare.clinics.models import Patient
from aftercare.lots.models import VOIDED, LotMail
from aftercare.lots.treated import treated_with
from aftercare.outbox.models import Delivery, ScheduledMessage, Status

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
    """``new``: patients who can be written to and have no message yet."""

    counts: Mapping[Status, int]
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
    rows = mail.messages.order_by().values_list("status").annotate(count=Count("pk"))
    treated = treated_with(mail.clinic, mail.lot)
    written = mail.written_to
    lost = list(_lost(mail, written))
    blocked = [
        ToPhone(one.patient, one.obstacle.said)
        for one in treated
        if one.obstacle and one.patient.pk not in written
    ]
    return Progress(
        counts={Status(status): count for status, count in rows},
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
