"""Exporting, importing and copying protocols in the console."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.content.approval import save_draft, writers_of
from aftercare.content.compiling import Source
from aftercare.content.models import TemplateVersion
from aftercare.protocols.installing import install
from tests import factories
from tests.protocols.test_exchanging import DOCUMENT, changed

pytestmark = pytest.mark.django_db


def page(name, *args):
    return reverse(f"admin:protocols_protocol_{name}", args=args)


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def owner(client, clinic):
    client.force_login(factories.user(clinic, Role.OWNER))


def upload(client, document, **over):
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return client.post(page("import"), {"file": SimpleUploadedFile("plan.json", text), **over})


def test_export_is_a_file_that_can_be_taken_in_again(client, owner, clinic):
    protocol = install("microneedling", clinic=clinic)

    exported = client.get(page("export", protocol.pk))
    looked_at = upload(client, exported.content)
    client.post(page("import"), {"document": looked_at.context["reading"].document, "confirmed": "1"})

    assert 'filename="microneedling.protocol.json"' in exported["Content-Disposition"]
    assert clinic.protocols.get(slug="microneedling-2").steps.count() == 7


def test_file_is_shown_before_anything_is_stored(client, owner, clinic):
    html = upload(client, DOCUMENT).content.decode()

    assert "The day after" in html
    assert "day 1 at 09:00" in html
    assert clinic.protocols.count() == 0


def test_file_with_mistakes_is_refused_with_each_place(client, owner, clinic):
    html = upload(client, changed(version=2, steps__0__day=999), confirmed="1").content.decode()

    assert "steps[0].day" in html
    assert "must be “1”" in html
    assert clinic.protocols.count() == 0


def test_script_in_a_document_is_shown_as_words(client, owner, clinic):
    evil = "<script>alert(1)</script>"

    shown = upload(client, changed(name=evil, steps__0__name=evil)).content.decode()
    upload(client, changed(name=evil, steps__0__name=evil), confirmed="1")
    page_of_it = client.get(page("change", clinic.protocols.get().pk)).content.decode()

    assert evil not in shown
    assert evil not in page_of_it
    assert "&lt;script&gt;" in shown


def test_import_without_a_file_says_so(client, owner):
    assert "Choose a file." in client.post(page("import"), {}).content.decode()


def test_import_into_another_clinic_is_not_possible(client, owner):
    other = factories.clinic()

    upload(client, DOCUMENT, confirmed="1", clinic=other.pk)
    refused = client.post(page("library"), {"slug": "microneedling", "clinic": other.pk})

    assert other.protocols.count() == 0
    assert refused.status_code == 403


def test_library_gives_a_copy_although_it_is_installed(client, owner, clinic):
    install("microneedling", clinic=clinic)

    client.post(page("library"), {"slug": "microneedling", "clinic": clinic.pk})

    assert sorted(clinic.protocols.values_list("slug", flat=True)) == ["microneedling", "microneedling-2"]


def test_copy_gets_its_own_name_and_drafts(client, owner, clinic):
    protocol = factories.protocol(clinic, slug="peel")

    client.post(page("copy", protocol.pk), {"name": "Deep peel"})

    copy = clinic.protocols.get(name="Deep peel")
    versions = [version for step in copy.steps.all() for version in step.template.versions.all()]
    assert copy.steps.count() == protocol.steps.count()
    assert {version.status for version in versions} == {"draft"}


def test_copy_without_a_name_is_not_made(client, owner, clinic):
    protocol = factories.protocol(clinic)

    html = client.post(page("copy", protocol.pk), {"name": ""}).content.decode()

    assert "Give the copy a name of its own." in html
    assert clinic.protocols.count() == 1


def test_schema_is_given_to_whoever_writes_a_document(client, owner):
    assert client.get(page("schema")).json()["properties"]["version"] == {"const": 1}


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_import_and_copy_are_for_writers(client, clinic, role):
    protocol = factories.protocol(clinic)
    client.force_login(factories.user(clinic, role))

    answers = [client.get(page("import")), client.post(page("copy", protocol.pk), {"name": "Mine"})]

    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.parametrize("name", ["export", "copy"])
def test_protocol_of_another_clinic_is_neither_exported_nor_copied(client, owner, name):
    foreign = factories.protocol(factories.clinic())

    assert client.get(page(name, foreign.pk)).status_code == 404


def writers(protocol):
    """Of each draft of the protocol's texts, those who may not approve it where a second reader must."""
    versions = TemplateVersion.objects.filter(template__steps__protocol=protocol)
    return [writers_of(version) for version in versions]


def test_words_from_a_file_are_those_of_whoever_takes_it_in(client, clinic, owner):
    exported = client.get(page("export", install("microneedling", clinic=clinic).pk))
    looked_at = upload(client, exported.content)

    client.post(page("import"), {"document": looked_at.context["reading"].document, "confirmed": "1"})

    found = writers(clinic.protocols.get(slug="microneedling-2"))
    assert found
    assert all(len(each) == 1 for each in found)


def test_copied_words_stay_those_of_whoever_wrote_them(client, clinic, owner):
    protocol = install("microneedling", clinic=clinic)
    author = factories.user(clinic, Role.CLINICIAN)
    draft = protocol.steps.order_by("number").first().template.versions.get(language="en")
    source = Source(draft.subject, draft.preheader, draft.body)
    save_draft(template=draft.template, language="en", source=source, author=author)

    client.post(page("copy", protocol.pk), {"name": "The same again"})

    found = writers(clinic.protocols.get(name="The same again"))
    assert found.count({author.pk}) == 1
    assert found.count(set()) == len(found) - 1
