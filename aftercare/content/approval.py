"""The life of a text: written as a draft, approved by a named clinician, retired by the next one."""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.licences import lacking_licence
from aftercare.clinics.models import Locale, Practitioner, User
from aftercare.content.checking import check
from aftercare.content.compiling import Source
from aftercare.content.models import MessageTemplate, TemplateVersion, VersionStatus
from aftercare.content.problems import ContentError, Problem
from aftercare.content.publishing import brand_of, compile_for, in_use, source_of
from aftercare.content.wording import language_of

OTHER_SETTINGS = _(
    "Somebody changed how this text is used while you were reading it. Look at it again, then approve it."
)


class ApprovalRefused(Exception):
    """This person, or at this point nobody, may approve or retire this version; the message says why."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(str(message))
        self.message = message


@transaction.atomic
def save_draft(
    *, template: MessageTemplate, language: str, source: Source, author: User | None
) -> TemplateVersion:
    """The template's draft in that language, with these words; a new one if there is none.

    Raises ValidationError, by field, if a word is too long to keep or a needed one is missing.
    """
    _lock(template)
    versions = TemplateVersion.objects.filter(template=template, language=language)
    draft = versions.drafts().order_by("number").last()
    if draft is None:
        newest = versions.aggregate(newest=Max("number"))["newest"] or 0
        draft = TemplateVersion(template=template, language=language, number=newest + 1)
    draft.subject, draft.preheader, draft.body = source.subject, source.preheader, source.body
    draft.author = author
    draft.full_clean()
    draft.save()
    return draft


def words_digest(version: TemplateVersion) -> str:
    """SHA-256 over the words of a version: two that differ are not the same text."""
    return hashlib.sha256("\0".join((version.subject, version.preheader, version.body)).encode()).hexdigest()


def approval_digest(version: TemplateVersion) -> str:
    """SHA-256 over all that an approval stands for: the words, and what the template makes of them."""
    whole = (words_digest(version), *settings_of(version.template))
    return hashlib.sha256(repr(whole).encode()).hexdigest()


def settings_of(template: MessageTemplate) -> tuple[str, bool, bool]:
    """What sends the words, whether they must name whom to call, and whether they ask for a check-in."""
    return template.purpose, template.safety_critical, template.asks_check_in


def lock_draft(version: TemplateVersion) -> TemplateVersion | None:
    """The version as it is stored, kept from other writers until the transaction ends; None if it is gone."""
    _lock(version.template)
    return TemplateVersion.objects.select_related("author").filter(pk=version.pk).first()


def draft_there_is(template: MessageTemplate, language: str) -> TemplateVersion | None:
    """The draft in that language; if there is none, nobody else begins one until the transaction ends."""
    _lock(template)
    drafts = template.versions.drafts().select_related("author")
    return drafts.filter(language=language).first()


def writers_of(version: TemplateVersion) -> set[int]:
    """The ids of the users who saved any of its words, now or before."""
    saved = version.history.values_list("author_id", flat=True)
    return {author for author in (*saved, version.author_id) if author is not None}


@transaction.atomic
def approve(
    version: TemplateVersion,
    *,
    by: Practitioner,
    now: datetime,
    review_on: date | None = None,
    planned_keep_older: bool = False,
) -> TemplateVersion:
    """Freezes a draft and puts it in the place of the approved version of its language, which is retired.

    ``version`` is the draft as the clinician has read it. With ``review_on`` the template is to be read again
    by that day. With ``planned_keep_older`` messages that were promised before say what was approved then.
    Raises ApprovalRefused, or ContentError with everything wrong with the text; then nothing has changed.
    """
    _lock(version.template)
    stored = TemplateVersion.objects.select_related("template__clinic").get(pk=version.pk)
    by = Practitioner.objects.get(pk=by.pk)
    if refusal := _refusal(stored, read=version, by=by):
        raise ApprovalRefused(refusal)
    if problems := problems_of(stored):
        raise ContentError(*problems)
    same_language = TemplateVersion.objects.filter(template=stored.template, language=stored.language)
    same_language.retire(now=now)
    stored.status, stored.approved_at = VersionStatus.APPROVED, now
    stored.approved_by, stored.approver_name, stored.approver_licence = by, by.name, by.licence_number.strip()
    stored.planned_keep_older = planned_keep_older
    stored.save()
    _review_by(stored.template, review_on)
    compile_for(stored, brand=brand_of(stored.template.clinic))
    return stored


@transaction.atomic
def retire(version: TemplateVersion, *, now: datetime) -> TemplateVersion:
    """From now on nothing is sent with this version; one already retired stays as it is.

    Raises ApprovalRefused for a draft.
    """
    _lock(version.template)
    TemplateVersion.objects.filter(pk=version.pk).retire(now=now)
    stored = TemplateVersion.objects.get(pk=version.pk)
    if stored.status == VersionStatus.DRAFT:
        raise ApprovalRefused(_("This is a draft: delete it, or leave it unapproved."))
    return stored


def problems_of(version: TemplateVersion) -> list[Problem]:
    """What forbids its approval, in any of the locales that read its language; each thing once."""
    return list(dict.fromkeys(_problems(version, safety_critical=version.template.safety_critical)))


def unsafe_versions(template: MessageTemplate) -> list[TemplateVersion]:
    """The versions in use that would have to be rewritten before the template may be safety-critical."""
    return [version for version in in_use(template) if any(_problems(version, safety_critical=True))]


def _problems(version: TemplateVersion, *, safety_critical: bool) -> Iterator[Problem]:
    for locale in Locale.values:
        if language_of(locale) == version.language:
            yield from check(source_of(version), locale=locale, safety_critical=safety_critical)


def _refusal(stored: TemplateVersion, *, read: TemplateVersion, by: Practitioner) -> Promise | None:
    if stored.status == VersionStatus.APPROVED:
        return _("This version has been approved already.")
    if stored.status == VersionStatus.RETIRED:
        return _("This version is retired. Copy its text into a new draft to use it again.")
    if source_of(stored) != source_of(read):
        return _("Somebody changed this text while you were reading it. Read it again, then approve it.")
    if settings_of(stored.template) != settings_of(read.template):
        return OTHER_SETTINGS
    if by.clinic_id != stored.template.clinic_id:
        return _("Only a practitioner of the clinic may approve its texts.")
    if not by.active:
        return _("This practitioner is no longer active, and may not approve texts.")
    return lacking_licence(by) or _refusal_of_a_writer(stored, by)


def _refusal_of_a_writer(stored: TemplateVersion, by: Practitioner) -> Promise | None:
    if stored.template.clinic.second_reader and by.user_id in writers_of(stored):
        return _("You wrote some of these words, and this clinic wants another clinician to approve them.")
    return None


def _review_by(template: MessageTemplate, review_on: date | None) -> None:
    if review_on is not None:
        template.review_on = review_on
        template.save(update_fields=["review_on"])


def _lock(template: MessageTemplate) -> None:
    """Whoever changes a template's versions waits here for whoever came first."""
    MessageTemplate.objects.select_for_update().get(pk=template.pk)
