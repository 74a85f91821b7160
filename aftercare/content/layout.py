"""The branded page around a message. Its MJML is compiled once; words enter only the finished HTML."""

import hashlib
import re
from dataclasses import astuple, dataclass
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import css_inline
from mjml import mjml2html

from aftercare.content.colour import readable_against, readable_on
from aftercare.content.ledger import Ledger
from aftercare.content.wording import LANGUAGES, Wording, direction, wording

LAYOUT = Path(__file__).resolve().parents[2] / "templates" / "mail" / "layout.mjml"
_READ = "{{ links.read | web_address }}"
_CHECK_IN = "{{ links.check_in | web_address }}"
_SLOT = re.compile(r"\[\[(\w+)\]\]")
_CARD, _DARK_CARD = "#ffffff", "#1b232c"
MERGED = "{{ day.merged }}"
"""That the message speaks for several treatments of one day; empty, and then no paragraph, for one."""
_EVERY_ELEMENT = (
    "<h1>a</h1><h2>a</h2><h3>a</h3><p><a>a</a></p><ul><li><p>a</p></li></ul><ol></ol><hr><code></code>"
)


@dataclass(frozen=True)
class Brand:
    """How a clinic looks: `colour` as #rrggbb, `logo_url` an http(s) address or empty. Raises ValueError.

    `asks`: the message asks for a check-in, so that its one main button leads there. `numbers`:
    the placeholders whose contact can be dialled as it stands.
    """

    name: str
    colour: str
    logo_url: str = ""
    asks: bool = False
    numbers: tuple[str, ...] = ("clinic.phone", "clinic.emergency_number")

    def __post_init__(self) -> None:
        readable_on(self.colour)
        if self.logo_url and urlsplit(self.logo_url).scheme not in ("http", "https"):
            raise ValueError(f"{self.logo_url!r} is not a web address")

    @property
    def digest(self) -> str:
        """Changes when anything around the words changes: the brand, the layout, or the fixed wording."""
        return _digest(self)


@cache
def _shell() -> str:
    # The compiler gives cells an attribute that HTML does not know.
    return str(mjml2html(LAYOUT.read_text())).replace(' vertical-align="middle"', "")


@lru_cache(maxsize=1024)
def _digest(brand: Brand) -> str:
    """Of what comes out, in every language: whatever in this program or its libraries changes that shows."""
    ledger = Ledger(_EVERY_ELEMENT)
    written = [str(value) for value in astuple(brand)]
    for language in LANGUAGES:
        words = f"{_EVERY_ELEMENT}<blockquote>{_EVERY_ELEMENT}</blockquote>"
        html = page(words, "", brand=brand, locale=language, ledger=ledger)
        text = text_page("", brand=brand, locale=language, ledger=ledger)
        written += [ledger.restore(html, html=True), ledger.restore(text, html=False)]
    return hashlib.sha256("\0".join(written).encode()).hexdigest()


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True)


def page(body: str, preheader: str, *, brand: Brand, locale: str, ledger: Ledger) -> str:
    """The whole HTML document around a sanitised body; Liquid in it still stands as opaque words."""
    words = wording(locale)
    fill = {
        **_direction(locale),
        **_colours(brand),
        "lang": escape(locale),
        "name": _safe(brand.name, ledger),
        "preheader": preheader,
        "header": _header(brand, ledger),
        "body": f"<p>{ledger.swap(MERGED)}</p>{_with_way_in(body, words, ledger) if brand.asks else body}",
        "plan": ledger.swap(_CHECK_IN if brand.asks else f"{_READ}#plan"),
        "button": words.check_in if brand.asks else words.button,
        "contact": ledger.swap(_contact(words, brand.numbers)),
        "small": ledger.swap(_small(words, asks=brand.asks)),
    }
    return str(_inliner().inline(_SLOT.sub(lambda slot: fill[slot[1]], _shell())))


def _direction(locale: str) -> dict[str, str]:
    reads = direction(locale)
    return {"dir": reads, "start": "left" if reads == "ltr" else "right"}


def _colours(brand: Brand) -> dict[str, str]:
    """The clinic's colour as it is behind its name; elsewhere moved until it can be read on the card."""
    return {
        "colour": brand.colour,
        "on_colour": readable_on(brand.colour),
        "accent": readable_against(brand.colour, _CARD),
        "accent_dark": readable_against(brand.colour, _DARK_CARD),
        "card": _CARD,
        "dark": _DARK_CARD,
    }


def text_page(body: str, *, brand: Brand, locale: str, ledger: Ledger) -> str:
    """The plain-text twin with the same contacts and notices below it."""
    words = wording(locale)
    check_in = f"{words.check_in}: {_CHECK_IN}\n\n" if brand.asks else ""
    footer = (
        f"{check_in}"
        f"{words.phone}: {{{{ clinic.phone }}}}\n"
        f"{words.closed}: {{{{ clinic.out_of_hours }}}}\n"
        f"{words.emergency}: {{{{ clinic.emergency_number }}}}\n\n"
        f"{words.button}: {_READ}\n\n"
        f"{words.general_advice}\n{words.not_watched}\n\n"
        f"{words.why}\n{words.unsubscribe}: {{{{ links.unsubscribe | web_address }}}}\n"
    )
    signature = f"-- \n{ledger.swap('{{ clinic.name }}')}\n{ledger.swap(footer)}"
    return f"{ledger.swap(MERGED)}\n\n{body.rstrip()}\n\n{signature}"


def _safe(words: str, ledger: Ledger) -> str:
    return escape(words).replace("{", ledger.brace)


def _header(brand: Brand, ledger: Ledger) -> str:
    name = _safe(brand.name, ledger)
    if not brand.logo_url:
        return name
    style = (  # on a white plate, as logos are drawn for paper; its name is read there while it is not loaded
        "display:block;max-height:56px;max-width:240px;width:auto;border:0;"
        "padding:8px 12px;border-radius:6px;background-color:#ffffff;color:#1f2933"
    )
    return f'<img src="{_safe(brand.logo_url, ledger)}" alt="{name}" height="56" style="{style}">'


def _with_way_in(body: str, words: Wording, ledger: Ledger) -> str:
    """The way to the questions right after the first warning box too: the button is a long way down."""
    link = f'<p><strong><a href="{ledger.swap(_CHECK_IN)}">{words.check_in}</a></strong></p>'
    return body.replace("</blockquote>", f"</blockquote>{link}", 1)


def _contact(words: Wording, numbers: tuple[str, ...]) -> str:
    ways = {
        words.phone: "clinic.phone",
        words.closed: "clinic.out_of_hours",
        words.emergency: "clinic.emergency_number",
    }
    lines = [f"<p>{said}: {_way(path, numbers)}</p>" for said, path in ways.items()]
    return "<p><strong>{{ clinic.name }}</strong></p>" + "".join(lines)


def _way(path: str, numbers: tuple[str, ...]) -> str:
    shown = f"{{{{ {path} }}}}"
    return f'<a href="tel:{{{{ {path} | dialled }}}}">{shown}</a>' if path in numbers else shown


def _small(words: Wording, *, asks: bool) -> str:
    plan = f'<p><a href="{_READ}#plan">{words.button}</a></p>' if asks else ""
    return (
        f"<p>{words.general_advice} {words.not_watched}</p>"
        f'{plan}<p><a href="{_READ}">{words.browser}</a></p>'
        f'<p>{words.why} <a href="{{{{ links.unsubscribe | web_address }}}}">{words.unsubscribe}</a></p>'
    )
