"""Reads the environment once and reports every bad variable at once, each with what to write."""

import os
import secrets
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from environs import Env, EnvValidationError, validate

HINTS: Mapping[str, str] = {
    "SECRET_KEY": "at least 32 random characters, e.g. the output of: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
    "DATABASE_URL": "postgres://USER:PASSWORD@HOST:5432/NAME",
    "REDIS_URL": "redis://HOST:6379/0",
    "EMAIL_URL": "smtp+tls://USER:PASSWORD@HOST:587, or file:///a/folder for .eml files",
    "EMAIL_PROVIDER": "one of the provider names in README, e.g. resend",
    "ALLOWED_HOSTS": "the host names this site answers to, separated by commas, e.g. aftercare.example.com",
    "SITE_URL": "the address patients and staff use, e.g. https://aftercare.example.com",
    "DEFAULT_TIME_ZONE": "a name of the tz database, e.g. Europe/London",
    "DEFAULT_LANGUAGE": "en or es",
    "TICK_SECONDS": "a number of seconds from 1 to 60, e.g. 5",
    "UNDO_MINUTES": "a whole number of minutes from 0 to 60, e.g. 3",
    "LEASE_SECONDS": "a whole number of seconds from 60 to 3600, e.g. 300",
    "PROVIDER_TIMEOUT_SECONDS": "a whole number of seconds from 1 to 120, e.g. 30",
    "LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR",
    "DEBUG": "true or false",
    "TASKS_EAGER": "true or false",
    "AFTERCARE_VAR": "a folder this process may write to",
}

# provider → (variables it needs, variables it may have); the names are anymail's own.
PROVIDERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "amazon_ses": ((), ()),
    "brevo": (("BREVO_API_KEY",), ()),
    "mailersend": (("MAILERSEND_API_TOKEN",), ()),
    "mailgun": (("MAILGUN_API_KEY", "MAILGUN_SENDER_DOMAIN"), ("MAILGUN_API_URL",)),
    "mailjet": (("MAILJET_API_KEY", "MAILJET_SECRET_KEY"), ()),
    "mailtrap": (("MAILTRAP_API_TOKEN",), ("MAILTRAP_SANDBOX_ID",)),
    "mandrill": (("MANDRILL_API_KEY",), ()),
    "postal": (("POSTAL_API_URL", "POSTAL_API_KEY"), ()),
    "postmark": (("POSTMARK_SERVER_TOKEN",), ("POSTMARK_API_URL",)),
    "resend": (("RESEND_API_KEY",), ("RESEND_API_URL",)),
    "scaleway": (("SCALEWAY_SECRET_KEY", "SCALEWAY_PROJECT_ID"), ("SCALEWAY_REGION",)),
    "sparkpost": (("SPARKPOST_API_KEY",), ("SPARKPOST_API_URL",)),
    "unisender_go": (("UNISENDER_GO_API_KEY", "UNISENDER_GO_API_URL"), ()),
}


class Environment:
    """The typed reading of the process's variables.

    Values that are missing or wrong are collected; :meth:`finish` reports them all in one go. Without
    ``DATABASE_URL`` the embedded defaults apply: SQLite, a broker in files, mail as files, a generated key.
    """

    def __init__(self, base_dir: Path) -> None:
        self.env = Env(eager=False, expand_vars=False)
        self.problems: dict[str, str] = {}
        self.embedded = not os.environ.get("DATABASE_URL", "").strip()
        self.var = Path(self.env.str("AFTERCARE_VAR", str(base_dir / "var"))).expanduser().absolute()

    def required(self, name: str, embedded_default: str) -> str:
        """A text that production must set and the embedded mode may leave out."""
        value = os.environ.get(name, "").strip()
        if value or self.embedded:
            return value or embedded_default
        self.problems[name] = "is not set"
        return ""

    def choice(self, name: str, default: str, choices: list[str]) -> str:
        return str(self.env.str(name, default, validate=validate.OneOf(choices)) or default)

    def between(self, name: str, default: int, low: int, high: int) -> int:
        value = self.env.int(name, default, validate=validate.Range(min=low, max=high))
        return default if value is None else int(value)

    def secret_key(self) -> str:
        """``SECRET_KEY``, or in embedded mode the key kept in the var folder (made on first use)."""
        key = self.required("SECRET_KEY", "")
        if key and len(key) < 32:
            self.problems["SECRET_KEY"] = "is shorter than 32 characters"
        return key or (kept_secret(self.var / "secret_key") if self.embedded else "")

    def site_url(self, default: str) -> str:
        url = self.required("SITE_URL", default).rstrip("/")
        if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
            self.problems["SITE_URL"] = "is not an http or https address"
        return url

    def database(self) -> dict[str, Any]:
        default = f"sqlite:///{self.var / 'aftercare.sqlite3'}"
        return dict(self.env.dj_db_url("DATABASE_URL", default) or {})

    def redis_url(self) -> str:
        url = self.required("REDIS_URL", "")
        if url and urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
            self.problems["REDIS_URL"] = "is not a Redis address"
        return url

    def mail(self) -> dict[str, Any]:
        """Django's and anymail's mail settings from ``EMAIL_URL`` or a provider's own variables."""
        url, provider = os.environ.get("EMAIL_URL", "").strip(), self.provider()
        if url and provider:
            self.problems["EMAIL_URL"] = f"is set beside the variables of {provider}; keep one of the two"
        if provider:
            return self.provider_mail(provider)
        if not url and not self.embedded:
            self.problems["EMAIL_URL"] = "is not set, and no mail provider's variables are"
        return self.url_mail(url or f"file://{self.var / 'mail'}")

    def provider(self) -> str:
        named = os.environ.get("EMAIL_PROVIDER", "").strip().lower().replace("-", "_")
        if named and named not in PROVIDERS:
            self.problems["EMAIL_PROVIDER"] = f"is {named!r}, which is not one of {', '.join(PROVIDERS)}"
            return ""
        found = [name for name, (needed, _) in PROVIDERS.items() if any(os.environ.get(v) for v in needed)]
        if not named and len(found) > 1:
            self.problems["EMAIL_PROVIDER"] = f"is not set, and variables of {' and '.join(found)} are"
        return named or (found[0] if found else "")

    def provider_mail(self, provider: str) -> dict[str, Any]:
        needed, optional = PROVIDERS[provider]
        for name in needed:
            if not os.environ.get(name, "").strip():
                self.problems[name] = f"is not set; {provider} needs it"
        if provider == "amazon_ses" and find_spec("boto3") is None:
            self.problems["EMAIL_PROVIDER"] = "is amazon_ses, which needs the package boto3 installed"
        anymail = {name: os.environ[name] for name in (*needed, *optional) if os.environ.get(name)}
        return {"EMAIL_BACKEND": f"anymail.backends.{provider}.EmailBackend", "ANYMAIL": anymail}

    def url_mail(self, url: str) -> dict[str, Any]:
        parts = urlsplit(url)
        if parts.scheme == "file":
            return {
                "EMAIL_BACKEND": "aftercare.outbox.backends.EmlBackend",
                "EMAIL_FILE_PATH": parts.path,
            }
        parsed = self.env.dj_email_url("EMAIL_URL", url)
        if parsed is None or parts.scheme not in {"smtp", "smtps", "smtp+tls", "smtp+ssl", "submission"}:
            self.problems["EMAIL_URL"] = "is not a mail address of the form below"
            return {}
        return {key: value for key, value in parsed.items() if key.startswith("EMAIL_") and value is not None}

    def finish(self) -> None:
        """Ends the process with one readable list when any variable was missing or wrong."""
        try:
            self.env.seal()
        except EnvValidationError as error:
            for name, messages in error.error_messages.items():
                self.problems.setdefault(name, "; ".join(str(m) for m in messages))
        if self.problems:
            stop(self.problems)


def kept_secret(path: Path) -> str:
    """The secret kept in ``path``, made with owner-only rights when it is not there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()


def stop(problems: Mapping[str, str]) -> NoReturn:
    lines = [f"  {name} {text}\n      write: {HINTS.get(name, 'the value your mail provider gave you')}" for name, text in sorted(problems.items())]
    sys.exit("Aftercare cannot start: these environment variables need attention.\n" + "\n".join(lines))
