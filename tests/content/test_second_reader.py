"""Where a clinic wants it, nobody approves words of their own."""

from datetime import UTC, date, datetime

import pytest

from aftercare.clinics.models import Role
from aftercare.content.approval import ApprovalRefused, approve, save_draft
from aftercare.content.compiling import Source
from tests import factories

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
SOURCE = Source("A note", "", "Hello {{ patient.first_name }}.\n")

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return factories.clinic(second_reader=True)


@pytest.fixture
def template(clinic):
    return factories.template(clinic)


def clinician(clinic):
    return factories.practitioner(clinic, user=factories.user(clinic, Role.CLINICIAN))


def written(template, by, source=SOURCE):
    return save_draft(template=template, language="en", source=source, author=by.user)


def test_own_draft_is_refused_where_the_clinic_wants_a_second_reader(clinic, template):
    author = clinician(clinic)
    draft = written(template, author)

    with pytest.raises(ApprovalRefused, match="another clinician"):
        approve(draft, by=author, now=NOW)


def test_own_words_stay_ones_own_after_a_colleague_changed_a_comma(clinic, template):
    author, colleague = clinician(clinic), clinician(clinic)
    written(template, author)
    draft = written(template, colleague, Source("A note", "", "Hello, {{ patient.first_name }}.\n"))

    with pytest.raises(ApprovalRefused, match="another clinician"):
        approve(draft, by=author, now=NOW)


def test_colleague_who_wrote_nothing_approves(clinic, template):
    draft = written(template, clinician(clinic))

    assert approve(draft, by=clinician(clinic), now=NOW).approved_at == NOW


def test_own_draft_is_approved_where_the_clinic_does_not_mind():
    relaxed = factories.clinic()
    author = clinician(relaxed)

    assert approve(written(factories.template(relaxed), author), by=author, now=NOW).approved_by == author


def test_approval_with_a_review_date_gives_it_to_the_template(clinic, template):
    approve(written(template, clinician(clinic)), by=clinician(clinic), now=NOW, review_on=date(2027, 3, 28))

    template.refresh_from_db()
    assert template.review_on == date(2027, 3, 28)
