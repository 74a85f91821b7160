"""What a human must do, and by when."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.models import Clinic, ClinicScopedQuerySet, Patient


class Cause(models.TextChoices):
    """Why a human is needed."""

    MISSED = "missed", _("A safety message was missed")
    FAILED = "failed", _("A safety message failed")
    UNCONFIRMED = "unconfirmed", _("Nobody can know whether a message arrived")
    SUPPRESSED = "suppressed", _("A safety message may not be sent to this address")
    BOUNCED = "bounced", _("A safety message did not reach the patient's mailbox")
    UNSUBSCRIBED = "unsubscribed", _("The patient wants no more mail")
    CONCERN = "concern", _("A patient's answer needs a human")
    UNANSWERED = "unanswered", _("A check-in was not answered")
    LATE_ENTRY = "late_entry", _("The session was entered after safety messages were due")


class FollowUpTask(models.Model):
    """A thing a member of staff must do, with a deadline.

    ``source`` names what caused it (for example ``message:<id>:missed``); opening the same source twice
    leaves one task.
    """

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="follow_up_tasks"
    )
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="follow_up_tasks"
    )
    cause = models.CharField(_("cause"), max_length=20, choices=Cause.choices)
    source = models.CharField(_("source"), max_length=120, unique=True)
    detail = models.TextField(_("detail"), blank=True)
    opened_at = models.DateTimeField(_("opened at"))
    deadline_at = models.DateTimeField(_("deadline"))
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("claimed by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)
    outcome = models.TextField(_("outcome"), blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("closed by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    objects = ClinicScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("follow-up task")
        verbose_name_plural = _("follow-up tasks")
        ordering = ("deadline_at",)
        indexes = [
            models.Index(
                fields=["clinic", "deadline_at"],
                condition=Q(closed_at__isnull=True),
                name="followup_open_by_deadline",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(deadline_at__gte=models.F("opened_at")), name="followup_deadline_after_opening"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | ~Q(outcome=""), name="followup_closed_with_outcome"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_cause_display()} · {self.patient}"
