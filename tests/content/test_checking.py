from dataclasses import replace

import pytest

from aftercare.content.checking import check
from aftercare.content.compiling import Source

CONTACTS = "{{ clinic.phone }} {{ clinic.out_of_hours }} {{ clinic.emergency_number }}"
GOOD = Source(
    "A note from {{ clinic.name }}", "Please read.", f"Hello {{{{ patient.first_name }}}}. {CONTACTS}"
)


def found(source, *, locale="en-GB", safety_critical=True):
    return [
        (problem.field, problem.message)
        for problem in check(source, locale=locale, safety_critical=safety_critical)
    ]


@pytest.mark.parametrize("locale", ["en-GB", "en-US", "es-ES", "es-MX"])
def test_check_passes_a_good_text(locale):
    assert found(GOOD, locale=locale) == []


@pytest.mark.parametrize("field", ["subject", "preheader", "body"])
def test_check_reports_an_unknown_placeholder_in_any_field(field):
    [(reported, message)] = found(replace(GOOD, **{field: "{{ patient.nmae }}"}))

    assert reported == field
    assert "patient.nmae" in message


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ("{{ clinic.out_of_hours }} {{ clinic.emergency_number }}", ["clinic.phone"]),
        (
            "{% if treatment.face %}" + CONTACTS + "{% endif %} x",
            ["phone", "out_of_hours", "emergency_number"],
        ),
        (
            "{% if treatment.face %}" + CONTACTS + "{% else %}{{ clinic.phone }}{% endif %}",
            ["out_of_hours", "emergency"],
        ),
        (
            "{% if clinic.phone != '' %}x{% endif %} {{ clinic.out_of_hours }} {{ clinic.emergency_number }}",
            ["phone"],
        ),
        ("{% comment %}" + CONTACTS + "{% endcomment %} x", ["phone", "out_of_hours", "emergency_number"]),
    ],
)
def test_check_wants_the_contacts_in_every_branch_of_a_safety_critical_text(body, missing):
    messages = [message for _, message in found(replace(GOOD, body=body))]

    assert len(messages) == len(missing)
    assert all(name in message for name, message in zip(missing, messages, strict=True))


@pytest.mark.parametrize(
    "body",
    [
        "{% if treatment.face %}" + CONTACTS + "{% else %}" + CONTACTS + "{% endif %}",
        "{% case treatment.variant %}{% when 'rf' %}" + CONTACTS + "{% else %}" + CONTACTS + "{% endcase %}",
        "> [Call](tel:{{ clinic.phone }}) {{ clinic.out_of_hours }} {{ clinic.emergency_number }}",
    ],
)
def test_check_finds_contacts_that_every_branch_says(body):
    assert found(replace(GOOD, body=body)) == []


def test_check_leaves_a_text_that_is_not_safety_critical_without_contacts():
    assert found(replace(GOOD, body="Hello"), safety_critical=False) == []


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("en-GB", "Your treatment"),
        ("en-US", "After microneedling"),
        ("en-GB", "Is it RED?"),
        ("en-GB", "Signs of infection"),
        ("es-ES", "Cuide su piel"),
        ("es-MX", "Después del tratamiento"),
        ("es-MX", "¿Enrojecimiento?"),
        ("en-GB", "About your {{ treatment.areas }}"),
        ("en-GB", "{% if treatment.face %}Hi{% else %}Hello{% endif %}"),
        ("en-GB", "Wait until {{ from.makeup }}"),
    ],
)
@pytest.mark.parametrize("field", ["subject", "preheader"])
def test_check_refuses_words_of_health_outside_the_message(field, locale, subject):
    [(reported, message)] = found(replace(GOOD, **{field: subject}), locale=locale)

    assert reported == field
    assert "nothing of health" in message


@pytest.mark.parametrize("subject", ["", "   ", "{% if patient.first_name == '' %}Hi{% endif %}"])
def test_check_refuses_an_empty_subject(subject):
    assert found(replace(GOOD, subject=subject))[0][0] == "subject"


@pytest.mark.parametrize(
    "body", ["", " \n", "{% if treatment.face %}Hello{% endif %}", "{{ treatment.recovery_note }}"]
)
def test_check_refuses_a_body_that_is_empty_for_some_patient(body):
    [(reported, message)] = found(replace(GOOD, body=body), safety_critical=False)

    assert reported == "body"
    assert "empty" in message


@pytest.mark.parametrize(
    ("field", "words"),
    [("subject", "a" * 151), ("preheader", "a" * 201), ("subject", "a" * 120), ("body", "a" * 20_001)],
)
def test_check_refuses_what_is_too_long(field, words):
    [(reported, message)] = found(replace(GOOD, **{field: words}), safety_critical=False)

    assert reported == field
    assert "too long" in message


def test_check_refuses_a_message_that_mail_programs_would_cut():
    body = "# a\n\n" * 3_900

    assert "too long for some mail programs" in found(replace(GOOD, body=body), safety_critical=False)[0][1]


@pytest.mark.parametrize(("locale", "refused"), [("es-ES", True), ("en-GB", False)])
def test_check_refuses_an_english_code_word_in_another_language(locale, refused):
    body = GOOD.body + " {{ treatment.depth_band }}"

    assert bool(found(replace(GOOD, body=body), locale=locale)) is refused


def test_check_reports_a_condition_that_cuts_through_a_list():
    body = GOOD.body + "\n\n- a {% if treatment.face %}\n- b {% endif %}"

    assert "starts in one paragraph" in found(replace(GOOD, body=body))[0][1]
