"""Inviting somebody to a clinic: who may, what the mail holds, and what its link opens."""

from datetime import UTC, datetime, timedelta
from smtplib import SMTPServerDisconnected

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.urls import reverse

from aftercare.clinics.invitations import Invitation
from aftercare.clinics.inviting import (
    InvitationRefused,
    accept,
    invitation_of,
    invite,
    join,
    renew,
    take_back,
    token_of,
)
from aftercare.clinics.leaving import end_membership
from aftercare.clinics.models import Membership, Role, User
from aftercare.outbox.channel import Channel
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)
ADD = "/admin/clinics/invitation/add/"
NEW = "somebody.new@example.com"
PASSWORDS = {"new_password1": "a-long-made-up-word", "new_password2": "a-long-made-up-word"}
NEWCOMER = {"first_name": "Noor", "last_name": "Haddad", **PASSWORDS}
NAMES = {"first_name": "Noor", "last_name": "Haddad", "password": "a-long-made-up-word"}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def owner(clinic):
    return factories.user(clinic, Role.OWNER, email="owner@example.com")


@pytest.fixture
def invitation(clinic, owner):
    return factories.invitation(clinic, email=NEW, invited_by=owner, expires_at=NOW + timedelta(days=7))


def page_of(invitation):
    return reverse("invitation", args=[token_of(invitation)])


def link_in(message, settings):
    link = next(word for word in message.body.split() if "/invitation/" in word)
    assert link.startswith(settings.SITE_URL)
    return link.removeprefix(settings.SITE_URL)


def members(clinic):
    return dict(clinic.memberships.values_list("user__email", "role"))


def test_owner_invites_and_the_link_makes_an_account_with_that_role(client, clinic, owner, settings):
    client.force_login(owner)
    client.post(ADD, {"clinic": clinic.pk, "email": "Somebody.New@example.com", "role": Role.CLINICIAN})
    client.logout()
    path = link_in(mail.outbox[0], settings)

    shown = client.get(path)
    entered = client.post(path, NEWCOMER)

    assert (mail.outbox[0].to, shown.status_code, entered.url) == ([NEW], 200, "/admin/")
    assert members(clinic)[NEW] == Role.CLINICIAN
    assert client.get("/admin/").status_code == 200
    assert "no-store" in shown["Cache-Control"]


def test_opening_the_link_changes_nothing(client, clinic, owner, invitation):
    client.get(page_of(invitation))

    assert members(clinic) == {owner.email: Role.OWNER}
    assert User.objects.count() == 1


def test_link_works_once(client, invitation):
    client.post(page_of(invitation), NEWCOMER)

    assert type(client)().get(page_of(invitation)).status_code == 410


@pytest.mark.parametrize("ended", ["ran out", "taken back", "renewed", "inviter left", "altered"])
def test_link_that_is_over_opens_nothing(ended, client, clock, clinic, owner, invitation):
    path = page_of(invitation)
    if ended == "ran out":
        clock.shift(timedelta(days=7))
    elif ended == "taken back":
        take_back(invitation, now=NOW)
    elif ended == "renewed":
        renew(invitation, by=owner, now=NOW)
    elif ended == "inviter left":
        factories.user(clinic, Role.OWNER)  # the last one could not leave
        end_membership(owner.memberships.get(), now=NOW)
    else:
        path = path.replace(":", "x:", 1)

    answers = [client.get(path), client.post(path, NEWCOMER)]

    assert [answer.status_code for answer in answers] == [410, 410]
    assert NEW not in members(clinic)


def test_existing_account_gets_the_membership_after_logging_in(client, clinic, invitation):
    factories.user(None, email="Somebody.New@example.com", username="noor")
    path = page_of(invitation)

    asked = client.get(path)
    client.post(asked.context["log_in"], {"login": "noor", "password": factories.PASSWORD, "next": path})
    done = client.post(path)

    assert b'name="new_password1"' not in asked.content
    assert done.url == "/admin/"
    assert members(clinic)["Somebody.New@example.com"] == Role.STAFF


def test_password_alone_does_not_accept_for_who_has_a_second_factor(client, clinic, invitation):
    TOTP.activate(factories.user(None, email=NEW, username="noor"), "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")

    client.post(reverse("account_login"), {"login": "noor", "password": factories.PASSWORD})
    client.post(page_of(invitation))

    assert NEW not in members(clinic)


def test_account_with_that_address_keeps_others_from_accepting(client, clinic, invitation):
    factories.user(None, email=NEW)
    other = factories.user(factories.clinic(), Role.STAFF, email="other@example.com")
    client.force_login(other)

    answer = client.post(page_of(invitation))

    assert "Log out" in answer.content.decode()
    assert "other@example.com" not in members(clinic)


def test_account_that_was_switched_off_cannot_come_back_by_an_invitation(clinic, invitation):
    user = factories.user(None, email=NEW, is_active=False)

    with pytest.raises(InvitationRefused):
        accept(invitation, user=user, now=NOW)
    with pytest.raises(InvitationRefused):
        join(invitation, **NAMES, now=NOW)


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.STAFF, Role.VIEWER])
def test_only_owners_invite_or_see_who_is_invited(role, client, clinic, invitation):
    user = factories.user(clinic, role)
    client.force_login(user)
    pages = [ADD, "/admin/clinics/invitation/", f"/admin/clinics/invitation/{invitation.pk}/send/"]

    assert {client.get(url).status_code for url in pages} <= {403, 404}
    assert client.post(ADD, {"clinic": clinic.pk, "email": "x@example.com", "role": role}).status_code == 403
    with pytest.raises(InvitationRefused):
        invite(clinic=clinic, email="x@example.com", role=role, by=user, now=NOW)


def test_owner_invites_to_no_other_clinic(client, clinic, owner):
    other = factories.clinic()
    client.force_login(owner)

    client.post(ADD, {"clinic": other.pk, "email": NEW, "role": Role.STAFF})

    assert not Invitation.objects.exists()
    assert mail.outbox == []
    with pytest.raises(InvitationRefused):
        invite(clinic=other, email=NEW, role=Role.STAFF, by=owner, now=NOW)


def test_inviting_twice_is_one_invitation_and_one_mail(client, clinic, owner):
    client.force_login(owner)
    for _click in range(2):
        client.post(ADD, {"clinic": clinic.pk, "email": NEW, "role": Role.STAFF})

    assert Invitation.objects.count() == 1
    assert len(mail.outbox) == 1


def test_inviting_a_member_is_refused(client, clinic, owner):
    client.force_login(owner)

    answer = client.post(ADD, {"clinic": clinic.pk, "email": "OWNER@example.com", "role": Role.STAFF})

    assert "is a member of the clinic already" in answer.content.decode()
    assert mail.outbox == []


def test_failure_to_send_shows_in_the_console_and_is_mended_by_sending_again(
    client, clock, clinic, owner, settings, monkeypatch
):
    client.force_login(owner)
    with monkeypatch.context() as broken:
        broken.setattr(Channel, "hand_over", lambda *_: (_ for _ in ()).throw(SMTPServerDisconnected()))
        told = client.post(ADD, {"clinic": clinic.pk, "email": NEW, "role": Role.STAFF}, follow=True)
    listed = client.get("/admin/clinics/invitation/").content.decode()
    row = Invitation.objects.get()
    clock.shift(timedelta(minutes=2))

    client.post(f"/admin/clinics/invitation/{row.pk}/send/")

    assert "did not take the invitation" in told.content.decode()
    assert "SMTPServerDisconnected" in told.content.decode()
    assert "Not sent" in listed
    assert invitation_of(link_in(mail.outbox[0], settings).split("/")[-2], now=NOW) == row


def test_sending_again_at_once_is_refused_and_the_link_sent_before_stays_good(
    client, clinic, owner, settings
):
    client.force_login(owner)
    client.post(ADD, {"clinic": clinic.pk, "email": NEW, "role": Role.STAFF})
    url = f"/admin/clinics/invitation/{Invitation.objects.get().pk}/send/"

    told = client.post(url, follow=True)

    assert "Wait two minutes" in told.content.decode()
    assert len(mail.outbox) == 1
    client.logout()
    assert client.get(link_in(mail.outbox[0], settings)).status_code == 200


def test_owner_takes_an_invitation_back_in_the_console(client, owner, invitation):
    client.force_login(owner)

    client.post(f"/admin/clinics/invitation/{invitation.pk}/take-back/")

    assert invitation_of(token_of(invitation), now=NOW) is None
    assert "Taken back" in client.get("/admin/clinics/invitation/").content.decode()


def test_accepting_twice_is_one_membership_in_the_invited_role(clinic, invitation):
    user = join(invitation, **NAMES, now=NOW).user

    again = accept(invitation, user=user, now=NOW)

    assert again == Membership.objects.get(user=user)
    assert Invitation.objects.get().accepted_by == user


def test_history_names_who_accepted_and_who_had_invited(owner, invitation):
    membership = join(invitation, **NAMES, now=NOW)

    version = membership.history.get()

    assert version.history_user == membership.user
    assert str(owner) in version.history_change_reason
    assert invitation.history.first().history_user == membership.user


def test_member_who_accepts_keeps_their_role(clinic, owner, invitation):
    user = factories.user(clinic, Role.VIEWER, email="")

    accept(invitation, user=user, now=NOW)

    assert Membership.objects.get(user=user).role == Role.VIEWER


def test_weak_password_is_refused_and_leaves_no_account(client, invitation):
    answer = client.post(
        page_of(invitation), {**NEWCOMER, "new_password1": "12345678", "new_password2": "12345678"}
    )

    assert "too common" in answer.content.decode()
    assert not User.objects.filter(email=NEW).exists()
