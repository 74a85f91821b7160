"""The provider's HTTP server itself: what it promises to the tests that lean on it."""

import uuid
from pathlib import Path

import pytest
import requests

from config.environment import Environment
from config.mail import mail_settings
from tests.services.dialects import Answer
from tests.services.processes import wait_for
from tests.services.provider import ProviderServer

OURS = "2c7f8f4e-9e3b-4f5e-8d0c-6a1f6f1b7a11"


def body(text="Hello", to="amara@example.com"):
    return {"to": [to], "text": text, "headers": {"X-Metadata": f'{{"message_id": "{OURS}"}}'}}


def post(provider, key="", **over):
    headers = {"Idempotency-Key": key} if key else {}
    return requests.post(f"{provider.url}emails", json=body(**over), headers=headers, timeout=1)


@pytest.fixture
def brevo():
    server = ProviderServer("brevo")
    yield server
    server.close()


def test_provider_keeps_what_it_took_under_our_own_id(provider):
    answer = post(provider)

    assert answer.json() == {"id": "esp-1"}
    assert provider.copies() == {OURS: 1}
    assert provider.to("amara@example.com")[0].body["text"] == "Hello"


def test_request_without_key_is_taken_each_time(provider):
    post(provider)
    post(provider)

    assert provider.copies() == {OURS: 2}


def test_resend_takes_a_repeated_key_once_and_answers_as_before(provider):
    key = str(uuid.uuid4())
    answers = [post(provider, key).json() for _ in range(2)]

    assert answers == [{"id": "esp-1"}] * 2
    assert provider.copies() == {OURS: 1}


def test_resend_refuses_another_message_under_a_known_key(provider):
    post(provider, "k")
    answer = post(provider, "k", text="Other")

    assert (answer.status_code, answer.json()["name"]) == (409, "invalid_idempotent_request")
    assert len(provider.accepted) == 1


def test_resend_says_when_the_first_request_is_still_under_way(provider):
    provider.misbehave("slow", seconds=3, times=1)
    with pytest.raises(requests.ReadTimeout):
        post(provider, "k")

    assert post(provider, "k").json()["name"] == "concurrent_idempotent_requests"
    assert wait_for(provider.copies, "the slow acceptance") == {OURS: 1}


def test_key_whose_lifetime_is_over_no_longer_protects(provider):
    post(provider, "k")
    provider.forget_keys()
    post(provider, "k")

    assert provider.copies() == {OURS: 2}


def test_brevo_refuses_a_repeated_key(brevo):
    mail = {
        "to": [{"email": "amara@example.com"}],
        "headers": {"idempotencyKey": "k", "X-Mailin-custom": f'{{"message_id": "{OURS}"}}'},
    }
    answers = [requests.post(f"{brevo.url}smtp/email", json=mail, timeout=1) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 400]
    assert answers[1].json()["code"] == "duplicate_parameter"
    assert brevo.copies() == {OURS: 1}


def test_brevo_knows_the_key_by_its_documented_spelling_only(brevo):
    mail = {"to": [{"email": "amara@example.com"}], "headers": {"idempotencykey": "k"}}
    for _ in range(2):
        requests.post(f"{brevo.url}smtp/email", json=mail, timeout=1)

    assert len(brevo.accepted) == 2


@pytest.mark.parametrize("what", ["drop", "half", "hang"])
def test_answer_lost_after_the_message_was_taken(provider, what):
    provider.misbehave(what, times=1)
    with pytest.raises(
        (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.Timeout)
    ):
        post(provider)

    assert provider.copies() == {OURS: 1}


def test_line_cut_before_the_message_was_read_took_nothing(provider):
    provider.misbehave("cut", times=1)
    with pytest.raises(requests.ConnectionError):
        post(provider)

    assert (provider.calls, provider.accepted) == (1, [])


@pytest.mark.parametrize(("what", "text"), [("garbage", "<html>Welcome</html>"), ("no id", "{}")])
def test_useless_answer_comes_after_the_message_was_taken(provider, what, text):
    provider.misbehave(what)

    answer = post(provider)

    assert (answer.status_code, answer.text) == (200, text)
    assert provider.copies() == {OURS: 1}


def test_answer_set_by_the_test_takes_nothing_and_is_used_up(provider):
    provider.misbehave(Answer(429, headers={"Retry-After": "7"}), times=1)
    first, second = post(provider), post(provider)

    assert (first.status_code, first.headers["Retry-After"]) == (429, "7")
    assert second.status_code == 200
    assert provider.copies() == {OURS: 1}


def test_answer_may_hide_that_the_message_was_taken(provider):
    provider.misbehave(Answer(500, taken=True))

    assert post(provider).status_code == 500
    assert provider.copies() == {OURS: 1}


def test_fault_may_concern_one_recipient_only(provider):
    provider.misbehave(Answer(422), recipient="gone@example.com")

    assert post(provider).status_code == 200
    assert post(provider, to="gone@example.com").status_code == 422


@pytest.mark.parametrize("kind", ["resend", "brevo", "postmark"])
def test_environment_of_a_deployment_leads_to_the_server(kind):
    server = ProviderServer(kind)
    environment = Environment({**server.environ(), "DATABASE_URL": "postgres://db/aftercare"})
    found = mail_settings(environment, Path("/nowhere"))
    server.close()

    assert environment.problems == {}
    assert server.url in found["ANYMAIL"].values()
