"""Whether a claimed message may still go, decided again at the last moment."""

from dataclasses import dataclass
from datetime import datetime

from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.treatments.models import SessionState


@dataclass(frozen=True)
class Verdict:
    """What becomes of a message that may not go: its next status, and why."""

    to: Status
    why: Why


def verdict(message: ScheduledMessage, *, suppressed: bool, now: datetime) -> Verdict | None:
    """None if the message may go now; else the first thing that speaks against it, the most final first.

    A passed window outranks a pause: what is late must never leave when the pause ends. Of a message that may
    have left at an earlier try nobody can say that it was missed or stopped: staff are asked.
    """
    no = _verdict(message, suppressed=suppressed, now=now)
    if no is None or not message.in_doubt or no.to == Status.HELD:
        return no
    return Verdict(Status.UNCONFIRMED, no.why)


def _verdict(message: ScheduledMessage, *, suppressed: bool, now: datetime) -> Verdict | None:
    session = message.session
    if session.state == SessionState.VOIDED:
        return Verdict(Status.CANCELLED, Why.SESSION_VOIDED)
    if not message.step.enabled:
        return Verdict(Status.CANCELLED, Why.STEP_DISABLED)
    if session.state == SessionState.DRAFT:
        return Verdict(Status.HELD, Why.SESSION_REOPENED)
    if now > message.latest_at:
        return Verdict(Status.MISSED, Why.WINDOW_PASSED)
    if suppressed:
        return Verdict(Status.SUPPRESSED, Why.SUPPRESSED_ADDRESS)
    reason = held_for(message)
    return Verdict(Status.HELD, reason) if reason else None


def held_for(message: ScheduledMessage) -> Why | None:
    """Why a message of a completed session must wait; None if nothing holds it."""
    pauses = (
        (message.clinic.paused_at, Why.CLINIC_PAUSED),
        (message.session.protocol.paused_at, Why.PROTOCOL_PAUSED),
        (message.patient.paused_at, Why.PATIENT_PAUSED),
        (not message.safety_critical and message.patient.concern_at, Why.OPEN_CONCERN),
        (not message.patient.consents, Why.NO_CONSENT),
    )
    return next((why for holds, why in pauses if holds), None)
