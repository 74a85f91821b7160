"""Our estimate of how hard a text is to read, held against textstat's, which counts by a dictionary."""

import pytest
import textstat

from aftercare.content.readability import reading_of
from tests.protocols.reading import STEPS, plain, sessions


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.slug)
def test_english_grade_of_a_shipped_text_is_textstats_within_a_grade(step):
    words = plain(step.texts["en"].body, sessions("en")[0])
    textstat.set_lang("en_US")

    ours = reading_of(words, language="en")

    assert ours.level == pytest.approx(textstat.flesch_kincaid_grade(words), abs=1)
    assert ours.easy


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.slug)
def test_spanish_score_of_a_shipped_text_is_textstats_within_a_tenth(step):
    words = plain(step.texts["es"].body, sessions("es")[0])
    textstat.set_lang("es")

    ours = reading_of(words, language="es")

    assert ours.level == pytest.approx(textstat.fernandez_huerta(words), abs=10)
    assert ours.easy


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (
            "Anticoagulant administration necessitates individualised evaluation of postprocedural "
            "haemorrhagic complications, notwithstanding asymptomatic presentation.",
            "en",
        ),
        (
            "La administración de anticoagulantes requiere evaluación individualizada de complicaciones "
            "hemorrágicas postoperatorias independientemente de la presentación asintomática inicial.",
            "es",
        ),
    ],
)
def test_text_of_long_words_is_hard(text, language):
    assert not reading_of(text, language=language).easy


def test_text_without_a_word_has_no_level():
    assert reading_of("38.5 %\n\n—", language="en") is None


def test_decimal_point_ends_no_sentence_and_a_line_does():
    assert reading_of("Over 38.5 degrees\nCall us now.", language="en").sentences == 2


def test_time_to_read_is_at_least_a_minute():
    assert reading_of("Rest well.", language="en").minutes == 1
    assert reading_of("word " * 1000, language="en").minutes == 5
