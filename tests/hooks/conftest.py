"""A sent message and a mail service that reports to the real address."""

import pytest

from aftercare.outbox.judging import judge_waiting
from tests.factories import attempt
from tests.hooks.posts import ESP_NAMES, POSTS, SETTINGS, Told
from tests.outbox.conftest import at, make_message, make_session, session

__all__ = ["at", "make_message", "make_session", "session"]


@pytest.fixture
def use(settings):
    """Makes one mail service the configured one, with every secret that it could need."""

    def choose(provider):
        settings.WEBHOOK_PROVIDER = provider
        settings.ANYMAIL = SETTINGS
        return provider

    return choose


@pytest.fixture
def sent(make_message):
    """A sent message with the try that a service took as "esp-7"."""

    def make(provider="postmark", **over):
        message = make_message(status="sent", **over)
        attempt(message, provider=ESP_NAMES[provider], provider_message_id="esp-7")
        return message

    return make


@pytest.fixture
def report(client, at):
    """Posts what is told of a message to the provider's address and judges it; returns the HTTP status."""

    def post(provider, message, what="delivered", **over):
        told = {"recipient": message.patient.email, "message_key": str(message.pk), **over}
        answer = client.post(f"/webhooks/{provider}/", **POSTS[provider](Told(what, **told)))
        judge_waiting(now=at.now)
        message.refresh_from_db()
        return answer.status_code

    return post
