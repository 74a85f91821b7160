"""What the database itself refuses, and how sessions read in lists."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from aftercare.treatments.models import ProductApplied, TreatedArea, TreatmentSession
from tests import factories
from tests.factories import ENDED_AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    return factories.treatment_session(factories.clinic())


def _refused(constraint):
    return pytest.raises(IntegrityError, match=constraint)


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "draft", "completed_at": ENDED_AT},
        {"state": "completed"},
        {"state": "completed", "completed_at": ENDED_AT, "voided_at": ENDED_AT},
        {"state": "voided", "void_reason": "A slip."},
        {"state": "voided", "voided_at": ENDED_AT},
        {"state": "planned"},
    ],
)
def test_session_whose_state_lacks_its_times_violates_a_constraint(session, fields):
    with _refused("session_state_has_its_times"):
        TreatmentSession.objects.filter(pk=session.pk).update(**fields)


def test_override_without_reason_violates_a_constraint(session):
    with _refused("session_override_has_reason"):
        TreatmentSession.objects.filter(pk=session.pk).update(override_by=session.practitioner)


def test_external_id_twice_in_a_clinic_violates_a_constraint(session):
    TreatmentSession.objects.update(external_id="S-1")
    with _refused("external_id"):
        factories.treatment_session(session.clinic, external_id="S-1")


def test_external_id_may_be_empty_many_times_and_the_same_in_two_clinics(session):
    factories.treatment_session(session.clinic)
    factories.treatment_session(session.clinic, external_id="S-1")

    factories.treatment_session(factories.clinic(), external_id="S-1")

    assert TreatmentSession.objects.filter(external_id="S-1").count() == 2


@pytest.mark.parametrize("depth", ["0.09", "3.51"])
def test_impossible_depth_violates_a_constraint(session, depth):
    with _refused("area_depth_possible"):
        TreatedArea.objects.create(session=session, site="neck", depth_mm=Decimal(depth))


@pytest.mark.parametrize("passes", [0, 21])
def test_impossible_passes_violate_a_constraint(session, passes):
    with _refused("area_passes_possible"):
        TreatedArea.objects.create(session=session, site="neck", depth_mm=Decimal("0.50"), passes=passes)


def test_area_twice_in_a_session_violates_a_constraint(session):
    with _refused("site"), transaction.atomic():
        TreatedArea.objects.create(session=session, site="face", depth_mm=Decimal("0.50"))

    assert session.areas.count() == 1


def test_session_area_and_product_read_as_staff_would_say_them(session):
    product = ProductApplied(session=session, name="Calm Gel")

    assert str(session) == f"{session.patient} · Microneedling · 28 Mar 2026"
    assert [str(area) for area in session.areas.all()] == ["Face 0.80 mm"]
    assert str(product) == "Calm Gel"


def test_sessions_of_other_clinics_are_out_of_a_users_reach(session):
    other = factories.treatment_session(factories.clinic())
    member = factories.user(session.clinic)

    assert list(TreatmentSession.objects.for_user(member)) == [session]
    assert list(TreatedArea.objects.for_user(member)) == list(session.areas.all())
    assert set(TreatmentSession.objects.for_user(factories.user(None, is_superuser=True))) == {session, other}
