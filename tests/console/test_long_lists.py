"""Lists of many rows and many clinics: read by page and by index, with one field for many choices."""

import pytest
from django.db import connection
from django.urls import reverse

from aftercare.clinics.models import Membership, Patient, Role
from aftercare.console.lists import JUMP, MOST_LINKS, PageOfRows, reading_by_index
from tests import factories

pytestmark = pytest.mark.django_db
LIST = reverse("admin:clinics_patient_changelist")


@pytest.fixture
def many_clinics(client):
    user = factories.user(None)
    clinics = [factories.clinic(name=f"Clinic {number}") for number in range(MOST_LINKS + 1)]
    Membership.objects.bulk_create(Membership(user=user, clinic=one, role=Role.OWNER) for one in clinics)
    client.force_login(user)
    return clinics


def cost():
    with connection.cursor() as cursor:
        cursor.execute("SHOW random_page_cost")
        return float(cursor.fetchone()[0])


def test_page_holds_its_own_rows_in_the_lists_order(django_assert_num_queries):
    clinic = factories.clinic()
    for letter in "CABED":
        factories.patient(clinic, last_name=letter)
    pages = PageOfRows(Patient.objects.select_related("clinic").order_by("-last_name"), 2)

    with django_assert_num_queries(3):  # how many there are, the page's ids, its rows
        second = [(patient.last_name, patient.clinic.pk) for patient in pages.page(2)]

    assert second == [("C", clinic.pk), ("B", clinic.pk)]


def test_filter_of_many_clinics_is_one_field_that_keeps_the_rest_of_what_was_asked(client, many_clinics):
    factories.patient(many_clinics[3], last_name="Shown")
    factories.patient(many_clinics[4], last_name="Left out")

    answer = client.get(LIST, {"clinic__id__exact": many_clinics[3].pk, "q": "example.com"})

    shown = answer.content.decode()
    assert [patient.last_name for patient in answer.context["cl"].result_list] == ["Shown"]
    assert f'<option value="{many_clinics[3].pk}" selected>Clinic 3</option>' in shown
    assert '<input type="hidden" name="q" value="example.com">' in shown
    assert f"?clinic__id__exact={many_clinics[4].pk}" not in shown


def test_all_in_a_filters_field_filters_nothing_and_keeps_the_rest(client, many_clinics):
    for clinic, name in zip(many_clinics, ("Okafor", "Moreau"), strict=False):
        factories.patient(clinic, last_name=name)

    answer = client.get(LIST, {"clinic__id__exact": "", "q": "Okafor"})

    assert [patient.last_name for patient in answer.context["cl"].result_list] == ["Okafor"]


def test_filter_of_few_clinics_is_a_link_each(client, many_clinics):
    Membership.objects.filter(clinic__in=many_clinics[2:]).delete()

    shown = client.get(LIST).content.decode()

    assert "long-filter" not in shown
    assert f"?clinic__id__exact={many_clinics[0].pk}" in shown


def test_name_of_a_clinic_is_no_html_in_a_filter(client, many_clinics):
    many_clinics[0].name = "<b>Bold</b> & Sons"
    many_clinics[0].save()

    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; Sons</option>" in client.get(LIST).content.decode()


def test_jumps_are_cheap_while_a_list_is_read_and_at_their_own_price_afterwards():
    if connection.vendor != "postgresql":
        with reading_by_index():  # nothing to set where nothing is reckoned
            assert Patient.objects.count() == 0
        return
    before = cost()

    with reading_by_index():
        inside = cost()

    assert inside == JUMP
    assert before > JUMP


@pytest.mark.parametrize("listed", ["clinics/patient", "treatments/treatmentsession", "outbox/suppression"])
def test_search_for_more_than_anything_holds_finds_nothing(client, listed):
    client.force_login(factories.user(factories.clinic(), Role.OWNER))

    answer = client.get(f"/admin/{listed}/", {"q": "x" * 100_000})

    assert (answer.status_code, list(answer.context["cl"].result_list)) == (200, [])
