"""The promise: one row for each message somebody is owed, and everything that was tried to keep it."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.addresses import comparable, validate_address
from aftercare.clinics.models import Clinic, ClinicScopedQuerySet, Patient
from aftercare.content.models import CompiledVersion
from aftercare.protocols.models import ProtocolStep
from aftercare.treatments.models import TreatmentSession


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
    NO_CONSENT = "no_consent", _("The patient has not consented to aftercare e-mail")
    SESSION_REOPENED = "session_reopened", _("The session was reopened")
    SESSION_VOIDED = "session_voided", _("The session was voided")
    STEP_DISABLED = "step_disabled", _("The step is disabled")
    NEWER_SESSION = "newer_session", _("A newer session took over")
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


class ScheduledMessage(models.Model):
    """One promise to one recipient: what step of which session, when, and how it went.

    ``send_at`` is the promised instant and ``latest_at`` the end of its window; ``due_at`` is when a drain
    may claim it (never before ``send_at``; later while undo is possible or a retry waits). All UTC. Statuses
    change only through :mod:`aftercare.outbox.transitions`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="scheduled_messages"
    )
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="scheduled_messages"
    )
    session = models.ForeignKey(
        TreatmentSession,
        verbose_name=_("session"),
        on_delete=models.PROTECT,
        related_name="scheduled_messages",
    )
    step = models.ForeignKey(
        ProtocolStep, verbose_name=_("step"), on_delete=models.PROTECT, related_name="scheduled_messages"
    )
    safety_critical = models.BooleanField(_("safety-critical"), default=False)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.SCHEDULED)
    why = models.CharField(_("reason"), max_length=20, choices=Why.choices, blank=True)
    why_detail = models.CharField(_("detail"), max_length=300, blank=True)
    moved_by = models.JSONField(_("why its time moved"), default=list, blank=True)
    planned_at = models.DateTimeField(_("planned for"))
    send_at = models.DateTimeField(_("send at"))
    latest_at = models.DateTimeField(_("at the latest"))
    due_at = models.DateTimeField(_("due at"))
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempt_count = models.PositiveSmallIntegerField(_("attempts"), default=0)
    superseded_by = models.ForeignKey(
        TreatmentSession,
        verbose_name=_("superseded by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    provider_message_id = models.CharField(_("provider's id"), max_length=255, blank=True)
    delivery = models.CharField(_("delivery"), max_length=15, blank=True)
    delivery_at = models.DateTimeField(_("delivery reported at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = ClinicScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ("send_at",)
        indexes = [
            models.Index(
                F("safety_critical").desc(),
                F("due_at"),
                condition=Q(status="scheduled"),
                name="message_to_claim",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(status__in=["claimed", "sending"]), name="message_leased"
            ),
            models.Index(
                fields=["latest_at"],
                condition=Q(status__in=["scheduled", "held"]),
                name="message_may_be_missed",
            ),
            models.Index(fields=["clinic", "status", "send_at"], name="message_by_clinic"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["session", "step"], name="message_once_per_session_and_step"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="message_status_known"),
            models.CheckConstraint(
                condition=Q(
                    status__in=["claimed", "sending"], claim_token__isnull=False, lease_until__isnull=False
                )
                | Q(
                    ~Q(status__in=["claimed", "sending"]), claim_token__isnull=True, lease_until__isnull=True
                ),
                name="message_leased_while_worked_on",
            ),
            models.CheckConstraint(
                condition=Q(due_at__gte=F("send_at")), name="message_due_not_before_promise"
            ),
            models.CheckConstraint(
                condition=~Q(status="sent") | Q(sent_at__isnull=False), name="message_sent_has_time"
            ),
            models.CheckConstraint(
                condition=Q(status="superseded", superseded_by__isnull=False)
                | Q(~Q(status="superseded"), superseded_by__isnull=True),
                name="message_superseded_names_session",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} · {self.patient}"


class MessageScopedQuerySet(ClinicScopedQuerySet):
    clinic_path = "message__clinic"


class AttemptOutcome(models.TextChoices):
    OPEN = "open", _("Under way")
    SENT = "sent", _("Taken by the mail server")
    NOT_SENT = "not_sent", _("Not sent")
    REFUSED = "refused", _("Refused")
    UNKNOWN = "unknown", _("Nobody knows")


class Attempt(models.Model):
    """One try at the provider, written down before the provider is called.

    ``values`` and ``headers`` are frozen; with ``compiled`` they reproduce the copy to the byte, and
    ``digest`` (SHA-256) proves it.
    """

    message = models.ForeignKey(
        ScheduledMessage, verbose_name=_("message"), on_delete=models.PROTECT, related_name="attempts"
    )
    number = models.PositiveSmallIntegerField(_("number"))
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=AttemptOutcome.choices, default=AttemptOutcome.OPEN
    )
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    provider = models.CharField(_("mail service"), max_length=120)
    idempotency_key = models.UUIDField(_("idempotency key"), default=uuid.uuid4)
    compiled = models.ForeignKey(
        CompiledVersion, verbose_name=_("text"), on_delete=models.PROTECT, related_name="attempts"
    )
    values = models.JSONField(_("values"))
    headers = models.JSONField(_("headers"))
    digest = models.CharField(_("digest"), max_length=64)
    error = models.CharField(_("error"), max_length=120, blank=True)
    error_detail = models.TextField(_("error detail"), blank=True)
    provider_message_id = models.CharField(_("provider's id"), max_length=255, blank=True)

    objects = MessageScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("message", "number")
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="attempt_number_once_per_message"),
            models.UniqueConstraint(
                fields=["message"], condition=Q(outcome="open"), name="attempt_one_open_per_message"
            ),
            models.CheckConstraint(
                condition=Q(outcome="open", closed_at__isnull=True)
                | Q(~Q(outcome="open"), closed_at__isnull=False),
                name="attempt_closed_when_settled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} · {self.number}"


class StatusChange(models.Model):
    """An entry of a message's append-only history: from which status to which, when, why and by whom."""

    message = models.ForeignKey(
        ScheduledMessage, verbose_name=_("message"), on_delete=models.PROTECT, related_name="status_changes"
    )
    at = models.DateTimeField(_("at"))
    from_status = models.CharField(_("from"), max_length=12, choices=Status.choices, blank=True)
    to_status = models.CharField(_("to"), max_length=12, choices=Status.choices)
    why = models.CharField(_("reason"), max_length=20, choices=Why.choices, blank=True)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = MessageScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("status change")
        verbose_name_plural = _("status changes")
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"


class Purpose(models.TextChoices):
    """What an address may not be mailed for."""

    ALL = "all", _("Any mail")
    CARE = "care", _("Aftercare messages")


class Suppression(models.Model):
    """An address a clinic must not mail, and for which purpose."""

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="suppressions"
    )
    email = models.EmailField(_("e-mail"), validators=[validate_address], help_text=_("Kept in lower case."))
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose.choices, default=Purpose.CARE)
    reason = models.CharField(_("reason"), max_length=120)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = ClinicScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "email", "purpose"], name="suppression_once_per_purpose"
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.get_purpose_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keeps the address in the form in which addresses are compared."""
        self.email = comparable(self.email)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        self.email = comparable(self.email)


class Heartbeat(models.Model):
    """When a part of the engine was last seen, by the database's clock."""

    name = models.CharField(_("part"), max_length=40, primary_key=True)
    at = models.DateTimeField(_("seen at"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name
