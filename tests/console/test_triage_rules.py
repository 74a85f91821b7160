"""Triage rules in the console: writing a draft, approving it, and who may."""

import pytest
from django.urls import reverse

from aftercare.checkins.approving import rules_in_force, save_rules
from aftercare.checkins.models import RuleSet
from aftercare.clinics.models import Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def clinician(client, clinic):
    user = factories.user(clinic, Role.CLINICIAN)
    factories.practitioner(clinic, user=user)
    client.force_login(user)
    return user


def page_of(rules):
    return reverse("admin:checkins_ruleset_change", args=[rules.pk])


def filled_in(client, rules, **over):
    form = client.get(page_of(rules)).context["form"]
    return {**{name: form[name].initial for name in form.fields}, **over}


def number_of(rules, code):
    return next(number for number, rule in enumerate(rules.content["rules"]) if rule["code"] == code)


def approve(client, rules, read):
    url = reverse("admin:checkins_ruleset_approve", args=[rules.pk])
    return client.post(url, {"read": read}, follow=True)


def test_first_draft_starts_with_the_shipped_rules(client, clinic, clinician):
    answer = client.post(reverse("admin:checkins_ruleset_add"), {"clinic": clinic.pk}, follow=True)

    assert "trouble breathing" in answer.content.decode()
    assert RuleSet.objects.get().status == "draft"


def test_level_and_time_and_text_can_be_changed(client, clinic, clinician):
    rules = save_rules(clinic)
    level = f"level-{number_of(rules, 'marks')}"
    change = {level: "b", "limit-a": 60, "text-c-en-closed": "Call {out_of_hours}."}

    client.post(page_of(rules), filled_in(client, rules, **change))

    rules.refresh_from_db()
    assert rules.content["rules"][number_of(rules, "marks")]["level"] == "b"
    assert rules.content["limits"]["a"] == 60
    assert rules.content["texts"]["c"]["en"]["closed"] == "Call {out_of_hours}."


def test_emergency_sign_cannot_be_weakened(client, clinic, clinician):
    rules = save_rules(clinic)
    change = {f"level-{number_of(rules, 'breathing')}": "a"}

    answer = client.post(page_of(rules), filled_in(client, rules, **change))

    assert "must always mean an emergency" in answer.content.decode()
    rules.refresh_from_db()
    assert rules.content["rules"][0]["level"] == "e"


def test_clinician_approves_what_was_read(client, clinic, clinician):
    rules = save_rules(clinic)
    read = client.get(page_of(rules)).context["rules"].digest

    answer = approve(client, rules, read)

    assert rules_in_force(clinic.pk) == rules
    assert "Approved by Dr Ellis Moreau" in answer.content.decode()


def test_rules_changed_after_reading_are_not_approved(client, clinic, clinician):
    rules = save_rules(clinic)

    approve(client, rules, "another")

    assert rules_in_force(clinic.pk) is None


def test_owner_without_a_licence_cannot_approve(client, clinic):
    client.force_login(factories.user(clinic, Role.OWNER))
    rules = save_rules(clinic)

    answer = approve(client, rules, rules.digest)

    assert "no confirmed licence" in answer.content.decode()
    assert rules_in_force(clinic.pk) is None


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_staff_read_rules_and_change_nothing(client, clinic, role):
    client.force_login(factories.user(clinic, role))
    rules = save_rules(clinic)

    assert client.get(page_of(rules)).status_code == 200
    assert client.post(page_of(rules), {}).status_code == 403
    assert client.post(reverse("admin:checkins_ruleset_approve", args=[rules.pk])).status_code == 403
    assert client.post(reverse("admin:checkins_ruleset_add"), {"clinic": clinic.pk}).status_code == 403


def test_approved_rules_are_shown_and_not_changed(client, clinic, clinician):
    rules = factories.approved_rules(clinic)

    answer = client.get(page_of(rules))

    assert "<select" not in answer.content.decode()
    assert client.post(page_of(rules), {}).status_code == 403


def test_wrong_text_is_refused_beside_its_field(client, clinic, clinician):
    rules = save_rules(clinic)

    answer = client.post(
        page_of(rules), filled_in(client, rules, **{"text-e-en-closed": "Call {telephone} now."})
    )

    errors = answer.context["form"].errors
    assert list(errors) == ["text-e-en-closed"]
    assert answer.content.decode().count('<a href="#id_text-e-en-closed">') == 1  # the page is long
    assert "“{telephone}” is not filled in" in answer.content.decode()
    assert "the patient must read {emergency_number}" in answer.content.decode()
    rules.refresh_from_db()
    assert "telephone" not in rules.content["texts"]["e"]["en"]["closed"]


def test_text_of_a_language_that_rules_were_written_without_can_be_added(client, clinic, clinician):
    rules = save_rules(clinic)
    whole = filled_in(client, rules)
    del rules.content["texts"]["b"]["es"]
    rules.save()

    client.post(page_of(rules), whole)

    rules.refresh_from_db()
    assert "{time}" in rules.content["texts"]["b"]["es"]["on_duty"]


def test_texts_in_a_language_of_the_clinics_choice_are_kept_whole_or_not_at_all(client, clinic, clinician):
    rules = save_rules(clinic)
    arabic = {name: "{emergency_number}" for name in filled_in(client, rules) if "-ar-" in name}
    half = dict(list(arabic.items())[1:])

    refused = client.post(page_of(rules), filled_in(client, rules, **half))
    client.post(page_of(rules), filled_in(client, rules, **arabic))

    assert "Write what the patient reads: there is no text." in refused.content.decode()
    rules.refresh_from_db()
    assert rules.content["texts"]["e"]["ar"]["closed"] == "{emergency_number}"


def test_language_left_empty_is_not_stored(client, clinic, clinician):
    rules = save_rules(clinic)

    client.post(page_of(rules), filled_in(client, rules))

    rules.refresh_from_db()
    assert set(rules.content["texts"]["e"]) == {"en", "es"}


def test_page_names_the_language_that_the_texts_lack_and_what_is_read_instead(client, clinic, clinician):
    factories.patient(clinic, locale="ar")

    page = client.get(page_of(save_rules(clinic))).content.decode()

    assert "Arabic: after a check-in, patients read the texts of the levels in English." in page
