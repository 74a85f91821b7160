"""How many invitations a clinic may send a day: no way to write to strangers in its name without end."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail

from aftercare.clinics.invitations import Invitation
from aftercare.clinics.models import Role
from aftercare.outbox import sending_invitations
from aftercare.outbox.refusing import Refused
from aftercare.outbox.sending_invitations import begin_sending, sent_within_a_day
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 27, 16, 2, tzinfo=UTC)
ADD = "/admin/clinics/invitation/add/"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(sending_invitations, "MOST_A_DAY", 2)
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def clinic():
    return factories.clinic(name="Harbour")


@pytest.fixture
def owner(client, clinic):
    user = factories.user(clinic, Role.OWNER)
    client.force_login(user)
    return user


def invite(client, clinic, name):
    address = f"{name}@example.com"
    answer = client.post(ADD, {"clinic": clinic.pk, "email": address, "role": Role.STAFF}, follow=True)
    return answer.content.decode()


def test_invitation_beyond_the_day_is_kept_unsent_and_says_when_the_next_can_go(client, clinic, owner):
    for name in ("one", "two"):
        invite(client, clinic, name)

    told = invite(client, clinic, "three")

    assert "Harbour has sent 2 invitations within 24 hours, the most there may be." in told
    assert "from 28 March, 16:02 (London time)" in told
    assert [message.to for message in mail.outbox] == [["one@example.com"], ["two@example.com"]]
    assert Invitation.objects.get(email="three@example.com").sent_at is None


def test_next_invitation_goes_a_day_after_the_first(client, clock, clinic, owner):
    invite(client, clinic, "one")
    clock.shift(timedelta(hours=1))
    invite(client, clinic, "two")
    clock.shift(timedelta(hours=23))

    invite(client, clinic, "three")
    invite(client, clinic, "four")

    assert [message.to[0][:5] for message in mail.outbox] == ["one@e", "two@e", "three"]


def test_sending_one_invitation_again_and_again_counts_each_time(client, clock, clinic, owner):
    invite(client, clinic, "one")
    url = f"/admin/clinics/invitation/{Invitation.objects.get().pk}/send/"
    for _again in range(2):
        clock.shift(timedelta(minutes=3))
        told = client.post(url, follow=True).content.decode()

    assert "the most there may be" in told
    assert len(mail.outbox) == 2


def test_try_that_never_ended_counts(clinic, owner):
    for number in range(2):
        begin_sending(factories.invitation(clinic, invited_by=owner), now=NOW + timedelta(minutes=number))

    with pytest.raises(Refused, match="the most there may be"):
        begin_sending(factories.invitation(clinic, invited_by=owner), now=NOW + timedelta(minutes=5))


def test_another_clinics_invitations_do_not_count(clinic, owner):
    other = factories.clinic()
    for _each in range(2):
        begin_sending(factories.invitation(other, invited_by=owner), now=NOW)

    begin_sending(factories.invitation(clinic, invited_by=owner), now=NOW)

    assert [len(sent) for sent in sent_within_a_day([clinic.pk, other.pk], now=NOW).values()] == [1, 2]


def test_owner_sees_how_many_were_sent_where_they_invite(client, clinic, owner):
    invite(client, clinic, "one")

    assert "Harbour has sent 1 of at most 40 invitations within 24 hours" in client.get(ADD).content.decode()
