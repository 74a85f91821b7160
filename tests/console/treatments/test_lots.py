"""The cartridge's lot: typed or scanned, known lots offered, an expired one told and written down."""

from datetime import date

import pytest

from aftercare.clinics.models import Role
from aftercare.treatments.models import SessionState, TreatmentSession
from tests import factories
from tests.console.treatments.pages import ADD, completed, errors_of, page

pytestmark = pytest.mark.django_db
LOT = "/admin/treatments/treatmentsession/lot/"
ITEM = "0109506000134352"
CODE = f"]d2{ITEM}1727063010ABC123"


def told(client, text, **more):
    return client.get(LOT, {"text": text, **more}).json()


def test_scanned_code_that_was_saved_as_it_came_becomes_lot_and_expiry(client, staff, posted):
    client.post(ADD, {**posted, "cartridge_lot": f"{CODE}\x1d21SERIALNUMBER1234567890", "_complete": "1"})

    session = TreatmentSession.objects.get()
    assert (session.cartridge_lot, session.cartridge_expires_on) == ("ABC123", date(2027, 6, 30))


def test_expiry_that_was_typed_stays_beside_a_scanned_code(client, staff, posted):
    typed = {"cartridge_lot": CODE, "cartridge_expires_on": "2027-06-29"}

    client.post(ADD, {**posted, **typed, "_complete": "1"})

    assert TreatmentSession.objects.get().cartridge_expires_on == date(2027, 6, 29)


def test_typed_lot_is_kept_as_it_is(client, staff, posted):
    client.post(ADD, {**posted, "cartridge_lot": "10-ABC/7", "_complete": "1"})

    assert TreatmentSession.objects.get().cartridge_lot == "10-ABC/7"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{ITEM}10ABC12317270630", "Type the lot and the expiry as they are printed"),
        (f"{ITEM}17270630", "This code holds no lot"),
        ("A" * 61, "A lot has at most 60 characters"),
        ("A" * 501, "at most 500"),
    ],
)
def test_code_without_a_clear_lot_is_refused_even_in_a_draft(client, staff, posted, text, said):
    answer = client.post(ADD, {**posted, "cartridge_lot": text, "_save": "1"})

    assert said in errors_of(answer)["cartridge_lot"]
    assert not TreatmentSession.objects.exists()


def test_scan_is_told_with_its_expiry(client, staff, clinic):
    assert told(client, CODE) == {
        "lot": "ABC123",
        "expires_on": "2027-06-30",
        "said": "Read from the code; it expires on 30 Jun 2027. Compare it with the package.",
        "tone": "good",
    }


def test_expired_code_is_told_at_once(client, staff, clinic):
    found = told(client, f"{ITEM}1726032710OLD1", clinic=clinic.pk)

    assert (found["lot"], found["tone"]) == ("OLD1", "bad")
    assert "expired on 27 Mar 2026" in found["said"]


def test_unclear_code_is_told_without_a_lot(client, staff):
    found = told(client, f"{ITEM}10ABC12317270630")

    assert (found["lot"], found["tone"]) == ("", "bad")


def test_known_lot_brings_its_expiry(client, staff, clinic):
    completed(clinic, cartridge_lot="L-7", cartridge_expires_on=date(2027, 1, 31))

    found = told(client, "L-7", clinic=clinic.pk)

    assert found["expires_on"] == "2027-01-31"
    assert found["said"] == "Used here before; it expires on 31 Jan 2027."


def test_lots_used_of_late_are_offered_and_never_another_clinics(client, staff, clinic):
    completed(clinic, cartridge_lot="L-7", cartridge_expires_on=date(2027, 1, 31))
    other = factories.clinic()
    completed(other, cartridge_lot="ZANZIBAR", cartridge_expires_on=date(2027, 2, 28))

    html = client.get(ADD).content.decode()
    foreign = told(client, "ZANZIBAR", clinic=other.pk)

    assert '<option value="L-7">expires 31 Jan 2027</option>' in html
    assert "ZANZIBAR" not in html
    assert foreign["expires_on"] == ""


def test_expired_cartridge_is_completed_only_with_the_reason_which_the_page_shows(client, staff, posted):
    expired = {"cartridge_lot": "L-7", "cartridge_expires_on": "2026-03-27", "_complete": "1"}

    refused = client.post(ADD, {**posted, **expired})
    client.post(ADD, {**posted, **expired, "cartridge_note": "The last one; seen afterwards."})

    session = TreatmentSession.objects.get()
    html = client.get(page(session)).content.decode()
    assert "write down why" in errors_of(refused)["cartridge_expires_on"]
    assert session.state == SessionState.COMPLETED
    assert session.history.first().cartridge_note == "The last one; seen afterwards."
    assert "Used although expired" in html


def test_viewer_is_told_nothing_of_lots(client, clinic):
    client.force_login(factories.user(clinic, Role.VIEWER))

    assert client.get(LOT, {"text": "L-7"}).status_code == 403
