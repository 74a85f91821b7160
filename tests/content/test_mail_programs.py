"""Every shipped message keeps its shape in the mail programs that caniemail.com has tested."""

import pytest

from aftercare.checkins.reminder_texts import shipped_text
from aftercare.content.compiling import Brand, Source, compile_source
from aftercare.content.placeholders import sample_values
from aftercare.content.rendering import render
from tests.content.mail_features import features_of, support
from tests.protocols.reading import LOCALES, TEXT_IDS, TEXTS

WORD = "outlook-windows"
NUMBERS = ("clinic.phone", "clinic.out_of_hours", "clinic.emergency_number")
# A feature that some program lacks, and how the message holds without it.
FALLBACKS = {
    "css-at-media": "one column that is fluid up to 600 px; Word gets a table of 600 px",
    "css-at-media-prefers-color-scheme": "the light colours stand, or the program's own darkening of them",
    "css-border-radius": "corners are square",
    "css-cursor": "the pointer's shape",
    "css-max-height": "mso-hide and display:none hide the preheader; the logo has its height as an attribute",
    "css-opacity": "mso-hide and display:none hide the preheader",
    "css-outline": "only takes a frame from pictures, which border=0 does too",
    "css-overflow": "only clips what border-radius rounds",
    "css-selector-child": "only makes the margins smaller on phones",
    "css-white-space": "a phone number may be broken into two lines",
    "css-word-spacing": "it is the normal one",
    "html-body": "the ground's colour is on the first element inside it too",
    "html-doctype": "widths are those of tables",
    "html-meta-color-scheme": "tells of the dark colours, where they are known",
    "html-target": "the link opens where the program opens links",
}


def html_of(step, language, logo=""):
    text, locale = step.texts[language], LOCALES[language][0]
    source = Source(text.subject, text.preheader, text.body)
    return written(
        source,
        locale,
        Brand("Harbour Skin Clinic", "#fde047", logo, asks=step.asks_check_in, numbers=NUMBERS),
    )


def written(source, locale, brand):
    compiled = compile_source(source, brand=brand, locale=locale)
    return render(compiled, sample_values(locale)).html


@pytest.mark.parametrize(("step", "language"), TEXTS, ids=TEXT_IDS)
def test_message_uses_nothing_that_a_program_lacks_without_a_fallback(step, language):
    known = support()
    used = features_of(html_of(step, language, "https://example.com/logo.png"))

    assert {feature for feature in used if "n" in known[feature].values()} <= FALLBACKS.keys()


def test_no_fallback_is_listed_that_nothing_needs():
    known = support()
    used = set().union(*(features_of(html_of(*text, "https://example.com/logo.png")) for text in TEXTS))

    assert {feature for feature in used if "n" in known[feature].values()} == FALLBACKS.keys()
    assert len(used) > 50


def test_fallbacks_stand_in_the_message():
    html = html_of(*TEXTS[0], "https://example.com/logo.png")

    assert '<!--[if mso | IE]><table border="0" cellpadding="0" cellspacing="0" role="presentation"' in html
    assert 'width="600"' in html
    assert "mso-hide:all" in html
    assert 'height="56"' in html
    assert 'class="page"' in html
    assert "background-color:#eef1f4" in html.partition('class="page"')[2][:200].replace(": ", ":")


def test_feature_that_is_unknown_to_a_program_is_found():
    found = features_of(
        "<style>.a:hover > b { display: flex; width: calc(1px + 2vw) !important }</style><i hidden>x</i>"
    )

    assert {
        "css-display-flex",
        "css-pseudo-class-hover",
        "css-selector-child",
        "css-unit-vw",
        "html-hidden",
    } <= found
    assert support()["css-display-flex"][WORD] == "n"


@pytest.mark.parametrize("language", LOCALES)
def test_reminder_of_a_check_in_keeps_its_shape_too(language):
    brand = Brand(
        "Harbour Skin Clinic", "#fde047", "https://example.com/logo.png", asks=True, numbers=NUMBERS
    )
    html = written(shipped_text(language), LOCALES[language][0], brand)

    known = support()
    assert {one for one in features_of(html) if "n" in known[one].values()} <= FALLBACKS.keys()
    assert len(html.encode()) < 60_000


@pytest.mark.parametrize(("step", "language"), TEXTS, ids=TEXT_IDS)
def test_message_has_no_pixel_and_stays_small(step, language):
    html = html_of(step, language)

    assert "<img" not in html
    assert "url(" not in html
    assert len(html.encode()) < 60_000
