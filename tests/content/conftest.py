"""What the tests of messages share: a brand, a way to render a body, and a judge of HTML."""

from collections import Counter
from html.parser import HTMLParser

import pytest

from aftercare.content.compiling import Brand, Source, compile_source
from aftercare.content.placeholders import sample_values
from aftercare.content.rendering import render

VOID = {"br", "hr", "img", "meta", "link", "input"}


class Page(HTMLParser):
    """A document's text, tags and attributes; `faults` lists tags that do not open and close in order."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.stack, self.faults, self.tags, self.attributes, self.pieces = [], [], Counter(), [], []
        self.feed(html)
        self.close()
        self.faults += self.stack
        self.text = "".join(self.pieces)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += attrs
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        self.pieces.append(data)

    def links(self):
        return [value for name, value in self.attributes if name == "href"]


@pytest.fixture(scope="session")
def brand():
    return Brand("Harbour Skin Clinic", "#0f766e")


@pytest.fixture(scope="session")
def compiled_of(brand):
    def compile_body(body, subject="Hello", preheader="", locale="en-GB"):
        return compile_source(Source(subject, preheader, body), brand=brand, locale=locale)

    return compile_body


@pytest.fixture(scope="session")
def rendered_of(compiled_of):
    """Renders a body with the sample's values, some of them replaced: `{"patient.first_name": "Ana"}`."""

    def render_body(body, overrides=None, **parts):
        values = sample_values(parts.get("locale", "en-GB"))
        for path, value in (overrides or {}).items():
            room, name = path.split(".")
            values[room][name] = value
        return render(compiled_of(body, **parts), values)

    return render_body


@pytest.fixture(scope="session")
def page_of():
    return Page


@pytest.fixture(scope="session")
def text_of(rendered_of):
    """The plain-text twin above its signature."""

    def text(body, overrides=None, **parts):
        return rendered_of(body, overrides, **parts).text.rpartition("\n\n-- \n")[0]

    return text
