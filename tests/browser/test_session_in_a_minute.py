"""A whole session in under a minute on a tablet, its taps counted; a follow-up task from claim to close."""

import pytest
from django.utils import timezone

from aftercare.clinics.models import Patient, Role
from aftercare.followups.models import Cause, FollowUpTask
from aftercare.treatments.models import SessionState, TreatmentSession
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SCANNED = ("01095060001343521026-ABC", "17270630")  # a GS1 code: item and lot, then the expiry
MOST_TAPS = 10
MOST_SECONDS = 60


@pytest.fixture
def clinic():
    clinic = factories.clinic(undo_minutes=3, quiet_from="08:00", quiet_until="08:00")
    favourite = {"name": "Glow", "device": "Pen 3"}
    factories.favourite(
        factories.practitioner(clinic, name="Dr Ellis Moreau"), factories.protocol(clinic), **favourite
    )
    return clinic


class Taps:
    """Taps on the page, counted."""

    def __init__(self):
        self.count = 0

    def __call__(self, locator):
        self.count += 1
        locator.tap()


def add_patient(page, tap):
    """Three fields typed in the dialog over the session's page, and the patient's consent ticked."""
    tap(page.get_by_role("link", name="New patient"))
    dialog = page.get_by_role("dialog")
    for name, text in (
        ("First name", "Amara"),
        ("Last name", "Okafor"),
        ("E-mail", "amara.okafor@example.com"),
    ):
        dialog.get_by_label(name, exact=True).fill(text)
    tap(dialog.get_by_text("The patient agreed to aftercare e-mail"))
    tap(dialog.get_by_role("button", name="Add the patient"))
    dialog.wait_for(state="hidden")


def scan(page, tap):
    """A hand scanner types the whole code, control and "]" where a part of it ends, and presses Enter."""
    lot = page.get_by_label("Cartridge lot", exact=True)
    tap(lot)
    page.keyboard.type(SCANNED[0])
    page.keyboard.press("Control+]")
    page.keyboard.type(SCANNED[1])
    page.keyboard.press("Enter")
    page.get_by_text("Read from the code; it expires on 30 Jun 2027.").wait_for()


def test_session_by_favourite_with_a_new_patient_and_a_scanned_lot_takes_under_a_minute(
    log_in, clinic, shoot
):
    page, tap = log_in(factories.user(clinic, Role.STAFF)), Taps()
    page.goto("/admin/")
    started = timezone.now()

    tap(page.get_by_role("link", name="Record a session"))
    page.get_by_label("Notes").evaluate("field => { field.value = 'Typed before.'; }")
    add_patient(page, tap)
    tap(page.get_by_role("button", name="Glow"))
    page.get_by_text("Filled in: Glow.").wait_for()
    tap(page.get_by_role("button", name="None of these"))
    tap(page.get_by_label("Consent to the treatment was signed"))
    scan(page, tap)
    shoot("session-in-a-minute", full_page=True)
    tap(page.get_by_role("button", name="Complete and schedule messages"))
    page.get_by_text("Completed. ").wait_for()

    session = TreatmentSession.objects.get()
    print(f"{tap.count} taps, {(timezone.now() - started).total_seconds():.0f} s by a machine")
    assert (session.state, session.patient) == (SessionState.COMPLETED, Patient.objects.get())
    assert (session.cartridge_lot, str(session.cartridge_expires_on)) == ("26-ABC", "2027-06-30")
    assert (session.device, session.notes) == ("Pen 3", "Typed before.")
    assert [str(area) for area in session.areas.all()] == ["Face 1.00 mm"]
    assert tap.count <= MOST_TAPS
    assert (timezone.now() - started).total_seconds() < MOST_SECONDS


def test_patient_known_already_is_chosen_from_the_dialog(log_in, clinic):
    factories.patient(clinic, first_name="Amara", last_name="Okafor", email="amara@example.com")
    page = log_in(factories.user(clinic, Role.STAFF))
    page.goto("/admin/treatments/treatmentsession/add/")

    add = page.get_by_role("link", name="New patient")
    add.tap()
    dialog = page.get_by_role("dialog")
    for name, text in (
        ("First name", "amara"),
        ("Last name", "okafor"),
        ("E-mail", "amara.okafor@example.com"),
    ):
        dialog.get_by_label(name, exact=True).fill(text)
    dialog.get_by_role("button", name="Add the patient").tap()
    dialog.get_by_role("button", name="amara@example.com").tap()
    page.locator("#plan .line", has_text="First night").wait_for()

    assert "Amara Okafor" in page.locator(".field-patient .select2-selection").inner_text()
    assert Patient.objects.count() == 1


def test_follow_up_task_is_claimed_noted_and_closed_with_its_outcome(log_in, clinic):
    task = FollowUpTask.objects.create(
        clinic=clinic,
        patient=factories.patient(clinic, first_name="Amara", last_name="Okafor", phone="020 7946 0123"),
        cause=Cause.MISSED,
        source="message:1:missed",
        opened_at=timezone.now(),
        deadline_at=timezone.now(),
    )
    user = factories.user(clinic, Role.STAFF)
    page = log_in(user)

    page.goto("/admin/followups/followuptask/")
    page.get_by_role("link", name=task.get_cause_display()).tap()
    page.get_by_role("button", name="Claim it").tap()
    page.get_by_text("The task is yours now.").wait_for()
    page.get_by_label("Note", exact=True).fill("No answer at 14:10.")
    page.get_by_role("button", name="Add the note").tap()
    page.locator("li", has_text="No answer at 14:10.").wait_for()
    page.get_by_label("What came of it").fill("Reached her; all is well.")
    page.get_by_role("button", name="Close the task").tap()
    page.wait_for_url("**/admin/followups/followuptask/")

    task.refresh_from_db()
    assert (task.claimed_by, task.closed_by, task.outcome) == (user, user, "Reached her; all is well.")
    assert [note.text for note in task.notes.all()] == ["No answer at 14:10."]
