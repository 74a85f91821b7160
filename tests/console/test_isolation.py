"""Every address of the console, as every role of one clinic, against every row of another.

The addresses come from the URL resolver and the rows from the registered models, so a new page is walked
without anyone remembering it. A page may refuse (403, 404), or show a list without the other clinic in it.
"""

import io
import zipfile
from dataclasses import dataclass, field
from itertools import product

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import ForeignKey
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from aftercare.clinics.models import Clinic, Role, User
from aftercare.console.access import clinic_id_of
from tests import factories
from tests.console.test_scoping import MARK, populate
from tests.scope_guard import belongs_to_a_clinic

pytestmark = pytest.mark.django_db
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
REFUSED = {403, 404}
#: What the console says of itself alone, whoever asks.
TELLS_NOTHING = {"admin:jsi18n", "admin:logout", "admin:password_change", "admin:password_change_done"}
FEWEST = 500  # a role; 2,000 for the four
#: What is refused to a role is refused on every database: one role opens each page on the second.
ROLES = [pytest.param(role, marks=pytest.mark.any_database) for role in Role.values if role != Role.OWNER]


@dataclass
class Page:
    """An address pattern of the console: its name, its parameters, and the model it is about, if any."""

    route: str
    name: str
    parameters: list[str]
    model: type | None


@dataclass
class Walk:
    """What one role tried, and where it saw or changed something of the other clinic."""

    client: Client
    clinic_id: int
    tried: set = field(default_factory=set)
    leaks: list = field(default_factory=list)

    def refused(self, url, row, **data):
        """The address names a row of the other clinic: it does not exist, for reading or writing."""
        answers = [self.client.get(url), self.client.post(url, data)]
        statuses = {answer.status_code for answer in answers}
        if not statuses & REFUSED or not statuses <= {*REFUSED, 405} or any(map(names_the_other, answers)):
            self.leaks.append((url, sorted(statuses)))
        self.tried |= {("GET", url, label(row)), ("POST", url, label(row))}

    def silent(self, url, row, data=None, *, post=False):
        """The address may answer, but names nothing of the other clinic."""
        answer = self.client.post(url, data or {}) if post else self.client.get(url, data or {})
        listed = answer.context.get("cl") if answer.context else None
        foreign = [one for one in listed.queryset if clinic_id_of(one) != self.clinic_id] if listed else []
        if answer.status_code >= 500 or foreign or names_the_other(answer):
            self.leaks.append((url, data, answer.status_code, foreign))
        self.tried.add(("POST" if post else "GET", url, str(data), label(row)))
        return answer


def label(row):
    return f"{row._meta.label}:{row.pk}" if row is not None else "all"


def names_the_other(answer):
    """Whether the answer, or a file within it, names anything of the other clinic but what was asked for."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if zipfile.is_zipfile(io.BytesIO(body)):
        archive = zipfile.ZipFile(io.BytesIO(body))
        body = b"".join(archive.read(name) for name in archive.namelist())
    return f"{MARK}-".encode() in body or f"{MARK}-".lower().encode() in body


def pages(resolver=None, prefix="", namespace=""):
    """Every address pattern below ``/admin/``."""
    for one in (resolver or get_resolver()).url_patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from pages(one, route, one.namespace or namespace)
        elif isinstance(one, URLPattern) and namespace == "admin" and one.name:
            yield Page(route, f"admin:{one.name}", parameters_of(one), model_of(one.name))


def parameters_of(pattern):
    named = list(pattern.pattern.regex.groupindex)
    return named or [str(n) for n in range(pattern.pattern.regex.groups)]


def model_of(name):
    """The model that a name such as ``clinics_patient_change`` is about: the longest that fits."""
    fits = [model for model in REGISTERED if name.startswith(f"{model._meta.label_lower.replace('.', '_')}_")]
    return max(fits, key=lambda model: len(model._meta.label), default=None)


def filled(page, values):
    keyed = not page.parameters[0].isdigit()
    arguments = {"kwargs": dict(zip(page.parameters, values, strict=True))} if keyed else {"args": values}
    return reverse(page.name, **arguments)


def addresses(page, row, others):
    """The page's addresses with the row first and, in every further place, whatever id there might be."""
    further = product(*([*others, "cancel"] for _ in page.parameters[1:]))
    for rest in further:
        for first in {quote(row.pk), str(row.pk)}:
            try:
                yield filled(page, [first, *rest])
                break
            except Exception:  # noqa: BLE001 - an id of another kind than the place takes
                continue


@pytest.fixture
def mine():
    return populate(factories.clinic(name="Harbour"))


@pytest.fixture
def theirs():
    return populate(factories.clinic(name=f"{MARK}- Clinic", slug="zanzibar"), f"{MARK}-")


def ids_of(rows):
    """Every id that a row or its newest version has, each once."""
    versions = {str(row.history.first().pk) for row in rows.values() if hasattr(row, "history")}
    return sorted({str(row.pk) for row in rows.values()} | versions)


def walk_rows(walk, theirs):
    """Every page that names a row, with the rows of its model; or with all, if it is of no model."""
    others = ids_of(theirs)
    for page in pages():
        if not page.parameters or page.name in TELLS_NOTHING or page.parameters == ["name"]:
            continue
        rows = rows_of(theirs[page.model], theirs) if page.model in theirs else theirs.values()
        for row in rows:
            for url in addresses(page, row, others):
                walk.refused(url, row)


def rows_of(row, theirs):
    """Rows of theirs of the same model, at most three."""
    if not belongs_to_a_clinic(type(row)):
        return [row]
    rows = type(row)._default_manager.all()
    return rows.filter(**{rows.clinic_path: theirs[Clinic].pk})[:3]


def walk_named_acts(walk, theirs):
    """Pages of what may be done to several rows at once, with rows of theirs."""
    for page in pages():
        if page.parameters == ["name"]:
            row = theirs[page.model]
            for name in actions_of(page.model):
                for post in (False, True):
                    walk.silent(filled(page, [name]), row, {"id": str(row.pk), "reason": "Mine"}, post=post)


def walk_own_rows_with_parts_of_theirs(walk, mine, theirs):
    """Pages of an own row that name something further: the further thing must be its own as well."""
    others = ids_of(theirs)
    for page in pages():
        if len(page.parameters) > 1 and page.model in mine:
            for url in addresses(page, mine[page.model], others):
                walk.silent(url, mine[page.model])


def walk_collections(walk, theirs):
    """Every page that names no row: lists, forms, exports, searches, and the console's own pages."""
    for page in pages():
        if page.parameters or page.name in TELLS_NOTHING:
            continue
        url = reverse(page.name)
        walk.silent(url, None)
        if page.name.endswith(("_changelist", ":search")):
            walk.silent(url, None, {"q": MARK, "s": MARK})
        else:
            walk.silent(url, None, {"format": "0", "file_format": "0", "resource": "0"}, post=True)


def walk_filters_and_choices(walk, theirs):
    """Lists narrowed to a row of theirs, and forms opened or sent with one."""
    for model in REGISTERED:
        base = f"admin:{model._meta.label_lower.replace('.', '_')}"
        pointing = [one for one in model._meta.get_fields() if isinstance(one, ForeignKey)]
        chosen = {one.name: theirs[one.related_model] for one in pointing if one.related_model in theirs}
        for name, row in chosen.items():
            walk.silent(reverse(f"{base}_changelist"), row, {f"{name}__id__exact": row.pk})
        data = {name: row.pk for name, row in chosen.items()}
        walk.silent(reverse(f"{base}_add"), theirs[model], data)
        walk.silent(reverse(f"{base}_add"), theirs[model], data, post=True)


def walk_autocompletes(walk, theirs):
    for model in REGISTERED:
        for one in model._meta.get_fields():
            if not isinstance(one, ForeignKey) or one.related_model not in theirs:
                continue
            asked = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
            for term in ("", f"{MARK}-", str(theirs[one.related_model].pk)):
                data = {**asked, "field_name": one.name, "term": term}
                walk.silent(reverse("admin:autocomplete"), theirs[one.related_model], data)


def walk_actions(walk, theirs):
    """Every bulk action, on a row of theirs: alone, and with "all rows" ticked."""
    for model in REGISTERED:
        url = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
        for name, across in product([*actions_of(model), "delete_selected"], ("0", "1")):
            ticked = {"action": name, "_selected_action": str(theirs[model].pk), "select_across": across}
            walk.silent(url, theirs[model], ticked, post=True)


def actions_of(model):
    model_admin = admin.site._registry[model]
    request = RequestFactory().get(reverse("admin:index"))
    request.user = User.objects.get(username="root")
    return list(model_admin.get_actions(request)) if model_admin.actions is not None else []


def kept(rows):
    """Everything stored of the rows and how often they were changed."""
    return {
        model: (
            model._base_manager.filter(pk=row.pk).values().get(),
            row.history.count() if hasattr(row, "history") else 0,
        )
        for model, row in rows.items()
    }


def ties_between_clinics():
    """Rows that point at a row of another clinic than their own."""
    for model in filter(belongs_to_a_clinic, REGISTERED):
        for row in model._default_manager.all():
            for one in row._meta.get_fields():
                pointed = getattr(row, one.name, None) if isinstance(one, ForeignKey) else None
                if pointed is not None and clinic_id_of(pointed) not in (None, clinic_id_of(row)):
                    yield row, one.name


@pytest.mark.parametrize("role", [Role.OWNER, *ROLES])
def test_no_role_meets_anything_of_another_clinic(role, client, mine, theirs, record_property):
    factories.user(None, username="root", is_superuser=True)
    client.force_login(factories.user(mine[Clinic], role))
    before, walk = kept(theirs), Walk(client, mine[Clinic].pk)

    walk_rows(walk, theirs)
    walk_own_rows_with_parts_of_theirs(walk, mine, theirs)
    walk_collections(walk, theirs)
    walk_filters_and_choices(walk, theirs)
    walk_autocompletes(walk, theirs)
    walk_actions(walk, theirs)
    walk_named_acts(walk, theirs)

    record_property("triples", len(walk.tried))
    assert walk.leaks == []
    assert kept(theirs) == before
    assert list(ties_between_clinics()) == []
    assert len(walk.tried) >= FEWEST


def test_walked_addresses_lead_somewhere_for_those_who_may_see(mine):
    """The walk would prove nothing if its addresses were wrong: to a superuser they open."""
    client = Client()
    client.force_login(factories.user(None, username="root", is_superuser=True))
    named = [page for page in pages() if page.parameters in (["object_id"], ["pk"]) and page.model in mine]

    lost = {
        page.name
        for page in named
        if not any(client.get(url).status_code != 404 for url in addresses(page, mine[page.model], []))
    }

    assert {page.model for page in named} == set(REGISTERED)
    assert lost == set()
