"""Bytes in the place of a device's answer: refused in words on every page that takes one, never a 500."""

import base64
import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.urls import reverse

from aftercare.clinics.models import Role
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
ADD, LOG_IN, AGAIN = "mfa_add_webauthn", "mfa_login_webauthn", "mfa_reauthenticate_webauthn"
DEEP = "[" * 100_000


def coded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def answer(**over):
    """What a device says, as far as its outer form goes; each part may be replaced."""
    client_data = {"type": "webauthn.get", "challenge": "x", "origin": "http://testserver"}
    parts = {
        "clientDataJSON": coded(json.dumps(client_data).encode()),
        "authenticatorData": coded(b"\0" * 37),
        "signature": coded(b"x"),
        "attestationObject": coded(b"\xa0"),
        "userHandle": coded(b"1"),
    }
    return json.dumps({"id": "eA", "rawId": "eA", "type": "public-key", "response": {**parts, **over}})


MALFORMED = {
    "brackets": DEEP,
    "braces": '{"a":' * 100_000,
    "list": "[]",
    "text": '"passkey"',
    "number": "7",
    "no JSON": "{",
    "parts that are no texts": '{"id": 1, "rawId": {}, "type": [], "response": 7}',
    "client data nested": answer(clientDataJSON=coded(DEEP.encode())),
    "client data of another kind": answer(clientDataJSON=coded(b"[7]")),
    "authenticator data too short": answer(authenticatorData=coded(b"\0")),
    "attestation nested": answer(attestationObject=coded(b"\x81" * 100_000)),
    "attestation cut off": answer(attestationObject=coded(b"\x5b\xff")),
    "nobody's handle": answer(userHandle=coded(b"\xff\xfe")),
    "handle that is no text": answer(userHandle=[1]),
}


@pytest.fixture
def user(client):
    """Somebody who may add a passkey just now, whose session waits for an answer."""
    user = factories.user(factories.clinic(), Role.OWNER)
    client.force_login(user)
    client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
    return user


def refused(client, name, credential):
    client.get(reverse(name), headers={"X-Requested-With": "XMLHttpRequest"})  # asks for the challenge
    return client.post(reverse(name), {"name": "Key", "credential": credential})


@pytest.mark.parametrize("credential", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("name", [ADD, AGAIN])
def test_malformed_answer_is_refused_in_words_and_adds_nothing(client, user, name, credential):
    response = refused(client, name, credential)

    assert response.status_code in (200, 302, 400)
    assert response.status_code != 400 or "cannot be read" in response.content.decode()
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("credential", MALFORMED.values(), ids=MALFORMED)
def test_malformed_answer_logs_nobody_in(client, credential):
    response = refused(client, LOG_IN, credential)

    assert response.status_code in (302, 400)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("credential", [DEEP, "[]", "{"], ids=["brackets", "list", "no JSON"])
def test_what_no_browser_sends_is_a_bad_request_with_words(client, credential):
    response = refused(client, LOG_IN, credential)

    assert response.status_code == 400
    assert "The answer of your device cannot be read" in response.content.decode()


def test_malformed_answer_after_the_password_is_refused_and_leaves_the_log_in_waiting(client):
    user = factories.user(factories.clinic(), Role.OWNER)
    TOTP.activate(user, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    client.post(reverse("account_login"), {"login": user.username, "password": factories.PASSWORD})

    response = client.post(reverse("mfa_authenticate"), {"credential": DEEP})

    assert response.status_code in (200, 400)
    assert "_auth_user_id" not in client.session
