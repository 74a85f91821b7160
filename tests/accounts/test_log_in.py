"""Logging in: by password, with a second factor, and what happens to those who may not."""

from datetime import UTC, datetime

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.urls import reverse

from aftercare.checkins.approving import save_rules
from aftercare.checkins.models import RuleSet
from aftercare.clinics.models import Membership, Role, User
from aftercare.content.models import TemplateVersion, VersionStatus
from tests import factories

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CONSOLE = "/admin/"


@pytest.fixture(autouse=True)
def stopped_clock():
    """So that a code does not run out between being made and being typed."""
    with time_machine.travel(datetime(2026, 3, 28, 16, 2, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def deployed(settings):
    """As on a site that others can reach."""
    settings.SECOND_FACTOR_REQUIRED = True


def log_in(client, user, password=factories.PASSWORD, **over):
    return client.post(reverse("account_login"), {"login": user.username, "password": password, **over})


def with_app(user):
    """The user with an authenticator app and recovery codes."""
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


def code_of_app(secret=SECRET):
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def show_code(client, code):
    return client.post(reverse("mfa_authenticate"), {"code": code})


def test_member_logs_in_by_user_name_or_address(client, clinic):
    user = factories.user(clinic, Role.STAFF, email="desk@example.com")

    by_name = log_in(client, user)
    client.logout()
    by_address = log_in(client, user, login="Desk@example.com")

    assert (by_name.url, by_address.url) == (CONSOLE, CONSOLE)


def test_log_in_leads_to_the_page_that_was_asked_for_and_never_elsewhere(client, clinic):
    user = factories.user(clinic, Role.STAFF)

    asked = log_in(client, user, next="/admin/clinics/patient/")
    client.logout()
    elsewhere = log_in(client, user, next="https://evil.example.com/")

    assert (asked.url, elsewhere.url) == ("/admin/clinics/patient/", CONSOLE)


def test_wrong_password_lets_nobody_in_and_tells_nothing(client, clinic):
    user = factories.user(clinic, Role.STAFF)

    wrong = log_in(client, user, password="wrong").content.decode()
    unknown = log_in(client, User(username="nobody"), password="wrong").content.decode()

    assert "Please enter the correct user name and password." in wrong
    assert "Please enter the correct user name and password." in unknown
    assert client.get(CONSOLE).status_code == 302


def test_sixth_wrong_password_in_five_minutes_is_refused_even_if_right(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    for _attempt in range(5):
        log_in(client, user, password="wrong")

    answer = log_in(client, user)

    assert "Too many failed login attempts" in answer.content.decode()
    assert client.get(CONSOLE).status_code == 302


def test_member_without_role_for_it_needs_no_second_factor(client, clinic, deployed):
    log_in(client, factories.user(clinic, Role.STAFF))

    assert client.get(CONSOLE).status_code == 200


@pytest.mark.parametrize("role", [Role.OWNER, Role.CLINICIAN])
def test_owner_and_clinician_are_led_to_a_second_factor_before_anything_else(role, client, clinic, deployed):
    log_in(client, factories.user(clinic, role))

    answers = [client.get(CONSOLE), client.get("/admin/clinics/patient/"), client.post(CONSOLE)]

    assert {answer.url for answer in answers} == {reverse("mfa_index")}


def test_clinic_that_wants_it_of_everybody_gets_it(client, clinic, deployed):
    clinic.second_factor_for_all = True
    clinic.save()
    log_in(client, factories.user(clinic, Role.VIEWER))

    assert client.get(CONSOLE).url == reverse("mfa_index")


def test_demo_on_this_machine_asks_nobody(client, clinic):
    log_in(client, factories.user(clinic, Role.OWNER))

    assert client.get(CONSOLE).status_code == 200


def test_app_is_enrolled_and_its_code_opens_the_console(client, clinic, deployed):
    user = factories.user(clinic, Role.OWNER)
    log_in(client, user)
    client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    code = code_of_app(page.context["form"].secret)

    enrolled = client.post(reverse("mfa_activate_totp"), {"code": code})

    assert enrolled.url == reverse("mfa_view_recovery_codes")
    assert client.get(enrolled.url).context["can_view_codes"]
    assert client.get(CONSOLE).status_code == 200
    assert Authenticator.objects.filter(user=user, type="totp").exists()


def test_password_alone_does_not_log_in_who_has_a_second_factor(client, clinic, deployed):
    user = with_app(factories.user(clinic, Role.OWNER))

    asked = log_in(client, user)

    assert asked.url == reverse("mfa_authenticate")
    assert client.get(CONSOLE).status_code == 302
    assert show_code(client, "000000").status_code == 200
    assert client.get(CONSOLE).status_code == 302


def test_code_of_the_app_logs_in_and_works_once(client, clinic, deployed):
    user = with_app(factories.user(clinic, Role.OWNER))
    code = code_of_app()
    log_in(client, user)

    first = show_code(client, code)
    opened = client.get(CONSOLE).status_code
    client.logout()
    log_in(client, user)
    again = show_code(client, code)

    assert (first.url, opened) == (CONSOLE, 200)
    assert again.status_code == 200
    assert client.get(CONSOLE).status_code == 302


def test_recovery_code_logs_in_and_works_once(client, clinic, deployed):
    user = with_app(factories.user(clinic, Role.OWNER))
    codes = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()
    log_in(client, user)

    first = show_code(client, codes[0])
    client.logout()
    log_in(client, user)
    again = show_code(client, codes[0])

    assert first.url == CONSOLE
    assert again.status_code == 200


def test_secret_of_an_app_is_not_kept_in_the_clear(clinic):
    user = with_app(factories.user(clinic, Role.OWNER))

    assert SECRET not in str(list(Authenticator.objects.filter(user=user).values()))


def test_secret_is_read_with_the_key_before(clinic, settings):
    user = with_app(factories.user(clinic, Role.OWNER))
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another-" + "y" * 50

    assert Authenticator.objects.get(user=user, type="totp").wrap().validate_code(code_of_app())


def test_text_is_approved_only_in_a_session_with_a_second_factor(client, clinic, deployed):
    user = with_app(factories.user(clinic, Role.CLINICIAN))
    factories.practitioner(clinic, user=user)
    draft = factories.draft_version(factories.template(clinic))
    url = reverse("admin:content_templateversion_approve", args=[draft.pk])
    client.force_login(user)

    refused = client.post(url, {"digest": "any"})
    client.logout()
    log_in(client, user)
    show_code(client, code_of_app())
    page = client.get(url)
    client.post(url, {"digest": page.context["digest"]})

    assert refused.url.startswith(reverse("mfa_reauthenticate"))
    assert TemplateVersion.objects.get(pk=draft.pk).status == VersionStatus.APPROVED


def test_leaving_member_is_out_of_every_session_at_once(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    log_in(client, user)
    other = type(client)()
    log_in(other, user)

    Membership.objects.filter(user=user).delete()

    assert [one.get(CONSOLE, follow=True).status_code for one in (client, other)] == [403, 403]


def test_deactivated_account_is_out_of_every_session_at_once(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    log_in(client, user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get(CONSOLE).status_code == 302
    assert log_in(client, user).url == reverse("account_inactive")


def test_forgotten_password_is_reset_by_a_link_that_works_once(client, clinic, settings):
    user = factories.user(clinic, Role.STAFF, email="desk@example.com")

    client.post(reverse("account_reset_password"), {"email": "desk@example.com"})
    link = next(word for word in mail.outbox[0].body.split() if "/password/reset/key/" in word)
    path = link.removeprefix(settings.SITE_URL)
    form = client.get(path, follow=True)
    new = {"password1": "a-long-made-up-word", "password2": "a-long-made-up-word"}
    client.post(form.redirect_chain[-1][0], new)

    assert link.startswith(settings.SITE_URL)
    assert mail.outbox[0].to == ["desk@example.com"]
    assert User.objects.get(pk=user.pk).check_password("a-long-made-up-word")
    assert type(client)().get(path, follow=True).context["token_fail"]


def test_reset_for_an_unknown_address_mails_nobody_and_says_the_same(client):
    answer = client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})

    assert answer.url == reverse("account_reset_password_done")
    assert mail.outbox == []


def test_nobody_signs_up_by_themselves(client):
    assert client.get("/accounts/signup/").status_code == 404


def test_every_page_of_accounts_is_bound_to_our_own_scripts(client, clinic):
    pages = [client.get(reverse(name)) for name in ("account_login", "account_reset_password")]
    client.force_login(factories.user(clinic, Role.STAFF))
    pages += [client.get(reverse(name)) for name in ("mfa_index", "account_change_password")]

    assert {page.status_code for page in pages} == {200}
    for page in pages:
        policy = page["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_console_relaxes_its_policy_by_what_its_scripts_need_alone(client, clinic):
    client.force_login(factories.user(clinic, Role.STAFF))

    policy = client.get(CONSOLE)["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval';" in policy
    assert "default-src 'none'" in policy


def test_triage_rules_are_approved_only_in_a_session_with_a_second_factor(client, clinic, deployed):
    user = with_app(factories.user(clinic, Role.CLINICIAN))
    factories.practitioner(clinic, user=user)
    rules = save_rules(clinic)
    url = reverse("admin:checkins_ruleset_approve", args=[rules.pk])
    client.force_login(user)

    refused = client.post(url, {"read": rules.digest})
    untouched = RuleSet.objects.get(pk=rules.pk).status
    client.logout()
    log_in(client, user)
    show_code(client, code_of_app())
    client.post(url, {"read": rules.digest})

    assert refused.url.startswith(reverse("mfa_reauthenticate"))
    assert untouched == VersionStatus.DRAFT
    assert RuleSet.objects.get(pk=rules.pk).status == VersionStatus.APPROVED


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_licence_alone_does_not_approve_without_a_clinicians_role(role, client, clinic):
    user = factories.user(clinic, role)
    factories.practitioner(clinic, user=user)
    draft, rules = factories.draft_version(factories.template(clinic)), save_rules(clinic)
    client.force_login(user)

    text = client.post(reverse("admin:content_templateversion_approve", args=[draft.pk]), {"digest": "any"})
    weighing = client.post(reverse("admin:checkins_ruleset_approve", args=[rules.pk]), {"read": rules.digest})

    assert (text.status_code, weighing.status_code) == (403, 403)
    assert RuleSet.objects.get(pk=rules.pk).status == VersionStatus.DRAFT


@pytest.mark.parametrize("over", [{"login": "a" * 100_000}, {"password": "a" * 100_000}])
def test_log_in_with_a_text_without_end_is_refused(client, clinic, over):
    answer = client.post(reverse("account_login"), {"login": "nobody", "password": "none", **over})

    assert answer.status_code == 200
    assert "254" in answer.content.decode()
