"""A lost second factor is taken off by somebody else, who shows theirs, and its holder is told."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.urls import reverse

from aftercare.clinics.models import Membership, Role, User
from aftercare.clinics.resetting import ResetRefused, reset_second_factor
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 28, 16, 2, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def owner(client, clinic):
    """Logged in; has no factor, as in the demo."""
    user = factories.user(clinic, Role.OWNER)
    client.force_login(user)
    return user


@pytest.fixture
def clinician(clinic):
    return with_app(factories.user(clinic, Role.CLINICIAN, email="clinician@example.com"))


def with_app(user):
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


def factors(user):
    return Authenticator.objects.filter(user=user).count()


def of_member(user):
    return reverse("admin:clinics_membership_reset-factor", args=[user.memberships.first().pk])


def of_account(user):
    return reverse("admin:clinics_user_reset-factor", args=[user.pk])


def code_of_app():
    return format_hotp_value(hotp_value(SECRET, next(yield_hotp_counters_from_time())))


def test_owner_resets_what_a_member_lost_and_the_member_begins_anew(client, owner, clinician):
    session = type(client)()
    session.force_login(clinician)

    asked = client.get(of_member(clinician)).content.decode()
    untouched = factors(clinician)
    client.post(of_member(clinician))

    assert "make sure that it is they who ask" in asked
    assert (untouched, factors(clinician)) == (2, 0)
    assert session.get("/admin/").status_code == 302
    assert "_auth_user_id" not in session.session


def test_person_is_told_by_mail(client, owner, clinician):
    client.post(of_member(clinician))

    assert [message.to for message in mail.outbox] == [["clinician@example.com"]]
    assert "If it was not you" in mail.outbox[0].body


def test_resetter_is_told_when_no_mail_could_be_sent(client, owner, clinician, monkeypatch):
    monkeypatch.setattr(EmailBackend, "send_messages", lambda *_: (_ for _ in ()).throw(OSError()))

    told = client.post(of_member(clinician), follow=True).content.decode()

    assert "Tell the person yourself." in told
    assert factors(clinician) == 0


def test_history_of_the_membership_keeps_who_reset_it(client, owner, clinician):
    client.post(of_member(clinician))

    page = reverse("admin:clinics_membership_history", args=[clinician.memberships.get().pk])
    assert "Second factor reset" in client.get(page).content.decode()
    for row in (clinician, clinician.memberships.get()):
        assert row.history.first().history_user == owner
        assert row.history.first().history_change_reason == "Second factor reset"


def test_owner_shows_their_own_factor_again_first(client, owner, clinician, settings, clock):
    settings.SECOND_FACTOR_REQUIRED = True
    with_app(owner)
    client.post(reverse("mfa_reauthenticate"), {"code": code_of_app()})
    clock.shift(timedelta(minutes=6))

    asked = client.post(of_member(clinician))
    before = factors(clinician)
    client.post(reverse("mfa_reauthenticate"), {"code": code_of_app(), "next": of_member(clinician)})

    assert asked.url.startswith(reverse("mfa_reauthenticate"))
    assert (before, factors(clinician)) == (2, 0)


def test_owner_leaves_alone_who_works_at_another_clinic_too(client, owner, clinician):
    Membership.objects.create(user=clinician, clinic=factories.clinic(), role=Role.STAFF)

    told = client.post(of_member(clinician), follow=True).content.decode()
    form = client.get(reverse("admin:clinics_membership_change", args=[clinician.memberships.first().pk]))

    assert "Whoever runs this site" in told
    assert "reset-factor" not in form.content.decode()
    assert factors(clinician) == 2


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.STAFF, Role.VIEWER])
def test_only_owners_reset(role, client, clinic, clinician):
    user = factories.user(clinic, role)
    client.force_login(user)

    assert client.post(of_member(clinician)).status_code == 403
    with pytest.raises(ResetRefused):
        reset_second_factor(clinician, by=user, now=NOW)


def test_owner_of_another_clinic_resets_nothing(client, clinician):
    client.force_login(factories.user(factories.clinic(), Role.OWNER))

    assert client.post(of_member(clinician)).status_code == 404
    assert client.post(of_account(clinician)).status_code in (403, 404)
    assert factors(clinician) == 2


def test_owner_resets_neither_their_own_nor_a_superusers(clinic, owner):
    root = with_app(factories.user(clinic, Role.STAFF, is_superuser=True))

    for user in (with_app(owner), root):
        with pytest.raises(ResetRefused):
            reset_second_factor(user, by=owner, now=NOW)


def test_superuser_resets_anybodys_on_the_account_and_not_their_own(client, clinician):
    root = with_app(factories.user(None, username="root", is_superuser=True))
    Membership.objects.create(user=clinician, clinic=factories.clinic(), role=Role.STAFF)
    client.force_login(root)
    client.post(reverse("mfa_reauthenticate"), {"code": code_of_app()})

    for user in (clinician, root):
        client.post(of_account(user))

    assert (factors(clinician), factors(root)) == (0, 2)


def test_command_lets_a_superuser_in_again_and_may_run_twice():
    root = with_app(factories.user(None, username="root", is_superuser=True, email="root@example.com"))

    for _time in range(2):
        call_command("reset_second_factor", "root")

    assert factors(root) == 0
    assert User.objects.get(pk=root.pk).sessions_ended == 1
    assert len(mail.outbox) == 1
    with pytest.raises(CommandError):
        call_command("reset_second_factor", "nobody")
