"""What a history says of a change: names for codes, and of a long text the place that changed."""

import pytest
from django.urls import reverse

from aftercare.clinics.models import Clinic, Membership, Role
from aftercare.console.history_words import LONGEST, changed_place
from aftercare.protocols.models import Protocol, ProtocolStep
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.console.test_scoping import page, populate

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
