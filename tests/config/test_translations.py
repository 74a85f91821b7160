"""The console in Spanish: every text has its translation, and a browser that asks for Spanish gets it."""

import re
from collections import Counter

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.translation import ngettext

FOLDER = settings.LOCALE_PATHS[0] / "es" / "LC_MESSAGES"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|%%|\{\{ \w+\.[\w.]+|\{% \w+|\{\{|\}\}|\{\w+\}|</?\w+[^>]*>")


@pytest.fixture(scope="module")
def catalogue():
    with (FOLDER / "django.po").open("rb") as written:
        return read_po(written, locale="es")


@pytest.fixture(scope="module")
def messages(catalogue):
    return [message for message in catalogue if message.id]


def forms(text):
    return (text,) if isinstance(text, str) else text


def said(message):
    # Babel leaves the context of a compiled text in bytes.
    context = message.context.decode() if isinstance(message.context, bytes) else message.context
    return context, tuple(forms(message.id)), tuple(forms(message.string))


def placeholders(text):
    return Counter(PLACEHOLDER.findall(text))


def test_every_text_has_a_translation_that_somebody_has_read(messages):
    assert len(messages) > 1000
    assert [message.id for message in messages if message.fuzzy or not all(forms(message.string))] == []


def test_translations_keep_the_placeholders_of_their_texts(messages):
    differing = [
        (said, meant)
        for message in messages
        for said, meant in zip(forms(message.string), forms(message.id), strict=True)
        if placeholders(said) != placeholders(meant)
    ]

    assert differing == []


def test_translations_keep_the_spaces_around_their_texts(messages):
    def around(text):
        return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]

    differing = [
        said
        for message in messages
        for said, meant in zip(forms(message.string), forms(message.id), strict=True)
        if around(said) != around(meant)
    ]

    assert differing == []


def test_compiled_file_says_what_the_written_one_says(messages):
    with (FOLDER / "django.mo").open("rb") as compiled:
        shipped = {said(each) for each in read_mo(compiled) if each.id}

    assert shipped == {said(each) for each in messages}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "answered", "said"),
    [("es-MX,es;q=0.9,en;q=0.5", "es", "Contraseña"), ("en-GB", "en", "Password"), ("fr", "en", "Password")],
)
def test_log_in_answers_in_the_browsers_language_or_in_english(client, asked, answered, said):
    page = client.get("/admin/login/", headers={"accept-language": asked})

    assert page["Content-Language"] == answered
    assert said in page.content.decode()


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 mensajes"), (1, "1 mensaje"), (2, "2 mensajes"), (1_000_000, "1000000 mensajes")],
)
def test_plural_follows_the_number(count, said):
    with translation.override("es"):
        scheduled = ngettext("%d message is scheduled.", "%d messages are scheduled.", count) % count

    assert scheduled.startswith(f"{said} ")
