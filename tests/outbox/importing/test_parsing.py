"""One row at a time: what its cells say, and what is wrong with them. Each column at once."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from aftercare.outbox.importing.parsing import Known, parse_row
from aftercare.outbox.importing.reading import read_rows
from tests import factories
from tests.factories import ENDED_AT
from tests.outbox.importing.files import as_csv, said

pytestmark = pytest.mark.django_db


def _parse(clinic, **row):
    (raw,) = read_rows(as_csv(row))
    return parse_row(raw, Known(clinic), now=ENDED_AT)


def _good(clinic, **row):
    parsed, problems = _parse(clinic, **row)
    assert problems == []
    return parsed


def _bad(clinic, **row):
    parsed, problems = _parse(clinic, **row)
    assert parsed is None
    return problems


def test_good_row_becomes_a_patient_and_a_session(clinic):
    row = _good(clinic, ended_at="2026-03-28T15:00")

    assert str(row.patient) == "Amara Lindqvist"
    assert row.patient.email_consent_at == datetime(2026, 1, 5, tzinfo=UTC)
    assert (row.session.ended_at, row.session.practitioner.name) == (ENDED_AT, "Dr Moreau")
    assert [(a.site, a.depth_mm, a.passes) for a in row.areas] == [
        ("face", Decimal("0.5"), 2),
        ("neck", Decimal("1.0"), 1),
    ]
    assert [(p.name, p.lot) for p in row.products] == [("Calm Gel", "LOT1"), ("Barrier Cream", "")]


def test_time_without_offset_is_by_the_clinics_clock():
    chicago = factories.clinic(time_zone="America/Chicago")
    factories.practitioner(chicago, name="Dr Moreau")
    factories.protocol(chicago, slug="microneedling")

    row = _good(chicago, ended_at="2026-03-28T09:00")

    assert row.session.ended_at == datetime(2026, 3, 28, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("column", "cell", "field", "value"),
    [
        ("practitioner", "gmc-1", "practitioner_name", "Dr Moreau"),
        ("fitzpatrick", "iv", "fitzpatrick", 4),
        ("fitzpatrick", "4", "fitzpatrick", 4),
        ("cartridge_expires_on", "2027-01-31", "cartridge_expires_on", date(2027, 1, 31)),
        ("next_visit_on", "2026-04-25", "next_visit_on", date(2026, 4, 25)),
        ("variant", "STANDARD", "variant", "standard"),
        ("treatment_consent", "Sí", "treatment_consent", True),
        ("notes", "Seen before.", "notes", "Seen before."),
    ],
)
def test_optional_cells_are_read_into_the_session(clinic, column, cell, field, value):
    session = _good(clinic, **{column: cell}).session

    found = session.practitioner.name if field == "practitioner_name" else getattr(session, field)
    assert found == value


@pytest.mark.parametrize(
    ("column", "cell", "field", "value"),
    [
        ("locale", "es_mx", "locale", "es-MX"),
        ("time_zone", "America/New_York", "time_zone", ZoneInfo("America/New_York")),
        ("birth_date", "1988-04-02", "birth_date", date(1988, 4, 2)),
        (
            "email_consent_at",
            "2026-01-05T10:30",
            "email_consent_at",
            datetime(2026, 1, 5, 10, 30, tzinfo=UTC),
        ),
    ],
)
def test_optional_cells_are_read_into_the_patient(clinic, column, cell, field, value):
    assert getattr(_good(clinic, **{column: cell}).patient, field) == value


def test_screening_lists_what_was_answered_yes_or_unknown_and_no_to_the_rest(clinic):
    screening = _good(clinic, screening="diabetes; cold_sores:unknown").session.screening

    raised = {code: answer for code, answer in screening.items() if answer != "no"}
    assert raised == {"diabetes": "yes", "cold_sores": "unknown"}


def test_depth_may_be_written_with_a_decimal_comma_and_its_unit(clinic):
    (area,) = _good(clinic, areas="Around mouth: 0,25 mm x 3").areas

    assert (area.site, area.depth_mm, area.passes) == ("around_mouth", Decimal("0.25"), 3)


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("column", "cell", "cure"),
    [
        ("external_id", "", "must not be empty"),
        ("first_name", "", "must not be empty"),
        ("email", "", "must not be empty"),
        ("email", "amara@", "not an address"),
        ("email", "amara@example", "not an address"),
        ("birth_date", "02/04/1988", "Write it like 2026-03-28"),
        ("birth_date", "2030-01-01", "future"),
        ("locale", "fr", "Write one of: en-GB"),
        ("time_zone", "London", "Did you mean Europe/London"),
        ("email_consent_at", "last week", "Write it like"),
        ("email_consent_at", "2026-12-01", "future"),
        ("email_consent_at", "0001-01-01", "check the year"),
        ("birth_date", "0001-01-01", "check the year"),
        ("practitioner", "Dr Nobody", "name or the licence number as stored"),
        ("protocol", "laser", "Its protocols: microneedling"),
        ("variant", "laser", "Write one of: standard, rf, prp"),
        ("ended_at", "", "must not be empty"),
        ("ended_at", "2026-03-28", "Write it like 2026-03-28T15:00"),
        ("ended_at", "2025-03-30T01:30", "does not exist in Europe/London"),
        ("ended_at", "2026-03-28T16:00", "future"),
        ("ended_at", "1926-03-28T16:00", "Check the year"),
        ("areas", "", "at least one treated area"),
        ("areas", "elbow:0.5", "Areas: face"),
        ("areas", "face", "Write it like face:0.5x2"),
        ("areas", "face:deep", "Write it like face:0.5x2"),
        ("areas", "face:nan", "Write it like face:0.5x2"),
        ("areas", "face:5", "from 0.10 to 3.50"),
        ("areas", "face:0.555", "in hundredths"),
        ("areas", "face:0.5x0", "from 1 to 20"),
        ("areas", "face:0.5xx", "from 1 to 20"),
        ("areas", "face:0.5;face:1.0", "listed twice"),
        ("products", "|LOT1", "has no name"),
        ("products", "x" * 121, "At most 120"),
        ("cartridge_expires_on", "01/2027", "Write it like"),
        ("cartridge_expires_on", "2026-03-01", "had expired"),
        ("cartridge_lot", "x" * 61, "At most 60"),
        ("fitzpatrick", "VII", "I to VI"),
        ("treatment_consent", "maybe", "neither yes nor no"),
        ("treatment_consent", "no", "signed consent"),
        ("screening", "", "Write “clear”"),
        ("screening", "diabetis", "Questions: skin_cancer"),
        ("screening", "diabetes:perhaps", "Write one of: yes, no, unknown"),
        ("override_by", "Dr Nobody", "as stored"),
        ("next_visit_on", "2026-03-01", "must come after"),
        ("notes", "x" * 10_001, "At most 10000"),
        ("patient_external_id", "x" * 81, "At most 80"),
    ],
)
def test_bad_cell_is_named_by_its_column_with_the_cure(clinic, column, cell, cure):
    problems = _bad(clinic, **{column: cell})

    assert said(problems) == [(2, column)]
    assert cure in problems[0].text


def test_everything_wrong_with_a_row_is_said_at_once(clinic):
    problems = _bad(clinic, email="x", areas="elbow:1", ended_at="noon")

    assert said(problems) == [(2, "email"), (2, "ended_at"), (2, "areas")]


@pytest.mark.parametrize("given", ["email_consent_at", "email_consent_version"])
def test_half_a_consent_is_refused(clinic, given):
    other = {"email_consent_at": "email_consent_version"}.get(given, "email_consent_at")

    assert said(_bad(clinic, **{other: ""})) == [(2, other)]


def test_patient_without_consent_is_taken_in(clinic):
    row = _good(clinic, email_consent_at="", email_consent_version="")

    assert row.patient.consents is False


def test_stop_answer_needs_an_override_as_in_the_form(clinic):
    problems = _bad(clinic, screening="isotretinoin")

    assert said(problems) == [(2, "override_by"), (2, "override_reason")]


def test_stop_answer_with_an_override_is_taken_in(clinic):
    row = _good(clinic, screening="isotretinoin", override_by="GMC-1", override_reason="Low dose, May.")

    assert row.session.override_by.name == "Dr Moreau"


def test_deep_needling_needs_the_clinicians_words_as_in_the_form(clinic):
    assert said(_bad(clinic, areas="scalp:2.0")) == [(2, "recovery_note")]


def test_name_that_two_practitioners_share_is_refused(clinic):
    factories.practitioner(clinic, name="Dr Moreau", licence_number="GMC-2")

    assert "licence number" in _bad(clinic)[0].text


def test_practitioner_of_another_clinic_is_not_known(clinic):
    factories.practitioner(factories.clinic(), name="Dr Elsewhere")

    assert said(_bad(clinic, practitioner="Dr Elsewhere")) == [(2, "practitioner")]
