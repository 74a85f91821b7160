"""Django's and anymail's mail settings, from ``EMAIL_URL`` or from a mail provider's own variables."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

from config.environment import Environment
from config.parsing import parse_address, parse_logins, wrong

MailSettings = dict[str, object]

# provider: (variables it needs, variables it may have); the names are anymail's own.
PROVIDERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "amazon_ses": ((), ()),
    "brevo": (("BREVO_API_KEY",), ("BREVO_API_URL",)),
    "mailersend": (("MAILERSEND_API_TOKEN",), ("MAILERSEND_API_URL",)),
    "mailgun": (("MAILGUN_API_KEY", "MAILGUN_SENDER_DOMAIN"), ("MAILGUN_API_URL",)),
    "mailjet": (("MAILJET_API_KEY", "MAILJET_SECRET_KEY"), ("MAILJET_API_URL",)),
    "mailtrap": (("MAILTRAP_API_TOKEN",), ("MAILTRAP_SANDBOX_ID",)),
    "mandrill": (("MANDRILL_API_KEY",), ("MANDRILL_API_URL",)),
    "postal": (("POSTAL_API_URL", "POSTAL_API_KEY"), ()),
    "postmark": (("POSTMARK_SERVER_TOKEN",), ("POSTMARK_API_URL",)),
    "resend": (("RESEND_API_KEY",), ("RESEND_API_URL",)),
    "scaleway": (("SCALEWAY_SECRET_KEY", "SCALEWAY_PROJECT_ID"), ("SCALEWAY_REGION",)),
    "sparkpost": (("SPARKPOST_API_KEY",), ("SPARKPOST_API_URL",)),
    "unisender_go": (("UNISENDER_GO_API_KEY", "UNISENDER_GO_API_URL"), ()),
}

# provider: (variables that prove a report to be its own: needed, optional). Where there is no signing key, a
# log-in in the address the provider posts to is the proof. Unisender Go signs with its API key; Scaleway
# reports nothing that anymail understands.
REPORT_PROOFS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "amazon_ses": (("WEBHOOK_SECRET",), ()),
    "brevo": (("WEBHOOK_SECRET",), ()),
    "mailersend": (("MAILERSEND_SIGNING_SECRET",), ("WEBHOOK_SECRET",)),
    "mailgun": (("MAILGUN_WEBHOOK_SIGNING_KEY",), ("WEBHOOK_SECRET",)),
    "mailjet": (("WEBHOOK_SECRET",), ()),
    "mailtrap": (("WEBHOOK_SECRET",), ("MAILTRAP_TRACKING_SECRET",)),
    "mandrill": (("MANDRILL_WEBHOOK_KEY",), ("MANDRILL_WEBHOOK_URL", "WEBHOOK_SECRET")),
    "postal": (("POSTAL_WEBHOOK_KEY",), ("WEBHOOK_SECRET",)),
    "postmark": (("WEBHOOK_SECRET",), ()),
    "resend": (("RESEND_SIGNING_SECRET",), ("WEBHOOK_SECRET",)),
    "scaleway": ((), ()),
    "sparkpost": (("WEBHOOK_SECRET",), ()),
    "unisender_go": ((), ("WEBHOOK_SECRET",)),
}

# scheme: (port when none is written, STARTTLS, TLS from the first byte)
SMTP_SCHEMES: Mapping[str, tuple[int, bool, bool]] = {
    "smtp": (25, False, False),
    "smtp+tls": (587, True, False),
    "smtp+ssl": (465, False, True),
    "smtps": (465, False, True),
}


# Where anymail's own backend lacks something.
BACKENDS: Mapping[str, str] = {"resend": "aftercare.outbox.providers.ResendBackend"}
CONNECT_SECONDS = 5


def mail_settings(environment: Environment, embedded_folder: Path, *, seconds: int = 30) -> MailSettings:
    """The settings to use; problems are collected in the environment.

    ``seconds``: how long a mail server may take to answer, where the settings of all providers do not say so.
    """
    provider = chosen_provider(environment)
    if provider and environment.text("EMAIL_URL"):
        environment.problems["EMAIL_URL"] = f"is set beside the variables of {provider}; keep one of the two"
    if provider:
        return provider_settings(environment, provider, seconds=seconds)
    if not (
        environment.embedded or environment.text("EMAIL_URL") or "EMAIL_PROVIDER" in environment.problems
    ):
        environment.problems["EMAIL_URL"] = "is not set, and no mail provider's variables are"
    return environment.read("EMAIL_URL", parse_mail_url, parse_mail_url(embedded_folder.as_uri()))


def chosen_provider(environment: Environment) -> str:
    """The provider named by ``EMAIL_PROVIDER``, else the one whose variables are set, else an empty text."""
    named = environment.text("EMAIL_PROVIDER").lower().replace("-", "_")
    if named and named not in PROVIDERS:
        environment.problems["EMAIL_PROVIDER"] = f"is not one of {', '.join(PROVIDERS)}"
        return ""
    found = [name for name, (needed, _) in PROVIDERS.items() if any(environment.text(v) for v in needed)]
    if not named and len(found) > 1:
        environment.problems["EMAIL_PROVIDER"] = f"is not set, and variables of {' and '.join(found)} are"
        return ""
    return named or "".join(found)


def provider_settings(environment: Environment, provider: str, *, seconds: int) -> MailSettings:
    """The settings to send through the provider and to trust its reports; what is missing is a problem."""
    needed, optional = PROVIDERS[provider]
    for name in needed:
        if not environment.text(name):
            environment.problems[name] = f"is not set; {provider} needs it"
    if provider == "amazon_ses" and find_spec("boto3") is None:
        environment.problems["EMAIL_PROVIDER"] = "is amazon_ses, which needs the package boto3 installed"
    values: dict[str, object] = {
        name: environment.text(name) for name in (*needed, *optional) if environment.text(name)
    }
    if provider == "amazon_ses":
        values["AMAZON_SES_CLIENT_PARAMS"] = {"config": boto3_config(seconds)}
    values.update(report_proofs(environment, provider))
    backend = BACKENDS.get(provider, f"anymail.backends.{provider}.EmailBackend")
    return {"EMAIL_BACKEND": backend, "ANYMAIL": values, "WEBHOOK_PROVIDER": provider}


def boto3_config(seconds: int) -> dict[str, object]:
    """One try: when an answer is lost, boto3 would send again by itself, and a patient get three copies."""
    return {
        "retries": {"total_max_attempts": 1},
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": seconds,
    }


def report_proofs(environment: Environment, provider: str) -> dict[str, object]:
    """What tells the provider's reports from anybody else's; a needed one that is missing is a problem."""
    needed, optional = REPORT_PROOFS[provider]
    for name in needed:
        if not environment.text(name):
            environment.problems[name] = f"is not set; without it anybody could write {provider}'s reports"
    values: dict[str, object] = {
        name: environment.text(name) for name in (*needed, *optional) if environment.text(name)
    }
    if "WEBHOOK_SECRET" in values:
        nobody: list[str] = []
        values["WEBHOOK_SECRET"] = environment.read("WEBHOOK_SECRET", parse_logins, nobody)
    return values


def parse_mail_url(raw: str) -> MailSettings:
    """Settings for an SMTP server, or for a folder that gets one .eml file a message."""
    if raw.startswith("file:///"):
        folder = unquote(raw.removeprefix("file://"))
        return {"EMAIL_BACKEND": "aftercare.outbox.backends.EmlBackend", "EMAIL_FILE_PATH": folder}
    parts = parse_address(raw)
    if parts.scheme not in SMTP_SCHEMES:
        wrong(
            f"does not start with file:/// or one of {', '.join(f'{scheme}://' for scheme in SMTP_SCHEMES)}"
        )
    port, starttls, tls = SMTP_SCHEMES[parts.scheme]
    return {
        "EMAIL_BACKEND": "aftercare.outbox.smtp.SmtpBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": starttls,
        "EMAIL_USE_SSL": tls,
    }
