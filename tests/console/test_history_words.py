"""What a history says of a change: names for codes, and of a long text the place that changed."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone
from simple_history.admin import SimpleHistoryAdmin

from aftercare.clinics.models import Clinic, Membership, Role
from aftercare.console import history_parts
from aftercare.console.history_values import in_words
from aftercare.console.history_words import LONGEST, changed_place
from aftercare.protocols.installing import install
from aftercare.protocols.kinds import Topic
from aftercare.protocols.models import Protocol, ProtocolStep
from aftercare.treatments.models import Favourite, Site, TreatedArea, TreatmentSession
from aftercare.treatments.screening import QUESTIONS
from tests import factories
from tests.console.test_scoping import page, populate

LABELS = {question.code: question.label for question in QUESTIONS}
LONG = "Rest well. " * 200


def test_short_values_are_shown_whole():
    assert changed_place("before", "after") == ("before", "after")


@pytest.mark.parametrize("at", [0, 250, len(LONG) - 1])
def test_changed_place_of_a_long_text_is_shown_wherever_it_is(at):
    new = f"{LONG[:at]}ICE{LONG[at:]}"

    was, now = changed_place(LONG, new)

    assert "ICE" in now
    assert "ICE" not in was
    assert max(len(was), len(now)) <= LONGEST + 10


def test_two_places_far_apart_are_both_shown():
    new = f"FIRST {LONG} LAST"

    _was, now = changed_place(LONG, new)

    assert "FIRST" in now
    assert "LAST" in now


def test_text_that_repeats_itself_is_cut_within_its_bounds():
    assert changed_place("a" * 500, "a" * 501) != ("a" * 500, "a" * 501)
    assert changed_place("", LONG)[0] == ""


@pytest.mark.django_db
def test_history_of_a_session_shows_the_change_deep_in_its_notes(client):
    rows = populate(factories.clinic())
    session = rows[TreatmentSession]
    for words in (LONG, f"{LONG[:250]} no sun {LONG[250:]}"):
        session.notes = words
        session.save()
    client.force_login(factories.user(rows[Clinic], Role.OWNER))

    told = client.get(page(TreatmentSession, "history", session.pk)).content.decode()

    assert "no sun" in told
    assert "chars]" not in told


@pytest.mark.django_db
def test_history_names_a_role_and_not_its_code(client):
    clinic = factories.clinic()
    client.force_login(factories.user(clinic, Role.OWNER))
    member = factories.user(clinic, Role.STAFF).memberships.get()
    member.role = Role.VIEWER
    member.save()

    own = client.get(page(Membership, "history", member.pk)).content.decode()
    of_the_clinic = client.get(page(Clinic, "history", clinic.pk)).content.decode()

    assert "Staff → Viewer" in own
    assert "Staff → Viewer" in of_the_clinic


@pytest.mark.django_db
def test_history_names_what_a_part_points_to(client):
    rows = populate(factories.clinic())
    step = ProtocolStep.objects.filter(protocol=rows[Protocol]).first()
    step.template, before = factories.template(rows[Clinic], name="Warm words"), step.template
    step.save()
    client.force_login(factories.user(rows[Clinic], Role.OWNER))

    told = client.get(reverse("admin:protocols_protocol_history", args=[rows[Protocol].pk])).content.decode()

    assert f"{before} → Warm words" in told


@pytest.mark.django_db
def test_history_of_a_protocol_says_from_how_many_hours_to_how_many(client):
    protocol = install("microneedling", clinic=factories.clinic())
    heat = protocol.restrictions.get(topic=Topic.HEAT)
    heat.hours_light, before = 96, heat.hours_light
    heat.save()
    heat.save()
    client.force_login(factories.user(protocol.clinic, Role.OWNER))

    told = client.get(page(Protocol, "history", protocol.pk)).content.decode()

    assert f"{before} → 96" in told
    assert told.count("Changed · restriction") == 1


@pytest.mark.django_db
def test_oldest_change_that_is_shown_says_what_was_before_it(monkeypatch):
    clinic = factories.clinic()
    member = factories.user(clinic, Role.STAFF).memberships.get()
    for role in (Role.VIEWER, Role.OWNER):
        member.role = role
        member.save()
    monkeypatch.setattr(history_parts, "MOST", 1)

    (change,) = history_parts.changes_of_parts(clinic, [Membership])

    assert [(old, new) for _field, old, new in change.fields] == [("Viewer", "Owner")]


@pytest.mark.django_db
def test_change_of_a_part_kept_from_now_on_says_that_what_was_before_is_unknown():
    rows = populate(factories.clinic())
    session = rows[TreatmentSession]
    area = session.areas.create(site=Site.NECK, depth_mm="0.50", passes=2)
    TreatedArea.objects.filter(pk=area.pk).update(id=9_000)
    area.pk = area.id = 9_000
    area.save()

    newest = history_parts.changes_of_parts(session, [TreatedArea])[0]

    assert "not written down" in newest.did


@pytest.mark.django_db
def test_oldest_change_on_a_page_of_a_history_says_what_was_before_it(client, monkeypatch):
    clinic = factories.clinic()
    for name in ("North", "South"):
        clinic.name = name
        clinic.save()
    monkeypatch.setattr(SimpleHistoryAdmin, "history_list_per_page", 1)
    client.force_login(factories.user(clinic, Role.OWNER))

    assert "North → South" in client.get(page(Clinic, "history", clinic.pk)).content.decode()


@pytest.mark.django_db
def test_row_saved_as_it_was_is_told_as_that(client):
    clinic = factories.clinic()
    clinic.save()
    client.force_login(factories.user(clinic, Role.OWNER))

    assert "saved without a change" in client.get(page(Clinic, "history", clinic.pk)).content.decode()


@pytest.mark.parametrize(
    ("model", "field", "value", "words"),
    [
        (Protocol, "variants", ["standard", "rf"], "Standard, Radio-frequency (RF)"),
        (TreatmentSession, "waits", {"heat": 96}, "Heat and sauna: 96"),
        (TreatmentSession, "screening", {"keloid": "yes"}, f"{LABELS['keloid']}: yes"),
        (Favourite, "areas", [{"site": "face", "depth_mm": "0.80", "passes": 3}], "Face 0.80 3"),
        (TreatmentSession, "ended_at", datetime(2026, 11, 26, 12, tzinfo=UTC), "Thu 26 Nov 2026, 13:00"),
        (TreatmentSession, "next_visit_on", date(2026, 11, 26), "Thu 26 Nov 2026"),
        (TreatmentSession, "treatment_consent", True, "yes"),
        (Clinic, "quiet_from", time(21), "21:00"),
        (Clinic, "time_zone", ZoneInfo("Europe/Madrid"), "Madrid time"),
        (TreatmentSession, "fitzpatrick", 4, "IV"),
        (TreatmentSession, "notes", None, ""),
    ],
)
def test_value_is_written_as_the_console_writes_it(model, field, value, words):
    with timezone.override(ZoneInfo("Europe/Madrid")):
        assert str(in_words(model._meta.get_field(field), value)).startswith(words)
