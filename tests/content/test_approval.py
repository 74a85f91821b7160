from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from aftercare.content.approval import (
    ApprovalRefused,
    approve,
    problems_of,
    retire,
    save_draft,
    unsafe_versions,
)
from aftercare.content.compiling import Source
from aftercare.content.models import CompiledVersion, TemplateVersion, VersionStatus
from aftercare.content.problems import ContentError
from tests import factories

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
LATER = datetime(2026, 4, 1, 12, tzinfo=UTC)
SOURCE = Source("A note from {{ clinic.name }}", "", "Hello {{ patient.first_name }}.\n")

pytestmark = pytest.mark.django_db


@pytest.fixture
def template():
    return factories.template(factories.clinic())


@pytest.fixture
def clinician(template):
    return factories.practitioner(template.clinic, name="Dr Ellis Moreau", licence_number="GMC-1")


def draft_of(template, **over):
    fields = {"language": "en", "source": SOURCE, "author": None, **over}
    return save_draft(template=template, **fields)


def stored(version):
    return TemplateVersion.objects.get(pk=version.pk)


def test_save_draft_of_a_new_template_makes_version_one(template):
    author = factories.user(template.clinic)
    draft = draft_of(template, author=author)
    assert (draft.number, draft.status, draft.author) == (1, VersionStatus.DRAFT, author)
    assert (draft.subject, draft.preheader, draft.body) == (SOURCE.subject, SOURCE.preheader, SOURCE.body)


def test_save_draft_twice_leaves_one_draft_with_the_last_words(template):
    first = draft_of(template)
    second = draft_of(template, source=Source("A note", "", "Other words."))
    assert second.pk == first.pk
    assert template.versions.get().body == "Other words."


def test_save_draft_after_an_approval_makes_the_next_version(template, clinician):
    approve(draft_of(template), by=clinician, now=NOW)
    assert draft_of(template).number == 2


def test_save_draft_numbers_each_language_for_itself(template):
    draft_of(template)
    assert draft_of(template, language="es").number == 1


def test_save_draft_with_a_subject_too_long_to_keep_stores_nothing(template):
    with pytest.raises(ValidationError) as caught:
        draft_of(template, source=Source("long " * 40, "", "Words."))
    assert set(caught.value.message_dict) == {"subject"}
    assert not template.versions.exists()


def test_approve_freezes_name_licence_and_time(template, clinician):
    version = approve(draft_of(template), by=clinician, now=NOW)
    clinician.name, clinician.licence_number = "Dr Ellis Moreau-Finch", "GMC-2"
    clinician.save()
    kept = stored(version)
    assert (kept.status, kept.approved_by, kept.approved_at) == (VersionStatus.APPROVED, clinician, NOW)
    assert (kept.approver_name, kept.approver_licence) == ("Dr Ellis Moreau", "GMC-1")


def test_approve_compiles_for_the_clinic(template, clinician):
    version = approve(draft_of(template), by=clinician, now=NOW)
    compiled = CompiledVersion.objects.get(version=version)
    assert template.clinic.name in compiled.html
    assert "{{ patient.first_name }}" in compiled.text


def test_approve_retires_the_former_version_of_that_language_only(template, clinician):
    former = approve(draft_of(template), by=clinician, now=NOW)
    spanish = approve(draft_of(template, language="es"), by=clinician, now=NOW)
    newer = approve(draft_of(template), by=clinician, now=LATER)
    assert (stored(former).status, stored(former).retired_at) == (VersionStatus.RETIRED, LATER)
    assert stored(spanish).status == VersionStatus.APPROVED
    assert set(template.versions.approved()) == {newer, spanish}


def test_approve_twice_is_refused_and_leaves_the_first_approval(template, clinician):
    draft = draft_of(template)
    approve(stored(draft), by=clinician, now=NOW)
    other = factories.practitioner(template.clinic)
    with pytest.raises(ApprovalRefused, match="approved already"):
        approve(draft, by=other, now=LATER)
    assert (stored(draft).approved_by, stored(draft).approved_at) == (clinician, NOW)


def test_approve_of_a_retired_version_is_refused(template, clinician):
    version = approve(draft_of(template), by=clinician, now=NOW)
    retire(version, now=LATER)
    with pytest.raises(ApprovalRefused, match="new draft"):
        approve(version, by=clinician, now=LATER)


def test_approve_of_words_changed_since_they_were_read_is_refused(template, clinician):
    read = draft_of(template)
    draft_of(template, source=Source("A note", "", "Words nobody has read."))
    with pytest.raises(ApprovalRefused, match="Read it again"):
        approve(read, by=clinician, now=NOW)
    assert stored(read).status == VersionStatus.DRAFT


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"licence_number": "  "}, "licence number"),
        ({"active": False}, "no longer active"),
    ],
)
def test_approve_by_a_practitioner_who_may_not_is_refused(template, clinician, change, why):
    draft = draft_of(template)
    for field, value in change.items():
        setattr(clinician, field, value)
    clinician.save()
    with pytest.raises(ApprovalRefused, match=why):
        approve(draft, by=clinician, now=NOW)
    assert stored(draft).status == VersionStatus.DRAFT


def test_approve_by_a_practitioner_of_another_clinic_is_refused(template):
    stranger = factories.practitioner(factories.clinic())
    with pytest.raises(ApprovalRefused, match="of the clinic"):
        approve(draft_of(template), by=stranger, now=NOW)


def test_approve_believes_the_database_and_not_the_practitioner_it_is_given(template, clinician):
    draft = draft_of(template)
    type(clinician).objects.filter(pk=clinician.pk).update(active=False)
    with pytest.raises(ApprovalRefused, match="no longer active"):
        approve(draft, by=clinician, now=NOW)


def test_approve_of_an_unknown_placeholder_changes_nothing_and_names_it(template, clinician):
    former = approve(draft_of(template), by=clinician, now=NOW)
    broken = draft_of(template, source=Source("A note", "", "Hello {{ patient.nickname }}."))
    with pytest.raises(ContentError, match=r"patient\.nickname"):
        approve(broken, by=clinician, now=LATER)
    assert stored(former).status == VersionStatus.APPROVED
    assert stored(broken).status == VersionStatus.DRAFT
    assert not CompiledVersion.objects.filter(version=broken).exists()


def test_approve_of_a_safety_critical_text_without_the_contacts_names_all_three(clinician):
    template = factories.template(clinician.clinic, safety_critical=True)
    with pytest.raises(ContentError) as caught:
        approve(draft_of(template), by=clinician, now=NOW)
    said = " ".join(str(problem) for problem in caught.value.problems)
    assert all(path in said for path in ("clinic.phone", "clinic.out_of_hours", "clinic.emergency_number"))


def test_problems_of_a_text_that_fails_in_every_locale_names_it_once(template):
    draft = factories.draft_version(template, subject="", body="Words.")
    assert [problem.field for problem in problems_of(draft)] == ["subject"]


def test_retire_twice_keeps_the_first_time(template, clinician):
    version = approve(draft_of(template), by=clinician, now=NOW)
    retire(version, now=NOW)
    assert retire(version, now=LATER).retired_at == NOW


def test_retire_of_a_draft_is_refused(template):
    with pytest.raises(ApprovalRefused, match="draft"):
        retire(draft_of(template), now=NOW)


def test_unsafe_versions_are_the_approved_ones_without_the_contacts(template, clinician):
    unsafe = approve(draft_of(template), by=clinician, now=NOW)
    safe = factories.approved_version(template, "es")
    assert unsafe_versions(template) == [unsafe]
    assert safe.status == VersionStatus.APPROVED
