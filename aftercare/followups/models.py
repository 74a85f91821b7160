"""What a human must do, and by when."""

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, SmallIntegerField, Value, When
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.history import History
from aftercare.clinics.models import Clinic, ClinicScopedQuerySet, Patient
from aftercare.followups.levels import Level

URGENT_FIRST = Case(
    When(level=Level.E, then=Value(0)),
    When(level=Level.A, then=Value(1)),
    default=Value(2),
    output_field=SmallIntegerField(),
)
"""Before any deadline: an emergency, then what must be done today; of the rest the deadline says enough."""


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


class Reached(models.TextChoices):
    """How the patient was reached about an urgent task."""

    CALLED = "called", _("By phone")
    OTHERWISE = "otherwise", _("In another way")
    NOT = "not_reached", _("Not reached")


class Rung(models.TextChoices):
    """Who is told of a task, one after the other, until somebody takes it on; of A and E owners at once.

    NOT_REACHED stands beside the ladder: who else may try when an emergency's patient was not reached.
    """

    DUTY = "duty", _("Whoever is on duty")
    AT_ONCE = "at_once", _("Owners, at once")
    SECOND = "second", _("Second person")
    OWNER = "owner", _("Owners")
    OVERDUE = "overdue", _("Overdue: second person and owners")
    OPENING = "opening", _("Whoever is on duty, at opening")
    NOT_REACHED = "unreached", _("Others, as the patient was not reached")


class FollowUpTask(models.Model):
    """A thing a member of staff must do, with a deadline.

    ``source`` names what caused it (for example ``message:<id>:missed``); opening the same source twice
    leaves one task. ``level`` is that of the patient's answer behind it, if there is one. ``told`` is the
    last rung of the ladder that was told of it, ``tell_at`` (UTC) when somebody is next; None when nobody
    more needs to be. ``ladder_from``: from when the shares of its time count, None from its opening on.
    ``opening_at``: when those are told who come on duty, if nobody was when it was told first.
    ``reached``: how the patient was, asked when an urgent task is closed; an emergency whose patient was not
    stays open.
    """

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="follow_up_tasks"
    )
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="follow_up_tasks"
    )
    cause = models.CharField(_("cause"), max_length=20, choices=Cause.choices)
    level = models.CharField(
        _("level"), max_length=4, choices=Level.choices, default=Level.NONE, db_default=Level.NONE.value
    )
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
    reached = models.CharField(
        _("how the patient was reached"),
        max_length=12,
        choices=Reached.choices,
        blank=True,
        default="",
        db_default="",
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("closed by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    told = models.CharField(_("told"), max_length=10, choices=Rung.choices, blank=True, editable=False)
    tell_at = models.DateTimeField(_("next is told at"), null=True, blank=True, editable=False)
    ladder_from = models.DateTimeField(_("its time counts from"), null=True, blank=True, editable=False)
    opening_at = models.DateTimeField(_("told at opening"), null=True, blank=True, editable=False)

    objects = ClinicScopedQuerySet.as_manager()
    history = History(excluded_fields=["told", "tell_at", "ladder_from", "opening_at"])

    class Meta:
        verbose_name = _("follow-up task")
        verbose_name_plural = _("follow-up tasks")
        ordering = ("deadline_at",)
        indexes = [
            models.Index(
                fields=["clinic", "deadline_at"],
                condition=Q(closed_at__isnull=True),
                name="followup_open_by_deadline",
            ),
            models.Index(fields=["tell_at"], condition=Q(tell_at__isnull=False), name="followup_to_tell"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(level__in=Level.values), name="followup_level_known"),
            models.CheckConstraint(
                condition=Q(deadline_at__gte=models.F("opened_at")), name="followup_deadline_after_opening"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | ~Q(outcome=""), name="followup_closed_with_outcome"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(tell_at__isnull=True),
                name="followup_closed_tells_nobody",
            ),
            models.CheckConstraint(
                condition=Q(reached__in=["", *Reached.values]), name="followup_reached_known"
            ),
            models.CheckConstraint(
                condition=~Q(level=Level.E, reached=Reached.NOT), name="followup_emergency_is_reached"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_cause_display()} · {self.patient}"


class TaskScopedQuerySet(ClinicScopedQuerySet):
    clinic_path = "task__clinic"


class TaskNote(models.Model):
    """What a member of staff wrote down about a task before closing it; never changed afterwards."""

    task = models.ForeignKey(
        FollowUpTask, verbose_name=_("task"), on_delete=models.PROTECT, related_name="notes"
    )
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.TextField(_("note"))

    objects = TaskScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ("at", "pk")
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="note_says_something")]

    def __str__(self) -> str:
        return f"{self.task_id} · {self.at:%Y-%m-%d %H:%M}"
