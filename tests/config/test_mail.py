"""Mail settings come from one address or from one provider's own variables."""

from pathlib import Path

import pytest
from django.utils.module_loading import import_string

from aftercare.hooks.providers import VIEWS
from config.environment import Environment
from config.mail import PROVIDERS, REPORT_PROOFS, mail_settings, parse_mail_url

LOGIN = "provider:a-long-enough-password"
FOLDER = Path("/srv/aftercare/mail")


def read(**variables):
    environment = Environment(variables)
    return mail_settings(environment, FOLDER), environment.problems


def test_mail_goes_to_files_in_embedded_mode():
    settings, problems = read()

    assert settings["EMAIL_FILE_PATH"] == "/srv/aftercare/mail"
    assert problems == {}


def test_mail_must_be_set_beside_a_database():
    _, problems = read(DATABASE_URL="postgres://db/aftercare")

    assert problems == {"EMAIL_URL": "is not set, and no mail provider's variables are"}


@pytest.mark.parametrize(
    ("written", "port", "starttls", "tls"),
    [
        ("smtp://mail.example.com", 25, False, False),
        ("smtp://mail.example.com:1025", 1025, False, False),
        ("smtp+tls://mail.example.com", 587, True, False),
        ("smtp+ssl://mail.example.com", 465, False, True),
        ("smtps://mail.example.com", 465, False, True),
    ],
)
def test_mail_address_tells_port_and_encryption(written, port, starttls, tls):
    settings = parse_mail_url(written)

    assert settings["EMAIL_HOST"] == "mail.example.com"
    assert (settings["EMAIL_PORT"], settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == (
        port,
        starttls,
        tls,
    )


def test_mail_address_may_hold_escaped_characters():
    settings = parse_mail_url("smtp+tls://clinic%40example.com:p%3Aw@mail.example.com")

    assert (settings["EMAIL_HOST_USER"], settings["EMAIL_HOST_PASSWORD"]) == ("clinic@example.com", "p:w")


@pytest.mark.parametrize(
    "written",
    [
        "mail.example.com",
        "smtp://",
        "pop3://u:s3cret@h",
        "smtp://u:s3cret@h:port",
        "file://mails",
        "smtp://u:s3cret@[h",
    ],
)
def test_mail_address_of_another_form_is_a_problem_without_its_password(written):
    _, problems = read(EMAIL_URL=written)

    assert problems.keys() == {"EMAIL_URL"}
    assert "s3cret" not in problems["EMAIL_URL"]


def proofs(provider):
    """A value for each variable that the provider's reports are told by."""
    needed, optional = REPORT_PROOFS[provider]
    return {name: LOGIN for name in (*needed, *optional)}


def test_provider_is_known_by_its_variables():
    given = {"RESEND_API_KEY": "re_1", "RESEND_SIGNING_SECRET": "whsec_1"}

    settings, problems = read(DATABASE_URL="postgres://db/aftercare", **given)

    assert settings == {
        "EMAIL_BACKEND": "aftercare.outbox.providers.ResendBackend",
        "ANYMAIL": given,
        "WEBHOOK_PROVIDER": "resend",
    }
    assert problems == {}


def test_provider_gets_its_optional_variables():
    settings, _ = read(
        POSTMARK_SERVER_TOKEN="t", POSTMARK_API_URL="http://127.0.0.1:1/", WEBHOOK_SECRET=LOGIN
    )

    assert settings["ANYMAIL"] == {
        "POSTMARK_SERVER_TOKEN": "t",
        "POSTMARK_API_URL": "http://127.0.0.1:1/",
        "WEBHOOK_SECRET": [LOGIN],
    }


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_provider_whose_reports_anybody_could_write_is_a_problem(provider):
    needed, _optional = REPORT_PROOFS[provider]

    _, problems = read(EMAIL_PROVIDER=provider, **dict.fromkeys(PROVIDERS[provider][0], "value"))

    assert problems.keys() == set(needed)
    assert all("anybody could write" in problem for problem in problems.values())


def test_every_provider_whose_reports_are_read_has_a_proof():
    assert REPORT_PROOFS.keys() == PROVIDERS.keys()
    assert {name for name, pair in REPORT_PROOFS.items() if any(pair)} == VIEWS.keys()


@pytest.mark.parametrize("secret", ["nobody", "name:short", ":a-long-enough-password", f"{LOGIN},x:y"])
def test_login_of_reports_that_is_easily_guessed_is_a_problem(secret):
    _, problems = read(POSTMARK_SERVER_TOKEN="t", WEBHOOK_SECRET=secret)

    assert problems.keys() == {"WEBHOOK_SECRET"}
    assert secret not in problems["WEBHOOK_SECRET"]


def test_two_logins_of_reports_hold_while_one_is_replaced():
    settings, _ = read(POSTMARK_SERVER_TOKEN="t", WEBHOOK_SECRET=f"{LOGIN}, new:another-long-password")

    assert settings["ANYMAIL"]["WEBHOOK_SECRET"] == [LOGIN, "new:another-long-password"]


def test_no_reports_are_taken_without_a_provider():
    settings, problems = read(EMAIL_URL="smtp://mail.example.com", WEBHOOK_SECRET="x")

    assert "WEBHOOK_PROVIDER" not in settings
    assert problems == {}


def test_provider_with_a_variable_missing_is_a_problem():
    _, problems = read(MAILGUN_API_KEY="key", **proofs("mailgun"))

    assert problems == {"MAILGUN_SENDER_DOMAIN": "is not set; mailgun needs it"}


def test_provider_without_a_known_name_is_a_problem():
    _, problems = read(EMAIL_PROVIDER="pigeon")

    assert problems["EMAIL_PROVIDER"].startswith("is not one of amazon_ses, brevo")


def test_two_providers_are_a_problem():
    _, problems = read(DATABASE_URL="postgres://db/aftercare", RESEND_API_KEY="re_1", BREVO_API_KEY="b")

    assert problems == {"EMAIL_PROVIDER": "is not set, and variables of brevo and resend are"}


def test_two_providers_are_told_apart_by_name():
    settings, problems = read(
        RESEND_API_KEY="re_1", BREVO_API_KEY="b", EMAIL_PROVIDER="Brevo", WEBHOOK_SECRET=LOGIN
    )

    assert settings["ANYMAIL"] == {"BREVO_API_KEY": "b", "WEBHOOK_SECRET": [LOGIN]}
    assert problems == {}


def test_provider_beside_an_address_is_a_problem():
    _, problems = read(RESEND_API_KEY="re_1", EMAIL_URL="smtp://mail.example.com", **proofs("resend"))

    assert problems == {"EMAIL_URL": "is set beside the variables of resend; keep one of the two"}


def test_provider_whose_package_is_not_installed_is_a_problem(monkeypatch):
    monkeypatch.setattr("config.mail.find_spec", lambda name: None)

    _, problems = read(EMAIL_PROVIDER="amazon-ses", WEBHOOK_SECRET=LOGIN)

    assert problems == {"EMAIL_PROVIDER": "is amazon_ses, which needs the package boto3 installed"}


def test_ses_sends_once_and_waits_no_longer_than_told():
    environment = Environment({"EMAIL_PROVIDER": "amazon-ses"})
    settings = mail_settings(environment, FOLDER, seconds=17)

    config = settings["ANYMAIL"]["AMAZON_SES_CLIENT_PARAMS"]["config"]
    assert config == {"retries": {"total_max_attempts": 1}, "connect_timeout": 5, "read_timeout": 17}


def test_smtp_goes_through_the_backend_that_knows_how_far_a_message_got():
    assert parse_mail_url("smtp://mail.example.com")["EMAIL_BACKEND"] == "aftercare.outbox.smtp.SmtpBackend"


@pytest.mark.parametrize("provider", sorted(PROVIDERS.keys() - {"amazon_ses"}))
def test_provider_backend_accepts_the_variables_it_is_given(provider, settings):
    needed, optional = PROVIDERS[provider]
    variables = dict.fromkeys((*needed, *optional), "https://value.example.com/")

    found, problems = read(EMAIL_PROVIDER=provider, **variables, **proofs(provider))
    settings.ANYMAIL = found["ANYMAIL"]

    assert problems == {}
    assert import_string(found["EMAIL_BACKEND"])().esp_name.replace(" ", "_").lower() == provider
