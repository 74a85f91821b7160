"""Script in every text that any row keeps is shown as words, on every page of the console."""

import json
from html.parser import HTMLParser

import pytest
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.db.models import CharField, DateTimeField, EmailField, TextField, UUIDField
from django.urls import reverse

from aftercare.clinics.models import Role
from tests import factories
from tests.console.test_isolation import REGISTERED, addresses, pages
from tests.console.test_scoping import populate

pytestmark = pytest.mark.django_db
SCRIPT = "<script>x</script>\"'><img src=x onerror=x>"
#: Texts that are read by machine, of which the wrong ones stop the page that they are for.
OF_MACHINES = {
    "slug",
    "source",
    "password",
    "fingerprint",
    "locale",
    "language",
    "time_zone",
    "token",
    "colour",
}


def texts_of(model):
    """The fields of a model in which somebody may have written anything."""
    return [
        one
        for one in model._meta.concrete_fields
        if isinstance(one, CharField | TextField)
        and not isinstance(one, UUIDField | DateTimeField)
        and not one.choices
        and not one.primary_key
        and one.name not in OF_MACHINES
    ]


def poison(row):
    """Puts the script into each of the row's texts that the database lets have it; returns their names."""
    poisoned = []
    for one in texts_of(type(row)):
        text = SCRIPT[: one.max_length] if one.max_length else SCRIPT
        text = f"{text}@example.com" if isinstance(one, EmailField) else text
        try:
            with transaction.atomic():
                type(row)._base_manager.filter(pk=row.pk).update(**{one.name: text})
        except IntegrityError:
            continue
        poisoned.append(f"{row._meta.label}.{one.name}")
    return poisoned


@pytest.fixture
def rows(client):
    clinic = factories.clinic(name="Harbour")
    rows = populate(clinic)
    client.force_login(factories.user(clinic, Role.OWNER))
    return rows


class Harm(HTMLParser):
    """Collects what a browser would have run of the script."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [tag for name, _value in attrs if name == "onerror"]

    def handle_data(self, data):
        if self.cdata_elem == "script" and data == "x":
            self.found.append("script")


def harm_in(answer):
    if not answer["Content-Type"].startswith("text/html"):
        return []
    parser = Harm()
    parser.feed(answer.content.decode())
    return parser.found


def test_what_is_looked_for_is_found_when_it_is_there():
    parser = Harm()
    parser.feed(f"<p>{SCRIPT}</p>")

    assert parser.found == ["script", "img"]


@pytest.mark.any_database
def test_script_in_any_text_of_any_row_is_shown_as_words(client, rows):
    poisoned = [name for row in rows.values() for name in poison(row)]

    others = [str(row.pk) for row in rows.values()]
    named = {
        url
        for page in pages()
        if page.model in rows and page.parameters and page.parameters != ["name"]
        for url in addresses(page, rows[page.model], others)
    }
    lists = {reverse(page.name) for page in pages() if not page.parameters and page.name != "admin:logout"}
    answers = {url: client.get(url) for url in sorted(named | lists)}
    shown = [url for url, answer in answers.items() if answer.status_code == 200]
    print(json.dumps({"texts": len(poisoned), "pages": len(answers), "shown": len(shown)}))

    assert [(url, harm_in(answers[url])) for url in shown if harm_in(answers[url])] == []
    assert {row._meta.label for row in rows.values()} >= {model._meta.label for model in REGISTERED}
    assert len(poisoned) >= 40
    assert len(shown) >= len(admin.site._registry)
