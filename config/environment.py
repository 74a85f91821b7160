"""Reads the environment once and reports every bad variable at once, each with what to write."""

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn, TypeVar

from config.parsing import parse_flag, parse_key, wrong

Value = TypeVar("Value")

WHAT_TO_WRITE: Mapping[str, str] = {
    "AFTERCARE_VAR": "a folder this process may write to",
    "ALLOWED_HOSTS": "the host names this site answers to, separated by commas, e.g. aftercare.example.com",
    "DATABASE_URL": "postgres://USER:PASSWORD@HOST:5432/NAME (an @ in the password is written as %40)",
    "DEBUG": "true or false",
    "DEFAULT_LANGUAGE": "en or es",
    "DEFAULT_TIME_ZONE": "a name of the tz database, e.g. Europe/London",
    "EMAIL_PROVIDER": "the name of the one mail provider to use, e.g. resend",
    "EMAIL_URL": "smtp+tls://USER:PASSWORD@HOST:587 (STARTTLS), smtp+ssl://USER:PASSWORD@HOST:465, "
    "smtp://HOST:25, or file:///a/folder for .eml files",
    "LEASE_SECONDS": "whole seconds from 60 to 3600, at least twice PROVIDER_TIMEOUT_SECONDS, e.g. 300",
    "LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR",
    "MAILERSEND_SIGNING_SECRET": "the signing secret of the webhook at MailerSend",
    "MAILGUN_WEBHOOK_SIGNING_KEY": "the HTTP webhook signing key of the account at Mailgun (not its API key)",
    "MAILTRAP_TRACKING_SECRET": "the signature secret of the webhook at Mailtrap",
    "MANDRILL_WEBHOOK_KEY": "the key of the webhook at Mandrill",
    "MANDRILL_WEBHOOK_URL": "the webhook's address exactly as it stands at Mandrill, when a proxy alters it",
    "METRICS_TOKEN": "at least 16 random characters, which your monitor sends as Authorization: Bearer",
    "MAIL_PER_DAY": "how many mails the mail service takes a day, e.g. 50000; empty for no limit",
    "MAIL_PER_SECOND": "how many mails the mail service takes a second, e.g. 14 or 0.5; empty for no limit",
    "PORT": "a port number from 1 to 65535, e.g. 8000",
    "POSTAL_WEBHOOK_KEY": "the p= part of what `postal default-dkim-record` prints, without a semicolon",
    "PROVIDER_TIMEOUT_SECONDS": "a whole number of seconds from 1 to 60, e.g. 30",
    "RESEND_SIGNING_SECRET": "the signing secret of the webhook at Resend; it begins with whsec_",
    "REDIS_URL": "redis://HOST:6379/0, or none where manage.py run_scheduler stands for workers and beat",
    "SECRET_KEY": "at least 32 random characters, e.g. what this prints: "
    "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
    "SITE_EMAIL": "the address that mails about accounts come from, e.g. aftercare@example.com",
    "SITE_URL": "the address patients and staff use, e.g. https://aftercare.example.com",
    "SOFT_BOUNCES": "a whole number from 1 to 20, e.g. 3",
    "SOFT_BOUNCE_DAYS": "a whole number of days from 1 to 90, e.g. 14",
    "TASKS_EAGER": "true or false",
    "TICK_SECONDS": "a whole number of seconds from 1 to 60, e.g. 5",
    "UNDO_MINUTES": "a whole number of minutes from 0 to 60, e.g. 3",
    "WEBHOOK_SECRET": "NAME:PASSWORD, at random, the password of at least 16 characters; the same stands in "
    "the address the mail provider posts to: https://NAME:PASSWORD@aftercare.example.com/webhooks/PROVIDER/",
}


class Environment:
    """The typed reading of a process's variables; a blank one counts as not set.

    What is missing or wrong is collected in ``problems`` and the default returned instead, so that
    :meth:`finish` reports everything in one go. Without ``DATABASE_URL`` the embedded defaults apply: SQLite,
    no broker, mail as files, a generated key.
    """

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self.variables = variables
        self.problems: dict[str, str] = {}
        self.embedded = not self.text("DATABASE_URL")

    def text(self, name: str, default: str = "") -> str:
        return self.variables.get(name, "").strip() or default

    def read(self, name: str, parse: Callable[[str], Value], default: Value) -> Value:
        """The parsed variable. ``parse`` raises ValueError with what is wrong, without quoting the value."""
        raw = self.text(name)
        try:
            return parse(raw) if raw else default
        except ValueError as error:
            self.problems[name] = str(error)
            return default

    def required(self, name: str, parse: Callable[[str], Value], embedded_default: Value) -> Value:
        """As :meth:`read`, for a variable that only the embedded mode may leave out."""
        if not self.embedded and not self.text(name):
            self.problems[name] = "is not set"
        return self.read(name, parse, embedded_default)

    def flag(self, name: str, default: bool = False) -> bool:
        return self.read(name, parse_flag, default)

    def choice(self, name: str, default: str, choices: list[str]) -> str:
        def parse(raw: str) -> str:
            return raw if raw in choices else wrong("is not one of the values it may have")

        return self.read(name, parse, default)

    def between(self, name: str, default: int, low: int, high: int) -> int:
        def parse(raw: str) -> int:
            if not raw.isdecimal():
                wrong("is not a whole number")
            return int(raw) if low <= int(raw) <= high else wrong(f"is not between {low} and {high}")

        return self.read(name, parse, default)

    def var_folder(self, default: Path) -> Path:
        """``AFTERCARE_VAR``, made when it is not there: where the embedded mode keeps its data."""
        folder = Path(self.text("AFTERCARE_VAR", str(default))).expanduser().absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            self.problems["AFTERCARE_VAR"] = f"names a folder that cannot be made: {error.strerror}"
        return folder

    def secret_key(self, kept_in: Path) -> str:
        """``SECRET_KEY``; when the embedded mode has none, the key kept in the file (made on first use)."""
        key = self.required("SECRET_KEY", parse_key, "")
        if key or not self.embedded or self.problems.keys() & {"SECRET_KEY", "AFTERCARE_VAR"}:
            return key
        try:
            return kept_key(kept_in)
        except OSError as error:
            self.problems["AFTERCARE_VAR"] = f"names a folder that cannot be written: {error.strerror}"
            return ""

    def finish(self) -> None:
        """Ends the process with one readable list when any variable was missing or wrong."""
        if self.problems:
            stop(self.problems)


def kept_key(path: Path) -> str:
    """The key kept in ``path``, made with owner-only rights when it is not there yet.

    Written beside and linked into place, so that two processes that start together agree on one whole key.
    """
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()


def stop(problems: Mapping[str, str]) -> NoReturn:
    lines = ["Aftercare cannot start: these environment variables need attention."]
    for name, what in sorted(problems.items()):
        lines += [
            f"  {name} {what}",
            f"      write: {WHAT_TO_WRITE.get(name, 'the value your mail provider gave you')}",
        ]
    sys.exit("\n".join(lines))
