"""What each provider's HTTP answer proves, by the words it documents."""

import json

import pytest

from aftercare.outbox.answers import Answer, judge
from aftercare.outbox.decisions import ChannelRefused, NotSent, Refused, Sent, Unknown

ACCOUNT, SENDER = ChannelRefused(), ChannelRefused(sender_only=True)
LATER = NotSent(whole_channel=True)


def answer(provider, status, body=None):
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(provider, status, content)


@pytest.mark.parametrize(
    ("status", "decision"),
    [
        (200, Unknown()),
        (202, Unknown()),
        (302, Unknown()),
        (400, Refused()),
        (401, ACCOUNT),
        (402, ACCOUNT),
        (403, ACCOUNT),
        (404, ACCOUNT),
        (408, Unknown()),
        (409, Unknown()),
        (413, Refused()),
        (420, LATER),
        (421, LATER),
        (422, Refused()),
        (425, LATER),
        (429, LATER),
        (500, Unknown()),
        (502, Unknown()),
        (503, LATER),
        (504, Unknown()),
        (520, Unknown()),
    ],
)
@pytest.mark.parametrize("provider", ["Resend", "Postmark", "A provider nobody knows"])
def test_status_alone_proves(provider, status, decision):
    assert judge(answer(provider, status)) == decision


def resend(status, name, message=""):
    return answer("Resend", status, {"statusCode": status, "name": name, "message": message})


def brevo(status, code, message=""):
    return answer("Brevo", status, {"code": code, "message": message})


@pytest.mark.parametrize(
    ("given", "decision"),
    [
        (resend(409, "invalid_idempotent_request"), Unknown(replayable=False)),
        (resend(409, "concurrent_idempotent_requests"), Unknown()),
        (brevo(400, "duplicate_parameter"), Sent(earlier=True)),
        (answer("Postmark", 400, {"code": "duplicate_parameter"}), Refused()),
        (answer("Postmark", 409, {"name": "invalid_idempotent_request"}), Unknown()),
    ],
)
def test_repeated_key_proves(given, decision):
    assert judge(given) == decision


@pytest.mark.parametrize(
    "given",
    [
        resend(403, "validation_error", "The clinic.example.com domain is not verified. Please, add it"),
        resend(422, "invalid_from_address", "Invalid `from` field."),
        resend(422, "validation_error", "Invalid `from` field. It needs to follow another format"),
        brevo(400, "invalid_parameter", "Sender domain has not been authenticated"),
        answer("Postmark", 422, {"ErrorCode": 400, "Message": "The Sender Signature was not found"}),
        answer("Postmark", 422, {"ErrorCode": 401, "Message": "Sender signature not confirmed"}),
        answer("SparkPost", 400, {"errors": [{"message": "Invalid domain", "code": "7001"}]}),
        answer("SparkPost", 400, {"errors": [{"description": "Unconfigured or unverified sending domain."}]}),
        answer("MailerSend", 422, {"message": "The from.email domain must be verified in your account"}),
        answer("Mailgun", 403, {"message": "Domain clinic.example.com is not allowed to send: disabled"}),
        answer("Postal", 200, {"status": "error", "data": {"code": "UnauthenticatedFromAddress"}}),
        answer("Amazon SES", 400, {"Code": "MailFromDomainNotVerifiedException", "Message": "no"}),
        answer("Amazon SES", 400, {"Code": "MessageRejected", "Message": "Email address is not verified."}),
        answer(
            "Amazon SES", 403, {"Message": "Not authorized on resource arn:aws:ses:::identity/example.com"}
        ),
    ],
)
def test_refused_sender_concerns_that_sender_only(given):
    assert judge(given) == SENDER


@pytest.mark.parametrize(
    "given",
    [
        resend(401, "missing_api_key"),
        resend(403, "invalid_api_key", "API key is invalid"),
        resend(400, "validation_error", "API key is invalid"),
        brevo(401, "unauthorized", "Key not found"),
        brevo(400, "not_enough_credits"),
        brevo(403, "permission_denied", "Your sender account is not yet activated"),
        answer("Postmark", 401, {"ErrorCode": 10}),
        answer("Postmark", 422, {"ErrorCode": 405, "Message": "Not allowed to send"}),
        answer("Mandrill", 500, {"status": "error", "code": -1, "name": "Invalid_Key"}),
        answer("Mandrill", 500, {"status": "error", "code": 10, "name": "PaymentRequired"}),
        answer("Postal", 200, {"status": "error", "data": {"code": "InvalidServerAPIKey"}}),
        answer("Mailgun", 200, "Mailgun Magnificent API"),
        answer("Mailgun", 401, "Forbidden"),
        answer("Amazon SES", 400, {"Code": "AccountSuspendedException"}),
        answer("Amazon SES", 400, {"Code": "SendingPausedException"}),
        answer("Amazon SES", 403, {"Code": "SignatureDoesNotMatch"}),
        answer("Mailtrap", 403, "<html>The domain of this request was blocked</html>"),
    ],
)
def test_refused_account_concerns_everybody(given):
    assert judge(given) == ACCOUNT


@pytest.mark.parametrize(
    "given",
    [
        resend(422, "validation_error", "Invalid `to` field. The address needs another format"),
        brevo(400, "invalid_parameter", "email is not valid in to"),
        answer("Postmark", 422, {"ErrorCode": 300, "Message": "Error parsing 'To': Illegal email domain"}),
        answer("Mandrill", 500, {"status": "error", "name": "ValidationError"}),
        answer("Postal", 200, {"status": "parameter-error", "data": {"message": "no content"}}),
        answer("Amazon SES", 400, {"Code": "MessageRejected", "Message": "It contains a virus"}),
        answer("Amazon SES", 400, {"Code": "BadRequestException"}),
    ],
)
def test_refused_message_stops_nothing_else(given):
    assert judge(given) == Refused()


@pytest.mark.parametrize(
    "given",
    [
        resend(429, "daily_quota_exceeded"),
        answer("SparkPost", 420, {"errors": [{"message": "Exceed Sending Limit (hourly)", "code": "2101"}]}),
        answer("Amazon SES", 400, {"Code": "Throttling", "Message": "Maximum sending rate exceeded."}),
        answer("Amazon SES", 400, {"Code": "LimitExceededException"}),
        answer("Amazon SES", 429, {"Code": "TooManyRequestsException"}),
        answer("Postmark", 503, {"ErrorCode": 100}),
    ],
)
def test_spent_limit_is_worth_another_try(given):
    assert judge(given) == LATER


@pytest.mark.parametrize(
    "given",
    [
        answer("Brevo", 503, "upstream connect error or disconnect/reset before headers. reset reason: ..."),
        answer("Mandrill", 500, {"status": "error", "name": "GeneralError"}),
        resend(500, "invalid_api_key"),
        answer("Amazon SES", 500, {"Code": "Throttling"}),
        answer("Postal", 200, {"status": "success", "data": {}}),
        answer("Postmark", 200, {"ErrorCode": 405}),
        answer("Postmark", 200, {"status": "error"}),
    ],
)
def test_answer_that_proves_nothing_is_unknown(given):
    assert judge(given) == Unknown()


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"[" * 60_000, b"null", b'"text"', b"[[[[[[[{}]]]]]]]"]
)
def test_unreadable_body_leaves_the_status_to_decide(content):
    assert judge(Answer("Resend", 422, content)) == Refused()
