"""Messages in the statuses the engine works on, a clock that stands still, and a provider that records."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from aftercare.outbox import clock
from aftercare.outbox.models import ScheduledMessage
from aftercare.outbox.sending import drain
from config.environment import Environment
from config.mail import mail_settings
from tests import factories
from tests.provider import Provider
from tests.services.provider import ProviderServer

SEND_AT = factories.ENDED_AT + timedelta(hours=1)


@dataclass
class Standing:
    """The engine's clock, standing still until a test moves it."""

    now: datetime

    def pass_(self, **time) -> datetime:
        self.now += timedelta(**time)
        return self.now


@pytest.fixture
def at(monkeypatch):
    standing = Standing(SEND_AT + timedelta(minutes=1))
    monkeypatch.setattr(clock, "database_now", lambda: standing.now)
    return standing


@pytest.fixture
def provider(settings):
    settings.EMAIL_BACKEND = "tests.provider.Provider"
    yield Provider.reset()
    Provider.reset()


@pytest.fixture
def serve(settings, monkeypatch, tmp_path):
    """Starts a mail provider's server of a kind, and sends through it by the settings of a deployment."""
    servers = []

    def start(kind):
        servers.append(ProviderServer(kind))
        for name, value in servers[-1].environ().items():
            monkeypatch.setenv(name, value)  # boto3 reads its own
        for name, value in mail_settings(Environment(), tmp_path, seconds=1).items():
            setattr(settings, name, value)
        settings.ANYMAIL_REQUESTS_TIMEOUT = (2, 1)
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def make_session(db):
    """Completed sessions, one after another; of one clinic if given."""

    def make(clinic=None, **over):
        completed = {"state": "completed", "completed_at": factories.ENDED_AT}
        return factories.treatment_session(clinic or factories.clinic(), **{**completed, **over})

    return make


@pytest.fixture
def session(make_session):
    return make_session()


@pytest.fixture
def make_message(make_session):
    """Scheduled messages, each of a session of its own unless one is given."""

    def make(session=None, **over):
        return factories.message(session or make_session(), **over)

    return make


@pytest.fixture
def scheduled(session):
    return factories.message(session)


@pytest.fixture
def another(make_message):
    return make_message()


@pytest.fixture
def claimed(make_message):
    return make_message(status="claimed")


@pytest.fixture
def staff(session):
    return factories.user(session.clinic)


@pytest.fixture
def run(at, provider):
    """Drains for up to a minute of the standing clock."""
    return lambda: drain(deadline=at.now + timedelta(minutes=1))


@pytest.fixture
def three(make_message):
    """Three messages, sent in this order."""
    first = SEND_AT
    return [make_message(due_at=first + timedelta(seconds=second)) for second in range(3)]


def statuses(messages):
    return [ScheduledMessage.objects.get(pk=message.pk).status for message in messages]
