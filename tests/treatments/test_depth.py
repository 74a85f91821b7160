"""Depth bands at and around their limits."""

from decimal import Decimal

import pytest

from aftercare.treatments.depth import DepthBand, band_of


@pytest.mark.parametrize(
    ("depth", "band"),
    [
        ("0.10", DepthBand.LIGHT),
        ("0.50", DepthBand.LIGHT),
        ("0.51", DepthBand.MEDIUM),
        ("1.50", DepthBand.MEDIUM),
        ("1.51", DepthBand.DEEP),
        ("3.50", DepthBand.DEEP),
    ],
)
def test_band_follows_depth(depth, band):
    assert band_of([Decimal(depth)]) is band


def test_band_of_several_areas_is_that_of_the_deepest():
    assert band_of([Decimal("0.3"), Decimal("2.0"), Decimal("1.0")]) is DepthBand.DEEP


def test_band_of_no_area_is_refused():
    with pytest.raises(ValueError, match="empty"):
        band_of([])
