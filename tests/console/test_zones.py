"""No page of the console says a time of day without the place whose clock shows it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates/console").rglob("*.html"))
CODE = sorted((ROOT / "aftercare/console").rglob("*.py"))
WITH_PLACE = r"""\|at:|times\.\w+\([^"\n]*|\bhere\([^"\n]*"""
CLOCK = re.compile(rf"""(?P<by>{WITH_PLACE})?["'](?P<format>[^"'\n]*\bH:i[^"'\n]*)["']""")
OF_A_DAY = {"H:i"}
"""A time of day where the patient is, on whatever day: it has no zone."""
UNDER_ITS_PLACE = {
    "protocols/plan.html": "Times are those of that zone.",
    "protocols/timeline.html": "zone=plan.zone",
    "console/times.py": "_where(instant, zone)",
    "templatetags/clocks.py": "times.at(instant, form, zone)",
}
"""Where the zone stands once, above or behind the times of a page, and with which words."""


def bare_times(path):
    """The lines that format a time of day with nothing that says where."""
    for line in path.read_text().splitlines():
        for found in CLOCK.finditer(line):
            said_beside = re.search(r"zone\|place \}\}\)|\(\{\{ zone|UTC", line)
            if found["format"] not in OF_A_DAY and not found["by"] and not said_beside:
                yield line.strip()


@pytest.mark.parametrize("path", [*TEMPLATES, *CODE], ids=lambda path: path.name)
def test_time_of_day_is_said_with_its_zone(path):
    words = UNDER_ITS_PLACE.get(f"{path.parent.name}/{path.name}")

    assert words is None or words in path.read_text()
    assert words or list(bare_times(path)) == []


def test_time_without_a_zone_is_found(tmp_path):
    page = tmp_path / "page.html"
    page.write_text('{{ at|date:"j F Y, H:i" }}\n{{ at|at:"j F Y, H:i" }}\n{{ step.at|date:"H:i" }}')

    assert list(bare_times(page)) == ['{{ at|date:"j F Y, H:i" }}']
