"""What mail services report later, and whom we must not mail."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.addresses import comparable, validate_address
from aftercare.clinics.history import History
from aftercare.clinics.models import Clinic, ClinicScopedQuerySet
from aftercare.outbox.models.messages import MessageScopedQuerySet, ScheduledMessage


class Purpose(models.TextChoices):
    """What an address may not be mailed for."""

    ALL = "all", _("Any mail")
    CARE = "care", _("Aftercare messages")
    ROUTINE = "routine", _("Aftercare messages, save the safety-critical")


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
    history = History()

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


class DeliveryEvent(models.Model):
    """What a mail service reported about a message: stored as it came, judged afterwards.

    ``fingerprint`` (SHA-256) makes a report that comes twice one row. ``message_key`` is our own id as the
    report carries it. ``verdict`` is empty until the report was judged; what belongs to no message of ours is
    kept with a verdict that says so, and has no ``message``.
    """

    class Verdict(models.TextChoices):
        APPLIED = "applied", _("Applied")
        FORMER = "former", _("Our message has gone to a corrected address since")
        IGNORED = "ignored", _("Says nothing about delivery")
        UNMATCHED = "unmatched", _("No message of ours is known by this id")
        MISMATCHED = "mismatched", _("Our message went to another address")
        NOTICE = "notice", _("It speaks of a mail to staff")
        QUARANTINED = "quarantined", _("It could not be judged: tell whoever runs this site")

    message = models.ForeignKey(
        ScheduledMessage,
        verbose_name=_("message"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="delivery_events",
    )
    provider = models.CharField(_("mail service"), max_length=40)
    event_type = models.CharField(_("what happened"), max_length=20)
    provider_message_id = models.CharField(_("provider's id"), max_length=255, blank=True)
    message_key = models.CharField(_("our id, as reported"), max_length=64, blank=True)
    recipient = models.CharField(_("recipient"), max_length=320, blank=True)
    happened_at = models.DateTimeField(_("happened at"), null=True, blank=True)
    received_at = models.DateTimeField(_("received at"))
    reject_reason = models.CharField(_("reason for the refusal"), max_length=20, blank=True)
    permanent = models.BooleanField(_("for good"), null=True, blank=True)
    detail = models.TextField(_("detail"), blank=True)
    fingerprint = models.CharField(_("fingerprint"), max_length=64, unique=True, editable=False)
    verdict = models.CharField(_("verdict"), max_length=12, choices=Verdict.choices, blank=True)
    judged_at = models.DateTimeField(_("judged at"), null=True, blank=True)

    objects = MessageScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery event")
        verbose_name_plural = _("delivery events")
        ordering = ("-received_at", "-pk")
        indexes = [
            models.Index(fields=["id"], condition=Q(verdict=""), name="event_to_judge"),
            models.Index(fields=["judged_at"], condition=Q(verdict="unmatched"), name="event_to_judge_again"),
            models.Index(
                fields=["recipient", "received_at"],
                condition=Q(event_type__in=["bounced", "deferred"]),
                name="event_bounces_of_address",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="", judged_at__isnull=True) | Q(~Q(verdict=""), judged_at__isnull=False),
                name="event_judged_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(verdict="applied") | Q(message__isnull=False), name="event_applied_has_message"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} · {self.event_type}"
