"""Writing to everybody treated with a lot: confirmed, paused, resumed and cancelled, each safe to do twice.

The messages are ordinary ones of the outbox. They wait in line, held, until :mod:`aftercare.lots.releasing`
lets a few go: so a lot of thousands stands in the way of no aftercare message.
"""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftercare.clinics.models import Clinic, User
from aftercare.content.models import MessageTemplate, TemplatePurpose, TemplateVersion
from aftercare.lots.models import LotMail
from aftercare.lots.releasing import back_in_line
from aftercare.lots.treated import Treated, reachable, treated_with
from aftercare.outbox.locking import lock_patients
from aftercare.outbox.models import ScheduledMessage, Status, Why
from aftercare.outbox.refusing import Refused
from aftercare.outbox.revising import UNSENT
from aftercare.outbox.transitions import BATCH, move_all, record_new
from aftercare.protocols.models import LateAction, NewerSession, ProtocolStep, StepKind
from aftercare.timing import Elapsed, slot

WINDOW_MINUTES = 7 * 24 * 60
"""A message that could not leave for so long is missed, and a task says to phone."""
LOOK_AGAIN = gettext_lazy(
    "Nothing was sent: the text, or who was treated with the lot, has changed since you looked. Read it "
    "again, then confirm."
)


def write_to_lot(
    *,
    key: uuid.UUID,
    clinic: Clinic,
    lot: str,
    template: MessageTemplate,
    by: User,
    now: datetime,
    shown: str | None = None,
) -> LotMail:
    """Promises the text to everybody treated with the lot who can be written to, once each.

    ``key``: of the form that was confirmed. The same form again, or the same text to the same lot from
    another form, returns what is there. ``shown``: the :func:`shown_digest` of what was confirmed. Raises
    Refused without an approved text, and when the words or the patients are others by now.
    """
    lot = lot.strip()
    with transaction.atomic():
        Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
        mine = LotMail.objects.filter(clinic=clinic)
        known = mine.filter(pk=key).first() or mine.filter(lot__iexact=lot, template=template).first()
        if known is not None:
            return known
        _refuse_unready(clinic, lot, template)
        approved, found = template.versions.approved(), treated_with(clinic, lot)
        if shown is not None and shown != shown_digest(approved, found):
            raise Refused(str(LOOK_AGAIN))
        mail = LotMail(pk=key, clinic=clinic, lot=lot, template=template, confirmed_at=now, confirmed_by=by)
        _insert(mail)
        _add(mail, by=by, now=now)
    return mail


def _insert(mail: LotMail) -> None:
    """Refused where another clinic's form has the key."""
    try:
        with transaction.atomic():
            mail.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(str(LOOK_AGAIN)) from error


def shown_digest(versions: Iterable[TemplateVersion], found: Sequence[Treated]) -> str:
    """SHA-256 over a text's approved versions and the patients who would get them."""
    texts = sorted(version.pk for version in versions)
    patients = sorted(one.patient.pk for one in reachable(found))
    return hashlib.sha256(repr((texts, patients)).encode()).hexdigest()


def write_to_those_added(mail: LotMail, *, by: User, now: datetime) -> int:
    """Also to patients who were recorded or can be written to only since; returns how many. Twice is once."""
    with transaction.atomic():
        stored = _locked(mail)
        return 0 if stored.cancelled_at else _add(stored, by=by, now=now)


def pause_mail(mail: LotMail, *, by: User, now: datetime) -> int:
    """Puts back in line what has not left. Returns how many messages that were."""
    with transaction.atomic():
        stored = _locked(mail)
        if stored.paused_at is None and stored.cancelled_at is None:
            _save(stored, by, paused_at=now)
        return back_in_line(stored, now=now, by=by)


def resume_mail(mail: LotMail, *, by: User) -> None:
    with transaction.atomic():
        stored = _locked(mail)
        if stored.paused_at is not None:
            _save(stored, by, paused_at=None)


def cancel_mail(mail: LotMail, *, by: User, now: datetime) -> int:
    """Cancels what has not left. Returns how many messages that were; what has left cannot be called back."""
    with transaction.atomic():
        stored = _locked(mail)
        if stored.cancelled_at is None:
            _save(stored, by, cancelled_at=now, finished=True)
        ProtocolStep.every.filter(lot_mails=stored).update(safety_critical=False, enabled=False)
        waiting = stored.messages.filter(status__in=UNSENT)
        return move_all(waiting, to=Status.CANCELLED, now=now, why=Why.BY_STAFF, actor=by)


def _refuse_unready(clinic: Clinic, lot: str, template: MessageTemplate) -> None:
    if template.clinic_id != clinic.pk or template.purpose != TemplatePurpose.LOT:
        raise Refused(_("Choose a text of this clinic that is meant for a lot."))
    if not template.versions.approved().exists():
        raise Refused(_("No clinician has approved this text yet."))
    if not reachable(treated_with(clinic, lot)):
        raise Refused(_("Nobody treated with this lot can be written to."))


def _add(mail: LotMail, *, by: User, now: datetime) -> int:
    found = reachable(treated_with(mail.clinic, mail.lot))
    lock_patients(one.patient.pk for one in found)
    known = mail.written_to
    missing = [one for one in found if one.patient.pk not in known]
    steps = _steps(mail, missing)
    made = [_message(one, steps[one.session.protocol_id], now) for one in missing]
    ScheduledMessage.objects.bulk_create(made, batch_size=BATCH)
    record_new(made, now=now, actor=by)
    if made and mail.finished:
        _save(mail, by, finished=False)
    return len(made)


def _steps(mail: LotMail, found: Sequence[Treated]) -> dict[int, ProtocolStep]:
    """The lot's step under each protocol, made at its first use."""
    known = {step.protocol_id: step for step in ProtocolStep.every.filter(lot_mails=mail)}
    for protocol in {one.session.protocol_id for one in found} - known.keys():
        known[protocol] = ProtocolStep.every.create(
            protocol_id=protocol,
            number=0,
            slug=f"lot--{mail.pk.hex}",  # no slug that a name gives has two hyphens in a row
            name=_("Lot %(lot)s: %(text)s")[:120] % {"lot": mail.lot, "text": mail.template.name[:50]},
            template=mail.template,
            kind=StepKind.LOT,
            safety_critical=True,
            late_action=LateAction.SKIP_AND_TASK,
            newer_session=NewerSession.KEEP,
        )
        mail.steps.add(known[protocol])
    return known


def _message(one: Treated, step: ProtocolStep, now: datetime) -> ScheduledMessage:
    quiet = one.session.clinic.quiet_hours()
    window = Elapsed(0, WINDOW_MINUTES)
    place = slot(window, ended_at=now, zone=one.patient.zone, quiet=quiet, now=now)
    return ScheduledMessage(
        clinic_id=one.session.clinic_id,
        patient_id=one.patient.pk,
        session_id=one.session.pk,
        step=step,
        safety_critical=True,
        status=Status.HELD,
        why=Why.IN_LINE,
        planned_at=now,
        send_at=place.send_at,
        due_at=place.send_at,
        latest_at=place.latest,
        moved_by=[str(reason) for reason in place.reasons],
    )


def _locked(mail: LotMail) -> LotMail:
    rows = LotMail.objects.select_related("clinic", "template")
    return rows.select_for_update(of=("self",), no_key=True).get(pk=mail.pk)


def _save(mail: LotMail, by: User, **fields: object) -> None:
    for name, value in fields.items():
        setattr(mail, name, value)
    mail._history_user = by  # type: ignore[attr-defined]
    mail.save(update_fields=list(fields))
