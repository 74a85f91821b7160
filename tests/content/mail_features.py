"""Which features of HTML and CSS a mail uses, by the names of caniemail.com, and which programs lack them."""

import csv
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

TABLE = Path(__file__).with_name("caniemail.csv")
_COMMENT = re.compile(r"<!--.*?-->|/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_MEDIA = re.compile(r"@media[^{]*")
_UNIT = re.compile(r"\d(px|r?em|%|ch|cm|ex|in|mm|pc|pt|v(?:h|w|min|max))\b|\d(%)")
_ELEMENTS = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "html-h1-h6"),
    **dict.fromkeys(("ul", "ol", "li"), "html-lists"),
    **dict.fromkeys(("article", "section", "main", "header", "footer", "nav"), "html-semantics"),
}
_SELECTORS = {
    "class": r"\.\w",
    "id": r"#\w",
    "child": r">",
    "descendant": r"[\w\])]\s+[\w.#\[*]",
    "grouping": r",",
    "universal": r"\*",
    "attribute": r"\[",
    "adjacent-sibling": r"\+",
    "general-sibling": r"~",
    "chaining": r"\.[\w-]+\.",
    "type": r"(^|[\s,>])[a-z]",
}


def support() -> dict[str, dict[str, str]]:
    """Feature → program → y, a, n or u."""
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    return {row.pop("feature"): row for row in csv.DictReader(lines)}


def features_of(html: str) -> set[str]:
    """Names of the table alone. What stands in comments, as for Outlook, is left out."""
    mail = _Mail(known=support())
    mail.feed(_COMMENT.sub("", html))
    mail.close()
    return mail.found & mail.known.keys()


class _Mail(HTMLParser):
    def __init__(self, known):
        super().__init__(convert_charrefs=True)
        self.known, self.found, self._in_style = known, {"html-doctype"}, False

    def handle_starttag(self, tag, attrs):
        self._in_style = tag == "style"
        self.found.add(_ELEMENTS.get(tag, f"html-{tag}"))
        for name, value in attrs:
            self.found.add(f"html-{name}")
            if name == "style":
                self.found.update(self._declared(value))
            elif (tag, name, value) == ("meta", "name", "color-scheme"):
                self.found.add("html-meta-color-scheme")

    def handle_endtag(self, tag):
        self._in_style = False

    def handle_data(self, data):
        if self._in_style:
            self.found.update(self._styles(data))

    def _styles(self, css) -> Iterator[str]:
        for media in _MEDIA.findall(css):
            yield "css-at-media"
            yield from (
                name for name in self.known if name.startswith("css-at-media-") and name[13:] in media
            )
        for selector, declared in _RULE.findall(_MEDIA.sub("{}", css).replace("{}{", "")):
            clean = selector.strip(" \n{}")
            yield from (f"css-selector-{kind}" for kind, sign in _SELECTORS.items() if re.search(sign, clean))
            yield from (f"css-pseudo-class-{name}" for name in re.findall(r"(?<!:):([\w-]+)", clean))
            yield from self._declared(declared)

    def _declared(self, declarations) -> Iterator[str]:
        for declaration in declarations.split(";"):
            name, colon, value = (part.strip().lower() for part in declaration.partition(":"))
            if not colon or name.startswith(("mso-", "-")):
                continue
            yield self._property(name)
            yield f"css-{name}-{value.split()[0]}"
            yield from ("css-important" for _ in [0] if "!important" in value)
            yield from (
                f"css-unit-{'percent' if percent else unit}" for unit, percent in _UNIT.findall(value)
            )
            yield from (f"css-{call}" for call in re.findall(r"\b([a-z-]+)\(", value))

    def _property(self, name) -> str:
        """The property's own feature, else that of the shorthand it belongs to."""
        while f"css-{name}" not in self.known and "-" in name:
            name = name.rpartition("-")[0]
        return f"css-{name}"
