"""The pages of refusals: in the console's look, with who may, and a way back."""

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.defaults import server_error

from aftercare.clinics.models import Membership, Role
from aftercare.followups.models import Cause, FollowUpTask
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
BACK = f'href="{reverse("admin:index")}"'


@pytest.fixture
def clinic():
    return factories.clinic(name="Harbour")


@pytest.fixture
def owner(client, clinic):
    user = factories.user(clinic, Role.OWNER)
    client.force_login(user)
    return user


def test_refused_page_says_which_roles_may_and_leads_back(client, clinic):
    client.force_login(factories.user(clinic, Role.VIEWER))

    answer = client.get(reverse("admin:treatments_treatmentsession_add"))

    html = answer.content.decode()
    assert answer.status_code == 403
    assert "for these roles: Owner, Clinician, Staff." in html
    assert BACK in html


def test_page_for_superusers_alone_says_so(client, owner):
    html = client.get(reverse("admin:clinics_user_changelist")).content.decode()

    assert "Only whoever runs this site may do this." in html


def test_address_of_nothing_leads_staff_back_to_the_console(client, owner):
    answer = client.get("/admin/no/such/page/")

    assert answer.status_code == 404
    assert BACK in answer.content.decode()


def test_address_of_nothing_sends_a_patient_to_their_mail_not_to_the_console(client):
    html = client.get("/nothing/").content.decode()

    assert "open its link once more" in html
    assert BACK not in html


def test_mistake_of_ours_is_told_without_a_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = server_error(RequestFactory().get("/admin/"))

    assert answer.status_code == 500
    assert "Something went wrong here" in answer.content.decode()


def test_form_of_another_log_in_is_refused_with_what_to_do(clinic):
    client = Client(enforce_csrf_checks=True)

    answer = client.post(reverse("account_login"), {"login": "a"})

    assert answer.status_code == 403
    assert "load the page again" in answer.content.decode()


def test_taking_somebody_out_says_who_and_what_comes_of_it(client, clinic, owner):
    leaving = factories.user(clinic, Role.STAFF, first_name="Otto", last_name="Holm")
    session = factories.treatment_session(clinic)
    FollowUpTask.objects.create(
        clinic=clinic,
        patient=session.patient,
        cause=Cause.MISSED,
        source="message:1:missed",
        deadline_at=session.ended_at,
        opened_at=session.ended_at,
        claimed_by=leaving,
        claimed_at=session.ended_at,
    )
    membership = Membership.objects.get(user=leaving)

    html = client.get(reverse("admin:clinics_membership_delete", args=[membership.pk])).content.decode()

    assert "Take Otto Holm out of Harbour" in html
    assert "logged out on every device" in html
    assert "1 open follow-up task is theirs" in html


def test_member_of_another_clinic_too_is_not_said_to_be_logged_out(client, clinic, owner):
    leaving = factories.user(clinic, Role.STAFF)
    Membership.objects.create(user=leaving, clinic=factories.clinic(), role=Role.STAFF)
    membership = clinic.memberships.get(user=leaving)

    html = client.get(reverse("admin:clinics_membership_delete", args=[membership.pk])).content.decode()

    assert "logged out" not in html
