"""``manage.py import_sessions``: what is printed and stored."""

from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command

from aftercare.clinics.models import Patient
from aftercare.outbox.models import ScheduledMessage
from aftercare.protocols.models import Variant
from aftercare.treatments.models import TreatmentSession
from tests import factories

pytestmark = pytest.mark.django_db

EXAMPLE = Path(__file__).parents[2] / "docs" / "sessions-example.csv"


@pytest.fixture(autouse=True)
def that_evening():
    with time_machine.travel("2026-03-28T18:00:00Z", tick=False):
        yield


@pytest.fixture
def clinic():
    clinic = factories.clinic(slug="harbour")
    factories.practitioner(clinic, name="Dr Ellis Moreau")
    factories.protocol(clinic, slug="microneedling", variants=[Variant.STANDARD])
    return clinic


def _run(file, **options):
    call_command("import_sessions", str(file), **{"clinic": "harbour", **options})


def _broken(tmp_path):
    """The example with one bad row."""
    file = tmp_path / "broken.csv"
    file.write_text(EXAMPLE.read_text().replace("2026-03-28T16:30", "2026-03-29T16:30"))
    return file


def test_example_of_the_documentation_is_stored_as_it_stands(clinic, capsys):
    _run(EXAMPLE)

    said = capsys.readouterr().out
    assert "Stored: 3 sessions, 3 new patients." in said
    assert "missed within 7 days, told to staff: 1; longer ago, told to nobody: 0." in said
    assert TreatmentSession.objects.filter(clinic=clinic, state="completed").count() == 3


def test_second_run_stores_nothing_and_says_so(clinic, capsys):
    _run(EXAMPLE)
    messages = list(ScheduledMessage.objects.order_by("pk").values())

    _run(EXAMPLE)

    assert "0 sessions, 0 new patients. Skipped as unchanged: 3" in capsys.readouterr().out
    assert list(ScheduledMessage.objects.order_by("pk").values()) == messages


def test_bad_row_is_listed_with_line_and_column_and_the_others_are_stored(clinic, capsys, tmp_path):
    with pytest.raises(CommandError, match="1 row needs correcting") as error:
        _run(_broken(tmp_path))

    assert "line 3, ended_at: The treatment cannot end in the future." in capsys.readouterr().out
    assert error.value.returncode == 1
    assert TreatmentSession.objects.count() == 2


def test_all_or_nothing_stores_nothing_when_a_row_is_bad(clinic, capsys, tmp_path):
    with pytest.raises(CommandError, match="nothing was stored"):
        _run(_broken(tmp_path), all_or_nothing=True)

    assert (TreatmentSession.objects.count(), Patient.objects.count()) == (0, 0)


def test_dry_run_lists_the_same_and_stores_nothing(clinic, capsys, tmp_path):
    file = _broken(tmp_path)

    with pytest.raises(CommandError):
        _run(file, dry_run=True)
    dry = capsys.readouterr().out
    stored = TreatmentSession.objects.count()
    with pytest.raises(CommandError):
        _run(file)

    assert stored == 0
    assert dry.splitlines()[:-1] == capsys.readouterr().out.splitlines()[:-1]
    assert "Nothing stored. To store: 2 sessions" in dry


def test_history_names_who_imported(clinic):
    by = factories.user(clinic)

    _run(EXAMPLE, by=by.username)

    session = TreatmentSession.objects.first()
    assert (session.history.get().history_user, session.created_by) == (by, by)


@pytest.mark.parametrize(
    ("options", "text"),
    [({"clinic": "nowhere"}, "Clinics: harbour."), ({"by": "nobody"}, "There is no user")],
)
def test_unknown_clinic_or_user_is_refused(clinic, options, text):
    with pytest.raises(CommandError, match=text):
        _run(EXAMPLE, **options)


def test_missing_file_is_refused_in_one_line(clinic, tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        _run(tmp_path / "nothing.csv")


def test_file_that_is_no_csv_is_refused_by_name(clinic, tmp_path):
    file = tmp_path / "logo.csv"
    file.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")

    with pytest.raises(CommandError, match=r"logo\.csv: Line 1 is not UTF-8"):
        _run(file)
