"""What each mail service posts, signed as it signs: the least that its documentation says a report holds.

``POSTS[provider]`` makes, of a :class:`Told`, the arguments of a test client's post.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from svix.webhooks import Webhook

AT = datetime(2026, 3, 28, 16, 5, tzinfo=UTC)
LOGIN = "provider:a-long-enough-password"
KEY = "a-signing-key-of-the-tests"
SVIX_KEY = "whsec_" + base64.b64encode(b"a-signing-key-of-the-tests").decode()
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
URL = "http://testserver/webhooks/{}/"

_PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
SETTINGS: dict[str, Any] = {
    "WEBHOOK_SECRET": [LOGIN],
    "MAILERSEND_SIGNING_SECRET": KEY,
    "MAILGUN_WEBHOOK_SIGNING_KEY": KEY,
    "MAILTRAP_TRACKING_SECRET": KEY,
    "MANDRILL_WEBHOOK_KEY": KEY,
    "POSTAL_WEBHOOK_KEY": "".join(_PEM.decode().splitlines()[1:-1]),
    "RESEND_SIGNING_SECRET": SVIX_KEY,
    "UNISENDER_GO_API_KEY": KEY,
}
ESP_NAMES = {
    "amazon_ses": "Amazon SES",
    "brevo": "Brevo",
    "mailersend": "MailerSend",
    "mailgun": "Mailgun",
    "mailjet": "Mailjet",
    "mailtrap": "Mailtrap",
    "mandrill": "Mandrill",
    "postal": "Postal",
    "postmark": "Postmark",
    "resend": "Resend",
    "sparkpost": "SparkPost",
    "unisender_go": "Unisender Go",
}
KEEPS_NO_METADATA = {"mailersend", "postal"}


@dataclass(frozen=True)
class Told:
    """A thing to report: ``what`` is one of "delivered", "hard", "soft", "complained", "opened"."""

    what: str
    recipient: str
    message_key: str
    provider_id: str = "esp-7"
    at: datetime = AT

    @property
    def seconds(self) -> int:
        return int(self.at.timestamp())

    @property
    def metadata(self) -> dict[str, str]:
        return {"message_id": self.message_key}

    def word(self, *words: Any) -> Any:
        """The one of five that says what is told, in the order of ``what`` above."""
        return words[("delivered", "hard", "soft", "complained", "opened").index(self.what)]


def with_login(**headers: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(LOGIN.encode()).decode(), **headers}


def as_json(body: Any, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {
        "data": json.dumps(body),
        "content_type": "application/json",
        "headers": with_login(**(headers or {})),
    }


def hex_of(body: bytes, digest: Any = hashlib.sha256) -> str:
    return hmac.new(KEY.encode(), body, digest).hexdigest()


def amazon_ses(told: Told) -> dict[str, Any]:
    kind = told.word("Delivery", "Bounce", "Bounce", "Complaint", "Open")
    bounce = {
        "bounceType": told.word("", "Permanent", "Transient", "", ""),
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": told.recipient}],
    }
    about = {
        "Delivery": {"recipients": [told.recipient]},
        "Bounce": bounce,
        "Complaint": {"complainedRecipients": [{"emailAddress": told.recipient}]},
        "Open": {},
    }[kind]
    mail = {
        "messageId": told.provider_id,
        "destination": [told.recipient],
        "headers": [{"name": "X-Metadata", "value": json.dumps(told.metadata)}],
    }
    envelope = {
        "Type": "Notification",
        "MessageId": "sns-1",
        "Timestamp": told.at.isoformat(),
        "Message": json.dumps({"eventType": kind, "mail": mail, kind.lower(): about}),
    }
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": "sns-1"}
    return as_json(envelope, headers)


def brevo(told: Told) -> dict[str, Any]:
    return as_json(
        {
            "event": told.word("delivered", "hard_bounce", "soft_bounce", "spam", "unique_opened"),
            "email": told.recipient,
            "message-id": told.provider_id,
            "ts_epoch": told.seconds * 1000,
            "X-Mailin-custom": json.dumps(told.metadata),
        }
    )


def mailersend(told: Told) -> dict[str, Any]:
    body = {
        "type": "activity",
        "data": {
            "type": told.word("delivered", "hard_bounced", "soft_bounced", "spam_complaint", "opened"),
            "created_at": told.at.isoformat(),
            "email": {"message": {"id": told.provider_id}, "recipient": {"email": told.recipient}},
        },
    }
    return as_json(body, {"Signature": hex_of(json.dumps(body).encode())})


def mailgun(told: Told) -> dict[str, Any]:
    data = {
        "event": told.word("delivered", "failed", "failed", "complained", "opened"),
        "recipient": told.recipient,
        "timestamp": float(told.seconds),
        "message": {"headers": {"message-id": told.provider_id}},
        "user-variables": told.metadata,
        "delivery-status": {"code": 550, "message": "said no"},
        "severity": told.word(None, "permanent", "permanent", None, None),
        "reason": told.word("", "bounce", "old", "", ""),
    }
    token = hashlib.sha256(told.what.encode()).hexdigest()
    stamp = str(told.seconds)
    signature = {"token": token, "timestamp": stamp, "signature": hex_of((stamp + token).encode())}
    return as_json({"signature": signature, "event-data": data})


def mailjet(told: Told) -> dict[str, Any]:
    event = {
        "event": told.word("sent", "bounce", "bounce", "spam", "open"),
        "time": told.seconds,
        "MessageID": told.provider_id,
        "email": told.recipient,
        "Payload": json.dumps(told.metadata),
    }
    bounced = {"hard_bounce": told.what == "hard", "error": "user unknown"}
    return as_json([event | (bounced if told.what in ("hard", "soft") else {})])


def mailtrap(told: Told) -> dict[str, Any]:
    event = {
        "event": told.word("delivery", "bounce", "bounce", "spam", "open"),
        "message_id": told.provider_id,
        "email": told.recipient,
        "timestamp": told.seconds,
        "event_id": "e-1",
        "custom_variables": told.metadata,
        "response": told.word("", "550 5.1.1 no such user", "452 4.2.2 over quota", "", ""),
        "bounce_category": told.word(None, "hard", "quota", None, None),
    }
    body = {"events": [event]}
    return as_json(body, {"Mailtrap-Signature": hex_of(json.dumps(body).encode())})


def mandrill(told: Told) -> dict[str, Any]:
    event = {
        "event": told.word("send", "hard_bounce", "soft_bounce", "spam", "open"),
        "ts": told.seconds,
        "_id": told.provider_id,
        "msg": {"email": told.recipient, "metadata": told.metadata},
    }
    data = {"mandrill_events": json.dumps([event])}
    address = URL.format("mandrill").replace("://", f"://{LOGIN}@")
    signed = address + "".join(name + value for name, value in sorted(data.items()))
    digest = hmac.new(KEY.encode(), signed.encode(), hashlib.sha1).digest()
    headers = with_login(**{"X-Mandrill-Signature": base64.b64encode(digest).decode()})
    return {"data": data, "headers": headers}


def postal(told: Told) -> dict[str, Any]:
    message = {"id": told.provider_id, "to": told.recipient, "direction": "outgoing"}
    bounced = {"original_message": message, "bounce": {"id": 9}}
    said = {"details": "said no", "output": told.word("", "550 5.1.1 unknown", "452 4.2.2 full", "", "")}
    status = told.word("Sent", "HardFail", "HardFail", "", "")
    payload = {
        "complained": bounced,
        "opened": {"message": message, "url": "https://example.com/"},
    }.get(told.what, {"message": message, "status": status, **said})
    body = {"event": "MessageSent", "timestamp": told.seconds, "uuid": "u-1", "payload": payload}
    raw = json.dumps(body).encode()
    signature = RSA_KEY.sign(raw, padding.PKCS1v15(), hashes.SHA1())
    return as_json(body, {"X-Postal-Signature": base64.b64encode(signature).decode()})


def postmark(told: Told) -> dict[str, Any]:
    kind = told.word("Delivery", "Bounce", "Bounce", "SpamComplaint", "Open")
    when = {"Delivery": "DeliveredAt", "Open": "ReceivedAt"}.get(kind, "BouncedAt")
    body = {
        "RecordType": kind,
        "Type": told.word(None, "HardBounce", "SoftBounce", "SpamComplaint", None),
        "Email": told.recipient,
        "MessageID": told.provider_id,
        "Metadata": told.metadata,
        "Details": "said no",
        when: told.at.isoformat(),
    }
    return as_json(body)


def resend(told: Told) -> dict[str, Any]:
    kind = told.word("delivered", "bounced", "bounced", "complained", "opened")
    data: dict[str, Any] = {
        "email_id": told.provider_id,
        "to": [told.recipient],
        "headers": [{"name": "X-Metadata", "value": json.dumps(told.metadata)}],
    }
    if kind == "bounced":
        data["bounce"] = {"type": told.word("", "Permanent", "Transient", "", ""), "message": "said no"}
    raw = json.dumps({"type": f"email.{kind}", "created_at": told.at.isoformat(), "data": data})
    now = datetime.now(UTC)
    signature = Webhook(SVIX_KEY).sign("msg_1", now, raw)
    headers = {
        "svix-id": "msg_1",
        "svix-timestamp": str(int(now.timestamp())),
        "svix-signature": signature,
    }
    return {"data": raw, "content_type": "application/json", "headers": with_login(**headers)}


def sparkpost(told: Told) -> dict[str, Any]:
    event = {
        "type": told.word("delivery", "bounce", "bounce", "spam_complaint", "open"),
        "transmission_id": told.provider_id,
        "raw_rcpt_to": told.recipient,
        "timestamp": str(told.seconds),
        "rcpt_meta": told.metadata,
        "event_id": "e-1",
    }
    bounced = {"bounce_class": told.word("", "10", "22", "", "")}
    event |= bounced if told.what in ("hard", "soft") else {}
    return as_json([{"msys": {"message_event": event}}])


def unisender_go(told: Told) -> dict[str, Any]:
    data = {
        "status": told.word("delivered", "hard_bounced", "hard_bounced", "spam", "opened"),
        "event_time": told.at.strftime("%Y-%m-%d %H:%M:%S"),
        "email": told.recipient,
        "job_id": told.provider_id,
        "metadata": told.metadata,
        "delivery_info": {"delivery_status": told.word("", "err_user_unknown", "err_mailbox_full", "", "")},
    }
    event = {"event_name": "transactional_email_status", "event_data": data}
    body = {"auth": KEY, "events_by_user": [{"user_id": 1, "events": [event]}]}
    digest = hashlib.md5(json.dumps(body).encode()).hexdigest()
    return as_json(body | {"auth": digest})


POSTS: Mapping[str, Callable[[Told], dict[str, Any]]] = {
    make.__name__: make
    for make in (
        amazon_ses,
        brevo,
        mailersend,
        mailgun,
        mailjet,
        mailtrap,
        mandrill,
        postal,
        postmark,
        resend,
        sparkpost,
        unisender_go,
    )
}
