"""What must always hold of texts: an approved one never changes, and each database constraint."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from aftercare.clinics.models import User
from aftercare.content.models import CompiledVersion, FrozenText, TemplateVersion, VersionStatus
from aftercare.content.publishing import brand_of, compile_for
from tests import factories

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def template():
    return factories.template(factories.clinic())


@pytest.fixture
def approved(template):
    return factories.approved_version(template)


def stored(version):
    return TemplateVersion.objects.get(pk=version.pk)


def test_draft_may_be_edited(template):
    draft = factories.draft_version(template)
    draft.body = "Other words."
    draft.save()
    assert stored(draft).body == "Other words."


@pytest.mark.parametrize("field", ["subject", "preheader", "body", "approver_name", "approver_licence"])
def test_approved_version_when_saved_with_other_words_raises_and_stays(approved, field):
    before = getattr(approved, field)
    setattr(approved, field, "Other words.")
    with pytest.raises(FrozenText, match="never changes"):
        approved.save()
    assert getattr(stored(approved), field) == before


def test_approved_version_cannot_be_turned_back_into_a_draft(approved):
    approved.status = VersionStatus.DRAFT
    with pytest.raises(FrozenText):
        approved.save()
    assert stored(approved).status == VersionStatus.APPROVED


def test_copy_read_before_the_approval_cannot_be_saved_after_it(template):
    draft = factories.draft_version(template)
    approval = {"approver_name": "Dr A", "approver_licence": "1", "approved_at": NOW}
    TemplateVersion.objects.filter(pk=draft.pk).update(status=VersionStatus.APPROVED, **approval)
    draft.body = "Other words."
    with pytest.raises(FrozenText):
        draft.save()
    assert stored(draft).body == factories.BODY["en"]


def test_update_of_many_when_one_is_approved_changes_none(template, approved):
    draft = factories.draft_version(template)
    with pytest.raises(FrozenText):
        template.versions.update(body="Other words.")
    assert {stored(draft).body, stored(approved).body} == {factories.BODY["en"]}


def test_retired_version_when_saved_raises(template, approved):
    template.versions.retire(now=NOW)
    with pytest.raises(FrozenText):
        stored(approved).save()


def test_approved_version_fails_validation_beside_the_form(approved):
    with pytest.raises(ValidationError, match="never changes"):
        approved.full_clean()


def test_approved_version_that_is_compiled_cannot_be_deleted(template, approved):
    compile_for(approved, brand=brand_of(template.clinic))
    with pytest.raises(ProtectedError):
        template.versions.all().delete()
    assert stored(approved).status == VersionStatus.APPROVED


def test_author_who_leaves_is_forgotten_and_the_text_stays(template):
    author = factories.user(template.clinic)
    version = factories.approved_version(template, author=author)
    author.memberships.all().delete()
    User.objects.filter(pk=author.pk).delete()
    assert stored(version).author is None


def test_compiled_version_when_changed_raises(template, approved):
    compiled = compile_for(approved, brand=brand_of(template.clinic))
    with pytest.raises(FrozenText):
        compiled.save()
    with pytest.raises(FrozenText):
        CompiledVersion.objects.update(html="")
    assert CompiledVersion.objects.get(pk=compiled.pk).html == compiled.html


def refused(constraint, make):
    """Whether the database itself refuses the row, naming the constraint or its columns."""
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make()
    return True


def test_second_template_of_a_slug_in_one_clinic_is_refused(template):
    assert refused("template_slug|slug", lambda: factories.template(template.clinic, slug=template.slug))


def test_same_slug_in_another_clinic_is_taken(template):
    other = factories.template(factories.clinic(), slug=template.slug)
    assert other.pk != template.pk


def test_second_version_of_a_number_is_refused(template, approved):
    assert refused("version_number_once|number", lambda: factories.draft_version(template, number=1))


def test_second_approved_version_of_a_language_is_refused(template, approved):
    assert refused("version_one_approved_per_language|language", lambda: factories.approved_version(template))


@pytest.mark.parametrize("missing", [{"approver_name": ""}, {"approver_licence": ""}, {"approved_at": None}])
def test_approved_version_without_name_licence_or_time_is_refused(template, missing):
    assert refused(
        "version_approved_by_named_clinician", lambda: factories.approved_version(template, **missing)
    )


def test_version_of_an_unknown_status_is_refused(template):
    assert refused("version_status_known", lambda: factories.approved_version(template, status="published"))


def test_second_compilation_for_one_brand_is_refused(template, approved):
    compiled = compile_for(approved, brand=brand_of(template.clinic))
    assert refused(
        "compiled_once_per_brand|brand_digest",
        lambda: CompiledVersion.objects.create(version=approved, brand_digest=compiled.brand_digest),
    )
