"""A practitioner's favourites: saved from a session, started from, renamed, removed."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.treatments.favouring import NameTaken, save_favourite
from aftercare.treatments.models import Favourite, ProductApplied
from tests import factories
from tests.console.treatments.pages import ADD, NOW, completed, page
from tests.console.treatments.test_starting import rows_of, start, values

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(clinic):
    session = completed(clinic, device="Pen 3", cartridge_lot="OLD-1")
    ProductApplied.objects.create(session=session, name="Calm Gel", lot="OLD-2", for_home=True)
    return session


@pytest.fixture
def favourite(clinic):
    return factories.favourite(factories.practitioner(clinic), factories.protocol(clinic), name="Glow")


def manage(favourite, name="change"):
    return reverse(f"admin:treatments_favourite_{name}", args=[favourite.pk])


def test_favourite_holds_what_was_done_and_no_lot(client, staff, session):
    asked = client.get(page(session, "favourite")).content.decode()
    client.post(page(session, "favourite"), {"name": "Glow"})

    kept = Favourite.objects.get()
    assert 'value="Face 0.8 mm × 3"' in asked
    assert (kept.practitioner, kept.protocol, kept.device) == (
        session.practitioner,
        session.protocol,
        "Pen 3",
    )
    assert kept.areas == [{"site": "face", "depth_mm": "0.80", "passes": 3}]
    assert kept.products == [{"name": "Calm Gel", "for_home": True}]
    assert kept.created_at == NOW


def test_session_is_started_from_a_favourite_with_one_tap(client, staff, clinic, favourite):
    patient = factories.patient(clinic)

    html = client.get(ADD).content.decode()
    answer = start(client, patient, _start=f"favourite-{favourite.pk}")

    assert f'value="favourite-{favourite.pk}"' in html
    assert values(answer, "patient", "device") == [str(patient.pk), "Pen 3"]
    assert values(answer, "practitioner", "protocol") == [
        str(favourite.practitioner_id),
        str(favourite.protocol_id),
    ]
    area = rows_of(answer, "areas")[0]
    assert (area["areas-0-depth_mm"], area["areas-0-passes"]) == ("1.00", "3")


def test_favourite_may_be_started_from_before_the_patient_is_chosen(client, staff, clinic, favourite):
    patient = factories.patient(clinic)

    answer = start(client, patient, patient="", _start=f"favourite-{favourite.pk}")

    assert values(answer, "patient", "device") == ["", "Pen 3"]


@pytest.mark.parametrize("value", ["favourite-", "favourite-x", "favourite-" + "9" * 40, "favourite-999999"])
def test_favourite_that_is_not_there_fills_in_nothing_and_says_so(client, staff, clinic, value):
    answer = start(client, factories.patient(clinic), _start=value)

    assert "This favourite is not there any more" in answer.content.decode()


def test_favourite_of_another_clinic_is_neither_offered_nor_taken(client, staff, clinic):
    other = factories.clinic()
    theirs = factories.favourite(
        factories.practitioner(other), factories.protocol(other), name="Zanzibar", device="Zanzibar"
    )

    offered = client.get(ADD).content.decode()
    taken = start(client, factories.patient(clinic), _start=f"favourite-{theirs.pk}").content.decode()

    assert "Zanzibar" not in offered + taken


def test_own_favourites_stand_before_those_of_colleagues(client, staff, clinic, favourite):
    mine = factories.favourite(
        factories.practitioner(clinic, user=staff), favourite.protocol, name="My own way"
    )

    starts = client.get(ADD).context["starts"]

    assert [one.title for one in starts.own] == [mine.name]
    assert [[one.title for one in rows] for rows in starts.others.values()] == [["Glow"]]


@pytest.mark.parametrize("what", ["protocol", "practitioner"])
def test_favourite_with_something_not_in_use_any_more_is_not_offered(what, client, staff, favourite):
    row = getattr(favourite, what)
    row.active = False
    row.save()

    assert "Glow" not in client.get(ADD).content.decode()


def test_same_favourite_saved_twice_is_one(session):
    first = save_favourite(session, name="Glow", now=NOW)

    assert save_favourite(session, name="Glow", now=NOW) == first


def test_name_that_stands_for_something_else_is_refused(client, staff, session):
    factories.favourite(session.practitioner, session.protocol, name="Glow")

    answer = client.post(page(session, "favourite"), {"name": "Glow"})

    assert "has another favourite called “Glow”" in answer.content.decode()
    with pytest.raises(NameTaken):
        save_favourite(session, name="Glow", now=NOW)


def test_two_favourites_of_a_practitioner_never_share_a_name(favourite):
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.favourite(favourite.practitioner, favourite.protocol, name="Glow")


def test_favourite_is_renamed_and_removed_in_the_console(client, staff, favourite):
    client.post(manage(favourite), {"name": "Glow, deeper"})
    renamed = Favourite.objects.get().name
    client.post(manage(favourite, "delete"), {"post": "yes"})

    assert renamed == "Glow, deeper"
    assert not Favourite.objects.exists()


def test_name_taken_by_another_favourite_is_refused_when_renaming(client, staff, favourite):
    factories.favourite(favourite.practitioner, favourite.protocol, name="Calm")

    answer = client.post(manage(favourite), {"name": "Calm"})

    assert answer.status_code == 200
    assert Favourite.objects.filter(name="Glow").exists()


def test_viewer_reads_favourites_and_changes_none(client, clinic, favourite, session):
    client.force_login(factories.user(clinic, Role.VIEWER))

    answers = [
        client.get(manage(favourite)),
        client.post(manage(favourite), {"name": "Mine"}),
        client.post(manage(favourite, "delete"), {"post": "yes"}),
        client.post(page(session, "favourite"), {"name": "Mine"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 403, 403, 403]
    assert Favourite.objects.get().name == "Glow"
