"""What each role may do in a clinic, and what a role in one clinic gives in another: nothing."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib import admin
from django.urls import reverse

from aftercare.checkins.models import CheckIn, RuleSet
from aftercare.clinics.invitations import Invitation
from aftercare.clinics.models import Clinic, Membership, Patient, Practitioner, Role, User
from aftercare.content.models import MessageTemplate, TemplateVersion
from aftercare.followups.models import FollowUpTask
from aftercare.lots.models import LotMail
from aftercare.outbox.models import DeliveryEvent, ScheduledMessage, StaffNotice, Suppression
from aftercare.protocols.models import Protocol
from aftercare.treatments.models import Favourite, TreatmentSession
from tests import factories

pytestmark = pytest.mark.django_db
NOBODY: set[str] = set()
OWNER = {Role.OWNER}
WRITERS = {Role.OWNER, Role.CLINICIAN}
RECORDERS = {Role.OWNER, Role.CLINICIAN, Role.STAFF}
MAY_ADD = {
    CheckIn: NOBODY,
    Clinic: NOBODY,
    DeliveryEvent: NOBODY,
    Favourite: NOBODY,
    FollowUpTask: NOBODY,
    Invitation: OWNER,
    LotMail: WRITERS,
    Membership: NOBODY,
    MessageTemplate: WRITERS,
    Patient: RECORDERS,
    Practitioner: OWNER,
    Protocol: WRITERS,
    RuleSet: WRITERS,
    ScheduledMessage: NOBODY,
    StaffNotice: NOBODY,
    Suppression: RECORDERS,
    TemplateVersion: WRITERS,
    TreatmentSession: RECORDERS,
    User: NOBODY,
}
CASES = [(model, role) for model in MAY_ADD for role in Role]


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.fixture
def clinic():
    return factories.clinic()


def log_in(client, clinic, role):
    user = factories.user(clinic, role)
    client.force_login(user)
    return user


def test_list_shows_nothing_of_a_clinic_in_which_the_role_does_not_reach(client, clinic):
    user = log_in(client, clinic, Role.OWNER)
    other = factories.clinic()
    Membership.objects.create(user=user, clinic=other, role=Role.VIEWER)
    for where in (clinic, other):
        factories.invitation(where, email=f"new@{where.slug}.example.com")

    shown = client.get(page(Invitation, "changelist")).content.decode()

    assert f"new@{clinic.slug}.example.com" in shown
    assert f"new@{other.slug}.example.com" not in shown


def test_every_registered_model_is_in_the_matrix():
    assert set(admin.site._registry) == set(MAY_ADD)


@pytest.mark.any_database
@pytest.mark.parametrize(("model", "role"), CASES, ids=lambda case: getattr(case, "__name__", str(case)))
def test_add_page_opens_for_the_roles_that_may_add(model, role, client, clinic):
    log_in(client, clinic, role)

    answer = client.get(page(model, "add"))

    assert answer.status_code == (200 if role in MAY_ADD[model] else 403)


@pytest.mark.parametrize(
    "model", [model for model in MAY_ADD if model not in (User, StaffNotice, Invitation, LotMail)]
)
def test_viewer_reads_every_list(model, client, clinic):
    log_in(client, clinic, Role.VIEWER)

    assert client.get(page(model, "changelist")).status_code == 200


def test_viewer_reads_a_patient_and_cannot_change_one(client, clinic):
    log_in(client, clinic, Role.VIEWER)
    patient = factories.patient(clinic)

    read = client.get(page(Patient, "change", patient.pk))
    written = client.post(page(Patient, "change", patient.pk), {"first_name": "Changed"})

    assert (read.status_code, written.status_code) == (200, 403)


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.STAFF, Role.VIEWER])
def test_settings_of_the_clinic_are_for_its_owner(role, client, clinic):
    log_in(client, clinic, role)

    answer = client.post(page(Clinic, "change", clinic.pk), {"name": "Taken over"})

    clinic.refresh_from_db()
    assert answer.status_code == 403
    assert clinic.name != "Taken over"


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.STAFF, Role.VIEWER])
def test_licence_numbers_are_entered_by_the_owner_alone(role, client, clinic):
    log_in(client, clinic, role)
    practitioner = factories.practitioner(clinic, licence_number="")

    answer = client.post(page(Practitioner, "change", practitioner.pk), {"licence_number": "FAKE-1"})

    practitioner.refresh_from_db()
    assert (answer.status_code, practitioner.licence_number) == (403, "")


def test_role_in_one_clinic_gives_nothing_in_another(client, clinic):
    user = log_in(client, clinic, Role.OWNER)
    other = factories.clinic()
    Membership.objects.create(user=user, clinic=other, role=Role.VIEWER)
    patient = factories.patient(other)

    read = client.get(page(Patient, "change", patient.pk))
    written = client.post(page(Patient, "change", patient.pk), {"first_name": "Changed"})

    assert (read.status_code, written.status_code) == (200, 403)


def test_new_patient_cannot_be_put_into_a_clinic_where_one_only_views(client, clinic):
    user = log_in(client, clinic, Role.STAFF)
    other = factories.clinic()
    Membership.objects.create(user=user, clinic=other, role=Role.VIEWER)

    answer = client.post(
        page(Patient, "add"),
        {"clinic": other.pk, "first_name": "Amara", "last_name": "Okafor", "email": "amara@example.com"},
    )

    assert answer.context["adminform"].form.errors["clinic"]
    assert not Patient.objects.exists()


def test_owner_takes_no_account_in_unasked_and_learns_of_none(client, clinic):
    log_in(client, clinic, Role.OWNER)
    stranger = factories.user(factories.clinic(), Role.OWNER, username="stranger")
    chosen = {"clinic": clinic.pk, "role": Role.STAFF}

    answers = [
        client.post(page(Membership, "add"), {**chosen, "username": name}) for name in ("stranger", "nobody")
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content
    assert stranger.memberships.count() == 1


def test_list_of_members_leads_owners_to_the_invitation(client, clinic):
    log_in(client, clinic, Role.OWNER)
    owners_page = client.get(page(Membership, "changelist")).content.decode()
    log_in(client, clinic, Role.STAFF)

    invite = page(Invitation, "add")
    assert f'href="{invite}">Invite somebody' in owners_page
    assert page(Membership, "add") not in owners_page
    assert (
        f'href="{invite}">Invite somebody' not in client.get(page(Membership, "changelist")).content.decode()
    )


def test_superuser_adds_a_member_by_user_name(client, clinic):
    client.force_login(factories.user(None, username="root", is_superuser=True))
    colleague = factories.user(None, username="colleague")

    client.post(
        page(Membership, "add"), {"username": "colleague", "clinic": clinic.pk, "role": Role.CLINICIAN}
    )

    assert colleague.memberships.get().role == Role.CLINICIAN


@pytest.mark.parametrize(
    ("name", "told"),
    [("nobody", "No account has this user name"), ("here", "is a member of the clinic already")],
)
def test_superuser_is_told_why_nobody_was_added(name, told, client, clinic):
    factories.user(clinic, Role.STAFF, username="here")
    client.force_login(factories.user(None, username="root", is_superuser=True))

    answer = client.post(page(Membership, "add"), {"username": name, "clinic": clinic.pk, "role": Role.STAFF})

    assert told in str(answer.context["adminform"].form.errors["username"])


def test_superuser_makes_an_account(client):
    client.force_login(factories.user(None, username="root", is_superuser=True))

    client.post(
        page(User, "add"),
        {
            "username": "new-colleague",
            "usable_password": "true",
            "password1": "a-long-made-up-word",
            "password2": "a-long-made-up-word",
        },
    )

    assert User.objects.filter(username="new-colleague").exists()


def test_old_version_of_a_row_is_never_put_back(client, clinic):
    log_in(client, clinic, Role.OWNER)
    patient = factories.patient(clinic)
    version = reverse("admin:clinics_patient_simple_history", args=[patient.pk, patient.history.first().pk])

    assert client.get(version).status_code == 404
    assert client.post(version, {"first_name": "Before"}).status_code == 404


def test_history_shows_times_on_the_clinics_clock(client):
    clinic = factories.clinic(time_zone="America/Mexico_City")
    log_in(client, clinic, Role.OWNER)
    with time_machine.travel(datetime(2026, 3, 28, 16, 2, tzinfo=UTC), tick=False):
        patient = factories.patient(clinic)

    html = client.get(page(Patient, "history", patient.pk)).content.decode()

    assert "When (Mexico City time)" in html
    assert "Sat 28 Mar 2026, 10:02:00" in html


def test_history_lists_who_changed_what(client, clinic):
    owner = log_in(client, clinic, Role.OWNER)
    patient = factories.patient(clinic, first_name="Before")
    patient.first_name = "After"
    patient._history_user = owner
    patient.save()

    html = client.get(page(Patient, "history", patient.pk)).content.decode()

    assert "Before" in html
    assert owner.username in html
