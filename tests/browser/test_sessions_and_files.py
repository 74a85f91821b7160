"""On a tablet: a session is moved, and a file with errors is brought in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from aftercare.clinics.models import Role
from aftercare.outbox.planning import complete_session
from aftercare.protocols.models import Restriction
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.browser.looking import grave
from tests.outbox.importing.files import as_csv

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clinic():
    clinic = factories.clinic(quiet_from="08:00", quiet_until="08:00")
    factories.practitioner(clinic, name="Dr Moreau")
    protocol = factories.protocol(clinic, slug="microneedling")
    protocol.steps.filter(slug="day-1").update(may_be_skipped=True)
    Restriction.objects.create(protocol=protocol, topic="heat", hours_light=24, hours_deeper=48)
    return clinic


def test_session_is_moved_after_its_effect_was_seen(log_in, clinic, shoot):
    now = timezone.now()
    same = {"protocol": clinic.protocols.get(), "practitioner": clinic.practitioners.get(name="Dr Moreau")}
    session = factories.treatment_session(clinic, ended_at=now - timedelta(minutes=20), **same)
    complete_session(session, by=None, now=now)
    page = log_in(factories.user(clinic, Role.CLINICIAN))  # who answers for another wait
    earlier = (now - timedelta(minutes=50)).astimezone(clinic.time_zone)

    page.goto(f"/admin/treatments/treatmentsession/{session.pk}/change/")
    page.get_by_role("link", name="Correct or move").click()
    page.get_by_label("Treatment ended at").fill(f"{earlier:%Y-%m-%dT%H:%M}")
    page.locator("#plan .line", has_text="First night").get_by_text("Changes").wait_for()
    page.locator(".overrides summary").click()
    page.get_by_label("Heat and sauna").fill("72")
    page.locator("#plan .waiting .changed").wait_for()
    shoot("move-session", full_page=True)
    assert grave(page) == []
    page.get_by_role("button", name="Save the correction").click()
    page.get_by_text("Completed. ").or_(page.get_by_text("Look at the plan")).first.wait_for()

    session.refresh_from_db()
    assert session.ended_at == earlier.replace(second=0, microsecond=0)
    assert session.waits == {"heat": 72}


def test_file_with_errors_is_brought_in_without_them(log_in, clinic, shoot, tmp_path):
    file = tmp_path / "sessions.csv"
    second = {"external_id": "S-2", "patient_external_id": "P-2", "last_name": "Haddad", "email": "n@example"}
    data = as_csv({}, {**second, "areas": "nose:0.5"}, {"external_id": "S-3"})
    file.write_bytes(data.replace(b"last_name", b"Called"))
    page = log_in(factories.user(clinic, Role.STAFF))

    page.goto("/admin/treatments/treatmentsession/")
    page.get_by_role("link", name="Import a file…").click()
    page.get_by_role("button", name="Read the file").click()
    page.locator(".field-error").wait_for()
    shoot("import-upload", full_page=True)
    assert grave(page) == []
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Read the file").click()
    page.get_by_label("What “Called” holds").select_option("last_name")
    shoot("import-columns", full_page=True)
    page.get_by_role("button", name="Read the columns like this").click()
    page.get_by_role("cell", name="n@example", exact=True).wait_for()
    shoot("import-preview", full_page=True)
    assert grave(page) == []
    page.get_by_label("Leave out the 2 rows that are not stored").check()
    page.get_by_role("button", name="Store 1 row").click()
    page.get_by_text("1 row was stored.").wait_for()

    assert [session.external_id for session in TreatmentSession.objects.all()] == ["S-1"]
