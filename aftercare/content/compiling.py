"""A text compiled once, so that sending only fills placeholders in subject, HTML and plain text."""

import hashlib
import re
from dataclasses import dataclass
from html import escape

import nh3
from django.utils.translation import gettext as _

from aftercare.content.layout import Brand, page, text_page
from aftercare.content.ledger import Ledger
from aftercare.content.links import SCHEMES
from aftercare.content.liquid import find_problems
from aftercare.content.markup import read
from aftercare.content.nodes import settled
from aftercare.content.problems import ContentError
from aftercare.content.segments import printable, problem_at
from aftercare.content.writing import to_html, to_text

__all__ = ["Brand", "Compiled", "ContentError", "Source", "compile_source"]

FIELDS = ("subject", "preheader", "body")
_TAGS = {"h1", "h2", "h3", "p", "br", "hr", "ul", "ol", "li", "blockquote", "strong", "em", "a", "code"}
_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Source:
    """What clinic staff wrote: subject and preheader in a line each, body in Markdown; all with Liquid."""

    subject: str
    preheader: str
    body: str


@dataclass(frozen=True)
class Compiled:
    """Liquid to fill: `html` with HTML escaping, `subject` and `text` without; `digest` is of all three."""

    subject: str
    html: str
    text: str
    digest: str

    def __hash__(self) -> int:
        return hash(self.digest)


def compile_source(source: Source, *, brand: Brand, locale: str) -> Compiled:
    """Raises ContentError with everything that is wrong; KeyError for a language without fixed wording."""
    source = Source(*(printable(getattr(source, field)) for field in FIELDS))
    problems = [
        problem.within(field) for field in FIELDS for problem in find_problems(getattr(source, field))
    ]
    if problems:
        raise ContentError(*problems)
    ledger = Ledger(source.body, source.preheader, brand.name, brand.logo_url)
    html, text = _body(source.body, ledger, brand.numbers)
    preheader = _one_line(escape(ledger.swap(source.preheader)).replace("{", ledger.brace))
    whole_html = page(html, preheader, brand=brand, locale=locale, ledger=ledger)
    whole_text = text_page(text, brand=brand, locale=locale, ledger=ledger)
    subject = _one_line(source.subject)
    html, text = ledger.restore(whole_html, html=True), ledger.restore(whole_text, html=False)
    return Compiled(subject, html, text, digest_of(subject, html, text))


def _body(source: str, ledger: Ledger, numbers: tuple[str, ...]) -> tuple[str, str]:
    tree = settled(read(source, ledger))
    html = _in_one_line(sanitised(to_html(tree, ledger, numbers=numbers)), ledger)
    text = to_text(tree, ledger)
    if lost := ledger.missing_from(text):
        message = _("“%(part)s” has no place in the text here.") % {"part": lost[0].source}
        raise ContentError(problem_at(source, lost[0].offset, message))
    return html, text


def _in_one_line(html: str, ledger: Ledger) -> str:
    """Links that show a number alone keep it in one line; others may be long."""
    number = re.compile(rf'<a (href="tel:{ledger.value.pattern}">{ledger.value.pattern}</a>)')
    return number.sub(r'<a style="white-space:nowrap" \1', html)


def sanitised(html: str) -> str:
    """The elements a message may hold, with no attribute but where a link leads and a list begins."""
    return nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=set(SCHEMES), link_rel=None)


def _one_line(words: str) -> str:
    return _SPACES.sub(" ", words).strip()


def digest_of(subject: str, html: str, text: str) -> str:
    """SHA-256 over the three forms, as hexadecimal."""
    return hashlib.sha256("\0".join((subject, html, text)).encode()).hexdigest()
