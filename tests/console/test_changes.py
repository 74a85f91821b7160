"""The history of everything staff change: complete, visible on each row's page, and never altered."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory
from simple_history.models import HistoricalChanges

from aftercare.checkins.approving import save_rules
from aftercare.checkins.models import CheckIn, RuleSet
from aftercare.clinics.history import HistoryIsKept, KeptRow
from aftercare.clinics.leaving import end_membership
from aftercare.clinics.models import Clinic, Patient, Role, User
from aftercare.clinics.readings import Page, Reading, note_reading
from aftercare.followups.closing import claim_task, close_task
from aftercare.followups.models import FollowUpTask
from aftercare.outbox.models import DeliveryEvent, ScheduledMessage, StaffNotice, Suppression
from aftercare.treatments.models import TreatmentSession
from tests import factories
from tests.console.test_scoping import NOW, page, populate

pytestmark = pytest.mark.django_db
#: What the engine and patients write, and nobody edits; a message's page has its own list of changes.
NOBODY_EDITS = {CheckIn, DeliveryEvent, ScheduledMessage, StaffNotice}
CHANGED = sorted(set(admin.site._registry) - NOBODY_EDITS, key=lambda model: model._meta.label)
HISTORIES = sorted(
    (model for model in apps.get_models() if issubclass(model, HistoricalChanges)),
    key=lambda model: model._meta.label,
)


def named(model):
    return model._meta.label


@pytest.fixture
def rows():
    return populate(factories.clinic(name="Harbour"))


@pytest.fixture
def root(client):
    user = factories.user(None, username="root", is_superuser=True)
    client.force_login(user)
    return user


def history_of(client, row):
    answer = client.get(page(type(row), "history", quote(row.pk)))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("model", CHANGED, ids=named)
def test_every_change_of_a_row_is_on_its_history_page_with_who_made_it(model, client, root, rows):
    row = save_rules(rows[Clinic]) if model is RuleSet else model._default_manager.get(pk=rows[model].pk)
    row._history_user = factories.user(None, username="ivy-keeper")

    row.save()

    assert "ivy-keeper" in history_of(client, row)


@pytest.mark.parametrize("model", sorted(NOBODY_EDITS, key=named), ids=named)
def test_row_without_a_history_page_of_versions_is_edited_by_nobody(model, root, rows):
    request, pages = RequestFactory().get("/admin/"), admin.site._registry[model]
    request.user = root

    assert not pages.has_change_permission(request, rows[model])
    assert not pages.has_add_permission(request)
    assert not pages.has_delete_permission(request, rows[model])


@pytest.mark.parametrize("statement", ["UPDATE {table} SET {key} = {key}", "DELETE FROM {table}"])
def test_database_itself_refuses_to_touch_what_was_written_down(statement, rows):
    note_reading(patient=rows[Patient], user=rows[User], page=Page.PATIENT, row=1, now=NOW)
    filled = [model for model in apps.get_models() if issubclass(model, KeptRow) and model.objects.exists()]

    for meta in (model._meta for model in filled):
        with pytest.raises(IntegrityError, match="history is kept"), transaction.atomic():
            connection.cursor().execute(statement.format(table=meta.db_table, key=meta.pk.column))
    assert Reading in filled
    assert len(filled) > len(HISTORIES) / 2


@pytest.mark.parametrize("history", HISTORIES, ids=named)
def test_what_was_written_down_is_neither_changed_nor_deleted(history, rows):
    with pytest.raises(HistoryIsKept):
        history.objects.all().delete()
    with pytest.raises(HistoryIsKept):
        history.objects.update(history_change_reason="")


def test_version_of_a_row_is_neither_saved_anew_nor_deleted(rows):
    version = rows[Patient].history.first()
    version.last_name = "Other"

    with pytest.raises(HistoryIsKept):
        version.save()
    with pytest.raises(HistoryIsKept):
        version.delete()
    assert rows[Patient].history.get().last_name == rows[Patient].last_name


def test_history_says_from_what_to_what(client, root, rows):
    client.post(
        page(Suppression, "add"),
        {"clinic": rows[Clinic].pk, "email": "new@example.com", "purpose": "all", "reason": "asked"},
    )
    patient, before = rows[Patient], rows[Patient].phone
    patient.phone = "020 7946 0555"
    patient.save()

    told = history_of(client, patient)

    assert f"{before} → 020 7946 0555" in told
    assert Suppression.objects.get(email="new@example.com").history.get().history_user == root


def test_claiming_and_closing_a_task_are_in_its_history(client, root, rows):
    task = rows[FollowUpTask]
    clerk = factories.user(rows[Clinic], Role.STAFF, username="clerk")
    for _time in range(2):
        claim_task(task=task, by=clerk, now=NOW)
    for _time in range(2):
        close_task(task=task, outcome="Reached, all well", by=clerk, now=NOW)

    told = history_of(client, task)

    assert task.history.count() == 3
    assert "clerk" in told
    assert "Reached, all well" in told


def test_history_of_a_session_tells_what_became_of_its_areas(client, root, rows):
    session = rows[TreatmentSession]
    area = session.areas.first()
    area.passes += 3
    area.save()

    told = history_of(client, session)

    assert f"{area.passes - 3} → {area.passes}" in told


def test_history_of_a_clinic_tells_who_was_taken_out(client, root, rows):
    member = factories.user(rows[Clinic], Role.STAFF, username="gone")

    end_membership(member.memberships.get(), now=NOW)

    assert "gone" in history_of(client, rows[Clinic])
    assert "Deleted" in history_of(client, rows[Clinic])


def test_log_in_is_no_change_of_the_account_and_no_secret_is_in_its_history(client):
    user = factories.user(factories.clinic(), Role.STAFF)
    before = user.history.count()

    client.login(username=user.username, password=factories.PASSWORD)
    client.force_login(User.objects.get(pk=user.pk))
    user.first_name = "Noor"
    user.save()

    assert user.history.count() == before + 1
    assert not {"password", "last_login"} & {field.name for field in user.history.model._meta.fields}
