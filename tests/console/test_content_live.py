"""The preview that follows the writer: what the editor's script asks, and what it gets."""

import pytest
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.content.models import TemplateVersion
from tests import factories

pytestmark = pytest.mark.django_db
LIVE = reverse("admin:content_templateversion_live")


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def clinician(client, clinic):
    user = factories.user(clinic, Role.CLINICIAN)
    client.force_login(user)
    return user


@pytest.fixture
def template(clinic):
    return factories.template(clinic, name="First night", safety_critical=True)


def ask(client, for_template, /, **over):
    words = {"subject": "A note", "preheader": "", "body": factories.BODY["en"]}
    return client.post(LIVE, {"template": for_template.pk, "language": "en", **words, **over})


def test_live_shows_the_unsaved_words_filled_with_the_sample(client, clinician, template):
    found = ask(client, template, body="Dear {{ patient.first_name }}, rest well.").json()

    assert "Dear Amara, rest well." in found["text"]
    assert "Dear Amara, rest well." in found["html"]
    assert not TemplateVersion.objects.exists()


def test_live_shows_the_words_filled_with_a_chosen_session(client, clinician, clinic, template):
    session = factories.treatment_session(clinic, patient=factories.patient(clinic, first_name="Bettina"))

    found = ask(client, template, session=session.pk).json()

    assert "Hello Bettina" in found["text"]
    assert found["values"]["patient.first_name"] == "Bettina"


def test_live_puts_each_problem_beside_its_field_with_a_guess(client, clinician, template):
    found = ask(client, template, body="Hello\n{{ patient.firstname }}").json()

    assert "Line 2, column 1" in found["problems"]["body"]
    assert "Did you mean “{{ patient.first_name }}”?" in found["problems"]["body"]
    assert found["problems"]["subject"].strip() == ""


def test_live_names_the_required_words_that_are_missing(client, clinician, template):
    found = ask(client, template, body="Call {{ clinic.phone }}.").json()

    assert "Put {{ clinic.out_of_hours }} into the text" in found["panel"]
    assert "Put {{ clinic.phone }} into the text" not in found["panel"]


def test_live_asks_no_required_words_of_other_messages(client, clinician, clinic):
    found = ask(client, factories.template(clinic), body="Hello.").json()

    assert "must say" not in found["panel"]
    assert "Nothing keeps this draft from being approved." in found["panel"]


def test_live_tells_length_and_reading_level(client, clinician, template):
    easy = ask(client, template).json()["panel"]
    hard = ask(client, template, body=factories.BODY["en"] + "Inflammatory complications " * 40 + ".").json()

    assert "Shorter sentences" not in easy
    assert "40 words" in easy or "words, about a minute" in easy
    assert "easy (about grade" in easy
    assert "Shorter sentences" in hard["panel"]
    assert "not easy yet (about grade" in hard["panel"]


def test_live_names_a_language_without_words(client, clinician, template):
    found = ask(client, template).json()

    assert "no words yet" in found["panel"]


def test_live_shows_the_stored_words_of_another_language(client, clinician, template):
    factories.approved_version(template, "es", subject="Una nota")

    found = ask(client, template, show="es").json()

    assert "Hola, Lucía" in found["text"]
    assert "Una nota" in found["panel"]


def test_live_tells_that_a_colleague_saved_meanwhile(client, clinician, clinic, template):
    colleague = factories.user(clinic, Role.CLINICIAN, first_name="Iris", last_name="Holm")
    factories.draft_version(template, author=colleague)

    stale = ask(client, template, read="f" * 64, body="Mine").json()["stale"]
    fresh = ask(client, template).json()["stale"]

    assert "Iris Holm has saved other words" in stale
    assert fresh == ""


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_live_is_for_writers_only(client, clinic, template, role):
    client.force_login(factories.user(clinic, role))

    assert ask(client, template).status_code == 403


def test_live_knows_no_template_or_session_of_another_clinic(client, clinician, template):
    other = factories.clinic()

    assert ask(client, factories.template(other)).status_code == 404
    assert ask(client, template, session=factories.treatment_session(other).pk).status_code == 404


@pytest.mark.parametrize(
    "over", [{"template": "x"}, {"template": "9" * 4000}, {"language": "xx"}, {"session": "-1"}]
)
def test_live_asked_for_nonsense_is_not_found(client, clinician, template, over):
    assert ask(client, template, **over).status_code == 404


BOMBS = {
    "ranges": "{% for i in (1..999999999) %}{{ i }}{% endfor %}",
    "nested loops": "{% for i in (1..99999) %}" * 40 + "x" + "{% endfor %}" * 40,
    "filters": "{{ patient.first_name" + " | append: patient.first_name" * 400 + " }}",
    "nested conditions": "{% if treatment.face %}" * 300 + "x" + "{% endif %}" * 300,
    "many placeholders": "{{ patient.first_name }}" * 600,
    "a range printed": "{{ (1..99999999999) | join: ',' }}",
    "long text": "word " * 5_000,
    "assignments": "{% assign x = 'a' %}{% capture y %}{{ x }}{{ x }}{% endcapture %}",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_live_refuses_a_bomb_in_plain_words(client, clinician, template, bomb):
    answer = ask(client, template, body=bomb)

    found = answer.json()
    assert answer.status_code == 200
    assert "Line 1, column" in found["problems"]["body"]
    assert found["html"] == ""


def test_live_lets_no_script_of_any_field_through(client, clinician, template):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"

    found = ask(
        client, template, subject=evil, preheader=evil, body=f"{evil}\n\n{factories.BODY['en']}"
    ).json()

    assert "<script" not in found["html"] + found["panel"]
    assert "onerror=alert" not in found["html"].replace("&lt;img src=x onerror=alert", "")
    assert "<img src=x" not in found["html"] + found["panel"]


def test_new_draft_is_offered_the_sessions_of_its_templates_clinic(client, clinician, clinic, template):
    mine = factories.treatment_session(clinic, patient=factories.patient(clinic, first_name="Bettina"))
    factories.treatment_session(factories.clinic())

    found = ask(client, template, sessions="1").json()["sessions"]

    assert [pk for pk, _label in found] == [mine.pk]
    assert found[0][1].startswith("Bettina")


def test_draft_whose_page_has_its_sessions_is_sent_none(client, clinician, clinic, template):
    factories.treatment_session(clinic)

    assert ask(client, template).json()["sessions"] is None


@pytest.mark.parametrize(("language", "day"), [("es", "28 de marzo"), ("en", "28 March")])
def test_examples_of_a_new_draft_are_in_its_language(language, day, client, clinician, template):
    address = reverse("admin:content_templateversion_add")

    menu = client.get(address, {"template": template.pk, "language": language}).context["menu"]

    said = [str(item.example) for group in menu for item in group.items]
    assert any(day in example for example in said), said
