"""Patients' pages let PostgreSQL keep the plans of their statements, and nothing else does."""

from urllib.parse import urlsplit

import pytest
from django.db import connection

from aftercare.clinics.models import Clinic
from aftercare.outbox.links import CHECK_IN
from aftercare.pages.preparing import USES_BEFORE, prepared_statements

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def kept_plans(table):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", [f"%{table}%"])
        return cursor.fetchone()[0]


def use_often():
    for pk in range(USES_BEFORE + 2):
        assert not Clinic.objects.filter(pk=pk, name="Nobody").exists()


def test_plans_are_kept_within_and_not_outside():
    use_often()
    assert kept_plans("clinics_clinic") == 0

    with prepared_statements():
        use_often()

    assert kept_plans("clinics_clinic") == 1


def test_connection_is_as_before_after_an_error():
    connection.ensure_connection()
    before = connection.connection.cursor_factory, connection.connection.prepare_threshold

    with pytest.raises(ZeroDivisionError), prepared_statements():
        raise ZeroDivisionError

    assert (connection.connection.cursor_factory, connection.connection.prepare_threshold) == before


def test_page_of_a_patient_keeps_its_plans(client, asking):
    for _again in range(USES_BEFORE + 2):
        assert client.get(urlsplit(CHECK_IN.url(asking.pk)).path).status_code == 200

    assert kept_plans("outbox_scheduledmessage")
