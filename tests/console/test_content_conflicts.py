"""Two people at one draft, and words that are too many: nobody's text is lost, and every refusal is clear."""

import pytest
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.content import approval
from aftercare.content.approval import save_draft, words_digest
from aftercare.content.compiling import Source
from aftercare.content.models import VersionStatus
from tests import factories

pytestmark = pytest.mark.django_db
WORDS = {"subject": "A note from {{ clinic.name }}", "preheader": "", "body": factories.BODY["en"]}


def page(name, *args):
    return reverse(f"admin:content_templateversion_{name}", args=args)


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def clinician(client, clinic):
    user = factories.user(clinic, Role.CLINICIAN)
    client.force_login(user)
    return user


@pytest.fixture
def draft(clinic):
    return factories.draft_version(factories.template(clinic))


@pytest.fixture
def colleague(clinic):
    return factories.user(clinic, Role.CLINICIAN, first_name="Iris", last_name="Holm")


def save_theirs(draft, colleague, body="Words of the colleague"):
    source = Source(draft.subject, draft.preheader, body)
    save_draft(template=draft.template, language=draft.language, source=source, author=colleague)


def save(client, draft, read, body):
    return client.post(page("change", draft.pk), {**WORDS, "body": body, "read": read})


def test_later_of_two_writers_is_told_and_sees_both_texts(client, clinician, colleague, draft):
    read = words_digest(draft)
    save_theirs(draft, colleague)

    html = save(client, draft, read, "Words of my own").content.decode()

    draft.refresh_from_db()
    assert draft.body == "Words of the colleague"
    assert "Iris Holm has saved other words" in html
    assert "Words of my own" in html
    assert "colleague" in html


def test_later_writer_who_saves_again_replaces_the_text_and_the_other_is_kept(
    client, clinician, colleague, draft
):
    read = words_digest(draft)
    save_theirs(draft, colleague)
    refused = save(client, draft, read, "Words of my own")

    save(client, draft, refused.context["adminform"].form["read"].value(), "Words of my own")

    draft.refresh_from_db()
    assert draft.body == "Words of my own"
    assert "Words of the colleague" in draft.history.values_list("body", flat=True)


def test_writer_whose_words_are_the_saved_ones_is_not_bothered(client, clinician, colleague, draft):
    read = words_digest(draft)
    save_theirs(draft, colleague, "The very same")

    assert save(client, draft, read, "The very same").status_code == 302


def test_words_for_a_draft_that_was_approved_meanwhile_are_shown_to_be_kept(client, clinician, clinic):
    version = factories.approved_version(factories.template(clinic))

    answer = client.post(page("change", version.pk), {**WORDS, "body": "Words not to lose"})
    client.post(
        page("add"), {**WORDS, "body": "Words not to lose", "template": version.template_id, "language": "en"}
    )

    assert answer.status_code == 409
    assert "Words not to lose" in answer.content.decode()
    assert version.template.versions.get(status=VersionStatus.DRAFT).body == "Words not to lose"


def test_every_saved_text_is_kept_with_its_writer(client, clinician, colleague, draft):
    save_theirs(draft, colleague)
    draft.refresh_from_db()
    save(client, draft, words_digest(draft), "Mine")

    kept = draft.history.order_by("history_date").values_list("body", "author")[1:]

    assert list(kept) == [("Words of the colleague", colleague.pk), ("Mine", clinician.pk)]


def test_text_of_a_megabyte_is_refused_beside_its_field_and_not_stored(client, clinician, draft):
    answer = client.post(page("change", draft.pk), {**WORDS, "body": "word " * 200_000})

    draft.refresh_from_db()
    assert "Keep it under 20000" in answer.content.decode()
    assert draft.body == WORDS["body"]


def test_text_of_five_megabytes_is_refused_with_a_way_back(client, clinician, draft):
    client.raise_request_exception = False

    answer = client.post(page("change", draft.pk), {**WORDS, "body": "x" * 5_000_000})

    draft.refresh_from_db()
    assert answer.status_code == 400
    assert "too large" in answer.content.decode()
    assert draft.body == WORDS["body"]


def test_script_in_any_field_is_shown_as_words(client, clinician, clinic):
    evil = "<script>alert(1)</script>"
    template = factories.template(clinic, name=evil)
    draft = factories.draft_version(template, subject=evil, preheader=evil, body=evil)

    pages = [page("change", draft.pk), page("preview", draft.pk), page("approve", draft.pk)]
    shown = [client.get(url).content.decode() for url in pages]
    frame = client.get(page("frame", draft.pk)).content.decode()

    assert all(evil not in html for html in [*shown, frame])
    assert all("&lt;script&gt;alert(1)" in html for html in shown)


def begin(client, template, body="Words of my own"):
    return client.post(page("add"), {**WORDS, "body": body, "template": template.pk, "language": "en"})


def test_later_of_two_first_drafts_is_told_and_keeps_both_texts(
    client, clinician, colleague, clinic, monkeypatch
):
    template, lock = factories.template(clinic), approval._lock

    def wait_for_the_colleague(locked):
        """As when the colleague's first words are stored while this writer waits for the lock."""
        monkeypatch.setattr(approval, "_lock", lock)
        lock(locked)
        factories.draft_version(locked, body="Words of the colleague", author=colleague)

    monkeypatch.setattr(approval, "_lock", wait_for_the_colleague)
    html = begin(client, template).content.decode()

    assert template.versions.get().body == "Words of the colleague"
    assert "Iris Holm has begun a draft in this language already" in html
    assert "Words of my own" in html


def test_words_for_a_draft_begun_meanwhile_take_its_place_when_the_writer_says_so(
    client, clinician, colleague, clinic
):
    template = factories.template(clinic)
    theirs = factories.draft_version(template, body="Words of the colleague", author=colleague)
    refused = begin(client, template)

    save(client, theirs, refused.context["adminform"].form["read"].value(), "Words of my own")

    assert f'formaction="{page("change", theirs.pk)}"' in refused.content.decode()
    assert template.versions.get().body == "Words of my own"
