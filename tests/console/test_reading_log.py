"""Staff's opening of a patient's pages leaves a row, which owners see on the patient."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail

from aftercare.checkins.models import CheckIn
from aftercare.clinics.history import HistoryIsKept
from aftercare.clinics.models import Clinic, Patient, Role, User
from aftercare.clinics.readings import ListReading, Page, Reading, note_reading
from aftercare.content.models import TemplateVersion
from aftercare.followups.models import FollowUpTask
from aftercare.outbox.models import ScheduledMessage
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.console.test_scoping import NOW, page, populate

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


@pytest.fixture
def clinician(client, rows):
    user = factories.user(rows[Clinic], Role.CLINICIAN, username="clinician")
    client.force_login(user)
    return user


def taken():
    return list(ListReading.objects.values_list("clinic", "user__username", "taken", "detail", "rows"))


@pytest.mark.parametrize("name", ["preview", "frame"])
def test_text_previewed_with_a_real_session_is_a_reading_of_it(name, client, clinician, rows):
    url = f"/admin/content/templateversion/{rows[TemplateVersion].pk}/{name}/"
    client.get(url)
    of_the_sample = Reading.objects.count()

    client.get(url, {"session": rows[TreatmentSession].pk})

    reading = Reading.objects.get()
    assert of_the_sample == 0
    assert (reading.page, reading.patient) == (Page.PREVIEW, rows[Patient])


def test_test_mail_filled_with_a_real_session_is_a_reading_of_it(client, clinician, rows):
    User.objects.filter(pk=clinician.pk).update(email="clinician@example.com")
    url = f"/admin/content/templateversion/{rows[TemplateVersion].pk}/test/"
    client.post(url)
    of_the_sample = Reading.objects.count()

    client.post(url, {"session": rows[TreatmentSession].pk})

    reading = Reading.objects.get()
    assert len(mail.outbox) == 2
    assert of_the_sample == 0
    assert (reading.page, reading.patient) == (Page.PREVIEW, rows[Patient])


def test_test_mail_that_does_not_leave_is_no_reading(client, clinician, rows):
    url = f"/admin/content/templateversion/{rows[TemplateVersion].pk}/test/"

    client.post(url, {"session": rows[TreatmentSession].pk})  # the account has no address

    assert not Reading.objects.exists()


def test_live_preview_with_a_real_session_is_one_reading_however_much_is_typed(client, clinician, rows):
    draft = rows[TemplateVersion]
    typed = {"template": draft.template_id, "language": draft.language, "session": rows[TreatmentSession].pk}
    for body in ("H", "He"):
        answer = client.post("/admin/content/templateversion/live/", {**typed, "subject": "x", "body": body})
        assert answer.status_code == 200

    assert Reading.objects.get().page == Page.PREVIEW


@pytest.mark.parametrize(
    ("where", "what"), [("clinics/patient", "patients"), ("treatments/treatmentsession", "sessions")]
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_leaves_one_row_that_says_what_and_how_many(kind, where, what, client, clerk, rows):
    factories.patient(rows[Clinic])
    factories.patient(factories.clinic())
    count = {"patients": 2, "sessions": 1}[what]

    client.get(f"/admin/{where}/export.{kind}")

    assert taken() == [(rows[Clinic].pk, "clerk", what, kind, count)]


def test_export_counts_what_was_searched_for(client, clerk, rows):
    factories.patient(rows[Clinic], last_name="Haddad")

    client.get("/admin/clinics/patient/export.csv", {"q": "Haddad"})

    assert [line[-1] for line in taken()] == [1]


def test_export_that_is_refused_leaves_nothing(client, rows):
    client.force_login(factories.user(rows[Clinic], Role.VIEWER))

    client.get("/admin/clinics/patient/export.csv")

    assert taken() == []


@pytest.fixture
def treated(rows):
    TreatmentSession.objects.filter(pk=rows[TreatmentSession].pk).update(
        cartridge_lot="LOT-77", state="completed", completed_at=NOW
    )


def test_search_of_a_lot_that_names_patients_leaves_a_row(client, clinician, rows, treated):
    client.get("/admin/lots/lotmail/add/", {"lot": "LOT-0"})
    nobody = taken()

    client.get("/admin/lots/lotmail/add/", {"lot": "lot-77"})

    assert nobody == []
    assert taken() == [(rows[Clinic].pk, "clinician", "lot", "lot-77", 1)]


def test_same_search_of_a_lot_within_minutes_leaves_one_row(client, clock, clinician, rows, treated):
    def search():
        client.get("/admin/lots/lotmail/add/", {"lot": "LOT-77"})
        return len(taken())

    counts = [search(), search()]
    client.force_login(factories.user(rows[Clinic], Role.CLINICIAN))
    counts.append(search())
    clock.shift(timedelta(minutes=10))
    counts.append(search())

    assert counts == [1, 1, 2, 3]


def test_owner_pages_to_the_oldest_opening(client, rows):
    reader = factories.user(rows[Clinic], Role.STAFF, username="long-ago")
    newest = [reader, *(factories.user(rows[Clinic], Role.STAFF) for _ in range(51))]
    for number, user in enumerate(newest):
        at = datetime(2026, 3, 1 + number // 24, number % 24, tzinfo=UTC)
        note_reading(patient=rows[Patient], user=user, page=Page.PATIENT, row=rows[Patient].pk, now=at)
    client.force_login(factories.user(rows[Clinic], Role.OWNER))
    all_of_them = f"/admin/clinics/patient/{rows[Patient].pk}/readings/"

    patient_page = client.get(page(Patient, "change", rows[Patient].pk)).content.decode()
    pages = [client.get(all_of_them, {"p": number}).content.decode() for number in (1, 2)]

    assert all_of_them in patient_page
    assert "long-ago" not in patient_page
    assert ["long-ago" in shown for shown in pages] == [False, True]


def test_owner_sees_who_took_lists_out(client, clerk, rows):
    client.get("/admin/clinics/patient/export.csv")
    client.force_login(factories.user(rows[Clinic], Role.OWNER))
    url = f"/admin/clinics/clinic/{rows[Clinic].pk}/readings/"

    shown = client.get(url).content.decode()

    assert url in client.get(page(Clinic, "change", rows[Clinic].pk)).content.decode()
    assert "Export of patients · csv" in shown
    assert "clerk" in shown


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.STAFF, Role.VIEWER])
def test_readings_are_for_owners_alone(role, client, rows):
    client.force_login(factories.user(rows[Clinic], role))

    answers = [
        client.get(f"/admin/clinics/{where}/{rows[model].pk}/readings/").status_code
        for where, model in (("patient", Patient), ("clinic", Clinic))
    ]

    assert answers == [403, 403]


def test_reading_of_a_list_is_neither_changed_nor_deleted(client, clerk, rows):
    client.get("/admin/clinics/patient/export.csv")

    for attempt in (ListReading.objects.all().delete, ListReading.objects.get().save):
        with pytest.raises(HistoryIsKept):
            attempt()
