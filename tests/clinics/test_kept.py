"""Statements that are written once: the same rows as Django's own, for any value."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import CharField, Q, UUIDField
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from aftercare.clinics.history import keep_one, store_change, store_new
from aftercare.clinics.kept import Blank, Blanks, Kept, insert, update
from aftercare.clinics.models import Membership, Patient
from aftercare.outbox.links import OPENED
from aftercare.outbox.models import ScheduledMessage
from aftercare.treatments.models import TreatmentSession
from tests import factories

pytestmark = pytest.mark.django_db


def fields_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.fixture
def messages():
    session = factories.treatment_session(factories.clinic(time_zone="Europe/Madrid"))
    return [factories.message(factories.treatment_session(session.clinic)) for _again in range(2)]


def test_kept_query_finds_each_row_as_django_does_with_all_that_hangs_on_it(messages):
    for message in messages:
        found = OPENED.first(pk=message.pk)

        with CaptureQueriesContext(connection) as asked:
            joined = [found, found.clinic, found.patient, found.session, found.step, found.step.template]
        for row in joined:
            assert fields_of(row) == fields_of(type(row)._base_manager.get(pk=row.pk))
        assert not asked
        assert found.session.pk == message.session_id


def test_kept_query_finds_nothing_for_a_value_that_no_row_has(messages):
    assert OPENED.first(pk=uuid4()) is None


def test_kept_query_asks_the_database_anew_at_each_use(messages):
    OPENED.first(pk=messages[0].pk)
    ScheduledMessage.objects.update(why="changed")

    assert OPENED.first(pk=messages[0].pk).why == "changed"


def test_kept_query_of_tuples_has_values_as_the_fields_have_them(messages):
    kept = Kept(
        lambda: ScheduledMessage.objects.filter(pk=Blank("pk", UUIDField())).values_list("pk", "send_at")
    )

    assert kept.all(pk=messages[1].pk) == [(messages[1].pk, messages[1].send_at)]


def test_kept_query_takes_as_many_values_as_are_given_after_in(messages):
    kept = Kept(
        lambda: ScheduledMessage.objects.filter(
            Q(pk__in=Blanks("ids", UUIDField())) | Q(session__in=Blanks("sessions")),
            status=Blank("status", CharField()),
        ).order_by("pk")
    )
    one, other = sorted(messages, key=lambda message: message.pk)

    assert kept.all(ids=[one.pk, other.pk], sessions=[], status="scheduled") == [one, other]
    assert kept.all(ids={one.pk}, sessions=[other.session_id], status="scheduled") == [one, other]
    assert kept.all(ids=[], sessions=[other.session_id, 0], status="scheduled") == [other]
    assert kept.all(ids=[], sessions=[], status="scheduled") == []


def test_kept_query_may_name_the_same_values_twice(messages):
    kept = Kept(
        lambda: ScheduledMessage.objects.filter(
            Q(session__in=Blanks("ids")) | Q(patient__in=Blanks("ids")), pk=Blank("pk", UUIDField())
        )
    )
    one = messages[0]

    for ids in ([one.session_id, 0], [0, 0, one.patient_id]):
        assert kept.all(ids=ids, pk=one.pk) == [one]
    assert kept.all(ids=[], pk=one.pk) == []


@pytest.mark.django_db(transaction=True)
def test_kept_query_locks_no_row_outside_a_transaction():
    kept = Kept(lambda: Patient.objects.filter(pk=Blank("pk")).select_for_update())
    with transaction.atomic():
        assert kept.all(pk=1) == []

    with pytest.raises(TransactionManagementError):
        kept.all(pk=1)


def test_inserted_row_is_the_one_that_save_stores():
    clinic, user = factories.clinic(), factories.user(factories.clinic(slug="other"))
    row = Membership(clinic=clinic, user=user, role="staff")

    insert(row)

    stored = Membership.objects.get(clinic=clinic)
    assert fields_of(stored) == fields_of(row)
    row.role = "viewer"
    row.save()
    assert Membership.objects.get(clinic=clinic).role == "viewer"


def test_update_stores_the_named_fields_of_the_row_alone():
    session, other = (factories.treatment_session(factories.clinic()) for _again in range(2))
    session.waits, session.ended_at, session.notes = {"heat": 72}, factories.ENDED_AT, "not named"

    update(session, ["waits", "ended_at"])

    stored = TreatmentSession.objects.get(pk=session.pk)
    assert (stored.waits, stored.ended_at, stored.notes) == ({"heat": 72}, factories.ENDED_AT, "")
    assert TreatmentSession.objects.get(pk=other.pk).waits == {}


def test_change_is_stored_with_its_version_as_save_stores_them():
    clinic = factories.clinic()
    saved, session = factories.treatment_session(clinic), factories.treatment_session(clinic)
    saved.notes = session.notes = "Calm skin."
    by = factories.user(clinic)
    saved._history_user = by

    saved.save(update_fields=["notes"])
    store_change(session, ["notes"], by=by)

    own = {"history_id", "history_date", "id", "patient_id", "practitioner_id", "protocol_id", "created_at"}
    expected, found = (fields_of(row.history.first()) for row in (saved, session))
    assert {name for name in found if found[name] != expected[name]} <= own
    assert found["notes"] == TreatmentSession.objects.get(pk=session.pk).notes == "Calm skin."
    assert abs(found["history_date"] - expected["history_date"]) < timedelta(seconds=5)


def test_row_and_its_change_are_kept_in_the_history_with_their_times():
    session = factories.treatment_session(factories.clinic())
    patient = Patient(clinic=session.clinic, first_name="Ana", last_name="Ruiz", email="ana@example.com")

    store_new(patient, by=None, now=factories.ENDED_AT)
    patient.first_name = "Anna"
    keep_one(patient, by=None, now=factories.ENDED_AT)

    versions = patient.history.order_by("history_id").values_list(
        "history_type", "first_name", "history_date"
    )
    assert list(versions) == [("+", "Ana", factories.ENDED_AT), ("~", "Anna", factories.ENDED_AT)]
