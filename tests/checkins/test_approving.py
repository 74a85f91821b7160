"""Rules become those of a clinic when a named clinician approves them."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from simple_history.models import HistoricalRecords

from aftercare.checkins.approving import RulesRefused, approve_rules, rules_in_force, save_rules
from aftercare.checkins.models import RuleSet
from aftercare.checkins.rulebook import RuleError, shipped
from aftercare.content.models import VersionStatus
from tests import factories

pytestmark = pytest.mark.django_db
NOW = factories.ENDED_AT


@pytest.fixture
def clinic():
    return factories.clinic()


def stricter():
    content = shipped()
    next(rule for rule in content["rules"] if rule["code"] == "marks")["level"] = "b"
    return content


def test_shipped_rules_start_as_a_draft_that_is_not_in_force(clinic):
    draft = save_rules(clinic)

    assert (draft.status, draft.number) == (VersionStatus.DRAFT, 1)
    assert rules_in_force(clinic.pk) is None
    assert save_rules(clinic) == draft


def test_approved_rules_are_in_force_and_name_the_clinician(clinic):
    approved = approve_rules(save_rules(clinic), by=factories.practitioner(clinic), now=NOW)

    assert rules_in_force(clinic.pk) == approved
    assert approved.approver_licence.startswith("GMC-")


def test_new_version_retires_the_one_before(clinic):
    by = factories.practitioner(clinic)
    first = approve_rules(save_rules(clinic), by=by, now=NOW)

    second = approve_rules(save_rules(clinic, content=stricter()), by=by, now=NOW)

    first.refresh_from_db()
    assert first.status == VersionStatus.RETIRED
    assert (rules_in_force(clinic.pk), second.number) == (second, 2)


def test_approved_rules_never_change(clinic):
    approved = approve_rules(save_rules(clinic), by=factories.practitioner(clinic), now=NOW)
    approved.content = stricter()

    with pytest.raises(ValidationError, match="never changes"):
        approved.save()


def test_draft_that_cannot_be_used_is_not_kept(clinic):
    with pytest.raises(RuleError):
        save_rules(clinic, content={**shipped(), "limits": {}})


@pytest.mark.parametrize(
    ("over", "why"), [({"licence_number": " "}, "licence number"), ({"active": False}, "active practitioner")]
)
def test_approval_needs_an_active_licensed_practitioner(clinic, over, why):
    with pytest.raises(RulesRefused, match=why):
        approve_rules(save_rules(clinic), by=factories.practitioner(clinic, **over), now=NOW)


def test_practitioner_of_another_clinic_may_not_approve(clinic):
    with pytest.raises(RulesRefused, match="of the clinic"):
        approve_rules(save_rules(clinic), by=factories.practitioner(factories.clinic()), now=NOW)


def test_rules_that_changed_while_they_were_read_are_not_approved(clinic):
    read = save_rules(clinic)
    save_rules(clinic, content=stricter())

    with pytest.raises(RulesRefused, match="changed these rules"):
        approve_rules(read, by=factories.practitioner(clinic), now=NOW)


def test_next_draft_brings_the_rules_that_were_shipped_since(clinic):
    content = stricter()
    content["rules"] = [rule for rule in content["rules"] if rule["code"] != "note"]
    approve_rules(save_rules(clinic, content=content), by=factories.practitioner(clinic), now=NOW)

    levels = {rule["code"]: rule["level"] for rule in save_rules(clinic).content["rules"]}

    assert (levels["note"], levels["marks"]) == ("b", "b")
    assert len(levels) == len(shipped()["rules"])


def without_note():
    content = stricter()
    return {**content, "rules": [rule for rule in content["rules"] if rule["code"] != "note"]}


@pytest.mark.parametrize("content", [None, without_note()])
def test_draft_of_an_older_release_gets_the_rules_added_since(clinic, content):
    save_rules(clinic)
    RuleSet.objects.update(content=without_note())

    saved = save_rules(clinic, content=content)

    assert saved.content["rules"][-1] == next(rule for rule in shipped()["rules"] if rule["code"] == "note")
    assert next(rule for rule in saved.content["rules"] if rule["code"] == "marks")["level"] == "b"


def test_draft_that_lacks_a_rule_added_since_is_not_approved(clinic):
    draft = save_rules(clinic)
    RuleSet.objects.update(content=without_note())
    draft.refresh_from_db()

    with pytest.raises(RulesRefused, match="Rules were added since this draft was begun: note"):
        approve_rules(draft, by=factories.practitioner(clinic), now=NOW)


def save_as(user, clinic, content=None):
    """As in a request of whoever is logged in."""
    HistoricalRecords.context.request = SimpleNamespace(user=user)
    try:
        return save_rules(clinic, content=content)
    finally:
        del HistoricalRecords.context.request


def test_whoever_changed_rules_cannot_approve_them_where_a_second_reader_must():
    clinic = factories.clinic(second_reader=True)
    writer, reader = (factories.practitioner(clinic, user=factories.user(clinic)) for _each in range(2))
    save_as(reader.user, clinic)
    draft = save_as(writer.user, clinic, stricter())

    with pytest.raises(RulesRefused, match="somebody else must approve"):
        approve_rules(draft, by=writer, now=NOW)

    assert approve_rules(draft, by=reader, now=NOW).status == VersionStatus.APPROVED
