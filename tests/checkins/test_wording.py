"""The form is whole in every language it is written in."""

import re
import tomllib

import pytest

from aftercare.checkins.wording import LANGUAGES, TEXTS
from aftercare.content.models import Language

PLACE = re.compile(r"{\w+}")


def words_of(language):
    """Every text by its path, with its places."""

    def flat(table, path=()):
        for key, value in table.items():
            yield from flat(value, (*path, key)) if isinstance(value, dict) else [((*path, key), value)]

    return dict(flat(tomllib.loads((TEXTS / f"{language}.toml").read_text(encoding="utf-8"))))


def test_form_is_written_in_every_language_that_a_patient_may_read():
    assert set(LANGUAGES) == set(Language.values)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_whole_and_have_the_places_of_the_english_ones(language):
    english, words = words_of("en"), words_of(language)

    assert words.keys() == english.keys()
    for path, said in words.items():
        assert said.strip()
        assert sorted(PLACE.findall(said)) == sorted(PLACE.findall(english[path]))


@pytest.mark.parametrize("language", ["es", "ar"])
def test_words_are_not_left_in_english(language):
    english, words = words_of("en"), words_of(language)

    left = {path for path, said in words.items() if said == english[path]}

    assert left <= {path for path in words if path[-1] == "no"}  # Spanish has the same word
