"""Whether a refusal is for good, in each mail service's own words."""

import pytest

from aftercare.outbox.permanence import is_permanent


def bounce(kind):
    return {"bounce": {"bounceType": kind}}


def mailgun(severity, reason):
    return {"event-data": {"severity": severity, "reason": reason}}


def sparkpost(bounce_class):
    return {"msys": {"message_event": {"bounce_class": bounce_class}}}


def resend(**said):
    return {"data": {"bounce": said}}


def unisender(word):
    return {"delivery_info": {"delivery_status": word}}


TABLE = [
    ("Amazon SES", bounce("Permanent"), True),
    ("Amazon SES", bounce("Transient"), False),
    ("Amazon SES", bounce("Undetermined"), None),
    ("Brevo", {"event": "hard_bounce"}, True),
    ("Brevo", {"event": "invalid_email"}, True),
    ("Brevo", {"event": "soft_bounce"}, False),
    ("Brevo", {"event": "blocked"}, None),
    ("MailerSend", {"data": {"type": "hard_bounced"}}, True),
    ("MailerSend", {"data": {"type": "soft_bounced"}}, False),
    ("Mailgun", mailgun("permanent", "bounce"), True),
    ("Mailgun", mailgun("permanent", "suppress-bounce"), True),
    ("Mailgun", mailgun("permanent", "old"), False),
    ("Mailgun", mailgun("permanent", "suppress-complaint"), None),
    ("Mailgun", mailgun("temporary", "generic"), False),
    ("Mailjet", {"hard_bounce": True}, True),
    ("Mailjet", {"hard_bounce": False}, False),
    ("Mailjet", {"error": "preblocked"}, None),
    ("Mailtrap", {"event": "bounce", "bounce_category": "hard"}, True),
    ("Mailtrap", {"event": "bounce"}, True),
    ("Mailtrap", {"event": "bounce", "bounce_category": "spam"}, None),
    ("Mailtrap", {"event": "reject"}, None),
    ("Mandrill", {"event": "hard_bounce"}, True),
    ("Mandrill", {"event": "soft_bounce"}, False),
    ("Mandrill", {"event": "reject", "msg": {"reject": {"reason": "hard-bounce"}}}, True),
    ("Mandrill", {"event": "reject", "msg": {"reject": {"reason": "unsub"}}}, None),
    ("Postal", {"payload": {"status": "HardFail"}}, None),
    ("Postmark", {"Type": "HardBounce"}, True),
    ("Postmark", {"Type": "BadEmailAddress"}, True),
    ("Postmark", {"SuppressionReason": "HardBounce"}, True),
    ("Postmark", {"Type": "SoftBounce"}, False),
    ("Postmark", {"Type": "Blocked"}, False),
    ("Postmark", {"Type": "ManuallyDeactivated"}, None),
    ("Resend", resend(type="Permanent"), True),
    ("Resend", resend(type="Transient", message="a hard bounce message"), False),
    ("Resend", resend(message="provider sent a hard bounce message, but"), True),
    ("Resend", resend(message="the recipient's inbox was full"), None),
    ("SparkPost", sparkpost("10"), True),
    ("SparkPost", sparkpost("30"), True),
    ("SparkPost", sparkpost("22"), False),
    ("SparkPost", sparkpost("51"), False),
    ("SparkPost", sparkpost("1"), None),
    ("Unisender Go", unisender("err_user_unknown"), True),
    ("Unisender Go", unisender("err_domain_inactive"), True),
    ("Unisender Go", unisender("err_mailbox_full"), False),
    ("Unisender Go", unisender("err_spam_rejected"), False),
    ("Unisender Go", unisender("err_delivery_failed"), None),
    ("A service to come", {}, None),
]


def permanent(provider="Postal", event_type="bounced", *, reason="bounced", raw=None, reply=""):
    return is_permanent(provider, event_type, reason=reason, raw=raw, reply=reply)


@pytest.mark.parametrize(("provider", "raw", "said"), TABLE)
def test_refusal_is_for_good_where_the_service_says_so(provider, raw, said):
    assert permanent(provider, raw=raw) is said


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("550 5.1.1 The account does not exist", True),
        ("550-5.1.10 RESOLVER.ADR.RecipientNotFound", True),
        ("556 5.1.10 nullMX", True),
        ("550 5.2.1 mailbox disabled", True),
        ("452 4.2.2 over quota", False),
        ("550 5.7.1 looks like spam", None),
        ("554 5.2.2 mailbox full", None),
        ("from 15.1.1.7", None),
        ("", None),
    ],
)
def test_receiving_servers_reply_tells_when_the_service_does_not(reply, said):
    assert permanent(reply=reply) is said


def test_services_own_word_outweighs_the_reply():
    assert permanent("Brevo", raw={"event": "soft_bounce"}, reply="550 5.1.1 unknown") is False


def test_address_of_a_bad_form_is_refused_for_good():
    assert permanent("Postmark", "rejected", reason="invalid") is True


@pytest.mark.parametrize("event_type", ["delivered", "deferred", "complained", "sent"])
def test_what_is_no_refusal_is_neither(event_type):
    assert permanent("Brevo", event_type, raw={"event": "hard_bounce"}) is None


@pytest.mark.parametrize("raw", [None, [], "text", 7, {"data": []}, {"msys": []}, {"msys": {"a": None}}])
@pytest.mark.parametrize("provider", sorted({provider for provider, _raw, _said in TABLE}))
def test_report_of_any_form_is_read_without_an_error(provider, raw):
    assert permanent(provider, raw=raw) in (None, True)
