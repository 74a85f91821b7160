"""A deployment says when it would believe anybody's reports, or will never hear any."""

import pytest

from aftercare.hooks.checks import reports_are_verified
from tests.hooks.posts import POSTS, SETTINGS

PROOFS = {
    "mailersend": "MAILERSEND_SIGNING_SECRET",
    "mailgun": "MAILGUN_WEBHOOK_SIGNING_KEY",
    "mandrill": "MANDRILL_WEBHOOK_KEY",
    "postal": "POSTAL_WEBHOOK_KEY",
    "resend": "RESEND_SIGNING_SECRET",
    "unisender_go": "UNISENDER_GO_API_KEY",
}


def ids():
    return [message.id for message in reports_are_verified()]


@pytest.mark.parametrize("provider", sorted(POSTS))
def test_provider_whose_reports_are_proven_passes(settings, provider):
    proof = PROOFS.get(provider, "WEBHOOK_SECRET")
    settings.WEBHOOK_PROVIDER, settings.ANYMAIL = provider, {proof: SETTINGS[proof]}

    assert ids() == []


@pytest.mark.parametrize("provider", sorted(POSTS))
def test_provider_whose_reports_anybody_could_write_is_an_error(settings, provider):
    settings.WEBHOOK_PROVIDER, settings.ANYMAIL = provider, {}

    assert ids() == ["aftercare.E001"]


def test_provider_that_reports_nothing_readable_is_a_warning(settings):
    settings.WEBHOOK_PROVIDER = "scaleway"

    assert ids() == ["aftercare.W001"]


def test_smtp_server_reports_nothing_and_is_no_news():
    assert ids() == []
