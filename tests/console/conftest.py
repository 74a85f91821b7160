"""What the walks over every page of the console share."""

from pathlib import Path

import pytest


@pytest.fixture
def bare(settings):
    """Pages without the frame around their content: menu, styles and scripts are half of what they cost."""
    frame = Path(__file__).parent / "bare"
    (engine,) = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [frame, *engine["DIRS"]]}]
