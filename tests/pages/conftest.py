"""What the tests of a check-in's pages start from: a clinic with rules and hours, a message that asks."""

from datetime import UTC, datetime, time

import pytest
from django.test import Client

from aftercare.checkins.approving import approve_rules, save_rules
from aftercare.clinics.hours import OpeningHours
from aftercare.outbox import clock
from aftercare.outbox.links import CHECK_IN
from tests import factories

MONDAY = datetime(2026, 3, 30, 11, tzinfo=UTC)  # noon in London, two days after the treatment
PARTS = {
    1: {"breathing": "no", "unwell": "no", "eyes": "no"},
    2: {"redness": "less", "pain": "1", "pain_trend": "better"},
    3: {"infection": "no", "blisters": "no", "rash": "no"},
    4: {"other_product": "no", "call_me": "no", "note": ""},
}


class Standing:
    """The time on the pages, standing still until a test moves it."""

    now = MONDAY


@pytest.fixture
def at(monkeypatch):
    standing = Standing()
    monkeypatch.setattr(clock, "database_now", lambda: standing.now)
    return standing


@pytest.fixture
def clinic():
    clinic = factories.clinic(name="Harbour Clinic")
    for day in range(5):
        OpeningHours.objects.create(
            clinic=clinic, weekday=day, opens_local_time=time(9), closes_local_time=time(18)
        )
    approve_rules(save_rules(clinic), by=factories.practitioner(clinic), now=factories.ENDED_AT)
    return clinic


@pytest.fixture
def asking(clinic, at):
    """A message, sent, that asks for a check-in."""
    session = factories.treatment_session(clinic)
    message = factories.message(session, status="sent")
    message.step.template.asks_check_in = True
    message.step.template.save()
    return message


class Visitor:
    """A patient with the link, without a log-in, with CSRF checks as strict as for real visitors."""

    def __init__(self, path):
        self.path, self.client = path, Client(enforce_csrf_checks=True)

    def get(self, query=""):
        return self.client.get(f"{self.path}{query}")

    def send(self, part, **over):
        return self.client.post(self.path, {"part": part, **PARTS[part], **over}, follow=True)

    def send_all(self, **over):
        """Answers the whole form; returns the page after the last part that was sent."""
        for number, answers in PARTS.items():
            mine = {code: answer for code, answer in over.items() if code in answers}
            page = self.send(number, **mine)
        return page


@pytest.fixture
def visitor(asking, settings):
    return Visitor(CHECK_IN.url(asking.pk).removeprefix(settings.SITE_URL))
