"""Everything that was tried to keep a promise, and the history of its status."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.addresses import comparable
from aftercare.content.models import CompiledVersion
from aftercare.outbox.models.messages import MessageScopedQuerySet, ScheduledMessage
from aftercare.outbox.models.statuses import Status, Why


class AttemptOutcome(models.TextChoices):
    OPEN = "open", _("Under way")
    SENT = "sent", _("Taken by the mail server")
    NOT_SENT = "not_sent", _("Not sent")
    REFUSED = "refused", _("Refused")
    UNKNOWN = "unknown", _("Nobody knows")
    CAME_BACK = "came_back", _("Came back; sent again to the corrected address")


class Attempt(models.Model):
    """One try at the provider, written down before the provider is called.

    ``values`` and ``headers`` are frozen; with ``compiled`` they reproduce the copy to the byte, and
    ``digest`` (SHA-256) proves it.
    """

    message = models.ForeignKey(
        ScheduledMessage,
        verbose_name=_("message"),
        on_delete=models.PROTECT,
        related_name="attempts",
        db_index=False,  # the constraint on message and number has one
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
        CompiledVersion,
        verbose_name=_("text"),
        on_delete=models.PROTECT,
        related_name="attempts",
        db_index=False,  # a compiled version is never deleted
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
        indexes = [
            # Some mail services report their own id and none of ours.
            models.Index(
                fields=["provider_message_id"],
                condition=~Q(provider_message_id=""),
                name="attempt_by_providers_id",
            )
        ]
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

    @property
    def recipient(self) -> str:
        """The address it went to, in the form in which addresses are compared."""
        return comparable(str(self.headers.get("To", "")))


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
        db_index=False,
    )

    objects = MessageScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("status change")
        verbose_name_plural = _("status changes")
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"
