"""The pages of one's account, which lie outside the console: axe finds nothing grave, all fits the screen."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from aftercare.clinics.inviting import token_of
from aftercare.clinics.models import Role
from aftercare.clinics.own_details import token_for
from tests import factories
from tests.browser.looking import fits, grave

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (1440, 390)
RESET = reverse("account_reset_password")
FIRST = ("mfa_index", "mfa_activate_totp", "mfa_add_webauthn")
LATER = ("mfa_index", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_deactivate_totp")
ALWAYS = ("account_details", "account_change_password", "account_reauthenticate", "mfa_list_webauthn")


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def owner(clinic):
    return factories.user(clinic, Role.OWNER, email="otto@example.com")


@pytest.fixture
def faults(page):
    """What is wrong with the page at an address, or of the one that is shown."""

    def faults(url=None, status=200):
        if url is not None:
            assert page.goto(url).status == status
        found = [(page.url, *fault) for fault in grave(page)]
        return found + [(page.url, "wider than", width) for width in WIDTHS if not fits(page, width)]

    return faults


def waiting(clinic, **over):
    by, until = factories.user(clinic, Role.OWNER), timezone.now() + timedelta(days=1)
    return factories.invitation(clinic, invited_by=by, expires_at=until, **over)


def log_in_with_password(page, user):
    page.goto(reverse("account_login"))
    page.fill("[name=login]", user.username)
    page.fill("[name=password]", factories.PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(f"**{reverse('admin:index')}")


def test_pages_for_who_is_not_logged_in_have_no_grave_violation(page, clinic, owner, faults):
    invitation = waiting(clinic)
    found = [*faults(reverse("account_login")), *faults(RESET), *faults("/nothing/", 404)]
    page.goto(RESET)
    page.fill("[name=email]", owner.email)
    page.locator("[name=email]").press("Enter")
    page.wait_for_url(f"**{reverse('account_reset_password_done')}")
    found += faults()
    key = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]

    found += faults(key)
    found += faults(reverse("invitation", args=[token_of(invitation)]))
    found += faults(reverse("invitation", args=["none"]), 410)

    assert found == []


def test_pages_of_ones_own_account_have_no_grave_violation(page, clinic, owner, faults):
    invitation = waiting(factories.clinic(), email=owner.email)
    log_in_with_password(page, owner)
    page.goto(reverse("account_reauthenticate"))
    page.fill("[name=password]", factories.PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/admin/")

    found = [fault for name in (*ALWAYS, *FIRST) for fault in faults(reverse(name))]
    found += faults(reverse("account_address", args=[token_for(owner, "new@example.com")]))
    found += faults(reverse("account_address", args=["none"]))
    found += faults(reverse("invitation", args=[token_of(invitation)]))

    assert found == []


def test_pages_of_a_second_factor_there_is_have_no_grave_violation(page, clinic, owner, faults, log_in):
    TOTP.activate(owner, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    codes = RecoveryCodes.activate(owner)
    member = factories.user(clinic, Role.STAFF)
    TOTP.activate(member, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ")
    log_in(owner)
    found = faults(reverse("mfa_reauthenticate"))
    page.goto(f"{reverse('mfa_reauthenticate')}?next={reverse('mfa_index')}")
    page.fill("[name=code]", codes.get_unused_codes()[0])
    page.locator("[name=code]").press("Enter")
    page.wait_for_url(f"**{reverse('mfa_index')}")

    found += [fault for name in LATER for fault in faults(reverse(name))]
    membership = member.memberships.get().pk
    found += faults(reverse("admin:clinics_membership_reset-factor", args=[membership]))

    assert found == []
