"""What keeps a session from being completed. No database: the rows are only in memory."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from aftercare.clinics.models import Clinic, Patient, Practitioner
from aftercare.protocols.models import Protocol
from aftercare.treatments.completing import completion_problems, completion_warnings
from aftercare.treatments.models import TreatedArea, TreatmentSession
from aftercare.treatments.screening import all_clear

NOW = datetime(2026, 3, 28, 15, tzinfo=UTC)
CLINIC = Clinic(pk=1, name="Harbour", time_zone="Europe/London")
ELSEWHERE = Clinic(pk=2, name="Juniper", time_zone="America/Chicago")
PATIENT = Patient(
    pk=1, clinic=CLINIC, first_name="Amara", last_name="L", email_consent_at=NOW, birth_date=date(1990, 1, 1)
)
LICENSED = Practitioner(
    pk=1, clinic=CLINIC, name="Dr Moreau", licence_number="GMC-1", licence_confirmed_at=NOW
)
UNCONFIRMED = Practitioner(pk=6, clinic=CLINIC, name="Dr Own", licence_number="GMC-6")
UNLICENSED = Practitioner(pk=2, clinic=CLINIC, name="Sam")
PROTOCOL = Protocol(pk=1, clinic=CLINIC, slug="m", name="Microneedling", variants=["standard"])


def _session(**over):
    fields = {
        "clinic": CLINIC,
        "patient": PATIENT,
        "practitioner": LICENSED,
        "protocol": PROTOCOL,
        "ended_at": NOW,
        "treatment_consent": True,
        "screening": all_clear("standard"),
    }
    return TreatmentSession(**fields | over)


def _area(depth="0.80", site="face"):
    return TreatedArea(site=site, depth_mm=Decimal(depth), passes=2)


def _problems(areas=None, **over):
    return completion_problems(_session(**over), areas=[_area()] if areas is None else areas, now=NOW)


def test_sound_session_has_no_problems():
    assert _problems() == {}


@pytest.mark.parametrize("field", ["clinic", "patient", "practitioner", "protocol", "ended_at"])
def test_missing_field_is_asked_for_beside_it(field):
    assert list(_problems(**{field: None})) == [field]


def test_everything_is_said_at_once_though_something_is_missing():
    problems = _problems(areas=[], patient=None, protocol=None, practitioner=None, treatment_consent=False)

    assert set(problems) == {"patient", "protocol", "practitioner", "areas", "treatment_consent"}


def test_end_within_clock_skew_is_accepted():
    assert _problems(ended_at=NOW + timedelta(minutes=2)) == {}


def test_end_in_the_future_is_refused():
    assert "future" in _problems(ended_at=NOW + timedelta(minutes=3))["ended_at"][0]


def test_end_before_2000_is_refused():
    assert "2000" in _problems(ended_at=datetime(1926, 3, 28, 15, tzinfo=UTC))["ended_at"][0]


def test_end_before_birth_is_refused():
    born = Patient(pk=3, clinic=CLINIC, birth_date=date(2026, 4, 1))

    assert "born" in _problems(patient=born)["ended_at"][0]


@pytest.mark.parametrize(
    ("field", "foreign"),
    [
        ("patient", Patient(pk=9, clinic=ELSEWHERE)),
        ("practitioner", Practitioner(pk=9, clinic=ELSEWHERE, licence_number="NP-1")),
        ("protocol", Protocol(pk=9, clinic=ELSEWHERE, variants=["standard"])),
        ("override_by", Practitioner(pk=9, clinic=ELSEWHERE, licence_number="NP-1")),
    ],
)
def test_row_of_another_clinic_is_refused_beside_its_field(field, foreign):
    problems = _problems(**{field: foreign, "override_reason": "Seen before."})

    assert "another clinic" in problems[field][0]


def test_inactive_practitioner_is_refused():
    gone = Practitioner(pk=3, clinic=CLINIC, name="Dr Gone", licence_number="GMC-3", active=False)

    assert "no longer active" in _problems(practitioner=gone)["practitioner"][0]


def test_inactive_protocol_is_refused():
    old = Protocol(pk=3, clinic=CLINIC, name="Old", variants=["standard"], active=False)

    assert "no longer in use" in _problems(protocol=old)["protocol"][0]


def test_variant_the_protocol_was_not_written_for_is_refused():
    problems = _problems(variant="rf", screening=all_clear("rf"))

    assert "not written for this variant" in problems["protocol"][0]


def test_session_without_area_is_refused():
    assert "at least one" in _problems(areas=[])["areas"][0]


def test_area_listed_twice_is_refused():
    assert "twice" in _problems(areas=[_area(), _area("1.0")])["areas"][0]


def test_deep_needling_without_the_clinicians_words_is_refused():
    assert "1.5 mm" in _problems(areas=[_area("2.0")], recovery_note="  ")["recovery_note"][0]


def test_deep_needling_with_the_clinicians_words_is_accepted():
    assert _problems(areas=[_area("2.0")], recovery_note="Expect a week of redness.") == {}


def test_missing_treatment_consent_is_refused():
    assert list(_problems(treatment_consent=False)) == ["treatment_consent"]


def test_cartridge_expired_before_the_day_of_treatment_is_refused():
    assert "expired" in _problems(cartridge_expires_on=date(2026, 3, 27))["cartridge_expires_on"][0]


def test_expired_cartridge_that_was_used_all_the_same_is_accepted_once_it_is_written_down_why():
    used = {"cartridge_expires_on": NOW.date() - timedelta(days=1)}

    assert _problems(**used, cartridge_note=" ").keys() == {"cartridge_expires_on"}
    assert _problems(**used, cartridge_note="The last one; noticed afterwards.") == {}


def test_cartridge_that_expires_on_the_day_is_accepted():
    assert _problems(cartridge_expires_on=date(2026, 3, 28)) == {}


def test_day_of_treatment_is_the_clinics_own():
    chicago = Practitioner(pk=4, clinic=ELSEWHERE, licence_number="NP-4")
    plan = Protocol(pk=4, clinic=ELSEWHERE, variants=["standard"])
    late_evening = datetime(2026, 3, 28, 3, tzinfo=UTC)  # still the 27th in Chicago

    problems = _problems(
        clinic=ELSEWHERE,
        patient=Patient(pk=4, clinic=ELSEWHERE),
        practitioner=chicago,
        protocol=plan,
        ended_at=late_evening,
        cartridge_expires_on=date(2026, 3, 27),
    )

    assert problems == {}


def test_next_visit_on_the_day_of_treatment_is_refused():
    assert list(_problems(next_visit_on=date(2026, 3, 28))) == ["next_visit_on"]


def test_unanswered_question_is_named():
    answers = all_clear("standard")
    del answers["keloid"]

    assert "Keloid" in _problems(screening=answers)["screening"][0]


def test_answer_to_no_question_is_refused():
    assert "keliod" in _problems(screening=all_clear("standard") | {"keliod": "no"})["screening"][0]


def test_stop_answer_blocks_and_names_what_it_is():
    problems = _problems(screening=all_clear("standard") | {"pregnancy_nursing": "yes"})

    assert "Pregnant" in problems["override_by"][0]
    assert list(problems) == ["override_by", "override_reason"]


def test_stop_answer_overridden_by_a_licensed_practitioner_with_reason_is_accepted():
    problems = _problems(
        screening=all_clear("standard") | {"isotretinoin": "yes"},
        override_by=LICENSED,
        override_reason="Last dose five months ago; low dose.",
    )

    assert problems == {}


def test_override_without_reason_is_refused():
    problems = _problems(screening=all_clear("standard") | {"isotretinoin": "yes"}, override_by=LICENSED)

    assert list(problems) == ["override_reason"]


GONE = Practitioner(
    pk=5, clinic=CLINIC, name="Dr Gone", licence_number="GMC-5", licence_confirmed_at=NOW, active=False
)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (UNLICENSED, "licence number is needed first"),
        (UNCONFIRMED, "Somebody other than its holder must confirm"),
        (GONE, "no longer active"),
    ],
)
def test_override_by_someone_who_may_not_is_refused_with_the_reason(other, why):
    problems = _problems(
        screening=all_clear("standard") | {"isotretinoin": "yes"}, override_by=other, override_reason="Fine."
    )

    assert f"{other.name} may not decide this" in problems["override_by"][0]
    assert why in problems["override_by"][0]


def test_clinicians_question_is_decided_by_the_licensed_practitioner_who_treated():
    assert _problems(screening=all_clear("standard") | {"diabetes": "yes"}) == {}


@pytest.mark.parametrize("treating", [UNLICENSED, UNCONFIRMED])
def test_clinicians_question_needs_another_signature_when_the_practitioner_has_no_confirmed_licence(treating):
    problems = _problems(practitioner=treating, screening=all_clear("standard") | {"diabetes": "unknown"})

    assert "Diabetes" in problems["override_by"][0]


def test_patient_without_consent_to_mail_is_a_warning_only():
    without = _session(patient=Patient(pk=6, clinic=CLINIC))

    assert completion_problems(without, areas=[_area()], now=NOW) == {}
    assert "held" in completion_warnings(without)["patient"][0]


def test_paused_patient_is_a_warning():
    paused = Patient(pk=7, clinic=CLINIC, email_consent_at=NOW, paused_at=NOW)

    assert "paused" in completion_warnings(_session(patient=paused))["patient"][0]


def test_answers_for_a_clinician_are_a_warning():
    warnings = completion_warnings(_session(screening=all_clear("standard") | {"autoimmune": "yes"}))

    assert "Autoimmune" in warnings["screening"][0]


def test_sound_session_has_no_warnings():
    assert completion_warnings(_session()) == {}
