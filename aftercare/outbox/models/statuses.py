"""The words for where a message is, and why."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """Where a message is in its life; README, "A message's life", has the table of transitions."""

    SCHEDULED = "scheduled", _("Scheduled")
    CLAIMED = "claimed", _("Being prepared")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    UNKNOWN = "unknown", _("Unknown: it may have left")
    UNCONFIRMED = "unconfirmed", _("Unconfirmed: staff decide")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    SUPERSEDED = "superseded", _("Superseded by a newer session")
    SUPPRESSED = "suppressed", _("Suppressed: address may not be mailed")
    MISSED = "missed", _("Missed: its window passed")
    HELD = "held", _("Held")


class Why(models.TextChoices):
    """Why a message has the status it has. Empty: nothing out of the ordinary."""

    CLINIC_PAUSED = "clinic_paused", _("The clinic is paused")
    PROTOCOL_PAUSED = "protocol_paused", _("The protocol is paused")
    PATIENT_PAUSED = "patient_paused", _("The patient is paused")
    OPEN_CONCERN = "open_concern", _("An answer of the patient needs a human first")
    NO_CONSENT = "no_consent", _("The patient has not consented to aftercare e-mail")
    SESSION_REOPENED = "session_reopened", _("The session was reopened")
    SESSION_VOIDED = "session_voided", _("The session was voided")
    STEP_DISABLED = "step_disabled", _("The step is disabled")
    STEP_SKIPPED = "step_skipped", _("Skipped for this session by the practitioner")
    NEWER_SESSION = "newer_session", _("A newer session took over")
    ALREADY_SENT = "already_sent", _("The same leaflet was sent for another session of that day")
    BY_STAFF = "by_staff", _("Cancelled by staff")
    WINDOW_PASSED = "window_passed", _("Its window had passed")
    ENTERED_LATE = "entered_late", _("The session was entered after the window had passed")
    NOT_APPROVED = "not_approved", _("No approved text")
    CANNOT_COMPOSE = "cannot_compose", _("The text could not be filled in")
    SUPPRESSED_ADDRESS = "suppressed_address", _("The address may not be mailed")
    REFUSED = "refused", _("The mail server refused it for good")
    RETRIES_SPENT = "retries_spent", _("It could not be handed over within its window")
    ANSWER_LOST = "answer_lost", _("The mail server's answer was lost")
    WORKER_LOST = "worker_lost", _("The worker stopped while sending")
    STAFF_CONFIRMED = "staff_confirmed", _("Staff confirmed that it arrived")
    STAFF_RESENT = "staff_resent", _("Staff asked to send it again")
    WAITING_TO_RETRY = "waiting_to_retry", _("Waiting to try again")
    CHANNEL_REFUSED = "channel_refused", _("The mail service refuses our log-in")
    IN_LINE = "in_line", _("In line, behind the clinic's other messages")
    ANSWERED = "answered", _("The patient has answered")
    PROVEN = "proven", _("The mail service reported that it has it")


class Delivery(models.TextChoices):
    """What became of a message after the mail service took it, in anymail's words."""

    DEFERRED = "deferred", _("Deferred: the service goes on trying")
    DELIVERED = "delivered", _("Delivered")
    BOUNCED = "bounced", _("Bounced")
    REJECTED = "rejected", _("Rejected by the mail service")
    UNSUBSCRIBED = "unsubscribed", _("Delivered; the patient unsubscribed")
    COMPLAINED = "complained", _("Delivered; the patient complained of spam")
