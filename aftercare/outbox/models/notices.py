"""Mails to a clinic's own people: that a task needs somebody."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.addresses import comparable
from aftercare.clinics.models import Clinic, ClinicScopedQuerySet
from aftercare.followups.models import FollowUpTask, Rung


class NoticeStatus(models.TextChoices):
    """Where a notice is in its life."""

    SCHEDULED = "scheduled", _("Scheduled")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    UNKNOWN = "unknown", _("Unknown: it may have left")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("No longer needed")


class NoticeQuerySet(ClinicScopedQuerySet):
    def needing_a_human(self) -> "NoticeQuerySet":
        """Those that did not get through, or of which nobody knows, while a task of theirs is open."""
        lost = self.filter(status__in=(NoticeStatus.FAILED, NoticeStatus.UNKNOWN))
        open_tasks = FollowUpTask.objects.filter(notices=models.OuterRef("pk"), closed_at__isnull=True)
        return lost.filter(models.Exists(open_tasks))


class StaffNotice(models.Model):
    """One mail to one of a clinic's people about tasks of one rung; it names no patient and no treatment.

    Written in the transaction that marks its tasks as told. ``subject`` and ``text`` are frozen, and the
    Message-ID is made of ``id``, so that every try is the same to the byte. The row is the try as well:
    ``tries``, ``tried_at``, ``provider``, ``idempotency_key`` and the lease are committed before the service
    is called. ``in_doubt``: of an earlier try nobody knows, and the same is tried again under its key.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="notices"
    )
    tasks = models.ManyToManyField(FollowUpTask, verbose_name=_("tasks"), related_name="notices")
    rung = models.CharField(_("told as"), max_length=10, choices=Rung.choices)
    recipient = models.EmailField(_("recipient"))
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=5)
    status = models.CharField(
        _("status"), max_length=12, choices=NoticeStatus.choices, default=NoticeStatus.SCHEDULED
    )
    created_at = models.DateTimeField(_("written at"))
    due_at = models.DateTimeField(_("due at"))
    latest_at = models.DateTimeField(_("at the latest"))
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    first_tried_at = models.DateTimeField(_("first tried at"), null=True, blank=True)
    in_doubt = models.BooleanField(_("may have left already"), default=False)
    idempotency_key = models.UUIDField(_("idempotency key"), default=uuid.uuid4)
    provider = models.CharField(_("mail service"), max_length=120, blank=True)
    provider_message_id = models.CharField(_("provider's id"), max_length=255, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=120, blank=True)
    error_detail = models.TextField(_("error detail"), blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice to staff")
        verbose_name_plural = _("notices to staff")
        ordering = ("-created_at",)
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="scheduled"), name="notice_to_send"),
            models.Index(fields=["lease_until"], condition=Q(status="sending"), name="notice_leased"),
            models.Index(fields=["clinic", "status", "created_at"], name="notice_by_clinic"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=NoticeStatus.values), name="notice_status_known"),
            models.CheckConstraint(
                condition=Q(status="sending", claim_token__isnull=False, lease_until__isnull=False)
                | Q(~Q(status="sending"), claim_token__isnull=True, lease_until__isnull=True),
                name="notice_leased_while_sending",
            ),
            models.CheckConstraint(
                condition=~Q(status="sent") | Q(sent_at__isnull=False), name="notice_sent_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.told_as} · {self.recipient}"

    @property
    def told_as(self) -> str:
        """The rung in words; the clinic's on-call address is nobody on duty."""
        on_call = self.clinic.on_call_email
        if self.rung == Rung.DUTY and on_call and comparable(self.recipient) == comparable(on_call):
            return gettext("On call")
        return self.get_rung_display()

    @property
    def message_id(self) -> uuid.UUID:
        """By which the mail service and its reports name it."""
        return self.pk
