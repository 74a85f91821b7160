"""Every word that a patient reads is there in every language, with the same places to fill."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest

from aftercare.clinics.models import Locale
from aftercare.content import wording as around
from aftercare.pages import wording as pages
from aftercare.protocols.models import Topic

MAILS = Path(around.__file__).parents[1] / "protocols" / "shipped" / "microneedling"
NAMED = re.compile(r"^- \*\*(.+):\*\* {% if from\.(\w+)", re.MULTILINE)
PLACE = re.compile(r"{{? ?[\w.]+ ?}?}")


def flat(words):
    """With the words of each topic under a name of their own."""
    by_topic = {name: words.pop(name, {}) for name in ("topics", "again")}
    said = {f"{name} {topic}": text for name, texts in by_topic.items() for topic, text in texts.items()}
    return {**words, **said}


@pytest.mark.parametrize("locale", Locale.values)
@pytest.mark.parametrize("said_in", [around.wording, pages.page_wording])
def test_words_are_whole_and_have_the_places_of_the_english_ones(locale, said_in):
    english, words = flat(asdict(said_in("en"))), flat(asdict(said_in(locale)))

    assert words.keys() == english.keys()
    for name, said in words.items():
        assert said.strip()
        assert sorted(PLACE.findall(said)) == sorted(PLACE.findall(english[name]))


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_every_topic_has_a_name(language):
    assert set(pages.page_wording(language).topics) == set(Topic.values)


def test_languages_of_pages_and_of_messages_are_the_same():
    assert pages.LANGUAGES == around.LANGUAGES


@pytest.mark.parametrize(("locale", "reads"), [("en-GB", "ltr"), ("es-MX", "ltr"), ("ar", "rtl")])
def test_direction_is_the_languages(locale, reads):
    assert around.direction(locale) == reads


@pytest.mark.parametrize("language", ["en", "es"])
def test_plan_calls_what_a_patient_waits_with_as_the_shipped_mails_do(language):
    mails = "\n".join(mail.read_text(encoding="utf-8") for mail in (MAILS / language).glob("*.md"))
    named = {topic: name for name, topic in NAMED.findall(mails)}

    assert set(named) == set(Topic.values)
    assert named == {str(topic): name for topic, name in pages.page_wording(language).topics.items()}
