"""Subject and preheader give nothing away on a locked phone, in any language."""

import pytest

from aftercare.content.discretion import indiscretions


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en-GB", "After your treatment"),
        ("es-ES", "Después de su tratamiento"),
        ("ar", "بعد العلاج"),
        ("ar", "وبشرتك"),
    ],
)
def test_word_of_health_is_found(locale, words):
    assert list(indiscretions(words, field="subject", locale=locale))


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en-GB", "A note from us"),
        ("es-ES", "Una nota para usted"),
        ("ar", "رسالة من {{ clinic.name }}"),
        ("ar", "مساء أول يوم: يُرجى القراءة"),
    ],
)
def test_neutral_words_pass(locale, words):
    assert list(indiscretions(words, field="subject", locale=locale)) == []
