"""The message, as Django templates and values, from the folder that the benchmark names."""

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["COPY_FOLDER"])
LETTER: dict[str, Any] = json.loads((FOLDER / "copy.json").read_text())


def address(number: int) -> str:
    return f"amara.{number}@example.com"


def values(number: int) -> dict[str, Any]:
    """What the placeholders of one recipient's message are filled with: three of them differ for each."""
    known = LETTER["values"]
    return {
        **known,
        "patient": {"first_name": f"Amara{number}"},
        "links": {name: f"{link[:-8]}{number:08}" for name, link in known["links"].items()},
    }


def whole() -> bytes:
    """One message with its headers, ready for the wire."""
    return (FOLDER / "copy.eml").read_bytes()
