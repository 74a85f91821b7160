"""Somebody leaves: out of the console with the next request, in every session, and for good."""

import pytest
from django.urls import reverse

from aftercare.clinics.inviting import InvitationRefused, accept
from aftercare.clinics.leaving import LastOwner, end_membership
from aftercare.clinics.models import Membership, Role, User
from tests import factories

pytestmark = pytest.mark.django_db
NOW = factories.ENDED_AT
CONSOLE = "/admin/"


@pytest.fixture
def clinic():
    return factories.clinic()


def sessions_of(user, client, count=2):
    found = [type(client)() for _ in range(count)]
    for one in found:
        one.force_login(user)
        assert one.get(CONSOLE).status_code == 200
    return found


def test_membership_that_an_owner_ends_ends_every_session(client, clinic):
    leaving = factories.user(clinic, Role.CLINICIAN)
    sessions = sessions_of(leaving, client)
    client.force_login(factories.user(clinic, Role.OWNER))

    client.post(f"/admin/clinics/membership/{leaving.memberships.get().pk}/delete/", {"post": "yes"})

    assert not Membership.objects.filter(user=leaving).exists()
    for one in sessions:
        assert one.get(CONSOLE).status_code == 302
        assert "_auth_user_id" not in one.session


def test_invitation_that_waited_for_them_lets_them_in_no_more(clinic):
    user = factories.user(clinic, Role.STAFF, email="bob@example.com")
    invitation = factories.invitation(
        clinic, email="bob@example.com", role=Role.OWNER, invited_by=factories.user(clinic, Role.OWNER)
    )

    end_membership(user.memberships.get(), now=NOW)

    with pytest.raises(InvitationRefused):
        accept(invitation, user=user, now=NOW)
    assert not Membership.objects.filter(user=user).exists()


def test_ended_sessions_stay_ended_when_the_member_comes_back(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    (session,) = sessions_of(user, client, 1)

    end_membership(user.memberships.get(), now=NOW)
    Membership.objects.create(user=user, clinic=clinic, role=Role.STAFF)

    assert session.get(CONSOLE).status_code == 302


def test_owner_of_one_clinic_ends_no_session_at_another(client, clinic):
    elsewhere = factories.clinic()
    user = factories.user(elsewhere, Role.OWNER)
    Membership.objects.create(user=user, clinic=clinic, role=Role.STAFF)
    membership, patient = user.memberships.get(clinic=clinic), factories.patient(clinic)
    (session,) = sessions_of(user, client, 1)

    for _time in range(2):
        end_membership(membership, now=NOW)

    assert session.get(CONSOLE).status_code == 200
    assert session.get(reverse("admin:clinics_patient_change", args=[patient.pk])).status_code == 404
    assert user.memberships.get().clinic == elsewhere


def test_account_switched_off_and_on_again_begins_with_a_new_log_in(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    (session,) = sessions_of(user, client, 1)
    client.force_login(factories.user(None, username="root", is_superuser=True))
    page = f"/admin/clinics/user/{user.pk}/change/"

    for active in ({}, {"is_active": "on"}):
        client.post(page, {"username": user.username, **active})

    assert User.objects.get(pk=user.pk).is_active
    assert session.get(CONSOLE).status_code == 302


def page_of(membership, name):
    return reverse(f"admin:clinics_membership_{name}", args=[membership.pk])


def test_last_owner_is_not_taken_out_and_is_told_what_to_do(client, clinic):
    owner = factories.user(clinic, Role.OWNER)
    client.force_login(owner)

    answer = client.post(page_of(owner.memberships.get(), "delete"), {"post": "yes"}, follow=True)

    assert "Make somebody else an owner first." in answer.content.decode()
    assert owner.memberships.get().role == Role.OWNER


def test_last_owner_keeps_the_role_until_there_is_another(client, clinic):
    owner = factories.user(clinic, Role.OWNER)
    client.force_login(owner)
    own_page, as_staff = page_of(owner.memberships.get(), "change"), {"role": Role.STAFF}

    refused = client.post(own_page, as_staff)
    still = owner.memberships.get().role
    factories.user(clinic, Role.OWNER)
    client.post(own_page, as_staff)

    assert "Make somebody else an owner first." in refused.content.decode()
    assert still == Role.OWNER
    assert owner.memberships.get().role == Role.STAFF


def test_owner_whose_account_is_switched_off_does_not_count(clinic):
    owner = factories.user(clinic, Role.OWNER)
    factories.user(clinic, Role.OWNER, is_active=False)

    with pytest.raises(LastOwner):
        end_membership(owner.memberships.get(), now=NOW)

    assert owner.memberships.exists()


def test_superuser_takes_even_the_last_owner_out(client, clinic):
    owner = factories.user(clinic, Role.OWNER)
    client.force_login(factories.user(None, username="root", is_superuser=True))

    client.post(page_of(owner.memberships.get(), "delete"), {"post": "yes"})

    assert not owner.memberships.exists()
