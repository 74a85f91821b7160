"""Staff's opening of a patient's pages leaves a row, which owners see on the patient."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from aftercare.checkins.models import CheckIn
from aftercare.clinics.history import HistoryIsKept
from aftercare.clinics.models import Clinic, Patient, Role
from aftercare.clinics.readings import Reading
from aftercare.followups.models import FollowUpTask
from aftercare.outbox.models import ScheduledMessage
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.console.test_scoping import page, populate

pytestmark = pytest.mark.django_db
SHOWN = {
    Patient: "patient",
    TreatmentSession: "session",
    ScheduledMessage: "message",
    CheckIn: "check_in",
    FollowUpTask: "task",
}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 3, 28, 16, 2, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def rows():
    return populate(factories.clinic(name="Harbour"))


@pytest.fixture
def clerk(client, rows):
    user = factories.user(rows[Clinic], Role.STAFF, username="clerk")
    client.force_login(user)
    return user


def open_page(client, row, status=200):
    assert client.get(page(type(row), "change", row.pk)).status_code == status


@pytest.mark.parametrize(("model", "said"), SHOWN.items(), ids=SHOWN.values())
def test_opened_page_leaves_who_opened_what_of_whom_and_when(model, said, client, clerk, rows):
    open_page(client, rows[model])

    reading = Reading.objects.get()
    assert (reading.user, reading.page, reading.row) == (clerk, said, str(rows[model].pk))
    assert (reading.patient, reading.clinic) == (rows[Patient], rows[Clinic])
    assert reading.at == datetime(2026, 3, 28, 16, 2, tzinfo=UTC)


def test_reload_within_minutes_leaves_one_row_and_a_later_one_another(client, clock, clerk, rows):
    for _time in range(3):
        open_page(client, rows[Patient])
    once = Reading.objects.count()
    clock.shift(timedelta(minutes=15))
    open_page(client, rows[Patient])

    assert (once, Reading.objects.count()) == (1, 2)


def test_copy_of_a_message_opened_by_itself_is_noted(client, clerk, rows):
    client.get(f"/admin/outbox/scheduledmessage/{rows[ScheduledMessage].pk}/frame/")

    assert Reading.objects.get().page == "message"


def test_lists_and_refused_pages_leave_nothing(client, clerk, rows):
    theirs = populate(factories.clinic())
    for model in SHOWN:
        client.get(page(model, "changelist"))
        open_page(client, theirs[model], status=404)

    assert not Reading.objects.exists()


def test_owner_sees_on_the_patient_who_opened_what(client, clerk, rows):
    open_page(client, rows[TreatmentSession])
    shown_to_clerk = client.get(page(Patient, "change", rows[Patient].pk)).content.decode()
    client.force_login(factories.user(rows[Clinic], Role.OWNER))

    shown = client.get(page(Patient, "change", rows[Patient].pk)).context["readings"]

    assert {(row.user.username, row.page) for _when, row in shown} == {
        ("clerk", "session"),
        ("clerk", "patient"),
    }
    assert all("GMT" in when or "London" in when for when, _row in shown)
    assert "opened this patient" not in shown_to_clerk


def test_reading_is_neither_changed_nor_deleted(client, clerk, rows):
    open_page(client, rows[Patient])

    for attempt in (Reading.objects.all().delete, Reading.objects.get().delete, Reading.objects.get().save):
        with pytest.raises(HistoryIsKept):
            attempt()
    with pytest.raises(HistoryIsKept):
        Reading.objects.update(user=None)
