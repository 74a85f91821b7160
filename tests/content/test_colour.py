import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare.content.colour import READABLE, contrast, readable_against, readable_on

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_of_black_and_white_is_21():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@given(COLOURS)
def test_readable_on_always_reaches_the_ratio(colour):
    assert contrast(readable_on(colour), colour) >= READABLE


@given(COLOURS, COLOURS)
def test_readable_against_always_reaches_the_ratio(colour, background):
    assert contrast(readable_against(colour, background), background) >= READABLE


def test_readable_against_leaves_a_readable_colour_alone():
    assert readable_against("#0f766e", "#ffffff") == "#0f766e"


@pytest.mark.parametrize("wrong", ["teal", "#fff", "#12345g", "#0f766e;x"])
def test_readable_on_refuses_what_is_no_colour(wrong):
    with pytest.raises(ValueError, match="not a colour"):
        readable_on(wrong)
