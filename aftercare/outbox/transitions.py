"""The only door through which a message changes its status.

Every move is a compare-and-set: it happens only when the row still has the status (and, for a worker, the
claim) that the caller saw, so that whoever wakes late changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from copy import copy
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from aftercare.clinics.models import User
from aftercare.outbox.models import ScheduledMessage, Status, StatusChange

S = Status

ALLOWED: Mapping[Status, frozenset[Status]] = {
    S.SCHEDULED: frozenset(
        {S.SCHEDULED, S.CLAIMED, S.HELD, S.MISSED, S.CANCELLED, S.SUPERSEDED, S.SUPPRESSED, S.FAILED}
        | {S.SENT, S.UNCONFIRMED}
    ),
    S.CLAIMED: frozenset(
        {S.SENDING, S.SCHEDULED, S.HELD, S.MISSED, S.CANCELLED, S.SUPERSEDED, S.SUPPRESSED, S.FAILED}
        | {S.SENT, S.UNCONFIRMED}
    ),
    S.SENDING: frozenset({S.SENT, S.SCHEDULED, S.FAILED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.SENT, S.SCHEDULED, S.UNCONFIRMED}),
    S.UNCONFIRMED: frozenset({S.SENT, S.SCHEDULED}),
    S.FAILED: frozenset({S.SCHEDULED, S.SENT}),
    S.HELD: frozenset(
        {S.HELD, S.SCHEDULED, S.MISSED, S.CANCELLED, S.SUPERSEDED, S.SUPPRESSED, S.SENT, S.UNCONFIRMED}
    ),
    # Nothing is known to have left in these three, so a corrected or revived session may promise again.
    S.SUPERSEDED: frozenset({S.SCHEDULED, S.HELD, S.MISSED, S.CANCELLED, S.SENT}),
    S.MISSED: frozenset({S.SCHEDULED, S.HELD, S.MISSED, S.CANCELLED, S.SENT}),
    S.CANCELLED: frozenset({S.SCHEDULED, S.HELD, S.MISSED, S.SENT}),
    S.SUPPRESSED: frozenset({S.SCHEDULED, S.SENT}),  # to the address that staff have corrected
    S.SENT: frozenset({S.SCHEDULED}),  # only what came back, to the address that staff have corrected
}
"""To SENT from where nothing was being sent: only on the mail service's own report of an earlier try."""

LEASED = frozenset({S.CLAIMED, S.SENDING})
"""In hand. Being taken in hand, or given back untouched, leaves no line in the history: the row's lease and
the Attempt tell of it."""

BATCH = 500


class IllegalMove(ValueError):
    """The table of transitions has no such move; the caller is wrong."""


def move(
    message_id: Any,
    *,
    to: Status,
    frm: Status | tuple[Status, ...],
    now: datetime,
    token: Any = None,
    why: str = "",
    detail: str = "",
    actor: User | None = None,
    **set_fields: Any,
) -> bool:
    """Moves one message, if it still has a status of ``frm`` and, when given, the claim ``token``.

    Returns whether it moved. The history line is written in the same transaction. ``sent_at`` is ``now``
    unless given; leases, ``superseded_by``, ``why`` and ``why_detail`` of the former status are cleared.
    Raises IllegalMove for a move that is not in ALLOWED.
    """
    sources = frm if isinstance(frm, tuple) else (frm,)
    _refuse_illegal(sources, to)
    line = StatusChange(at=now, to_status=to, why=why, detail=detail[:300], actor=actor)
    claim = {} if token is None else {"claim_token": token}
    with transaction.atomic():
        for source in sources:
            rows = ScheduledMessage.objects.filter(pk=message_id, status=source, **claim)
            if rows.update(**_fields(line, set_fields)):
                _write_lines([message_id], source, line)
                return True
    return False


def move_all(
    queryset: QuerySet[ScheduledMessage],
    *,
    to: Status,
    now: datetime,
    why: str = "",
    detail: str = "",
    actor: User | None = None,
    **set_fields: Any,
) -> int:
    """Moves every message of the queryset and returns how many moved.

    The queryset's filter must name the statuses it means. The rows are locked first and the filter holds for
    them as locked. Raises IllegalMove, and moves nothing, when one of them is in a status that may not move
    there.
    """
    line = StatusChange(at=now, to_status=to, why=why, detail=detail[:300], actor=actor)
    with transaction.atomic():
        by_status = defaultdict(list)
        for row in queryset.order_by("pk").only("pk", "status").select_for_update(of=("self",)):
            by_status[Status(row.status)].append(row.pk)
        _refuse_illegal(by_status, to)
        for source, ids in by_status.items():
            for start in range(0, len(ids), BATCH):
                rows = ScheduledMessage.objects.filter(pk__in=ids[start : start + BATCH], status=source)
                rows.update(**_fields(line, set_fields))
            _write_lines(ids, source, line)
    return sum(len(ids) for ids in by_status.values())


def record_new(messages: Iterable[ScheduledMessage], *, now: datetime, actor: User | None = None) -> None:
    """Writes the first history line of messages that were just created."""
    StatusChange.objects.bulk_create(
        [
            StatusChange(message=m, at=now, to_status=m.status, why=m.why, detail=m.why_detail, actor=actor)
            for m in messages
        ],
        batch_size=BATCH,
    )


def _refuse_illegal(sources: Iterable[Status], to: Status) -> None:
    for source in sources:
        if to not in ALLOWED[source]:
            raise IllegalMove(f"A message cannot move from {source} to {to}.")


def _fields(line: StatusChange, given: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {"status": line.to_status, "why": line.why, "why_detail": line.detail, **given}
    if line.to_status not in LEASED:
        fields.update(claim_token=None, lease_until=None)
    if line.to_status != S.SUPERSEDED:
        fields.update(superseded_by=None)
    if line.to_status == S.SENT:
        fields.setdefault("sent_at", line.at)
    return fields


def _write_lines(ids: Iterable[Any], source: Status, line: StatusChange) -> None:
    if line.to_status in LEASED or (source == S.CLAIMED and line.to_status == S.SCHEDULED and not line.why):
        return
    lines = []
    for pk in ids:
        each = copy(line)
        each.message_id, each.from_status = pk, source
        lines.append(each)
    StatusChange.objects.bulk_create(lines, batch_size=BATCH)
