"""A file taken in: what is stored, what is skipped, and what is only listed."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from aftercare.clinics.models import Patient
from aftercare.followups.models import FollowUpTask
from aftercare.outbox.importing import sessions, telling, writing
from aftercare.outbox.importing.problems import FileError
from aftercare.outbox.models import ScheduledMessage, StatusChange
from aftercare.outbox.planning import complete_session, void_session
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.factories import ENDED_AT
from tests.outbox.importing.files import as_csv, said, take_in
from tests.outbox.sessions import rows_of

pytestmark = pytest.mark.django_db

SECOND = {
    "external_id": "S-2",
    "patient_external_id": "P-2",
    "email": "noor@example.com",
    "last_name": "Haddad",
}


def _session(external_id="S-1"):
    return TreatmentSession.objects.get(external_id=external_id)


def test_good_row_is_stored_as_a_completed_session_with_its_messages(clinic):
    by = factories.user(clinic)

    report = take_in(clinic, {}, by=by)

    session = _session()
    assert (report.sessions, report.patients, report.problems, report.stored) == (1, 1, [], True)
    assert (session.state, session.completed_at, session.created_by) == ("completed", ENDED_AT, by)
    assert {slug: row.status for slug, row in rows_of(session).items()} == {
        "first-night": "scheduled",
        "day-1": "scheduled",
    }
    assert StatusChange.objects.filter(actor=by, from_status="").count() == 2


def test_imported_session_is_the_same_as_one_entered_by_hand(clinic):
    take_in(clinic, {})
    imported = _session()
    by_hand = factories.treatment_session(
        clinic, protocol=imported.protocol, practitioner=imported.practitioner
    )

    complete_session(by_hand, by=None, now=ENDED_AT)

    columns = ("step", "status", "why", "planned_at", "send_at", "latest_at", "due_at", "moved_by")
    found = [list(s.scheduled_messages.order_by("step").values(*columns)) for s in (imported, by_hand)]
    assert found[0] == found[1]


def test_patient_and_session_have_a_history(clinic):
    by = factories.user(clinic)

    take_in(clinic, {}, by=by)

    assert _session().history.get().history_user == by
    assert Patient.objects.get().history.get().history_user == by


def test_safety_messages_missed_lately_open_one_task_a_session_and_no_second_at_the_next_run(clinic):
    yesterday = {"ended_at": "2026-03-27T10:00"}

    report = take_in(clinic, yesterday, {**SECOND, **yesterday})
    take_in(clinic, yesterday, {**SECOND, **yesterday})

    tasks = FollowUpTask.objects.all()
    assert report.told == (2, 0)
    assert {(task.cause, task.deadline_at > task.opened_at) for task in tasks} == {("late_entry", True)}
    assert {task.patient_id for task in tasks} == set(Patient.objects.values_list("pk", flat=True))


def test_beyond_so_many_one_task_lists_the_others(clinic, monkeypatch):
    monkeypatch.setattr(telling, "MOST_TASKS", 0)
    yesterday = {"ended_at": "2026-03-27T10:00"}

    take_in(clinic, yesterday, {**SECOND, **yesterday})

    task = FollowUpTask.objects.get()
    assert all(str(patient) in task.detail for patient in Patient.objects.all())


def test_steps_whose_window_passed_long_ago_are_not_sent_and_open_no_task(clinic):
    report = take_in(clinic, {"ended_at": "2026-03-01T10:00"})

    assert report.told == (0, 1)
    assert {(row.status, row.why) for row in rows_of(_session()).values()} == {("missed", "entered_late")}
    assert not FollowUpTask.objects.exists()


def test_second_run_changes_nothing(clinic):
    take_in(clinic, {}, SECOND)
    before = list(ScheduledMessage.objects.order_by("pk").values())

    report = take_in(clinic, {}, SECOND, now=ENDED_AT + timedelta(hours=2))

    assert (report.sessions, report.patients, report.unchanged) == (0, 0, 2)
    assert (report.problems, report.conflicts, report.kept) == ([], [], [])
    assert list(ScheduledMessage.objects.order_by("pk").values()) == before


def test_second_run_with_more_rows_stores_only_those(clinic):
    take_in(clinic, {})

    report = take_in(clinic, {}, SECOND)

    assert (report.sessions, report.unchanged) == (1, 1)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("ended_at", "2026-03-28T14:00"),
        ("areas", "face:0.6x2;neck:1.0"),
        ("products", "Calm Gel|LOT2"),
        ("notes", "Came late."),
        ("screening", "diabetes"),
    ],
)
def test_stored_session_that_the_file_has_otherwise_is_listed_and_stays(clinic, column, cell):
    take_in(clinic, {})
    before = TreatmentSession.objects.values().get()

    report = take_in(clinic, {column: cell}, SECOND)

    assert said(report.conflicts) == [(2, column)]
    assert TreatmentSession.objects.values().get(external_id="S-1") == before
    assert report.sessions == 1


def test_stored_session_of_another_patient_is_listed_and_stays(clinic):
    take_in(clinic, {}, SECOND)

    report = take_in(clinic, {**SECOND, "external_id": "S-1"})

    assert (said(report.conflicts), report.stored) == ([(2, "patient")], True)
    assert _session().patient.external_id == "P-1"


def test_session_voided_here_stays_voided(clinic):
    take_in(clinic, {})
    void_session(_session(), reason="A slip.", by=None, now=ENDED_AT)

    report = take_in(clinic, {})

    assert "stored as Voided" in report.conflicts[0].text
    assert _session().state == "voided"


def test_same_external_id_of_another_clinic_is_another_session(clinic):
    other = factories.clinic()
    factories.practitioner(other, name="Dr Moreau")
    factories.protocol(other, slug="microneedling")
    take_in(clinic, {})

    assert take_in(other, {}).sessions == 1


def test_row_doubled_in_a_file_is_stored_once_and_said_to_be_doubled(clinic):
    report = take_in(clinic, {}, {})

    assert (report.sessions, report.unchanged, said(report.repeated)) == (1, 0, [(3, "external_id")])
    assert "Doubled in this file: see line 2" in report.repeated[0].text
    assert TreatmentSession.objects.count() == 1


def test_protocol_may_be_called_by_its_name(clinic):
    assert take_in(clinic, {"protocol": "microNEEDLING plan"}).problems != []
    clinic.protocols.update(name="Microneedling plan")

    assert take_in(clinic, {"protocol": "microNEEDLING plan"}).sessions == 1


def test_same_external_id_twice_in_a_file_is_refused_with_the_first_line(clinic):
    report = take_in(clinic, {}, {"notes": "Another one."})

    assert said(report.problems) == [(3, "external_id")]
    assert "Line 2 has this" in report.problems[0].text
    assert report.sessions == 1


def test_two_sessions_of_one_patient_make_one_patient(clinic):
    report = take_in(clinic, {"ended_at": "2026-03-01T10:00"}, {"external_id": "S-2"})

    assert (report.sessions, report.patients) == (2, 1)
    assert _session("S-1").patient == _session("S-2").patient


def test_patient_without_an_id_is_known_by_name_and_address(clinic):
    stored = factories.patient(clinic, first_name="AMARA", last_name="lindqvist", email="Amara@example.com")

    take_in(clinic, {"patient_external_id": ""})

    assert _session().patient == stored


def test_stored_patient_without_an_id_gets_the_files_id(clinic):
    stored = factories.patient(clinic, first_name="Amara", last_name="Lindqvist", email="amara@example.com")

    report = take_in(clinic, {})

    stored.refresh_from_db()
    assert (report.patients, stored.external_id, _session().patient) == (0, "P-1", stored)
    assert stored.history.count() == 2


def test_stored_patient_with_another_id_is_another_person(clinic):
    factories.patient(
        clinic, first_name="Amara", last_name="Lindqvist", email="amara@example.com", external_id="P-9"
    )

    assert take_in(clinic, {}).patients == 1


def test_two_stored_patients_of_one_name_and_address_are_refused(clinic):
    for _ in range(2):
        factories.patient(clinic, first_name="Amara", last_name="Lindqvist", email="amara@example.com")

    report = take_in(clinic, {})

    assert said(report.problems) == [(2, "email")]
    assert "Give the patient's id" in report.problems[0].text


@pytest.mark.parametrize("column", ["first_name", "last_name", "birth_date"])
def test_id_of_another_person_is_refused(clinic, column):
    take_in(clinic, {"birth_date": "1988-04-02"})

    other = {"first_name": "Bea", "last_name": "Other", "birth_date": "1990-01-01"}[column]
    report = take_in(clinic, {"external_id": "S-2", "birth_date": "1988-04-02", column: other})

    assert said(report.problems) == [(2, column)]
    assert report.sessions == 0


def test_detail_of_a_stored_patient_that_has_changed_is_kept_and_listed(clinic):
    take_in(clinic, {})

    report = take_in(
        clinic, {"external_id": "S-2", "email": "new@example.com", "ended_at": "2026-03-01T10:00"}
    )

    assert said(report.kept) == [(2, "email")]
    assert (report.sessions, Patient.objects.get().email) == (1, "amara@example.com")


def test_rows_of_one_patient_that_disagree_keep_the_first_and_name_its_line(clinic):
    report = take_in(
        clinic, {}, {"external_id": "S-2", "phone": "1", "areas": "hands:0.5", "ended_at": "2026-03-28T14:00"}
    )

    assert said(report.kept) == [(3, "phone")]
    assert "on line 2" in report.kept[0].text


def test_newer_session_of_the_file_supersedes_the_older(clinic):
    take_in(clinic, {}, {"external_id": "S-2", "ended_at": "2026-03-28T13:00", "areas": "hands:0.5"})

    assert {row.status for row in rows_of(_session("S-2")).values()} == {"superseded"}
    assert {row.status for row in rows_of(_session("S-1")).values()} == {"scheduled"}


def test_newer_session_of_the_file_supersedes_a_stored_one(clinic):
    take_in(clinic, {"ended_at": "2026-03-28T13:00", "areas": "hands:0.5"})

    take_in(clinic, {"external_id": "S-2"})

    rows = rows_of(_session("S-1")).values()
    assert {(row.status, row.superseded_by) for row in rows} == {("superseded", _session("S-2"))}


def test_newer_session_in_a_later_chunk_supersedes_too(clinic, monkeypatch):
    monkeypatch.setattr(writing, "in_chunks", lambda items: ([item] for item in items))

    take_in(clinic, {"ended_at": "2026-03-28T13:00", "areas": "hands:0.5"}, {"external_id": "S-2"})

    assert {row.status for row in rows_of(_session("S-1")).values()} == {"superseded"}


def test_bad_rows_are_listed_and_the_good_ones_stored(clinic):
    report = take_in(clinic, {}, {**SECOND, "email": "x"})

    assert said(report.problems) == [(3, "email")]
    assert (report.rows, report.sessions, TreatmentSession.objects.count()) == (2, 1, 1)


def test_row_that_cannot_be_read_is_listed_and_the_others_stored(clinic):
    report = take_in(clinic, data=as_csv({}) + b"S-2,P-2\r\n")

    assert said(report.problems) == [(3, "")]
    assert report.sessions == 1


@pytest.mark.parametrize("mode", [{"dry_run": True}, {"all_or_nothing": True}])
def test_nothing_is_stored_on_a_dry_run_or_when_all_must_be_good(clinic, mode):
    report = take_in(clinic, {}, {**SECOND, "email": "x"}, **mode)

    assert (report.stored, report.sessions, said(report.problems)) == (False, 1, [(3, "email")])
    assert (TreatmentSession.objects.count(), Patient.objects.count()) == (0, 0)


def test_all_or_nothing_counts_a_conflict_as_bad(clinic):
    take_in(clinic, {})

    report = take_in(clinic, {"notes": "Other."}, SECOND, all_or_nothing=True)

    assert (report.stored, TreatmentSession.objects.count()) == (False, 1)


def test_all_or_nothing_stores_a_file_without_a_bad_row(clinic):
    assert take_in(clinic, {}, SECOND, all_or_nothing=True).stored
    assert TreatmentSession.objects.count() == 2


def test_all_or_nothing_leaves_nothing_of_a_file_that_fails_halfway(clinic, monkeypatch):
    monkeypatch.setattr(writing, "in_chunks", lambda items: ([item] for item in items))
    _fail_at_the_second_chunk(monkeypatch)

    with pytest.raises(FileError, match="Give the file again"):
        take_in(clinic, {}, SECOND, all_or_nothing=True)

    assert (TreatmentSession.objects.count(), Patient.objects.count()) == (0, 0)


def test_chunk_that_fails_leaves_those_before_it_and_the_file_can_be_given_again(clinic, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(writing, "in_chunks", lambda items: ([item] for item in items))
        _fail_at_the_second_chunk(patch)
        with pytest.raises(FileError, match="Give the file again"):
            take_in(clinic, {}, SECOND)

    report = take_in(clinic, {}, SECOND)

    assert (report.sessions, report.unchanged) == (1, 1)


def _fail_at_the_second_chunk(patch):
    def promise(sessions, **options):
        if any(session.external_id == "S-2" for session in sessions):
            raise IntegrityError("stored meanwhile")

    patch.setattr(writing, "promise", promise)


def test_queries_do_not_grow_with_the_rows(clinic, django_assert_max_num_queries):
    rows = [
        {
            "external_id": f"S-{number}",
            "patient_external_id": f"P-{number}",
            "email": f"p{number}@example.com",
        }
        for number in range(60)
    ]

    with django_assert_max_num_queries(34):
        report = sessions.import_sessions(as_csv(*rows), clinic=clinic, by=None, now=ENDED_AT)

    assert report.sessions == 60
