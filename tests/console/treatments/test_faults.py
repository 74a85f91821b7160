"""What goes wrong on the session page: stale tabs, double taps, nonsense in addresses."""

import pytest
from django.db import transaction
from django.urls import reverse

from aftercare.clinics.models import Role
from aftercare.outbox.planning import Refused, complete_session, refuse_stale
from aftercare.treatments.models import SessionState, TreatmentSession
from tests import factories

pytestmark = pytest.mark.django_db


def page(name, *args):
    return reverse(f"admin:treatments_treatmentsession_{name}", args=args)


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def staff(client, clinic):
    client.force_login(factories.user(clinic, Role.STAFF))
    return client


@pytest.mark.parametrize("clinic_id", ["abc", "9" * 24, "-1", ""])
def test_nonsense_for_a_clinic_in_the_address_still_shows_the_form(staff, clinic_id):
    assert staff.get(page("add"), {"clinic": clinic_id}).status_code in (200, 302)


@pytest.mark.parametrize("patient", ["abc", "9" * 40, "-1"])
def test_nonsense_for_a_patient_in_the_address_still_shows_the_form(staff, patient):
    assert staff.get(page("add"), {"patient": patient}).status_code == 200


def test_patient_id_that_no_database_holds_is_an_error_beside_the_field(staff, clinic):
    response = staff.post(page("add"), {"clinic": clinic.pk, "patient": "9" * 40})

    assert response.status_code == 200
    assert not TreatmentSession.objects.exists()


def test_same_treatment_recorded_twice_is_completed_once(clinic):
    first = factories.treatment_session(clinic)
    again = factories.treatment_session(
        clinic, patient=first.patient, protocol=first.protocol, ended_at=first.ended_at
    )
    complete_session(first, by=None, now=first.ended_at)

    with pytest.raises(Refused, match="recorded already"):
        complete_session(again, by=None, now=first.ended_at)

    again.refresh_from_db()
    assert (again.state, again.scheduled_messages.count()) == (SessionState.DRAFT, 0)


def test_edits_of_a_session_that_moved_on_since_it_was_read_are_refused(clinic):
    read = factories.treatment_session(clinic)
    complete_session(TreatmentSession.objects.get(pk=read.pk), by=None, now=read.ended_at)

    with pytest.raises(Refused, match="meanwhile"), transaction.atomic():
        refuse_stale(read)


@pytest.mark.any_database
@pytest.mark.parametrize("rows", ["areas", "products"])
def test_form_with_rows_without_end_is_refused_and_builds_no_page_of_them(staff, clinic, rows):
    counts = {"areas-INITIAL_FORMS": 0, "products-INITIAL_FORMS": 0, "areas-TOTAL_FORMS": 1}
    given = {"clinic": clinic.pk, "products-TOTAL_FORMS": 0, **counts, f"{rows}-TOTAL_FORMS": 10**9}

    answer = staff.post(page("add"), given)

    [formset] = [
        each.formset for each in answer.context["inline_admin_formsets"] if each.formset.prefix == rows
    ]
    assert len(formset.forms) <= 100
    assert formset.non_form_errors()
    assert not TreatmentSession.objects.exists()
