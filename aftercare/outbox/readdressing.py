"""After a patient's address was corrected: what the former one kept from them, and may still be sent."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from aftercare.clinics.models import Patient, User
from aftercare.followups.opening import withdraw_tasks
from aftercare.outbox.forecasting import undo_time
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.transitions import move
from aftercare.outbox.waking import wake_on_commit
from aftercare.treatments.models import SessionState

NEVER_LEFT = Q(status=Status.FAILED, why=Why.REFUSED) | Q(status=Status.SUPPRESSED)


def kept_from(patient: Patient, *, now: datetime) -> QuerySet[ScheduledMessage]:
    """The patient's messages that their address refused or kept from leaving, still within their window."""
    rows = ScheduledMessage.objects.filter(NEVER_LEFT, patient=patient, in_doubt=False, latest_at__gt=now)
    return rows.filter(session__state=SessionState.COMPLETED, step__enabled=True).order_by("send_at")


def send_to_new_address(patient: Patient, ids: Collection[UUID], *, by: User, now: datetime) -> int:
    """Promises those of them that are still kept from the patient for now; returns how many.

    Doing it again changes nothing. What forbids the new address as well is found before they leave.
    """
    count = 0
    with transaction.atomic():
        rows = kept_from(patient, now=now).filter(pk__in=ids).select_related("session__clinic")
        for row in rows:
            completed_at = row.session.completed_at or now
            moved = move(
                row.pk,
                to=Status.SCHEDULED,
                frm=Status(row.status),
                now=now,
                why=Why.STAFF_RESENT,
                detail=_("The address was corrected."),
                actor=by,
                send_at=now,
                due_at=max(now, completed_at + undo_time(row.session.clinic)),
            )
            if moved:
                count += 1
                done = _("The address was corrected and it was sent again.")
                withdraw_tasks(f"message:{row.pk}:", outcome=done, now=now)
        if count:
            wake_on_commit()
    return count
