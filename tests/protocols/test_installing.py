from datetime import UTC, datetime, time

import pytest

from aftercare.content.approval import approve
from aftercare.content.models import MessageTemplate, TemplateVersion, VersionStatus
from aftercare.protocols.installing import install
from aftercare.protocols.library import UnknownProtocol, load
from aftercare.protocols.models import Protocol, Topic
from tests import factories

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return factories.clinic()


def test_install_gives_every_step_its_own_time_and_marks(clinic):
    protocol = install("microneedling", clinic=clinic)
    shipped = load("microneedling")
    steps = list(protocol.steps.all())
    assert [step.slug for step in steps] == [step.slug for step in shipped.steps]
    assert [step.when for step in steps] == [step.when for step in shipped.steps]
    for field in ("number", "name", "quiet_exempt", "safety_critical", "late_action", "unknown_policy"):
        assert [getattr(step, field) for step in steps] == [getattr(step, field) for step in shipped.steps]


def test_install_makes_steps_that_pass_their_own_validation(clinic):
    for step in install("microneedling", clinic=clinic).steps.all():
        step.full_clean()


def test_install_brings_every_text_as_a_draft_in_both_languages(clinic):
    install("microneedling", clinic=clinic)
    versions = TemplateVersion.objects.filter(template__clinic=clinic)
    assert versions.count() == 14
    assert {version.status for version in versions} == {VersionStatus.DRAFT}
    first_night = versions.get(template__slug="microneedling-first-night", language="es")
    assert first_night.body == load("microneedling").steps[0].texts["es"].body


def test_install_marks_the_templates_of_safety_critical_steps(clinic):
    for step in install("microneedling", clinic=clinic).steps.all():
        assert step.template.safety_critical == step.safety_critical


def test_install_copies_the_restrictions_by_depth(clinic):
    restrictions = install("microneedling", clinic=clinic).restrictions
    makeup, washing = restrictions.get(topic=Topic.MAKEUP), restrictions.get(topic=Topic.WASHING)
    assert (makeup.hours_light, makeup.hours_deeper) == (24, 48)
    assert (washing.hours_light, washing.hours_deeper) == (None, None)
    assert restrictions.count() == len(Topic.values)


@pytest.mark.any_database
def test_every_installed_text_can_be_approved_in_both_languages(clinic):
    install("microneedling", clinic=clinic)
    clinician = factories.practitioner(clinic)
    for version in TemplateVersion.objects.all():
        approve(version, by=clinician, now=NOW)
    assert TemplateVersion.objects.approved().count() == 14


def test_install_twice_leaves_the_clinics_changes_alone(clinic):
    protocol = install("microneedling", clinic=clinic)
    protocol.steps.filter(slug="day-1").update(local_time=time(10, 30))
    again = install("microneedling", clinic=clinic)
    assert again.pk == protocol.pk
    assert again.steps.get(slug="day-1").local_time == time(10, 30)
    assert (again.steps.count(), TemplateVersion.objects.count()) == (7, 14)


def test_install_after_the_protocol_was_deleted_keeps_the_texts_there_are(clinic):
    install("microneedling", clinic=clinic).delete()
    MessageTemplate.objects.get(slug="microneedling-day-1").versions.update(body="The clinic's own words.")
    protocol = install("microneedling", clinic=clinic)
    template = protocol.steps.get(slug="day-1").template
    assert {version.body for version in template.versions.all()} == {"The clinic's own words."}
    assert MessageTemplate.objects.count() == 7


def test_install_gives_each_clinic_a_copy_of_its_own(clinic):
    other = factories.clinic()
    assert install("microneedling", clinic=clinic).pk != install("microneedling", clinic=other).pk
    assert other.message_templates.count() == clinic.message_templates.count() == 7


def test_install_of_an_unknown_protocol_stores_nothing(clinic):
    with pytest.raises(UnknownProtocol, match="microneedling"):
        install("peel", clinic=clinic)
    assert not Protocol.objects.exists()
