"""What keeps a session from being completed, said beside the field it concerns.

Pure: reads the session and its areas as they are in memory, saved or not, and the rows they point to.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftercare.clinics.licences import lacking_licence
from aftercare.clinics.models import Practitioner
from aftercare.treatments.depth import DepthBand, band_of
from aftercare.treatments.models import TreatedArea, TreatmentSession
from aftercare.treatments.overriding import override_problems
from aftercare.treatments.screening import Question, Verdict, verdict

Problems = dict[str, list[str]]
Found = list[tuple[str, str]]

CLOCK_SKEW = timedelta(minutes=2)
EARLIEST_END = datetime(2000, 1, 1, tzinfo=UTC)
"""Nobody was microneedled before; an earlier year is a slip of the pen."""

_CHOOSE: dict[str, Promise] = {
    "clinic": gettext_lazy("Choose the clinic."),
    "patient": gettext_lazy("Choose the patient."),
    "practitioner": gettext_lazy("Choose who gave the treatment."),
    "protocol": gettext_lazy("Choose the protocol."),
}


def completion_problems(
    session: TreatmentSession, *, areas: Sequence[TreatedArea], now: datetime
) -> Problems:
    """Field name → what is wrong and what to do; empty if the session may be completed.

    Keys are fields of the session (among them ``waits`` and ``skipped_steps``), ``areas`` and ``screening``.
    """
    found = [
        *_missing(session),
        *_who(session),
        *_plan(session),
        *_ended_at(session, now),
        *_record(session),
        *_areas(session, areas),
        *_screening(session),
        *(override_problems(session, areas) if _chosen(session, "protocol") else []),
    ]
    problems: Problems = defaultdict(list)
    for field, text in found:
        problems[field].append(text)
    return dict(problems)


def had_expired(session: TreatmentSession) -> bool:
    """Whether the cartridge's expiry came before the day of the treatment."""
    expires_on, treated_on = session.cartridge_expires_on, _treated_on(session)
    return bool(expires_on and treated_on and expires_on < treated_on)


def completion_warnings(session: TreatmentSession) -> Problems:
    """Field name → what staff should know although the session may be completed."""
    warnings: Problems = defaultdict(list)
    if session.patient_id and not session.patient.consents:
        text = _(
            "The patient has not consented to aftercare e-mail. Messages are held until that is recorded."
        )
        warnings["patient"].append(text)
    if session.patient_id and session.patient.paused_at:
        warnings["patient"].append(_("Messages to this patient are paused. They are held until resumed."))
    answers = verdict(session.screening or {}, variant=session.variant)
    if answers.to_decide:
        text = _("Answered yes or unknown, for a clinician to decide: %s.") % _labels(answers.to_decide)
        warnings["screening"].append(text)
    return dict(warnings)


def _missing(session: TreatmentSession) -> Found:
    missing = [(name, str(text)) for name, text in _CHOOSE.items() if not _chosen(session, name)]
    if session.ended_at is None:
        missing.append(("ended_at", _("Enter when the treatment ended.")))
    return missing


def _chosen(session: TreatmentSession, name: str) -> bool:
    """Whether the row is named, though it may not be saved yet."""
    cached = session._state.fields_cache.get(name)
    return getattr(session, f"{name}_id") is not None or cached is not None


def _who(session: TreatmentSession) -> Found:
    found = []
    for name in ("patient", "practitioner", "protocol", "override_by"):
        chosen = getattr(session, name) if _chosen(session, name) else None
        if chosen is not None and _chosen(session, "clinic") and chosen.clinic_id != session.clinic_id:
            found.append((name, _("%(what)s belongs to another clinic.") % {"what": chosen}))
    if _chosen(session, "practitioner") and not session.practitioner.active:
        text = _("%(name)s is no longer active. Choose another practitioner, or activate this one.")
        found.append(("practitioner", text % {"name": session.practitioner}))
    return found


def _plan(session: TreatmentSession) -> Found:
    if not _chosen(session, "protocol"):
        return []
    protocol = session.protocol
    if not protocol.active:
        text = _("The protocol “%(name)s” is no longer in use. Choose another.")
        return [("protocol", text % {"name": protocol})]
    if session.variant not in protocol.variants:
        text = _("The protocol “%(name)s” is not written for this variant: %(variant)s. Choose another.")
        return [("protocol", text % {"name": protocol, "variant": session.get_variant_display()})]
    return []


def _ended_at(session: TreatmentSession, now: datetime) -> Found:
    if session.ended_at is None:
        return []
    if session.ended_at > now + CLOCK_SKEW:
        text = _("The treatment cannot end in the future. Complete the session when it is over.")
        return [("ended_at", text)]
    if session.ended_at < EARLIEST_END:
        return [("ended_at", _("That is before the year 2000. Check the year."))]
    born, treated_on = _chosen(session, "patient") and session.patient.birth_date, _treated_on(session)
    if born and treated_on and treated_on < born:
        return [("ended_at", _("That is before the patient was born. Check the year."))]
    return []


def _record(session: TreatmentSession) -> Found:
    found = []
    treated_on = _treated_on(session)
    if not session.treatment_consent:
        text = _("A session can be completed only when the patient has signed consent to the treatment.")
        found.append(("treatment_consent", text))
    if had_expired(session) and not session.cartridge_note.strip():
        text = _(
            "The cartridge had expired on the day of the treatment. Check the date and the lot. "
            "If it was used all the same, write down why."
        )
        found.append(("cartridge_expires_on", text))
    if session.next_visit_on and treated_on and session.next_visit_on <= treated_on:
        found.append(("next_visit_on", _("The next visit must come after the treatment.")))
    return found


def _areas(session: TreatmentSession, areas: Sequence[TreatedArea]) -> Found:
    if not areas:
        return [("areas", _("Add at least one treated area with its depth."))]
    found: Found = []
    sites = [area.site for area in areas]
    if len(set(sites)) < len(sites):
        found.append(("areas", _("An area is listed twice. Keep one line with its deepest setting.")))
    if band_of(area.depth_mm for area in areas) is DepthBand.DEEP and not session.recovery_note.strip():
        text = _("No standard text exists above 1.5 mm. Write here what the patient should expect.")
        found.append(("recovery_note", text))
    return found


def _screening(session: TreatmentSession) -> Found:
    answers = verdict(session.screening or {}, variant=session.variant)
    found: Found = []
    if answers.unknown_codes:
        text = _("No such question: %s.") % ", ".join(answers.unknown_codes)
        found.append(("screening", text))
    if answers.unanswered:
        text = _("Answer yes, no or unknown: %s.") % _labels(answers.unanswered)
        found.append(("screening", text))
    return found + _override(session, answers)


def _override(session: TreatmentSession, answers: Verdict) -> Found:
    needed_for = list(answers.stops)
    if _chosen(session, "practitioner") and _lacking(session.practitioner):
        needed_for += answers.to_decide
    if session.override_by is not None and (why := _lacking(session.override_by)):
        text = _("%(name)s may not decide this: %(why)s")
        return [("override_by", text % {"name": session.override_by, "why": why})]
    found: Found = []
    if needed_for and session.override_by is None:
        text = _(
            "This speaks against the treatment: %s. A practitioner whose licence number is confirmed must "
            "override it."
        )
        found.append(("override_by", text % _labels(needed_for)))
    if (needed_for or session.override_by is not None) and not session.override_reason.strip():
        found.append(("override_reason", _("Give the reason for the override. It is kept with the session.")))
    return found


def _lacking(practitioner: Practitioner) -> str:
    """Why the practitioner decides nothing; empty for one who does."""
    if not practitioner.active:
        return _("They are no longer active here. Another licensed practitioner must decide.")
    return str(lacking_licence(practitioner) or "")


def _labels(questions: Sequence[Question]) -> str:
    return ", ".join(str(question.label) for question in questions)


def _treated_on(session: TreatmentSession) -> date | None:
    """On the clinic's calendar; None while the end or the clinic is not known."""
    if session.ended_at is None or not _chosen(session, "clinic"):
        return None
    return session.ended_at.astimezone(session.clinic.time_zone).date()
