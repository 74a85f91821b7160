"""A clinic on a Saturday afternoon, a member of staff logged in, and a page as the browser posts it."""

import pytest
import time_machine

from aftercare.clinics.models import Role
from aftercare.treatments.screening import all_clear
from tests import factories
from tests.console.treatments.pages import NOW


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic():
    return factories.clinic()


@pytest.fixture
def staff(client, clinic):
    user = factories.user(clinic, Role.STAFF)
    client.force_login(user)
    return user


@pytest.fixture
def posted(clinic):
    """The page of a session that ended half an hour ago, as the browser posts it."""
    return {
        "clinic": clinic.pk,
        "patient": factories.patient(clinic).pk,
        "practitioner": factories.practitioner(clinic).pk,
        "protocol": factories.protocol(clinic).pk,
        "variant": "standard",
        "ended_at": "2026-03-28T15:30",
        "treatment_consent": "on",
        "areas-TOTAL_FORMS": "1",
        "areas-INITIAL_FORMS": "0",
        "areas-0-site": "face",
        "areas-0-depth_mm": "0.8",
        "areas-0-passes": "3",
        "products-TOTAL_FORMS": "1",
        "products-INITIAL_FORMS": "0",
        "products-0-name": "Calm Gel",
        "products-0-lot": "L1",
        **{f"screening_{code}": answer for code, answer in all_clear("standard").items()},
    }
