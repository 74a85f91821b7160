"""Another clinic's ids in whatever the console's pages read out of a query or a form.

Nobody lists the parameters: a page is asked, what it looks for is written down, and it is asked again with
ids of another clinic there, spelt as the console's own links spell them. A page that reads a new parameter is
covered with it. The rows of each clinic begin at one number in every table, so that the same row of theirs is
a thousand further on.
"""

import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import AutoField
from django.http import QueryDict
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from aftercare.clinics.models import Clinic, Role
from aftercare.content.models import TemplateVersion
from tests import factories
from tests.console.test_isolation import Walk, addresses, kept, pages, ties_between_clinics
from tests.console.test_scoping import MARK, populate

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
MINE, FURTHER = 1_001, 1_000
NUMBER = re.compile(r"(?<!\d)1\d{3}(?!\d)")
LINK = re.compile(r'href="([^"?]*)\?([^"#]+)')
SET_NEXT = {
    "sqlite": "INSERT INTO sqlite_sequence (name, seq) VALUES (%s || substr(%s, 1, 0), %s)",
    "postgresql": "SELECT setval(pg_get_serial_sequence(%s, %s), %s)",
}
#: Pages that read no parameter of ours but in forms, as other walks try them; and lists, which are read only.
NEVER, ONLY_READ = ("_history", "_delete", "_change", ":logout", ":jsi18n"), ("_changelist",)
#: What must be among the parameters that were found, or nothing is proven.
KNOWN = {"session", "patient", "clinic", "old", "new", "words", "template", "text", "message", "from"}


def begin_ids_at(number):
    """The next row of every table of ours that counts its rows gets this number."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence")
        for model in apps.get_models():
            if isinstance(model._meta.pk, AutoField) and model.__module__.startswith("aftercare."):
                column = model._meta.pk.column
                cursor.execute(SET_NEXT[connection.vendor], [model._meta.db_table, column, number - 1])


@dataclass
class Names:
    """What a page looks for: names whose value it reads, and names that must only be there."""

    values: set[str] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)

    @contextmanager
    def noting(self, monkeypatch):
        """While it lasts, adds each name that the console's own code looks for in a query or form.

        What Django's forms read are their fields: those take rows of the user's own, as the walk over every
        page tries by the names of the models' fields.
        """
        with monkeypatch.context() as patch:
            for name in ("get", "getlist", "__getitem__", "__contains__"):
                found = self.flags if name == "__contains__" else self.values
                patch.setattr(MultiValueDict, name, noted(getattr(MultiValueDict, name), found))
            yield
        self.flags -= self.values


def noted(read, found):
    def look(self, key, *args, **kwargs):
        asker = sys._getframe(1).f_code.co_filename
        if isinstance(self, QueryDict) and "/aftercare/console/" in asker:
            found.update({key} if not key.endswith("_FORMS") else ())  # how many there are: no id
        return read(self, key, *args, **kwargs)

    return look


def asked_pages(mine):
    """Each address that names no row, or one of ours; with its method, and our row of the page's model."""
    for page in pages():
        if page.name.endswith(NEVER) or page.parameters == ["name"]:
            continue
        methods = ("GET",) if page.name.endswith(ONLY_READ) else ("GET", "POST")
        if not page.parameters:
            yield from ((method, reverse(page.name), mine.get(page.model)) for method in methods)
        elif len(page.parameters) == 1 and page.model in mine:
            url = next(iter(addresses(page, mine[page.model], [])), None)
            yield from ((method, url, mine[page.model]) for method in methods if url)


class Asking:
    """Asks pages with ids of ours and of theirs, and remembers how the console's links spell ids of ours."""

    def __init__(self, client, mine, theirs):
        self.walk, self.mine = Walk(client, mine[Clinic].pk), mine
        self._pairs = {str(row.pk): str(theirs[model].pk) for model, row in mine.items()}
        self.links = {}

    def ask(self, method, url, data=None):
        answer = self.walk.silent(url, None, data, post=method == "POST")
        if not answer.streaming:
            for path, query in LINK.findall(answer.content.decode()):
                if NUMBER.search(query):
                    self.links.setdefault(path or url, QueryDict(unescape(query)).dict())

    def ours(self, names, url, row):
        """An id of ours for each name: as a link to the page has it, else of the model that is called so."""
        found = {name: self._id(name, row) for name in names}
        return found | {name: value for name, value in self.links.get(url, {}).items() if name in names}

    def of_theirs(self, value):
        """The id of theirs that stands where this one does among ours."""
        return self._pairs.get(value) or NUMBER.sub(lambda found: str(int(found[0]) + FURTHER), value)

    def _id(self, name, row):
        named = next((each for each in self.mine.values() if is_called(name, each)), None)
        return str((named or (row if row is not None else self.mine[Clinic])).pk)

    def with_theirs(self, names, url, row):
        """Ids of theirs beside ids of ours, so that a page reads on; all of them; all beside each flag."""
        own = self.ours(names.values, url, row)
        foreign = {name: self.of_theirs(value) for name, value in own.items()}
        alone = [name for name in sorted(foreign) if len(foreign) > 1 and self._may_name_a_row(name, url)]
        yield from ({**own, name: foreign[name]} for name in alone)
        yield from ({**foreign, **dict.fromkeys(each, "1")} for each in [(), *zip(sorted(names.flags))])

    def _may_name_a_row(self, name, url):
        return name in self.links.get(url, {}) or any(is_called(name, row) for row in self.mine.values())


def is_called(name, row):
    return row._meta.model_name.endswith(name)


def found_by_asking(asking, page, names, monkeypatch):
    """Adds to the names what the page looks for once it is given ids of ours."""
    method, url, row = page
    seen = None
    with names.noting(monkeypatch):
        while seen is None or names.values - seen:
            seen = set(names.values)
            asking.ask(method, url, asking.ours(seen, url, row))


def written_again(rows, mark=""):
    """The rows, whose draft has earlier words to be compared with."""
    rows[TemplateVersion].subject = f"{mark}Another subject"
    rows[TemplateVersion].save()
    return rows


def test_no_parameter_of_any_page_takes_an_id_of_another_clinic(client, bare, monkeypatch, record_property):
    begin_ids_at(MINE)
    mine = written_again(populate(factories.clinic(name="Harbour")))
    begin_ids_at(MINE + FURTHER)
    foreign = factories.clinic(name=f"{MARK}- Clinic", slug="zanzibar")
    theirs = written_again(populate(foreign, f"{MARK}-"), f"{MARK}-")
    asking, before = Asking(client, mine, theirs), kept(theirs)

    client.force_login(factories.user(mine[Clinic], Role.OWNER))
    read = {page: Names() for page in asked_pages(mine)}
    for page, names in read.items():
        found_by_asking(asking, page, names, monkeypatch)
    read = {page: names for page, names in read.items() if names.values}
    for (method, url, row), names in read.items():
        if url in asking.links:
            found_by_asking(asking, (method, url, row), names, monkeypatch)
        for data in asking.with_theirs(names, url, row):
            asking.ask(method, url, data)
    client.force_login(factories.user(mine[Clinic], Role.VIEWER))
    for (method, url, row), names in read.items():
        asking.ask(method, url, [*asking.with_theirs(Names(names.values), url, row)][-1])

    record_property("parameters", len(asking.walk.tried))
    assert asking.walk.leaks == []
    assert kept(theirs) == before
    assert list(ties_between_clinics()) == []
    assert KNOWN - set().union(*(names.values for names in read.values())) == set()
