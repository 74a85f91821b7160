"""Which of anymail's views reads and verifies which mail service's reports."""

from collections.abc import Mapping
from typing import Any

from django.utils.module_loading import import_string

VIEWS: Mapping[str, str] = {
    "amazon_ses": "amazon_ses.AmazonSESTrackingWebhookView",
    "brevo": "brevo.BrevoTrackingWebhookView",
    "mailersend": "mailersend.MailerSendTrackingWebhookView",
    "mailgun": "mailgun.MailgunTrackingWebhookView",
    "mailjet": "mailjet.MailjetTrackingWebhookView",
    "mailtrap": "mailtrap.MailtrapTrackingWebhookView",
    "mandrill": "mandrill.MandrillCombinedWebhookView",
    "postal": "postal.PostalTrackingWebhookView",
    "postmark": "postmark.PostmarkTrackingWebhookView",
    "resend": "resend.ResendTrackingWebhookView",
    "sparkpost": "sparkpost.SparkPostTrackingWebhookView",
    "unisender_go": "unisender_go.UnisenderGoTrackingWebhookView",
}
"""Not here: Scaleway, whose reports anymail cannot read."""


def view_of(provider: str) -> Any:
    """The provider's view class, loaded now, as some bring large packages with them. Raises KeyError."""
    return import_string(f"anymail.webhooks.{VIEWS[provider]}")
