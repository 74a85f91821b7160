import pytest

from aftercare.content.placeholders import LAYOUT_PLACEHOLDERS, PLACEHOLDERS, Kind, sample_values
from aftercare.content.samples import SAMPLES

EVERY_PATH = {**PLACEHOLDERS, **LAYOUT_PLACEHOLDERS}


@pytest.mark.parametrize("locale", SAMPLES)
def test_sample_values_name_every_placeholder_and_nothing_else(locale):
    named = {f"{room}.{name}" for room, values in sample_values(locale).items() for name in values}

    assert named == set(EVERY_PATH)


@pytest.mark.parametrize("locale", SAMPLES)
@pytest.mark.parametrize("path", EVERY_PATH)
def test_example_is_of_the_placeholders_kind(locale, path):
    placeholder = EVERY_PATH[path]
    example = placeholder.example(locale)

    assert isinstance(example, bool if placeholder.kind is Kind.FLAG else str)
    assert not placeholder.choices or example in placeholder.choices


def test_sample_values_changed_by_the_caller_stay_unchanged_for_the_next():
    sample_values("en-GB")["patient"]["first_name"] = "Someone"

    assert sample_values("en-GB")["patient"]["first_name"] == "Amara"


def test_sample_values_of_an_unknown_locale_are_refused():
    with pytest.raises(KeyError):
        sample_values("fr-FR")
