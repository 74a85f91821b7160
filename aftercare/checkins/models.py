"""The answer: what a patient said, by which rules it was weighed, and the human it needs."""

import hashlib
import json
import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _

from aftercare.checkins.levels import Level
from aftercare.clinics.history import History
from aftercare.clinics.models import Clinic, ClinicScopedQuerySet, Patient, Practitioner
from aftercare.content.models import FrozenText, VersionStatus
from aftercare.outbox.models import ScheduledMessage
from aftercare.treatments.models import TreatmentSession


class RuleSetQuerySet(ClinicScopedQuerySet):
    def approved(self) -> "RuleSetQuerySet":
        return self.filter(status=VersionStatus.APPROVED)


class RuleSet(models.Model):
    """A clinic's triage rules and the texts of its levels. A draft may be edited; others never change.

    ``content`` is what :func:`aftercare.checkins.rulebook.read` reads.
    """

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="rule_sets"
    )
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField(_("rules"))
    status = models.CharField(
        _("status"), max_length=10, choices=VersionStatus.choices, default=VersionStatus.DRAFT
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    approved_by = models.ForeignKey(
        Practitioner,
        verbose_name=_("approved by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="approved_rule_sets",
    )
    approver_name = models.CharField(_("approver"), max_length=120, blank=True)
    approver_licence = models.CharField(_("approver's licence"), max_length=60, blank=True)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    objects = RuleSetQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("triage rules")
        verbose_name_plural = _("triage rules")
        ordering = ("clinic", "-number")
        constraints = [
            models.UniqueConstraint(fields=["clinic", "number"], name="rules_number_once"),
            models.UniqueConstraint(
                fields=["clinic"], condition=Q(status="approved"), name="rules_one_approved_per_clinic"
            ),
            models.CheckConstraint(
                condition=Q(status="draft")
                | (Q(approved_at__isnull=False) & ~Q(approver_name="") & ~Q(approver_licence="")),
                name="rules_approved_by_named_clinician",
            ),
            models.CheckConstraint(condition=Q(status__in=VersionStatus.values), name="rules_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.number}"

    def save(self, **options: Any) -> None:
        """Raises FrozenText if the stored row is no draft, whatever this copy of it says."""
        stored = RuleSet.objects.filter(pk=self.pk).values_list("status", flat=True).first()
        if stored not in (None, VersionStatus.DRAFT):
            raise FrozenText
        super().save(**options)

    @property
    def digest(self) -> str:
        """SHA-256 of the content: which words and rules somebody has read."""
        whole = json.dumps(self.content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(whole.encode()).hexdigest()


class Concern(models.Model):
    """That a patient's answers need a human, from the first such answer until somebody closes it.

    One a session at a time. ``level`` is the worst answer so far, given at ``raised_at``; ``due_at`` is when
    staff must have acted; ``promised_at`` the time the patient was told, if any. A worse answer takes an
    acknowledgement back: it was of something else. ``phone_given``: where the patient wishes to be called;
    the patient's own record is for staff to change.
    """

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="concerns"
    )
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="concerns"
    )
    session = models.ForeignKey(
        TreatmentSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="concerns"
    )
    level = models.CharField(_("level"), max_length=4, choices=Level.choices)
    opened_at = models.DateTimeField(_("opened at"))
    raised_at = models.DateTimeField(_("at this level since"))
    due_at = models.DateTimeField(_("due by"))
    promised_at = models.DateTimeField(_("the patient was promised a call by"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("acknowledged by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    phone_given = models.CharField(_("number given by the patient"), max_length=40, blank=True)
    called_at = models.DateTimeField(_("called at"), null=True, blank=True)
    outcome = models.TextField(_("outcome"), blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("closed by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = ClinicScopedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("concern")
        verbose_name_plural = _("concerns")
        ordering = ("due_at",)
        indexes = [
            models.Index(
                fields=["clinic", "due_at"], condition=Q(closed_at__isnull=True), name="concern_open_by_time"
            ),
            models.Index(fields=["clinic", "opened_at"], name="concern_by_clinic"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(closed_at__isnull=True), name="concern_one_open_per_session"
            ),
            models.CheckConstraint(
                condition=Q(level__in=["c", "b", "a", "e"]), name="concern_level_needs_human"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | ~Q(outcome=""), name="concern_closed_with_outcome"
            ),
            models.CheckConstraint(condition=Q(due_at__gte=F("raised_at")), name="concern_due_after_rise"),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()} · {self.patient}"

    @property
    def has_number(self) -> bool:
        """Whether the patient can be called at all."""
        return bool(self.phone_given or self.patient.phone)

    @property
    def sources(self) -> str:
        """What the sources of its follow-up tasks begin with."""
        return f"concern:{self.pk}:"


class CheckIn(models.Model):
    """One time that a patient answered the questions a message asked; open until it is finished or lapses.

    ``lapsed_at``: when a later one took the place of this one, which the patient had left unfinished.
    ``level`` and ``reasons`` are the worst of all answers so far, by ``rules``: a milder answer to the same
    question takes nothing back. ``parts``: what came when, see :mod:`aftercare.checkins.parts`; of those from
    before it was kept, nothing. A patient may answer again: a row each time, numbered.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="check_ins"
    )
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="check_ins"
    )
    session = models.ForeignKey(
        TreatmentSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="check_ins"
    )
    message = models.ForeignKey(
        ScheduledMessage, verbose_name=_("message"), on_delete=models.PROTECT, related_name="check_ins"
    )
    number = models.PositiveSmallIntegerField(_("number"), default=1)
    rules = models.ForeignKey(
        RuleSet, verbose_name=_("rules"), on_delete=models.PROTECT, related_name="check_ins"
    )
    day = models.PositiveSmallIntegerField(_("day after the treatment"))
    answers = models.JSONField(_("answers"), default=dict)
    note = models.TextField(_("in the patient's words"), blank=True)
    level = models.CharField(_("level"), max_length=4, choices=Level.choices, default=Level.NONE)
    reasons = models.JSONField(_("reasons"), default=list)
    parts = models.JSONField(_("what came when"), default=list, db_default=Value([], models.JSONField()))
    started_at = models.DateTimeField(_("started at"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    lapsed_at = models.DateTimeField(_("lapsed at"), null=True, blank=True)
    concern = models.ForeignKey(
        Concern,
        verbose_name=_("concern"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="check_ins",
    )

    objects = ClinicScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("check-in")
        verbose_name_plural = _("check-ins")
        ordering = ("-started_at",)
        indexes = [models.Index(fields=["clinic", "-started_at"], name="check_in_by_clinic")]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="check_in_number_once"),
            models.UniqueConstraint(
                fields=["message"],
                condition=Q(answered_at__isnull=True, lapsed_at__isnull=True),
                name="check_in_one_open_per_message",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(lapsed_at__isnull=True),
                name="check_in_finished_or_lapsed",
            ),
            models.CheckConstraint(condition=Q(level__in=Level.values), name="check_in_level_known"),
            models.CheckConstraint(
                condition=Q(level="none") | Q(concern__isnull=False), name="check_in_level_has_concern"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient} · {self.get_level_display()}"

    @property
    def is_open(self) -> bool:
        return self.answered_at is None and self.lapsed_at is None


class CheckInScopedQuerySet(ClinicScopedQuerySet):
    clinic_path = "check_in__clinic"


class CheckInPhoto(models.Model):
    """A picture that a patient added, drawn anew by us; ``name`` is its file's, and tells nothing."""

    check_in = models.ForeignKey(
        CheckIn, verbose_name=_("check-in"), on_delete=models.PROTECT, related_name="photos"
    )
    name = models.CharField(_("file"), max_length=60, unique=True)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    added_at = models.DateTimeField(_("added at"))

    objects = CheckInScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class PostCount(models.Model):
    """How often a link or an address (as a keyed hash) has sent something in one minute."""

    key = models.CharField(_("key"), max_length=32)
    minute = models.DateTimeField(_("minute"), db_index=True)
    count = models.PositiveIntegerField(_("count"), default=0)

    class Meta:
        verbose_name = _("count of posts")
        verbose_name_plural = _("counts of posts")
        constraints = [models.UniqueConstraint(fields=["key", "minute"], name="post_count_once")]

    def __str__(self) -> str:
        return f"{self.key} {self.count}"
