from datetime import UTC, datetime

import pytest
from django.core.files.base import ContentFile

from aftercare.content.approval import approve, retire
from aftercare.content.models import CompiledVersion
from aftercare.content.placeholders import sample_values
from aftercare.content.publishing import as_compiled, brand_of, texts_for, written_in
from aftercare.content.rendering import render
from tests import factories

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cf500f0003860180a5d3b6f50000000049454e44ae426082"
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def template():
    return factories.template(factories.clinic(locale="en-GB"))


def compiled(template, locale):
    texts = texts_for(template, locale=locale, clinic=template.clinic)
    return texts and texts.for_promise(NOW)


def test_brand_of_a_clinic_with_a_logo_gives_an_address_mail_programs_can_open(settings, tmp_path):
    settings.MEDIA_ROOT, settings.SITE_URL = tmp_path, "https://care.example.com"
    clinic = factories.clinic()
    clinic.logo.save("logo.png", ContentFile(DOT))
    assert brand_of(clinic).logo_url == f"https://care.example.com/media/{clinic.logo.name}"


def test_brand_of_a_clinic_without_a_logo_is_its_name_and_colour():
    clinic = factories.clinic(name="Harbour", colour="#123456")
    brand = brand_of(clinic)
    assert (brand.name, brand.colour, brand.logo_url) == ("Harbour", "#123456", "")


def test_texts_for_is_none_while_nobody_has_approved_a_text(template):
    factories.draft_version(template)
    assert compiled(template, "en-GB") is None


def test_texts_for_is_none_after_the_last_text_is_retired(template):
    retire(factories.approved_version(template), now=NOW)
    assert compiled(template, "en-GB") is None


def test_texts_for_a_reader_speaks_the_readers_language(template):
    factories.approved_version(template, "en")
    spanish = factories.approved_version(template, "es")
    assert compiled(template, "es-MX").version == spanish


def test_texts_for_a_reader_without_a_text_falls_back_to_the_clinics_language():
    template = factories.template(factories.clinic(locale="es-ES"))
    spanish = factories.approved_version(template, "es")
    assert compiled(template, "en-US").version == spanish


def test_texts_for_falls_back_to_any_approved_text(template):
    spanish = factories.approved_version(template, "es")
    assert compiled(template, "en-GB").version == spanish


def test_texts_for_follows_the_newest_approval(template):
    factories.approved_version(template)
    draft = factories.draft_version(template)
    newest = approve(draft, by=factories.practitioner(template.clinic), now=NOW)
    assert compiled(template, "en-GB").version == newest


def test_texts_for_twice_compiles_once(template):
    factories.approved_version(template)
    assert compiled(template, "en-GB") == compiled(template, "en-US")
    assert CompiledVersion.objects.count() == 1


def test_texts_for_a_changed_brand_is_new_and_the_old_one_is_kept_as_it_was(template):
    factories.approved_version(template)
    before = compiled(template, "en-GB")
    template.clinic.colour = "#7f1d1d"
    after = compiled(template, "en-GB")
    assert after.pk != before.pk
    assert "#7f1d1d" in after.html
    kept = CompiledVersion.objects.get(pk=before.pk)
    assert (kept.html, kept.digest) == (before.html, before.digest)


def test_compile_for_when_another_worker_was_first_takes_its_row(template, monkeypatch):
    """The other worker's row lands after we have looked for it and before we write ours."""
    version = factories.approved_version(template)
    theirs = []

    def compile_meanwhile(source, *, brand, locale):
        monkeypatch.undo()
        theirs.append(compiled(template, "en-GB"))
        return as_compiled(theirs[0])

    monkeypatch.setattr("aftercare.content.publishing.compile_source", compile_meanwhile)
    ours = compiled(template, "en-GB")
    assert [ours] == theirs
    assert version.compiled.count() == 1


def test_as_compiled_renders_what_was_stored(template):
    factories.approved_version(template)
    message = render(as_compiled(compiled(template, "en-GB")), sample_values("en-GB"))
    assert message.subject == "A note from Harbour Skin Clinic"
    assert "Hello Amara" in message.text


@pytest.mark.parametrize(
    ("language", "reader", "clinic", "expected"),
    [
        ("en", "en-US", "en-GB", "en-US"),
        ("es", "en-US", "es-MX", "es-MX"),
        ("en", "es-MX", "es-MX", "en-GB"),
    ],
)
def test_written_in_is_always_a_locale_of_the_texts_language(language, reader, clinic, expected):
    template = factories.template(factories.clinic(locale=clinic))
    version = factories.approved_version(template, language)
    assert written_in(version, locale=reader, clinic=template.clinic) == expected
