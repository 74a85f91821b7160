"""Lot and expiry out of GS1 element strings, as scanners pass them on; anything else is left alone."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare.treatments.gs1 import Scanned, read

TODAY = date(2026, 3, 28)
ITEM = "0109506000134352"
JUNE = date(2027, 6, 30)

READ = [
    (f"{ITEM}1727063010ABC123", Scanned("ABC123", JUNE)),
    (f"{ITEM}10ABC123\x1d17270630", Scanned("ABC123", JUNE)),
    (f"{ITEM}10ABC123|17270630", Scanned("ABC123", JUNE)),
    (f"{ITEM}21SERIAL\x1d10A-1/b\x1d17270630", Scanned("A-1/b", JUNE)),
    (f"{ITEM}1126010117270630\x1d10ABC123\x1d240REF 7", Scanned("ABC123", JUNE)),
    (f"]d2{ITEM}1727060010ABC123", Scanned("ABC123", JUNE)),
    ("]C110LOT7\x1d17280200", Scanned("LOT7", date(2028, 2, 29))),
    ("(01)09506000134352(17)270630(10)ABC123", Scanned("ABC123", JUNE)),
    (f" {ITEM}17270630 ", Scanned("", JUNE)),
    (ITEM, Scanned()),
    (f"{ITEM}1727133110ABC", Scanned("ABC", None)),
    ("https://id.gs1.org/01/09506000134352/10/ABC123?17=270630", Scanned("ABC123", JUNE)),
    (
        "HTTPS://example.com/way/01/9506000134352/10/A%2F1/21/SN7?11=260101&17=270600",
        Scanned("A/1", JUNE),
    ),
    ("https://example.com/01/09506000134352", Scanned()),
    ("https://example.com/01/09506000134353/10/ABC123?17=270630", Scanned()),
    ("https://example.com/shop?lot=ABC123", Scanned()),
    (f"{ITEM}1727063010LOT212401", Scanned("LOT212401", JUNE)),
    (f"{ITEM}1727063010LOT21-240-1\x1d21SN1", Scanned("LOT21-240-1", JUNE)),
]


@pytest.mark.parametrize(("text", "scanned"), READ, ids=[repr(text)[:60] for text, _scanned in READ])
def test_element_string_gives_lot_and_expiry(text, scanned):
    assert read(text, today=TODAY) == scanned


@pytest.mark.parametrize("text", ["ABC123", "10ABC123", "0112345678901234", "2706-17", "", "()", "(x) 1"])
def test_what_somebody_typed_is_no_element_string(text):
    assert read(text, today=TODAY) is None


SWALLOWED = ["17270630", "21SN0001", "1727063021SN1", "240REF7", "3025"]


@pytest.mark.parametrize("text", [f"{ITEM}10{'A' * 21}", *(f"{ITEM}10ABC123X{more}" for more in SWALLOWED)])
def test_lot_that_has_swallowed_what_follows_is_not_trusted(text):
    scanned = read(text, today=TODAY)

    assert scanned is not None
    assert scanned.unsure


@pytest.mark.parametrize(
    ("digits", "year"), [("26", 2026), ("76", 2076), ("77", 1977), ("99", 1999), ("00", 2000)]
)
def test_century_is_that_within_49_years_back_and_50_ahead(digits, year):
    scanned = read(f"{ITEM}17{digits}0630", today=TODAY)

    assert scanned is not None
    assert scanned.expires_on == date(year, 6, 30)


def test_century_turns_with_the_clock():
    assert read(f"{ITEM}17010630", today=date(2098, 1, 1)) == Scanned("", date(2101, 6, 30))


@given(st.text(max_size=120))
def test_nothing_that_is_typed_or_scanned_breaks_the_reading(text):
    for given_text in (text, f"]d2{text}", f"{ITEM}{text}", f"({text}", f"https://{text}"):
        read(given_text, today=TODAY)


@given(
    lot=st.text("ABCXYZ0189-/.", min_size=1, max_size=20), on=st.dates(date(2026, 1, 1), date(2070, 12, 31))
)
def test_any_lot_and_expiry_come_back_as_they_were_written(lot, on):
    assert read(f"]d2{ITEM}17{on:%y%m%d}10{lot}\x1d2112", today=TODAY) == Scanned(lot, on)
