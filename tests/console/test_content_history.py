"""Who wrote and approved what, two texts compared, and an old one used again."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from aftercare.clinics.models import Role
from aftercare.content.approval import approve, save_draft
from aftercare.content.compiling import Source
from aftercare.content.models import VersionStatus
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)


def page(name, *args):
    return reverse(f"admin:content_{name}", args=args)


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def clinician(client, clinic):
    user = factories.user(clinic, Role.CLINICIAN, email="ellis@example.com")
    factories.practitioner(clinic, user=user, name="Dr Ellis Moreau", licence_number="GMC-7654321")
    client.force_login(user)
    return user


@pytest.fixture
def template(clinic):
    return factories.template(clinic, name="First night")


def write(template, by, words):
    return save_draft(template=template, language="en", source=Source("A note", "", words), author=by)


def writer(clinic, name):
    return factories.user(clinic, Role.CLINICIAN, first_name=name, last_name="Holm")


def compare(client, old, new):
    return client.get(page("templateversion_compare"), {"old": old, "new": new})


def test_history_tells_who_wrote_and_who_approved(client, clinician, clinic, template):
    write(template, writer(clinic, "Iris"), "First words.")
    draft = write(template, writer(clinic, "Otto"), "Second words.")
    approve(draft, by=factories.practitioner(clinic, name="Dr Ada Lark", licence_number="GMC-1"), now=NOW)

    html = client.get(page("messagetemplate_words", template.pk)).content.decode()

    assert all(name in html for name in ("Iris Holm", "Otto Holm", "Dr Ada Lark", "licence GMC-1"))


def test_history_leaves_out_a_save_that_changed_no_word(client, clinician, clinic, template):
    author = writer(clinic, "Iris")
    write(template, author, "Words.")
    write(template, author, "Words.")

    events = client.get(page("messagetemplate_words", template.pk)).context["events"]

    assert len(events) == 1


def test_history_keeps_the_words_of_a_deleted_draft(client, clinician, template):
    draft = write(template, clinician, "Words not to lose.")
    client.post(page("templateversion_delete", draft.pk), {"post": "yes"})

    events = client.get(page("messagetemplate_words", template.pk)).context["events"]
    kept = client.get(page("templateversion_restore"), {"words": events[0].words}).content.decode()

    assert not template.versions.exists()
    assert "Words not to lose." in kept


def test_compare_shows_what_each_of_two_versions_says_alone(client, clinician, template):
    old = factories.approved_version(template, body="Keep it clean.", status=VersionStatus.RETIRED)
    new = factories.approved_version(template, body="Keep it cool.")

    html = compare(client, f"v{old.pk}", f"v{new.pk}").content.decode()

    assert "<del>Keep it <b>clean</b>.</del>" in html
    assert "<ins>Keep it <b>cool</b>.</ins>" in html


def test_compare_of_the_same_words_says_so(client, clinician, template):
    version = factories.draft_version(template)

    assert "Word for word the same." in compare(client, f"v{version.pk}", f"v{version.pk}").content.decode()


@pytest.mark.parametrize("ref", ["", "v", "x1", "v-1", "s" + "9" * 400, "vv"])
def test_compare_with_nonsense_is_not_found(client, clinician, template, ref):
    version = factories.draft_version(template)

    assert compare(client, ref, f"v{version.pk}").status_code == 404


def test_texts_of_another_clinic_are_neither_compared_nor_restored(client, clinician):
    foreign = write(factories.template(factories.clinic()), None, "Secret")
    refs = [f"v{foreign.pk}", f"s{foreign.history.first().history_id}"]

    answers = [compare(client, ref, ref) for ref in refs]
    answers += [client.get(page("templateversion_restore"), {"words": ref}) for ref in refs]
    answers.append(client.get(page("messagetemplate_words", foreign.template_id)))

    assert [answer.status_code for answer in answers] == [404] * 5


def test_texts_of_two_templates_are_not_compared(client, clinician, clinic, template):
    one = factories.draft_version(template)
    other = factories.draft_version(factories.template(clinic))

    assert compare(client, f"v{one.pk}", f"v{other.pk}").status_code == 404


def restore(client, words):
    asked = client.get(page("templateversion_restore"), {"words": words})
    return client.post(page("templateversion_restore"), {"words": words, "read": asked.context["read"]})


def test_old_version_becomes_a_new_draft_and_stays_as_it_was(client, clinician, template):
    old = factories.approved_version(template, body="Old words.", status=VersionStatus.RETIRED)
    factories.approved_version(template, body="New words.")

    restore(client, f"v{old.pk}")

    draft = template.versions.get(status=VersionStatus.DRAFT)
    assert (draft.body, draft.author, draft.number) == ("Old words.", clinician, 3)


def test_restoring_over_a_draft_keeps_its_words_in_the_history(client, clinician, template):
    old = factories.approved_version(template, body="Old words.")
    draft = write(template, clinician, "Half a draft.")

    restore(client, f"v{old.pk}")

    draft.refresh_from_db()
    assert draft.body == "Old words."
    assert "Half a draft." in draft.history.values_list("body", flat=True)


def test_restoring_over_a_draft_that_changed_meanwhile_asks_again(client, clinician, clinic, template):
    old = factories.approved_version(template, body="Old words.")
    write(template, clinician, "Half a draft.")
    asked = client.get(page("templateversion_restore"), {"words": f"v{old.pk}"})
    draft = write(template, writer(clinic, "Iris"), "A whole draft.")

    answer = client.post(
        page("templateversion_restore"), {"words": f"v{old.pk}", "read": asked.context["read"]}
    )

    draft.refresh_from_db()
    assert "Somebody changed the draft" in answer.content.decode()
    assert draft.body == "A whole draft."


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_restoring_and_test_mails_are_for_writers(client, clinic, template, role):
    client.force_login(factories.user(clinic, role, email="x@example.com"))
    version = factories.draft_version(template)

    restored = client.post(page("templateversion_restore"), {"words": f"v{version.pk}", "read": "none"})
    tried = client.post(page("templateversion_test", version.pk))

    assert (restored.status_code, tried.status_code) == (403, 403)
    assert mail.outbox == []


def test_test_mail_is_filled_with_the_chosen_session_and_sent_to_the_user(
    client, clinician, clinic, template
):
    version = factories.draft_version(template)
    session = factories.treatment_session(clinic, patient=factories.patient(clinic, first_name="Bettina"))

    client.post(page("templateversion_test", version.pk), {"session": session.pk})

    assert mail.outbox[0].to == ["ellis@example.com"]
    assert "Hello Bettina" in mail.outbox[0].body


def test_test_mail_of_a_broken_text_is_refused(client, clinician, template):
    version = factories.draft_version(template, body="{{ patient.firstname }}")

    answer = client.post(page("templateversion_test", version.pk), follow=True)

    assert "cannot be sent until its problems are mended" in answer.content.decode()
    assert mail.outbox == []


def approve_with(client, draft, **choices):
    url = page("templateversion_approve", draft.pk)
    return client.post(url, {"digest": client.get(url).context["digest"], **choices})


@pytest.mark.parametrize(("planned", "keeps"), [("follow", False), ("keep", True), ("", False)])
def test_approval_records_what_planned_messages_say(client, clinician, template, planned, keeps):
    draft = factories.draft_version(template)

    approve_with(client, draft, planned=planned)

    draft.refresh_from_db()
    assert (draft.status, draft.planned_keep_older) == (VersionStatus.APPROVED, keeps)


def test_approval_page_counts_the_planned_messages(client, clinician, clinic):
    session = factories.treatment_session(clinic)
    message = factories.message(session)
    draft = factories.draft_version(message.step.template)
    spanish = factories.draft_version(message.step.template, "es")

    counts = [client.get(page("templateversion_approve", v.pk)).context["planned"] for v in (draft, spanish)]

    assert counts == [1, 0]


def test_approval_gives_the_template_its_day_of_review(client, clinician, template):
    day = timezone.localdate() + timedelta(days=90)

    approve_with(client, factories.draft_version(template), review_on=day.isoformat())

    template.refresh_from_db()
    assert template.review_on == day


def test_approval_with_a_day_of_review_that_has_passed_is_refused(client, clinician, template):
    draft = factories.draft_version(template)

    answer = approve_with(client, draft, review_on="2020-01-01")

    draft.refresh_from_db()
    assert "Choose a day to come." in answer.content.decode()
    assert draft.status == VersionStatus.DRAFT


def test_own_draft_is_refused_on_the_page_where_the_clinic_forbids_it(client, clinician, clinic, template):
    clinic.second_reader = True
    clinic.save()
    draft = write(template, clinician, "My own words.")

    answer = approve_with(client, draft)

    draft.refresh_from_db()
    assert "another clinician to approve" in answer.content.decode()
    assert draft.status == VersionStatus.DRAFT


@pytest.mark.parametrize(("days", "warns"), [(-1, True), (20, True), (60, False)])
def test_review_warns_on_the_list_and_on_today_before_it_passes(client, clinician, template, days, warns):
    factories.approved_version(template)
    template.review_on = timezone.localdate() + timedelta(days=days)
    template.save()

    listed = client.get(page("messagetemplate_changelist")).content.decode()
    today = client.get(reverse("admin:index")).content.decode()

    assert ("Review is" in listed) is warns
    assert ("is to be read again by a clinician" in today) is warns


def test_review_of_another_clinic_is_not_told(client, clinician):
    other = factories.template(factories.clinic(), review_on=date(2020, 1, 1))
    factories.approved_version(other)

    assert "to be read again" not in client.get(reverse("admin:index")).content.decode()
