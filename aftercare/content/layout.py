"""The branded page around a message. Its MJML is compiled once; words enter only the finished HTML."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import css_inline
from mjml import mjml2html

from aftercare.content.colour import readable_against, readable_on
from aftercare.content.ledger import Ledger
from aftercare.content.wording import Wording, wording

LAYOUT = Path(__file__).resolve().parents[2] / "templates" / "mail" / "layout.mjml"
_SLOT = re.compile(r"\[\[(\w+)\]\]")
_DARK_CARD = "#1b232c"


@dataclass(frozen=True)
class Brand:
    """How a clinic looks: `colour` as #rrggbb, `logo_url` an http(s) address or empty. Raises ValueError."""

    name: str
    colour: str
    logo_url: str = ""

    def __post_init__(self) -> None:
        readable_on(self.colour)
        if self.logo_url and urlsplit(self.logo_url).scheme not in ("http", "https"):
            raise ValueError(f"{self.logo_url!r} is not a web address")

    @property
    def digest(self) -> str:
        """Changes when anything around the words changes: the brand, the layout, or the fixed wording."""
        wordings = repr([wording("en"), wording("es")])
        parts = (self.name, self.colour, self.logo_url, LAYOUT.read_text(), wordings)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def _shell() -> str:
    return str(mjml2html(LAYOUT.read_text()))


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True)


def page(body: str, preheader: str, *, brand: Brand, locale: str, ledger: Ledger) -> str:
    """The whole HTML document around a sanitised body; Liquid in it still stands as opaque words."""
    words = wording(locale)
    fill = {
        "lang": escape(locale),
        "name": _safe(brand.name, ledger),
        "preheader": preheader,
        "header": _header(brand, ledger),
        "colour": brand.colour,
        "on_colour": readable_on(brand.colour),
        "accent": readable_against(brand.colour, "#ffffff"),
        "accent_dark": readable_against(brand.colour, _DARK_CARD),
        "body": body,
        "contact": ledger.swap(_contact(words)),
        "small": ledger.swap(_small(words)),
    }
    return str(_inliner().inline(_SLOT.sub(lambda slot: fill[slot[1]], _shell())))


def text_page(body: str, *, locale: str, ledger: Ledger) -> str:
    """The plain-text twin with the same contacts and notices below it."""
    words = wording(locale)
    footer = (
        f"{words.phone}: {{{{ clinic.phone }}}}\n"
        f"{words.closed}: {{{{ clinic.out_of_hours }}}}\n"
        f"{words.emergency}: {{{{ clinic.emergency_number }}}}\n\n"
        f"{words.general_advice}\n{words.not_watched}\n\n"
        f"{words.why}\n{words.unsubscribe}: {{{{ links.unsubscribe | web_address }}}}\n"
    )
    return f"{body.rstrip()}\n\n-- \n{ledger.swap('{{ clinic.name }}')}\n{ledger.swap(footer)}"


def _safe(words: str, ledger: Ledger) -> str:
    return escape(words).replace("{", ledger.brace)


def _header(brand: Brand, ledger: Ledger) -> str:
    name = _safe(brand.name, ledger)
    if not brand.logo_url:
        return name
    style = "display:block;max-height:56px;max-width:240px;width:auto;border:0"
    return f'<img src="{_safe(brand.logo_url, ledger)}" alt="{name}" height="56" style="{style}">'


def _contact(words: Wording) -> str:
    return (
        "<p><strong>{{ clinic.name }}</strong></p>"
        f'<p>{words.phone}: <a href="tel:{{{{ clinic.phone | dialled }}}}">{{{{ clinic.phone }}}}</a></p>'
        f"<p>{words.closed}: {{{{ clinic.out_of_hours }}}}</p>"
        f'<p>{words.emergency}: <a href="tel:{{{{ clinic.emergency_number | dialled }}}}">'
        "{{ clinic.emergency_number }}</a></p>"
    )


def _small(words: Wording) -> str:
    return (
        f"<p>{words.general_advice} {words.not_watched}</p>"
        f'<p>{words.why} <a href="{{{{ links.unsubscribe | web_address }}}}">{words.unsubscribe}</a></p>'
    )
