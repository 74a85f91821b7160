"""Colours that can be read: contrast as WCAG 2.2 defines it (success criterion 1.4.3)."""

import re

READABLE = 4.5
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(background: str) -> str:
    """White, near-black or black: the first in which text reaches 4.5:1 on it. One always does."""
    return next(
        colour for colour in ("#ffffff", "#1f2933", "#000000") if contrast(colour, background) >= READABLE
    )


def readable_against(colour: str, background: str) -> str:
    """The colour itself, or moved towards black or white until text in it reaches 4.5:1 on the background."""
    target = "#000000" if _luminance(background) > 0.18 else "#ffffff"
    steps = (_mixed(colour, target, part / 20) for part in range(21))
    return next(mixed for mixed in steps if contrast(mixed, background) >= READABLE)


def _mixed(colour: str, other: str, part: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _channels(colour: str) -> tuple[int, int, int]:
    if not _HEX.fullmatch(colour):
        raise ValueError(f"{colour!r} is not a colour like #0f766e")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
