import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftercare.clinics.models import Membership, Role
from aftercare.content.models import TemplateVersion, VersionStatus
from tests import factories

pytestmark = pytest.mark.django_db
WORDS = {"subject": "A note from {{ clinic.name }}", "preheader": "", "body": factories.BODY["en"]}


def page(name, *args):
    return reverse(f"admin:content_{name}", args=args)


def log_in(client, clinic, role=Role.CLINICIAN, **over):
    user = factories.user(clinic, role, **over)
    client.force_login(user)
    return user


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def clinician(client, clinic):
    user = log_in(client, clinic)
    factories.practitioner(clinic, user=user, name="Dr Ellis Moreau", licence_number="GMC-7654321")
    return user


@pytest.fixture
def template(clinic):
    return factories.template(clinic, name="First night")


@pytest.fixture
def draft(template):
    return factories.draft_version(template)


def test_list_shows_approved_versions_by_language_and_drafts(client, clinician, template):
    factories.approved_version(template)
    factories.draft_version(template, "es")

    html = client.get(page("messagetemplate_changelist")).content.decode()

    assert "English: 1" in html
    assert "Spanish" in html


def test_list_leaves_out_other_clinics_templates(client, clinician, template):
    factories.template(factories.clinic(), name="Secret of another clinic")

    html = client.get(page("messagetemplate_changelist")).content.decode()

    assert "First night" in html
    assert "Secret of another clinic" not in html


@pytest.mark.parametrize("name", ["preview", "frame", "approve", "change", "delete"])
def test_pages_of_another_clinics_version_are_not_found(client, clinician, name):
    foreign = factories.draft_version(factories.template(factories.clinic()))

    answer = client.get(page(f"templateversion_{name}", foreign.pk))

    assert answer.status_code in (302, 404)
    assert "A note from" not in answer.content.decode()


def test_template_page_lists_versions_with_approver_and_licence(client, clinician, template):
    by = factories.practitioner(template.clinic, name="Dr Iris Holm", licence_number="GMC-1112223")
    factories.approved_version(template, by=by)

    html = client.get(page("messagetemplate_change", template.pk)).content.decode()

    assert "Dr Iris Holm" in html
    assert "GMC-1112223" in html
    assert "01 Jan 2026" in html or "1 Jan 2026" in html


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_templates_are_read_only_for_other_roles(client, clinic, template, role):
    log_in(client, clinic, role)

    read = client.get(page("messagetemplate_change", template.pk))
    written = client.post(page("messagetemplate_change", template.pk), {"name": "Mine"})

    assert read.status_code == 200
    assert written.status_code == 403


def test_template_of_another_clinic_cannot_be_made(client, clinician):
    other = factories.clinic()

    answer = client.post(
        page("messagetemplate_add"), {"clinic": other.pk, "name": "Planted", "slug": "planted"}
    )

    assert answer.status_code == 200
    assert other.message_templates.count() == 0


def test_template_becomes_safety_critical_only_with_safe_approved_texts(client, clinician, template):
    factories.approved_version(template, body="All is well.")

    answer = client.post(
        page("messagetemplate_change", template.pk), {"name": template.name, "safety_critical": "on"}
    )

    template.refresh_from_db()
    assert "English 1" in answer.content.decode()
    assert template.safety_critical is False


def test_template_of_a_safety_critical_step_stays_safety_critical(client, clinician, clinic):
    step = factories.protocol(clinic).steps.filter(safety_critical=True).get()

    answer = client.post(page("messagetemplate_change", step.template_id), {"name": "First night"})

    step.template.refresh_from_db()
    assert "First night" in answer.content.decode()
    assert step.template.safety_critical is True


def test_new_draft_gets_the_next_number_and_its_author(client, clinician, template):
    factories.approved_version(template)

    client.post(page("templateversion_add"), {"template": template.pk, "language": "en", **WORDS})

    draft = template.versions.get(status=VersionStatus.DRAFT)
    assert (draft.number, draft.author) == (2, clinician)


def test_new_draft_starts_from_the_words_of_a_version(client, clinician, template):
    origin = factories.approved_version(template, subject="Words to start from")

    html = client.get(page("templateversion_add"), {"from": origin.pk}).content.decode()

    assert "Words to start from" in html


def test_page_of_a_new_draft_asks_no_question_a_clinic(client, clinician, template):
    origin = factories.approved_version(template)

    def count(clinics):
        for number in range(clinics):
            other = factories.clinic(name=f"A clinic that comes first {number}")
            Membership.objects.create(user=clinician, clinic=other, role=Role.CLINICIAN)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page("templateversion_add"), {"from": origin.pk}).status_code == 200
        return len(queries)

    count(2)  # what a process learns once
    of_three = count(0)

    assert count(5) == of_three


def test_new_draft_takes_no_words_from_another_clinic(client, clinician):
    foreign = factories.approved_version(factories.template(factories.clinic()), subject="Not for you")

    html = client.get(page("templateversion_add"), {"from": foreign.pk}).content.decode()

    assert "Not for you" not in html


def test_new_draft_where_there_is_one_is_refused_and_keeps_it(client, clinician, template, draft):
    answer = client.post(
        page("templateversion_add"), {"template": template.pk, "language": "en", **WORDS, "subject": "Other"}
    )

    draft.refresh_from_db()
    assert "There is a draft in this language already" in answer.content.decode()
    assert draft.subject != "Other"


def test_new_draft_for_another_clinics_template_is_refused(client, clinician):
    foreign = factories.template(factories.clinic())

    client.post(page("templateversion_add"), {"template": foreign.pk, "language": "en", **WORDS})

    assert foreign.versions.count() == 0


def test_draft_with_problems_is_saved_and_says_that_it_cannot_be_approved(client, clinician, draft):
    words = {**WORDS, "body": "Hello,\n\ndear {{ patient.firstname }}"}

    answer = client.post(page("templateversion_change", draft.pk), words, follow=True)

    draft.refresh_from_db()
    html = answer.content.decode()
    assert draft.body == "Hello,\n\ndear {{ patient.firstname }}"
    assert "cannot be approved until 1 problem is mended" in html
    assert "Line 3, column 6" in html
    assert "Did you mean" in html


def test_draft_without_subject_is_not_saved_and_keeps_what_was_written(client, clinician, draft):
    answer = client.post(
        page("templateversion_change", draft.pk), {**WORDS, "subject": "", "body": "Words not to lose"}
    )

    draft.refresh_from_db()
    assert "This field is required" in answer.content.decode()
    assert "Words not to lose" in answer.content.decode()
    assert draft.body == factories.BODY["en"]


def test_draft_is_kept_with_plain_line_ends(client, clinician, draft):
    client.post(page("templateversion_change", draft.pk), {**WORDS, "body": "One\r\n\r\nTwo"})

    draft.refresh_from_db()
    assert draft.body == "One\n\nTwo"


def test_draft_page_explains_each_placeholder(client, clinician, draft):
    html = client.get(page("templateversion_change", draft.pk)).content.decode()

    assert 'data-insert="{{ patient.first_name }}"' in html
    assert "The number patients call in opening hours." in html


@pytest.mark.parametrize("status", [VersionStatus.APPROVED, VersionStatus.RETIRED])
def test_approved_and_retired_versions_say_that_they_never_change(client, clinician, template, status):
    version = factories.approved_version(template, status=status)

    html = client.get(page("templateversion_change", version.pk)).content.decode()
    answer = client.post(page("templateversion_change", version.pk), {**WORDS, "subject": "Changed"})

    version.refresh_from_db()
    assert "It never changes" in html
    assert answer.status_code == 409
    assert version.subject != "Changed"


def test_draft_can_be_deleted_but_an_approved_version_cannot(client, clinician, template, draft):
    approved = factories.approved_version(template, "es")

    client.post(page("templateversion_delete", draft.pk), {"post": "yes"})
    client.post(page("templateversion_delete", approved.pk), {"post": "yes"})

    assert list(template.versions.all()) == [approved]


def test_preview_shows_subject_preheader_and_plain_text(client, clinician, template):
    draft = factories.draft_version(template, preheader="For you, {{ patient.first_name }}")

    html = client.get(page("templateversion_preview", draft.pk)).content.decode()

    assert f"A note from {template.clinic.name}" in html
    assert "For you, Amara" in html
    assert 'sandbox=""' in html


def test_preview_with_a_real_session_uses_its_patient(client, clinician, clinic, draft):
    session = factories.treatment_session(clinic, patient=factories.patient(clinic, first_name="Bettina"))

    html = client.get(page("templateversion_preview", draft.pk), {"session": session.pk}).content.decode()

    assert "Hello Bettina" in html


@pytest.mark.parametrize("name", ["preview", "frame"])
def test_preview_with_another_clinics_session_is_not_found(client, clinician, draft, name):
    foreign = factories.treatment_session(factories.clinic())

    answer = client.get(page(f"templateversion_{name}", draft.pk), {"session": foreign.pk})

    assert answer.status_code == 404


@pytest.mark.parametrize("session", ["x", "-1", "9" * 5000])
def test_preview_with_nonsense_for_a_session_is_not_found(client, clinician, draft, session):
    answer = client.get(page("templateversion_preview", draft.pk), {"session": session})

    assert answer.status_code == 404


def test_frame_is_the_message_and_may_run_nothing(client, clinician, draft):
    answer = client.get(page("templateversion_frame", draft.pk))

    policy = answer["Content-Security-Policy"]
    assert "Keep the skin we treated" in answer.content.decode()
    assert "default-src 'none'" in policy
    assert "sandbox" in policy


def test_preview_of_a_broken_text_lists_its_problems(client, clinician, template):
    draft = factories.draft_version(template, body="Hello {{ patient.firstname }}")

    html = client.get(page("templateversion_preview", draft.pk)).content.decode()
    frame = client.get(page("templateversion_frame", draft.pk))

    assert "line 1, column 7" in html
    assert frame.status_code == 409


def digest_on(client, version):
    return client.get(page("templateversion_approve", version.pk)).context["digest"]


def test_approve_page_shows_the_text_and_what_will_be_recorded(client, clinician, draft):
    html = client.get(page("templateversion_approve", draft.pk)).content.decode()

    assert "Keep the skin we treated" in html
    assert "Dr Ellis Moreau" in html
    assert "GMC-7654321" in html


def test_approve_records_name_and_licence(client, clinician, draft):
    client.post(page("templateversion_approve", draft.pk), {"digest": digest_on(client, draft)})

    draft.refresh_from_db()
    assert draft.status == VersionStatus.APPROVED
    assert (draft.approver_name, draft.approver_licence) == ("Dr Ellis Moreau", "GMC-7654321")


def test_approve_of_a_text_used_otherwise_meanwhile_is_refused_and_shows_how(client, clinician, draft):
    digest = digest_on(client, draft)
    type(draft.template).objects.filter(pk=draft.template_id).update(asks_check_in=True)

    answer = client.post(page("templateversion_approve", draft.pk), {"digest": digest})

    draft.refresh_from_db()
    assert "or how it is used, while you were reading it" in answer.content.decode()
    assert "<dt>Asks for a check-in</dt><dd>yes</dd>" in answer.content.decode()
    assert draft.status == VersionStatus.DRAFT


def test_approve_of_a_text_changed_meanwhile_is_refused(client, clinician, draft):
    digest = digest_on(client, draft)
    TemplateVersion.objects.filter(pk=draft.pk).update(body="Something else")

    answer = client.post(page("templateversion_approve", draft.pk), {"digest": digest})

    draft.refresh_from_db()
    assert "Somebody changed this text" in answer.content.decode()
    assert draft.status == VersionStatus.DRAFT


def test_approve_of_a_text_with_problems_lists_them_by_line(client, clinician, template):
    draft = factories.draft_version(template, body="Hello\n{{ patient.firstname }}")

    answer = client.post(page("templateversion_approve", draft.pk), {"digest": digest_on(client, draft)})

    draft.refresh_from_db()
    assert "line 2, column 1" in answer.content.decode()
    assert draft.status == VersionStatus.DRAFT


@pytest.mark.parametrize("over", [None, {"licence_number": ""}, {"active": False}])
def test_approve_without_a_licensed_active_practitioner_is_refused(client, clinic, draft, over):
    user = log_in(client, clinic, Role.OWNER)
    if over is not None:
        factories.practitioner(clinic, user=user, **over)

    answer = client.post(page("templateversion_approve", draft.pk), {"digest": digest_on(client, draft)})

    draft.refresh_from_db()
    assert "no active practitioner with a confirmed licence number" in answer.content.decode()
    assert draft.status == VersionStatus.DRAFT


def test_approve_by_a_practitioner_of_another_clinic_is_refused(client, clinic, draft):
    user = log_in(client, clinic, Role.CLINICIAN)
    factories.practitioner(factories.clinic(), user=user)

    client.post(page("templateversion_approve", draft.pk), {"digest": digest_on(client, draft)})

    draft.refresh_from_db()
    assert draft.status == VersionStatus.DRAFT


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_approve_is_forbidden_to_other_roles_even_with_a_licence(client, clinic, draft, role):
    user = log_in(client, clinic, role)
    factories.practitioner(clinic, user=user)

    answer = client.post(page("templateversion_approve", draft.pk))

    draft.refresh_from_db()
    assert answer.status_code == 403
    assert draft.status == VersionStatus.DRAFT
