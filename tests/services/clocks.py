"""Clocks that are wrong: the environment of a process that sees another time than the machine's."""

from pathlib import Path

import pytest

INSTALL = "libfaketime is not installed. Debian, Ubuntu: apt-get install faketime"


def skewed_clock(seconds: int) -> dict[str, str]:
    """A clock so much ahead of the machine's, for as long as the process lives."""
    return {**_library("libfaketimeMT.so.1"), "FAKETIME": f"{seconds:+d}"}


def moved_clock(file: Path) -> dict[str, str]:
    """A clock that is ahead by the seconds written in the file, whenever somebody looks at it."""
    return {
        **_library("libfaketime.so.1"),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
    }


def _library(name: str) -> dict[str, str]:
    """Time that only passes, as time-outs measure it, is left alone."""
    found = next(Path("/usr/lib").glob(f"*/faketime/{name}"), None) or pytest.fail(INSTALL)
    return {"LD_PRELOAD": str(found), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
