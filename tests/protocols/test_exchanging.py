"""A protocol as JSON and back: nothing lost, and every mistake named with its place."""

import json
from copy import deepcopy

import pytest

from aftercare.protocols.exchanging import LARGEST, NotAProtocol, exported, read, written
from aftercare.protocols.installing import install, install_copy
from aftercare.protocols.library import load
from aftercare.protocols.models import ProtocolStep, Restriction
from aftercare.protocols.schema import _KEYWORDS, _SILENT, protocol_schema
from tests import factories

pytestmark = pytest.mark.django_db
DOCUMENT = {
    "format": "aftercare-protocol",
    "version": 1,
    "slug": "peel",
    "name": "Peel",
    "variants": ["standard"],
    "steps": [
        {
            "slug": "day-1",
            "number": 1,
            "name": "The day after",
            "kind": "wall_time",
            "day": 1,
            "at": "09:00",
            "latest_day": 1,
            "latest_at": "18:00",
            "texts": {"en": {"subject": "A note", "body": "Rest well."}},
        },
        {
            "slug": "evening",
            "number": 2,
            "name": "Evening",
            "kind": "elapsed",
            "minutes": 60,
            "latest_minutes": 240,
            "texts": {},
        },
    ],
    "restrictions": [{"topic": "heat", "hours_light": 48, "hours_deeper": None}],
}


@pytest.fixture
def clinic():
    return factories.clinic()


def changed(**paths):
    """The document with the values at these places: ``steps__0__day`` is the first step's day."""
    document = deepcopy(DOCUMENT)
    for path, value in paths.items():
        *way, last = [int(part) if part.isdigit() else part for part in path.split("__")]
        target = document
        for part in way:
            target = target[part]
        target[last] = value
    return document


def mistakes_of(document):
    with pytest.raises(NotAProtocol) as caught:
        read(json.dumps(document) if isinstance(document, dict | list) else document)
    return [(each.place, each.message) for each in caught.value.mistakes]


def facts_of(protocol):
    """All that a protocol is made of but its clinic, ids and slugs."""
    steps = [
        {
            name: value
            for name, value in ProtocolStep.objects.filter(pk=step.pk).values().get().items()
            if name not in ("id", "protocol_id", "template_id")
        }
        | {"texts": sorted(step.template.versions.values_list("language", "subject", "body"))}
        for step in protocol.steps.all()
    ]
    hours = Restriction.objects.filter(protocol=protocol)
    return steps, list(hours.values_list("topic", "hours_light", "hours_deeper", "least_hours", "most_hours"))


def test_exported_protocol_comes_back_the_same_in_another_clinic(clinic):
    protocol = install("microneedling", clinic=clinic)

    copy = install_copy(read(written(protocol)), clinic=factories.clinic())

    assert facts_of(copy) == facts_of(protocol)
    assert copy.slug == "microneedling"


def test_export_after_import_is_the_same_document(clinic):
    protocol = install("microneedling", clinic=clinic)
    copy = install_copy(read(written(protocol)), clinic=factories.clinic())

    assert written(copy) == written(protocol)


def test_exported_protocol_keeps_to_its_own_schema(clinic):
    protocol = install("microneedling", clinic=clinic)
    protocol.steps.filter(safety_critical=False).update(enabled=False, may_be_skipped=True)

    plan = read(json.dumps(exported(protocol)))

    assert [step.enabled for step in plan.steps].count(False) == 1


def test_imported_texts_are_drafts(clinic):
    copy = install_copy(read(json.dumps(DOCUMENT)), clinic=clinic)

    versions = copy.steps.get(slug="day-1").template.versions
    assert list(versions.values_list("status", "body")) == [("draft", "Rest well.")]


def test_import_never_touches_a_protocol_that_is_there(clinic):
    first = install_copy(read(json.dumps(DOCUMENT)), clinic=clinic)
    words = first.steps.get(slug="day-1").template.versions.get()
    changed_words = changed(steps__0__texts__en__body="Other words.")

    second = install_copy(read(json.dumps(changed_words)), clinic=clinic)

    words.refresh_from_db()
    assert (first.slug, second.slug) == ("peel", "peel-2")
    assert words.body == "Rest well."
    assert second.steps.get(slug="day-1").template.versions.get().body == "Other words."


def test_slugs_of_any_length_make_templates_of_their_own(clinic):
    long = {"slug": "p" * 50, "steps__0__slug": "s" * 50, "steps__1__slug": "s" * 49}

    copies = [install_copy(read(json.dumps(changed(**long))), clinic=clinic) for _each in range(2)]

    templates = [step.template for copy in copies for step in copy.steps.all()]
    assert [copy.slug for copy in copies] == ["p" * 50, f"{'p' * 46}-2"]
    assert len({template.slug for template in templates}) == 4
    assert all(len(template.slug) <= 50 for template in templates)


def test_copy_of_the_library_stands_beside_the_installed_one(clinic):
    install("microneedling", clinic=clinic)

    copies = [install_copy(load("microneedling"), clinic=clinic) for _each in range(2)]

    assert [copy.slug for copy in copies] == ["microneedling-2", "microneedling-3"]
    assert all(copy.steps.count() == 7 for copy in copies)


@pytest.mark.parametrize(
    ("over", "place", "words"),
    [
        ({"version": 2}, "version", "must be “1”"),
        ({"version": True}, "version", "must be “1”"),
        ({"format": "other"}, "format", "aftercare-protocol"),
        ({"variants": []}, "variants", "at least 1 entry"),
        ({"variants": ["standart"]}, "variants[0]", "Did you mean “standard”?"),
        ({"nam": "x"}, "nam", "Did you mean “name”?"),
        ({"slug": "Not A Slug"}, "slug", "not written as it must be"),
        ({"name": "x" * 121}, "name", "longer than 120"),
        ({"name": ""}, "name", "must not be empty"),
        ({"steps": {}}, "steps", "of the kind array"),
        ({"steps__0__kind": "elapsd"}, "steps[0].kind", "Did you mean “elapsed”?"),
        ({"steps__0__day": 401}, "steps[0].day", "at most 400"),
        ({"steps__0__day": -1}, "steps[0].day", "at least 0"),
        ({"steps__0__day": True}, "steps[0].day", "of the kind integer"),
        ({"steps__0__day": 1.5}, "steps[0].day", "of the kind integer"),
        ({"steps__0__at": "24:00"}, "steps[0].at", "not written as it must be"),
        ({"steps__0__at": "09:00\n"}, "steps[0].at", "not written as it must be"),
        ({"steps__0__latest_day": 0}, "steps[0]", "must not come before"),
        ({"steps__1__minutes": 300}, "steps[1]", "must not come before"),
        ({"steps__1__number": 1}, "steps[].number", "more than once"),
        ({"steps__1__slug": "day-1"}, "steps[].slug", "more than once"),
        ({"steps__1__safety_critical": True}, "steps[1].late_action", "follow-up task"),
        ({"steps__0__texts__fr": {"subject": "x", "body": "y"}}, "steps[0].texts.fr", "Nothing is known"),
        ({"steps__0__texts__en__body": "x" * 20_001}, "steps[0].texts.en.body", "longer than 20000"),
        ({"restrictions__0__topic": "sauna"}, "restrictions[0].topic", "must be one of"),
        (
            {"restrictions__0__least_hours": 9, "restrictions__0__most_hours": 8},
            "restrictions[0]",
            "least hours",
        ),
    ],
)
def test_mistake_is_named_with_its_place(over, place, words):
    found = mistakes_of(changed(**over))

    assert any(each == place and words in message for each, message in found), found


def test_every_mistake_is_named_at_once():
    found = mistakes_of(changed(version=3, steps__0__day=999, steps__1__kind="never"))

    assert {"version", "steps[0].day", "steps[1].kind"} <= {place for place, _message in found}


def test_missing_field_of_the_steps_kind_is_named():
    document = changed()
    del document["steps"][1]["latest_minutes"]

    assert mistakes_of(document) == [("steps[1].latest_minutes", "This is missing.")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"format": ', "no JSON: line 1, column 12"),
        ("[]", "of the kind object"),
        (b"\xff\xfe\x00{", "no text in UTF-8"),
        ("[" * 100_000, "no JSON"),
        ('{"a": ' * 50_000, "no JSON"),
        (" " * (LARGEST + 1), "larger than 1000 kB"),
        ("9" * 5000, "no JSON"),
    ],
)
def test_what_is_no_document_is_refused_in_plain_words(text, words):
    assert words in mistakes_of(text)[0][1]


def keywords(schema):
    for name, value in schema.items():
        yield name
        for each in value.values() if name in ("properties", "$defs") else [value]:
            if isinstance(each, dict):
                yield from keywords(each)


def test_schema_uses_no_keyword_that_nobody_checks():
    assert set(keywords(protocol_schema())) <= {*_KEYWORDS, *_SILENT, "type", "$ref"}
