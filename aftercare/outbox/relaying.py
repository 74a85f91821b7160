"""One commit a message: it writes what came of one message and, with it, the try at the next.

On PostgreSQL both are a single statement, prepared once a connection: one journey to the database, where the
same through the ORM takes a dozen. It does what :mod:`aftercare.outbox.settling` does for a message that was
sent, and nothing else; every other end goes that way. The same tests hold for both.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction

from aftercare.outbox.models import Attempt, AttemptOutcome, Status
from aftercare.outbox.prepared import Prepared
from aftercare.outbox.settling import Result, open_attempt, settle

# Rows are found by their primary keys. Written with || '', a status cannot lead the planner to the partial
# indexes of what is in hand: small, and full of the dead entries of a moment ago.
CLOSE = """
closed AS (
    UPDATE outbox_attempt
    SET outcome = 'sent', closed_at = GREATEST(%(now)s, opened_at), provider_message_id = %(provider_id)s
    WHERE id = %(attempt)s AND outcome || '' = 'open'
    RETURNING message_id
)"""
# Both messages in one UPDATE: each prepares the table's indexes and constraints anew, which costs more than
# a row does.
MOVE = """
moved AS (
    UPDATE outbox_scheduledmessage AS message
    SET status = turn.to_status, why = '', why_detail = '', superseded_by_id = NULL,
        claim_token = CASE WHEN turn.over THEN NULL ELSE message.claim_token END,
        lease_until = CASE WHEN turn.over THEN NULL ELSE message.lease_until END,
        in_doubt = NOT turn.over AND message.in_doubt,
        sent_at = CASE WHEN turn.over THEN %(now)s ELSE message.sent_at END,
        provider_message_id = CASE WHEN turn.over THEN %(provider_id)s ELSE message.provider_message_id END,
        attempt_count = CASE WHEN turn.over THEN message.attempt_count ELSE %(number)s END
    FROM ({turns}) AS turn (id, token, over, from_status, to_status)
    WHERE message.id = turn.id AND message.status || '' = turn.from_status
        AND message.claim_token = turn.token
    RETURNING message.id, turn.over
)"""
SENT = "SELECT (SELECT message_id FROM closed), %(token)s::uuid, true, 'sending', 'sent'"
NEXT = "SELECT %(next)s::uuid, %(next_token)s::uuid, false, 'claimed', 'sending'"
LINE = """
line AS (
    INSERT INTO outbox_statuschange (message_id, at, from_status, to_status, why, detail)
    SELECT id, %(now)s, 'sending', 'sent', '', '' FROM moved WHERE over
)"""
TRY = """
tried AS (
    INSERT INTO outbox_attempt (
        message_id, number, outcome, opened_at, provider, idempotency_key, compiled_id, "values", headers,
        digest, error, error_detail, provider_message_id
    )
    SELECT id, %(number)s, 'open', %(opened_at)s, %(provider)s, %(key)s, %(compiled)s, %(values)s,
        %(headers)s, %(digest)s, '', '', ''
    FROM moved WHERE NOT over
    RETURNING id
)"""
TYPES = {
    "now": "timestamptz", "provider_id": "text", "attempt": "int8", "token": "uuid",
    "next": "uuid", "next_token": "uuid", "number": "int8", "opened_at": "timestamptz", "provider": "text",
    "key": "uuid", "compiled": "int8", "values": "jsonb", "headers": "jsonb", "digest": "text",
}  # fmt: skip
COUNT_SENT, GIVE_TRY = "(SELECT count(*) FROM moved WHERE over)", "(SELECT id FROM tried)"


@dataclass(frozen=True)
class Done:
    """A try that the mail service has taken, not written down yet."""

    attempt: Attempt
    result: Result


def relay(done: Done | None, attempt: Attempt | None, *, now: datetime) -> bool:
    """Settles ``done`` as sent at ``now`` and opens ``attempt``, in one commit.

    Returns whether ``attempt`` is open; if not, its message is no longer ours and must not be sent. Run again
    after a commit of which nobody knows, it changes nothing that is written already.
    """
    if connection.vendor == "postgresql":
        opened = _in_one_statement(done, attempt, now)
    else:
        opened = _by_orm(done, attempt, now)
    return attempt is not None and (opened or _was_opened(attempt))


def _was_opened(attempt: Attempt) -> bool:
    """Whether this very try is open: its commit went through, and only the answer to it was lost."""
    tries = Attempt.objects.filter(
        message=attempt.message,
        number=attempt.number,
        idempotency_key=attempt.idempotency_key,
        outcome=AttemptOutcome.OPEN,
        message__status=Status.SENDING,
        message__claim_token=attempt.message.claim_token,
    )
    attempt.pk = tries.values_list("pk", flat=True).first()
    return attempt.pk is not None


def _by_orm(done: Done | None, attempt: Attempt | None, now: datetime) -> bool:
    with transaction.atomic():
        if done is not None:
            settle(done.attempt, done.result, now=now)
        return attempt is not None and open_attempt(attempt)


def _in_one_statement(done: Done | None, attempt: Attempt | None, now: datetime) -> bool:
    sent, opened = _by_statement(done, attempt, now)
    if done is not None and not sent:
        settle(done.attempt, done.result, now=now)  # settled before: its answer may still prove something
    if attempt is not None:
        attempt.pk = opened
    return opened is not None


def _by_statement(done: Done | None, attempt: Attempt | None, now: datetime) -> tuple[int, int | None]:
    """How many were settled, and the id of the try."""
    statement = _statement(settles=done is not None, opens=attempt is not None)
    sent, opened = statement.row({"now": now, **_settling(done), **_opening(attempt)})
    return sent or 0, opened


@cache
def _statement(*, settles: bool, opens: bool) -> Prepared:
    turns = " UNION ALL ".join([SENT] * settles + [NEXT] * opens)
    parts = [CLOSE] * settles + [MOVE.format(turns=turns)] + [LINE] * settles + [TRY] * opens
    found = (COUNT_SENT if settles else "1", GIVE_TRY if opens else "NULL")
    name = f"relay_{settles:d}{opens:d}"
    return Prepared(name, f"WITH {', '.join(parts)} SELECT {', '.join(found)}", TYPES)


def _settling(done: Done | None) -> dict[str, Any]:
    if done is None:
        return {"provider_id": ""}
    provider_id = getattr(done.result.outcome, "provider_message_id", "")
    return {"attempt": done.attempt.pk, "token": done.attempt.message.claim_token, "provider_id": provider_id}


def _opening(attempt: Attempt | None) -> dict[str, Any]:
    if attempt is None:
        return {"number": 0}
    return {
        "next": attempt.message.pk,
        "next_token": attempt.message.claim_token,
        "number": attempt.number,
        "opened_at": attempt.opened_at,
        "provider": attempt.provider,
        "key": attempt.idempotency_key,
        "compiled": attempt.compiled_id,
        "values": attempt.values,
        "headers": attempt.headers,
        "digest": attempt.digest,
    }
