"""Reports come in at the real address, proven as each mail service proves them, or not at all."""

import json

import pytest

from aftercare.hooks.views import LARGEST, receive
from aftercare.outbox.models import DeliveryEvent, Suppression
from tests.hooks.posts import ESP_NAMES, KEEPS_NO_METADATA, POSTS, Told, with_login

pytestmark = pytest.mark.django_db
PROVIDERS = sorted(POSTS)
NOT_A_REPORT = ["", "not json", "[]", "{}", "null", '"text"', "[" * 100_000, "7", '{"events": 7}', "[null]"]
FOLLOWS = {
    "delivered": ("delivered", []),
    "hard": ("bounced", ["all"]),
    "soft": ("bounced", []),
    "complained": ("complained", ["all"]),
}
#: Mandrill never says that a message was delivered; Postal knows hard failures and returned mail only.
BUT = {
    ("mandrill", "delivered"): ("", []),
    ("postal", "hard"): ("rejected", ["all"]),
    ("postal", "soft"): ("rejected", []),
    ("postal", "complained"): ("bounced", []),
}


def told(what="delivered", **over):
    return Told(what, **{"recipient": "amara@example.com", "message_key": "", **over})


def post(client, provider, **over):
    return client.post(f"/webhooks/{provider}/", **{**POSTS[provider](told()), **over}).status_code


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("what", sorted(FOLLOWS))
def test_report_reaches_its_message_and_what_must_follow_does(use, report, sent, provider, what):
    message = sent(use(provider))

    assert report(provider, message, what) == 200

    delivery, purposes = BUT.get((provider, what), FOLLOWS[what])
    assert message.delivery == delivery
    assert list(Suppression.objects.values_list("purpose", flat=True)) == purposes
    assert DeliveryEvent.objects.get().provider == ESP_NAMES[provider]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_opening_is_taken_and_not_kept(use, report, sent, provider):
    message = sent(use(provider))

    assert report(provider, message, "opened") == 200
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_report_of_another_service_than_the_configured_one_is_not_found(use, client, provider):
    use("postmark" if provider != "postmark" else "resend")

    assert post(client, provider) == 404
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("provider", ["scaleway", "sendgrid", "nobody"])
def test_service_whose_reports_cannot_be_read_has_no_address(use, client, provider):
    use(provider)

    assert client.post(f"/webhooks/{provider}/").status_code == 404


def test_no_report_is_taken_when_mail_goes_by_smtp(client):
    assert post(client, "postmark") == 404


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS)))
def test_report_without_proof_is_refused(use, client, provider):
    use(provider)

    bare = (
        {"headers": {}} if provider != "unisender_go" else {"data": '{"auth": "x"}', "headers": with_login()}
    )

    assert post(client, provider, **bare) in (400, 401)
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - {"mailgun", "mandrill"}))
def test_report_that_was_altered_or_whose_login_is_wrong_is_refused(use, client, provider):
    use(provider)
    whole = POSTS[provider](told())
    wrong = {**whole["headers"], "Authorization": "Basic bm9ib2R5Om5vdGhpbmc="}
    altered = {"data": whole["data"].replace("amara", "mallory"), "headers": wrong}

    assert post(client, provider, **altered) == 400
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize(
    "provider", ["mailersend", "mailgun", "mailtrap", "mandrill", "postal", "resend", "unisender_go"]
)
def test_report_whose_signature_is_wrong_is_refused_though_the_login_is_right(
    use, client, settings, provider
):
    use(provider)
    settings.ANYMAIL = {
        **settings.ANYMAIL,
        "MAILERSEND_SIGNING_SECRET": "another",
        "MAILGUN_WEBHOOK_SIGNING_KEY": "another",
        "MAILTRAP_TRACKING_SECRET": "another",
        "MANDRILL_WEBHOOK_KEY": "another",
        "RESEND_SIGNING_SECRET": "whsec_YW5vdGhlcg==",
        "UNISENDER_GO_API_KEY": "another",
    }
    over = {}
    if provider == "postal":
        headers = POSTS["postal"](told("hard"))["headers"]
        over = {"headers": headers}

    assert post(client, provider, **over) == 400
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("body", NOT_A_REPORT, ids=lambda body: body[:12] or "empty")
def test_what_is_no_report_is_refused_or_means_nothing_and_is_never_our_failure(use, client, provider, body):
    use(provider)

    answer = client.post(
        f"/webhooks/{provider}/", data=body, content_type="application/json", headers=with_login()
    )

    assert answer.status_code in (200, 400)
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("key", ["Email", "MessageID", "Details", "DeliveredAt", "Metadata"])
@pytest.mark.parametrize("value", [None, 7, [], {}, "\x00", "\ud800", "9" * 2_000])
def test_report_with_a_strange_value_is_kept_or_refused_and_is_never_our_failure(use, client, key, value):
    use("postmark")
    body = json.loads(POSTS["postmark"](told())["data"])

    assert post(client, "postmark", data=json.dumps(body | {key: value})) in (200, 400)
    assert DeliveryEvent.objects.count() <= 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_post_that_is_too_large_is_refused_unread(use, client, provider):
    use(provider)

    assert post(client, provider, data="x" * (LARGEST + 1), content_type="application/json") == 413


def test_post_of_ten_megabytes_is_not_read(use, rf, monkeypatch):
    use("postmark")
    request = rf.generic("POST", "/", b"x" * 10_000_000, content_type="application/json")
    request.read = lambda *args: pytest.fail("It was read.")

    assert receive(request, "postmark").status_code == 413


@pytest.mark.parametrize("length", ["9" * 5_000, "-1", "many"])
def test_post_of_a_length_that_is_none_is_refused(use, rf, length):
    use("postmark")

    assert (
        receive(rf.post("/", b"{}", "application/json", CONTENT_LENGTH=length), "postmark").status_code == 413
    )


@pytest.mark.parametrize("provider", PROVIDERS)
def test_address_answers_the_head_request_of_its_set_up(use, client, provider):
    assert client.head(f"/webhooks/{use(provider)}/").status_code == 200


@pytest.mark.parametrize("provider", PROVIDERS)
def test_address_shows_nothing_to_a_browser(use, client, provider):
    answer = client.get(f"/webhooks/{use(provider)}/")

    assert answer.status_code == (200 if provider == "unisender_go" else 405)
    assert answer.content == b""


def test_address_needs_no_session_and_no_token_of_a_form(use, sent, report, client):
    client.handler.enforce_csrf_checks = True

    assert report(use("postmark"), sent()) == 200
    assert not client.cookies


def test_ses_is_asked_for_its_login_before_it_gives_it(use, client):
    use("amazon_ses")

    answer = client.post("/webhooks/amazon_ses/", data="{}", content_type="application/json")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_report_that_comes_again_is_kept_once(use, report, sent, provider):
    message = sent(use(provider))
    report(provider, message)
    before = (message.delivery, message.delivery_at)

    assert report(provider, message) == 200

    assert DeliveryEvent.objects.count() == 1
    assert (message.delivery, message.delivery_at) == before


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - KEEPS_NO_METADATA))
def test_report_with_the_id_of_another_clinics_message_is_kept_and_not_applied(use, report, sent, provider):
    message = sent(use(provider))

    report(provider, message, "complained", recipient="someone.else@example.com")

    assert message.delivery == ""
    assert not Suppression.objects.exists()
    event = DeliveryEvent.objects.get()
    assert (event.verdict, event.message) == ("mismatched", None)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_report_of_an_unknown_message_is_kept_and_not_applied(use, report, sent, provider):
    message = sent(use(provider))
    unknown = "00000000-0000-4000-8000-000000000000"

    report(provider, message, "hard", message_key=unknown, provider_id="esp-8")

    assert message.delivery == ""
    assert (DeliveryEvent.objects.get().verdict, Suppression.objects.count()) == ("unmatched", 0)


def test_reports_of_one_post_are_stored_together(use, client, sent, django_assert_max_num_queries):
    use("sparkpost")
    events = [json.loads(POSTS["sparkpost"](told(provider_id=f"esp-{n}"))["data"])[0] for n in range(50)]

    with django_assert_max_num_queries(5):
        assert post(client, "sparkpost", data=json.dumps(events)) == 200

    assert DeliveryEvent.objects.count() == 50


def test_post_with_one_bad_report_among_good_ones_stores_none(use, client):
    use("sparkpost")
    good = json.loads(POSTS["sparkpost"](told())["data"])

    assert post(client, "sparkpost", data=json.dumps([*good, {"msys": {"message_event": {}}}])) == 400
    assert not DeliveryEvent.objects.exists()


def test_refusal_is_logged_without_a_word_of_the_post(use, client, capfd, caplog):
    use("postmark")

    post(client, "postmark", data='{"Email": "amara@example.com"')

    assert "amara" not in caplog.text + capfd.readouterr().err
