"""A clinic's triage rules: from the shipped draft to the version that a named clinician has approved."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from aftercare.checkins.models import RuleSet
from aftercare.checkins.rulebook import RuleBook, RuleError, read, shipped
from aftercare.checkins.text_checking import text_problems
from aftercare.clinics.history import keep
from aftercare.clinics.kept import Blank, Kept
from aftercare.clinics.licences import lacking_licence
from aftercare.clinics.models import Clinic, Practitioner
from aftercare.content.models import VersionStatus

IN_FORCE = Kept(
    lambda: RuleSet.objects.filter(clinic=Blank("clinic")).approved().defer("content").order_by("pk")
)


class RulesRefused(Exception):
    """These rules may not be approved, or not by this person; the text says why."""


@transaction.atomic
def save_rules(clinic: Clinic, *, content: Mapping[str, Any] | None = None) -> RuleSet:
    """The clinic's draft, with this content; a new one if there is none.

    Without content: the draft as it is, or one with the approved rules, or the shipped ones. Rules shipped
    since are added to any: a clinic may give a rule another level, not drop it. Raises RuleError for rules
    that cannot be used.
    """
    Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
    rows = RuleSet.objects.filter(clinic=clinic)
    draft = rows.filter(status=VersionStatus.DRAFT).order_by("number").last()
    if draft is None:
        newest = rows.aggregate(newest=Max("number"))["newest"] or 0
        draft = RuleSet(clinic=clinic, number=newest + 1, content=_to_start_from(clinic))
    wanted = _with_newer(draft.content if content is None else content)
    if draft.pk is None or draft.content != wanted:
        draft.content = wanted
        read(draft.content)
        draft.save()
    return draft


@transaction.atomic
def approve_rules(rules: RuleSet, *, by: Practitioner, now: datetime) -> RuleSet:
    """Freezes a draft, as the clinician has read it, and retires the approved version before it.

    Raises RulesRefused.
    """
    Clinic.objects.select_for_update(no_key=True).get(pk=rules.clinic_id)
    stored = RuleSet.objects.select_related("clinic").get(pk=rules.pk)
    by = Practitioner.objects.get(pk=by.pk)
    if refusal := _refusal(stored, read_as=rules, by=by):
        raise RulesRefused(refusal)
    before = list(RuleSet.objects.filter(clinic=stored.clinic_id).approved())
    for one in before:
        one.status, one.retired_at = VersionStatus.RETIRED, now
    RuleSet.objects.bulk_update(before, ["status", "retired_at"])
    keep(before, by=by.user, now=now)
    stored.status, stored.approved_at = VersionStatus.APPROVED, now
    stored.approved_by, stored.approver_name, stored.approver_licence = by, by.name, by.licence_number.strip()
    stored.save()
    return stored


def rules_in_force(clinic_id: int) -> RuleSet | None:
    """The rules by which the clinic's check-ins are weighed; None while no clinician has approved any.

    Their content is read only when it is asked for: :func:`book_of` knows it.
    """
    return IN_FORCE.first(clinic=clinic_id)


def book_of(rules: RuleSet) -> RuleBook:
    """As :func:`aftercare.checkins.rulebook.read`, once a process for rules that are no draft any more."""
    return read(rules.content) if rules.status == VersionStatus.DRAFT else frozen_book(rules.pk)


@lru_cache(maxsize=200)
def frozen_book(rules_id: int) -> RuleBook:
    return read(RuleSet.objects.values_list("content", flat=True).get(pk=rules_id))


def _to_start_from(clinic: Clinic) -> dict[str, Any]:
    approved = RuleSet.objects.filter(clinic=clinic).approved().order_by("pk").first()
    return dict(approved.content) if approved else shipped()


def _with_newer(content: Mapping[str, Any]) -> dict[str, Any]:
    return {**content, "rules": [*content["rules"], *_newer(content)]}


def _newer(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The shipped rules that these have at no level."""
    known = {rule["code"] for rule in content["rules"]}
    return [rule for rule in shipped()["rules"] if rule["code"] not in known]


def writers_of(rules: RuleSet) -> set[int]:
    """The ids of the users who changed any of the draft's rules or texts, now or before."""
    writers, before = set(), _with_newer(_to_start_from(rules.clinic))
    for saved in rules.history.order_by("history_date", "history_id"):
        if saved.content != before and saved.history_user_id is not None:
            writers.add(saved.history_user_id)
        before = saved.content
    return writers


def _refusal(stored: RuleSet, *, read_as: RuleSet, by: Practitioner) -> str | None:
    if stored.status != VersionStatus.DRAFT:
        return _("This version has been approved already. Write a new draft to change it.")
    if stored.content != read_as.content:
        return _("Somebody changed these rules while you were reading them. Read them again, then approve.")
    if by.clinic_id != stored.clinic_id or not by.active:
        return _("Only an active practitioner of the clinic may approve its rules.")
    if lacks := lacking_licence(by):
        return str(lacks)
    if stored.clinic.second_reader and by.user_id in writers_of(stored):
        return _("You changed these rules or their texts. At this clinic somebody else must approve them.")
    try:
        book = read(stored.content)
    except RuleError as error:
        return str(error)
    if newer := _newer(stored.content):
        codes = ", ".join(rule["code"] for rule in newer)
        return _("Rules were added since this draft was begun: %s. Save it again: then it has them.") % codes
    for level, language, _place, problem in text_problems(book.texts):
        return _("The text of level %(level)s in %(language)s: %(problem)s") % {
            "level": level.upper(),
            "language": language,
            "problem": problem,
        }
    return None
