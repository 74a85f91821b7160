"""How mail providers' HTTP APIs are spoken to, and how they answer, by their own documentation."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any, Literal

Kind = Literal["resend", "brevo", "postmark", "amazon_ses"]
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. ``taken``: the provider has accepted the message nevertheless."""

    status: int = 200
    body: str = "{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    taken: bool = False


@dataclass(frozen=True)
class Mail:
    """A message as the provider was given it; ``message_id`` is ours, ``at`` the Unix time it was taken."""

    message_id: str
    recipient: str
    key: str
    body: Body
    provider_message_id: str = ""
    at: float = 0.0


@dataclass(frozen=True)
class Dialect:
    """``variables`` are those of a deployment, for the server's address.

    ``repeated`` answers a known key: was the request the same, and its answer (None while under way).
    """

    variables: Callable[[str], dict[str, str]]
    read: Callable[[Message, Body], Mail]
    accepted: Callable[[Mail], Answer]
    repeated: Callable[[bool, Answer | None], Answer]


def _ours(metadata: str | None) -> str:
    return json.loads(metadata or "{}").get("message_id", "")


def _read_resend(headers: Message, body: Body) -> Mail:
    ours = _ours(body.get("headers", {}).get("X-Metadata"))
    return Mail(ours, body["to"][0], headers.get("Idempotency-Key", ""), body)


def _resend_accepted(mail: Mail) -> Answer:
    return Answer(body=json.dumps({"id": mail.provider_message_id}))


def _resend_repeated(same: bool, answer: Answer | None) -> Answer:
    """Same key and request: the first answer again; another request, or the first still under way: 409."""
    if not same:
        return _resend_error(409, "invalid_idempotent_request")
    return answer or _resend_error(409, "concurrent_idempotent_requests")


def _resend_error(status: int, name: str) -> Answer:
    return Answer(status, json.dumps({"statusCode": status, "name": name, "message": name}))


def _read_brevo(headers: Message, body: Body) -> Mail:
    inner = body.get("headers", {})
    # By this very spelling: another is only a header of the mail.
    return Mail(
        _ours(inner.get("X-Mailin-custom")), body["to"][0]["email"], inner.get("idempotencyKey", ""), body
    )


def _brevo_accepted(mail: Mail) -> Answer:
    return Answer(201, json.dumps({"messageId": f"<{mail.provider_message_id}@relay.example.com>"}))


def _brevo_repeated(same: bool, answer: Answer | None) -> Answer:
    return Answer(400, json.dumps({"code": "duplicate_parameter", "message": "The key was used before"}))


def _read_postmark(headers: Message, body: Body) -> Mail:
    return Mail(body.get("Metadata", {}).get("message_id", ""), body["To"], "", body)


def _postmark_accepted(mail: Mail) -> Answer:
    taken = {"ErrorCode": 0, "Message": "OK", "MessageID": mail.provider_message_id, "To": mail.recipient}
    return Answer(body=json.dumps(taken))


def _never_repeated(same: bool, answer: Answer | None) -> Answer:
    raise AssertionError("this provider knows no idempotency keys")


def _read_ses(headers: Message, body: Body) -> Mail:
    mime = message_from_bytes(base64.b64decode(body["Content"]["Raw"]["Data"]))
    return Mail(_ours(mime["X-Metadata"]), body["Destination"]["ToAddresses"][0], "", body)


def _ses_accepted(mail: Mail) -> Answer:
    return Answer(body=json.dumps({"MessageId": mail.provider_message_id}))


def _ses_variables(url: str) -> dict[str, str]:
    """boto3's own: it looks for no others when these are there."""
    return {
        "AWS_ENDPOINT_URL_SESV2": url,
        "AWS_ACCESS_KEY_ID": "only-for-tests",
        "AWS_SECRET_ACCESS_KEY": "only-for-tests",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }


def _named(secret: str, address: str) -> Callable[[str], dict[str, str]]:
    return lambda url: {secret: "only-for-tests", address: url}


DIALECTS: Mapping[Kind, Dialect] = {
    "resend": Dialect(
        _named("RESEND_API_KEY", "RESEND_API_URL"), _read_resend, _resend_accepted, _resend_repeated
    ),
    "brevo": Dialect(_named("BREVO_API_KEY", "BREVO_API_URL"), _read_brevo, _brevo_accepted, _brevo_repeated),
    "postmark": Dialect(
        _named("POSTMARK_SERVER_TOKEN", "POSTMARK_API_URL"),
        _read_postmark,
        _postmark_accepted,
        _never_repeated,
    ),
    "amazon_ses": Dialect(_ses_variables, _read_ses, _ses_accepted, _never_repeated),
}
"""Postmark and Amazon SES stand for the providers without idempotency keys."""
