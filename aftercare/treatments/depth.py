"""How deep the needles went, in the three bands that the texts and the waiting times know.

The bands are a judgement of the shipped protocol: SkinPen's labelling did not evaluate depths over 1.5 mm,
so that nobody ships a text for them and the clinician writes what to expect.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

LIGHT_UP_TO_MM = Decimal("0.5")
MEDIUM_UP_TO_MM = Decimal("1.5")


class DepthBand(StrEnum):
    LIGHT = "light"
    MEDIUM = "medium"
    DEEP = "deep"


def band_of(depths_mm: Iterable[Decimal]) -> DepthBand:
    """The band of the deepest of the treated areas. Raises ValueError if there is none."""
    deepest = max(depths_mm)
    if deepest <= LIGHT_UP_TO_MM:
        return DepthBand.LIGHT
    return DepthBand.MEDIUM if deepest <= MEDIUM_UP_TO_MM else DepthBand.DEEP
