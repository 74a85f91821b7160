"""``manage.py import_sessions``: patients and completed sessions from a CSV or Excel file."""

from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from aftercare.clinics.models import Clinic, User
from aftercare.outbox.importing.problems import FileError, RowProblem
from aftercare.outbox.importing.sessions import Mode, Report, import_sessions

HELP = """Takes patients and completed sessions in from a CSV or Excel (.xlsx) file.

CSV: UTF-8, with or without BOM; comma or semicolon. The first line names the columns, in any order
(docs/sessions-example.csv):

  external_id *            the session's id in your system; the same id is never taken in twice
  patient_external_id      the patient's; without it, name and e-mail tell who it is
  first_name * last_name * email *  phone  birth_date
  locale                   en-GB, en-US, es-ES or es-MX (empty: the clinic's)
  time_zone                the patient's own, for example Europe/London (empty: the clinic's)
  email_consent_version, email_consent_at   consent to aftercare e-mail; without it, messages are held
  practitioner *           name or licence number, as stored
  protocol *               its slug or name   variant   standard, rf or prp (empty: standard)
  ended_at *               2026-03-28T15:00, by the clinic's clock, or with an offset
  areas *                  face:0.5x2;neck:1.0x1 (area:depth in mm x passes)
  treatment_consent *      yes or no
  screening *              clear, or the codes answered yes: diabetes;cold_sores:unknown
  override_by, override_reason              who decided on them, and why
  device  cartridge_lot  cartridge_expires_on  products (Calm Gel|LOT1;Cream)  fitzpatrick (I to VI)
  recovery_note            what to expect, needed above 1.5 mm
  next_visit_on  notes

Bad rows are listed with line, column and cure; the good ones are stored. A session that is stored already
stays as it is: the same, it is skipped; otherwise, it is listed. What looks like a stored treatment under
another id is listed too. Steps whose window has passed are not sent; staff get tasks for safety
messages missed within the last 7 days, and are told of none from before.
"""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--clinic", required=True, metavar="SLUG")
        parser.add_argument("--by", metavar="USERNAME", help="who the history says imported them")
        parser.add_argument("--dry-run", action="store_true", help="store nothing, say the same")
        parser.add_argument(
            "--take-doubles", action="store_true", help="store treatments that look like a stored one too"
        )
        parser.add_argument("--all-or-nothing", action="store_true", help="store only if every row is good")

    def handle(self, *, file: Path, dry_run: bool, all_or_nothing: bool, **options: Any) -> None:
        clinic, by = _clinic(options["clinic"]), _user(options["by"])
        doubles = options["take_doubles"]
        mode = Mode(dry_run=dry_run, all_or_nothing=all_or_nothing, take_doubles=doubles)
        try:
            report = import_sessions(_read(file), clinic=clinic, by=by, now=timezone.now(), mode=mode)
        except FileError as error:
            raise CommandError(f"{file}: {error}") from error
        self.stdout.write("\n".join([*_lines(report), _summary(report) + _told(report)]))
        if report.problems or report.conflicts or report.doubles:
            raise CommandError(_verdict(report, mode))


def _clinic(slug: str) -> Clinic:
    clinic = Clinic.objects.filter(slug=slug).first()
    if clinic is None:
        known = ", ".join(Clinic.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"--clinic: There is no clinic “{slug}”. Clinics: {known}.")
    return clinic


def _user(name: str | None) -> User | None:
    if name is None:
        return None
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"--by: There is no user “{name}”.")
    return user


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error


def _lines(report: Report) -> Iterable[str]:
    groups: tuple[tuple[str, list[RowProblem]], ...] = (
        ("Not stored:", report.problems),
        ("Stored already, and otherwise:", report.conflicts),
        ("Most likely the same treatment under another id (--take-doubles stores them):", report.doubles),
        ("Doubled in the file, stored once:", report.repeated),
        ("Patients' details kept as they are:", report.kept),
    )
    for title, problems in groups:
        if problems:
            yield title
            yield from (f"  {problem}" for problem in problems)


def _summary(report: Report) -> str:
    done = "Stored" if report.stored else "Nothing stored. To store"
    return (
        f"{done}: {report.sessions} sessions, {report.patients} new patients. "
        f"Skipped as unchanged: {report.unchanged}. Rows: {report.rows}."
    )


def _told(report: Report) -> str:
    """Empty where nothing was stored, or nothing missed."""
    if not any(report.told):
        return ""
    return (
        f" Sessions whose safety messages were missed within 7 days, told to staff: {report.told.near}; "
        f"longer ago, told to nobody: {report.told.past}."
    )


def _verdict(report: Report, mode: Mode) -> str:
    bad = len({problem.line for problem in (*report.problems, *report.conflicts, *report.doubles)})
    rows = "1 row needs" if bad == 1 else f"{bad} rows need"
    if mode.all_or_nothing:
        return f"{rows} correcting; nothing was stored."
    return f"{rows} correcting. Correct them and give the same file again: what is stored is skipped."
