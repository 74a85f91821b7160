"""The main job on real processes: recorded through gunicorn, sent by worker and beat, received by SMTP."""

from datetime import timedelta

import pytest
import requests
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils import timezone

from aftercare.clinics.models import Role
from aftercare.outbox.models import ScheduledMessage, Status
from aftercare.treatments.screening import all_clear
from tests import factories
from tests.services.processes import wait_for

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clinic():
    """A clinic that never sleeps and sends at once, so that the hour of the test does not matter."""
    return factories.clinic(undo_minutes=0, quiet_from="08:00", quiet_until="08:00")


def log_in(web, user):
    # The deployed processes do not know the quick hasher that the tests use.
    user.password = PBKDF2PasswordHasher().encode(factories.PASSWORD, "salt")
    user.save()
    browser = requests.Session()
    browser.get(f"{web.url}/admin/login/", timeout=10)
    given = {"login": user.username, "password": factories.PASSWORD}
    post(browser, f"{web.url}/admin/login/", given)
    return browser


def post(browser, url, given):
    given = {**given, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    answer = browser.post(url, given, headers={"Referer": url}, timeout=30)
    answer.raise_for_status()
    return answer


def session_of(clinic, patient):
    ended_at = (timezone.now() - timedelta(minutes=70)).astimezone(clinic.time_zone)
    return {
        "clinic": clinic.pk,
        "patient": patient.pk,
        "practitioner": factories.practitioner(clinic).pk,
        "protocol": factories.protocol(clinic).pk,
        "variant": "standard",
        "ended_at": f"{ended_at:%Y-%m-%dT%H:%M}",
        "treatment_consent": "on",
        "areas-TOTAL_FORMS": "1",
        "areas-INITIAL_FORMS": "0",
        "areas-0-site": "face",
        "areas-0-depth_mm": "0.8",
        "areas-0-passes": "3",
        "products-TOTAL_FORMS": "0",
        "products-INITIAL_FORMS": "0",
        **{f"screening_{code}": answer for code, answer in all_clear("standard").items()},
    }


def test_session_recorded_in_the_console_is_sent_once_and_shown_as_sent(deployment, mailbox, clinic):
    patient = factories.patient(clinic, email="amara@example.com")
    deployment.worker()
    deployment.beat()
    web = deployment.web()
    browser = log_in(web, factories.user(clinic, Role.STAFF))

    recorded = post(
        browser,
        f"{web.url}/admin/treatments/treatmentsession/add/",
        {**session_of(clinic, patient), "_complete": "1"},
    )
    assert "Completed." in recorded.text, recorded.text
    first = wait_for(
        ScheduledMessage.objects.filter(status=Status.SENT).first, "the first message", seconds=30
    )
    shown = browser.get(f"{web.url}/admin/outbox/scheduledmessage/{first.pk}/change/", timeout=30)

    statuses = set(ScheduledMessage.objects.values_list("step__slug", "status"))
    assert statuses == {("first-night", "sent"), ("day-1", "scheduled")}
    assert list(mailbox.copies().values()) == [1]
    assert "The exact copy" in shown.text
    assert "amara@example.com" in shown.text
