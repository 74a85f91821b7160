"""One row for each message somebody is owed."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.models import Clinic, ClinicScopedQuerySet, Patient
from aftercare.outbox.models.statuses import Delivery, Status, Why
from aftercare.protocols.models import ProtocolStep
from aftercare.treatments.models import TreatmentSession


class ScheduledMessage(models.Model):
    """One promise to one recipient: what step of which session, when, and how it went.

    ``send_at`` is the promised instant and ``latest_at`` the end of its window; ``due_at`` is when a drain
    may claim it (never before ``send_at``; later while undo is possible or a retry waits). All UTC. Statuses
    change only through :mod:`aftercare.outbox.transitions`. ``in_doubt``: of an earlier try nobody knows, so
    that a copy may have left whatever the status says. ``delivery`` is what the mail service said later.
    ``lost_claims``: how often a worker that had claimed it was never heard of again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(
        Clinic,
        verbose_name=_("clinic"),
        on_delete=models.PROTECT,
        related_name="scheduled_messages",
        db_index=False,
    )
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="scheduled_messages"
    )
    session = models.ForeignKey(
        TreatmentSession,
        verbose_name=_("session"),
        on_delete=models.PROTECT,
        related_name="scheduled_messages",
        db_index=False,
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
    lost_claims = models.PositiveSmallIntegerField(default=0, editable=False)
    superseded_by = models.ForeignKey(
        TreatmentSession,
        verbose_name=_("superseded by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    in_doubt = models.BooleanField(_("may have left already"), default=False)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    provider_message_id = models.CharField(_("provider's id"), max_length=255, blank=True)
    delivery = models.CharField(_("delivery"), max_length=15, choices=Delivery.choices, blank=True)
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
            # The clinic's own queue: claiming takes from each in turn.
            models.Index(
                fields=["clinic", "safety_critical", "due_at"],
                condition=Q(status="scheduled"),
                name="message_queue_of_clinic",
            ),
            models.Index(
                fields=["superseded_by"],
                condition=Q(superseded_by__isnull=False),
                name="message_superseded",
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
            # Few: what came back, for the first page.
            models.Index(
                fields=["clinic", "delivery_at"],
                condition=Q(delivery__in=["bounced", "rejected"]),
                name="message_came_back",
            ),
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
