"""Each event is one line of JSON, whoever writes it."""

import ast
import json
import logging
from uuid import UUID

import pytest
import structlog
from django.db import IntegrityError, connection, transaction

from tests import factories
from tests.services.processes import ROOT


@pytest.fixture
def line(caplog):
    """What the console gets of the last event."""
    console = next(
        handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler
    )

    def line():
        text = console.format(caplog.records[-1])
        assert "\n" not in text
        return json.loads(text)

    return line


def test_event_of_ours_is_one_line_of_json(line):
    structlog.get_logger("aftercare.test").warning("lease_lost", message_id=7)

    event = line()
    assert (event["event"], event["message_id"], event["level"]) == ("lease_lost", 7, "warning")


def test_error_of_a_library_is_one_line_with_its_traceback(line):
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("a.library").exception("it failed")

    event = line()
    assert event["event"] == "it failed"
    assert "RuntimeError: broken" in event["exception"]


PERSONS = ("ana.garcia@example.com", "García", "1990-01-31", "secret-token")
DUPLICATE = """duplicate key value violates unique constraint "patient_email"
DETAIL:  Key (clinic_id, email)=(7, ana.garcia@example.com) already exists."""
FAILING_ROW = """new row for relation "clinics_patient" violates check constraint "patient_named"
DETAIL:  Failing row contains (12, Ana, García, ana.garcia@example.com, 1990-01-31)."""
BAD_VALUE = "invalid input syntax for type date: \"García 1990-01-31\"\nLINE 1: ... VALUES ('García')\n   ^"
REFUSED = "{'ana.garcia@example.com': (550, b'5.1.1 <ana.garcia@example.com>: no such user')}"
LINK = "Internal Server Error: /u/0123456789abcdef0123456789abcdef.secret-token-of-27-letters/"


@pytest.mark.parametrize("words", [DUPLICATE, FAILING_ROW, BAD_VALUE, REFUSED, LINK])
def test_exception_that_quotes_a_patient_is_logged_without_them(line, words):
    try:
        raise IntegrityError(words)
    except IntegrityError:
        logging.getLogger("a.library").exception("it failed: %s", words)

    event = line()
    assert not [word for word in PERSONS if word in json.dumps(event, ensure_ascii=False)]
    assert "IntegrityError" in event["exception"]
    assert (
        words.partition("DETAIL")[0].partition('"')[0].partition("'")[0].partition("/u/")[0] in event["event"]
    )


def test_event_of_ours_is_redacted_as_well(line):
    structlog.get_logger("aftercare.test").warning(
        "refused", said=["<ana.garcia@example.com>"], inner={"a": REFUSED}
    )

    assert "ana.garcia" not in json.dumps(line())


def test_thing_that_is_no_text_is_named_by_its_kind_alone(line):
    class Patient:
        def __repr__(self):
            return "Ana García"

    structlog.get_logger("aftercare.test").warning(
        "seen", who=Patient(), which=UUID(int=7), ok=True, none=None
    )

    event = line()
    assert (event["who"], event["which"][-1], event["ok"], event["none"]) == ("<Patient>", "7", True, None)


@pytest.mark.services
@pytest.mark.django_db
def test_real_violation_of_a_constraint_is_logged_without_the_row(line):
    patient = factories.patient(factories.clinic(), last_name="García")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE clinics_patient SET id = NULL WHERE id = %s", [patient.pk])
    except IntegrityError:
        logging.getLogger("a.library").exception("it failed")

    event = line()
    assert "García" not in json.dumps(event, ensure_ascii=False)
    assert "not-null constraint" in event["exception"]


LOGGED = {f"log.{level}" for level in ("debug", "info", "warning", "error", "exception", "critical")}
PERSONAL = {
    "email",
    "address",
    "recipient",
    "name",
    "patient",
    "subject",
    "body",
    "text",
    "html",
    "treatment",
}


def log_calls():
    """Every call of a module's ``log``, with where it stands."""
    for path in sorted([*(ROOT / "aftercare").rglob("*.py"), *(ROOT / "config").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in LOGGED:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_log_calls_name_an_event_and_nothing_of_a_person():
    calls = dict(log_calls())

    bad = [
        where
        for where, call in calls.items()
        if PERSONAL & {keyword.arg for keyword in call.keywords}
        or not all(isinstance(argument, ast.Constant | ast.IfExp) for argument in call.args)
    ]
    assert calls
    assert bad == []
