"""When it is said: the reusable plan for a treatment."""

from datetime import time
from typing import cast

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aftercare import timing
from aftercare.clinics.history import History
from aftercare.clinics.models import Clinic, ClinicScopedQuerySet
from aftercare.content.models import MessageTemplate
from aftercare.protocols.kinds import PLANNED_KINDS, LateAction, NewerSession, StepKind, Topic, UnknownPolicy

#: Beyond a year or so no aftercare is planned; the bounds keep every instant within the calendar.
LATEST_DAY = 400
LATEST_MINUTES = 60 * 24 * LATEST_DAY
LATEST_HOURS = 24 * LATEST_DAY
LATEST_NUMBER = 999
_ONLY_DAYS = MaxValueValidator(LATEST_DAY, _("Write a day from 0 to %(limit_value)s."))
_ONLY_MINUTES = MaxValueValidator(
    LATEST_MINUTES, _("Write at most %(limit_value)s minutes, which is 400 days.")
)
_ONLY_HOURS = MaxValueValidator(LATEST_HOURS, _("Write at most %(limit_value)s hours, which is 400 days."))


class Variant(models.TextChoices):
    STANDARD = "standard", _("Standard")
    RF = "rf", _("Radio-frequency (RF)")
    PRP = "prp", _("With platelet-rich plasma (PRP)")


class Protocol(models.Model):
    """A clinic's plan of messages for one treatment."""

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="protocols"
    )
    slug = models.SlugField(_("slug"))
    name = models.CharField(_("name"), max_length=120)
    variants = models.JSONField(
        _("variants"), default=list, help_text=_("The variants of the treatment this plan is written for.")
    )
    active = models.BooleanField(_("active"), default=True)
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True, editable=False)
    paused_reason = models.CharField(_("reason for the pause"), max_length=200, blank=True, editable=False)

    objects = ClinicScopedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("protocol")
        verbose_name_plural = _("protocols")
        ordering = ("clinic", "name")
        constraints = [
            models.UniqueConstraint(fields=["clinic", "slug"], name="protocol_slug_once_per_clinic")
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        unknown = set(self.variants or []) - set(Variant.values)
        if unknown or not self.variants:
            raise ValidationError({"variants": _("Choose at least one of: %s.") % ", ".join(Variant.values)})


class ProtocolScopedQuerySet(ClinicScopedQuerySet):
    clinic_path = "protocol__clinic"


_WALL_TIMES = ("day", "local_time", "latest_day", "latest_local_time")


def _empty(*names: str) -> dict[str, bool]:
    return {f"{name}__isnull": True for name in names}


class EveryStep(models.Manager.from_queryset(ProtocolScopedQuerySet)):  # type: ignore[misc]
    """All steps, those in no plan too."""


class PlannedSteps(EveryStep):
    """The steps of the plans: what a protocol shows, and what a session's plan is made of."""

    def get_queryset(self) -> ProtocolScopedQuerySet:
        return super().get_queryset().filter(kind__in=PLANNED_KINDS)


class ProtocolStep(models.Model):
    """One message of a protocol: its offset, window and late action.

    *Elapsed* steps use ``offset_minutes`` and ``latest_minutes`` after the treatment's end. *Wall-time* steps
    use ``day``/``local_time`` and ``latest_day``/``latest_local_time`` in the patient's zone, day 0 being the
    local date of the end. A *reminder* ``reminds`` of the check-in that another step asks for, a *lot* step
    stands for one message to a lot; ``objects``, and so ``protocol.steps``, leave both out.
    """

    protocol = models.ForeignKey(
        Protocol, verbose_name=_("protocol"), on_delete=models.CASCADE, related_name="steps"
    )
    number = models.PositiveSmallIntegerField(_("number"), validators=[MaxValueValidator(LATEST_NUMBER)])
    slug = models.SlugField(_("slug"))
    name = models.CharField(_("name"), max_length=120)
    template = models.ForeignKey(
        MessageTemplate, verbose_name=_("template"), on_delete=models.PROTECT, related_name="steps"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=StepKind.choices)
    offset_minutes = models.PositiveIntegerField(
        _("minutes after the end"), null=True, blank=True, validators=[_ONLY_MINUTES]
    )
    latest_minutes = models.PositiveIntegerField(
        _("at the latest (minutes after the end)"), null=True, blank=True, validators=[_ONLY_MINUTES]
    )
    day = models.PositiveSmallIntegerField(_("day"), null=True, blank=True, validators=[_ONLY_DAYS])
    local_time = models.TimeField(_("time of day"), null=True, blank=True)
    latest_day = models.PositiveSmallIntegerField(
        _("latest day"), null=True, blank=True, validators=[_ONLY_DAYS]
    )
    latest_local_time = models.TimeField(_("latest time of day"), null=True, blank=True)
    quiet_exempt = models.BooleanField(_("may be sent in quiet hours"), default=False)
    safety_critical = models.BooleanField(_("safety-critical"), default=False)
    late_action = models.CharField(
        _("when its window has passed"), max_length=15, choices=LateAction.choices, default=LateAction.SKIP
    )
    unknown_policy = models.CharField(
        _("when nobody can know whether it left"),
        max_length=12,
        choices=UnknownPolicy.choices,
        default=UnknownPolicy.UNCONFIRMED,
    )
    newer_session = models.CharField(
        _("when a newer session is recorded"),
        max_length=10,
        choices=NewerSession.choices,
        default=NewerSession.SUPERSEDE,
    )
    may_be_skipped = models.BooleanField(_("a practitioner may skip it for one session"), default=False)
    enabled = models.BooleanField(_("enabled"), default=True)
    reminds = models.OneToOneField(
        "self",
        verbose_name=_("reminds of"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.CASCADE,
        related_name="reminder",
    )

    objects = PlannedSteps()
    every = EveryStep()
    history = History()

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ("protocol", "number")
        constraints = [
            models.UniqueConstraint(fields=["protocol", "slug"], name="step_slug_once_per_protocol"),
            models.CheckConstraint(
                condition=Q(
                    kind="elapsed",
                    offset_minutes__isnull=False,
                    latest_minutes__isnull=False,
                    latest_minutes__gte=F("offset_minutes"),
                    **_empty(*_WALL_TIMES),
                )
                | Q(
                    Q(latest_day__gt=F("day"))
                    | Q(latest_day=F("day"), latest_local_time__gte=F("local_time")),
                    kind="wall_time",
                    day__isnull=False,
                    local_time__isnull=False,
                    latest_day__isnull=False,
                    latest_local_time__isnull=False,
                    **_empty("offset_minutes", "latest_minutes"),
                )
                | Q(kind__in=["reminder", "lot"], **_empty("offset_minutes", "latest_minutes", *_WALL_TIMES)),
                name="step_window_follows_offset",
                violation_error_message=_(
                    "The end of the window must not come before the step's own time, "
                    "and only the fields of the chosen kind may be filled in."
                ),
            ),
            models.CheckConstraint(
                condition=Q(kind="reminder", reminds__isnull=False)
                | Q(~Q(kind="reminder"), reminds__isnull=True),
                name="step_reminder_reminds_of_one",
            ),
            models.CheckConstraint(
                condition=Q(latest_minutes__isnull=True) | Q(latest_minutes__lte=LATEST_MINUTES),
                name="step_latest_minutes_within_bounds",
            ),
            models.CheckConstraint(
                condition=Q(latest_day__isnull=True) | Q(latest_day__lte=LATEST_DAY),
                name="step_latest_day_within_bounds",
            ),
            models.CheckConstraint(
                condition=Q(safety_critical=False) | Q(enabled=True),
                name="step_safety_critical_stays_enabled",
                violation_error_message=_("A safety-critical step cannot be disabled."),
            ),
            models.CheckConstraint(
                condition=Q(safety_critical=False) | Q(may_be_skipped=False),
                name="step_safety_critical_never_skipped",
                violation_error_message=_("A safety-critical step cannot be skipped."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.name}"

    def clean(self) -> None:
        if self.template_id is None or self.protocol_id is None:
            return
        if self.template.clinic_id != self.protocol.clinic_id:
            raise ValidationError({"template": _("Choose a template of the protocol's own clinic.")})
        if self.safety_critical and not self.template.safety_critical:
            raise ValidationError(
                {"template": _("A safety-critical step needs a template that is marked safety-critical.")}
            )

    @property
    def when(self) -> timing.When:
        """The step's offset and window for :func:`aftercare.timing.slot`."""
        # The constraint step_window_follows_offset holds that the fields of the step's kind are filled in.
        if self.kind == StepKind.ELAPSED:
            return timing.Elapsed(cast(int, self.offset_minutes), cast(int, self.latest_minutes))
        return timing.WallTime(
            day=cast(int, self.day),
            at=cast(time, self.local_time),
            latest_day=cast(int, self.latest_day),
            latest_at=cast(time, self.latest_local_time),
        )


class Restriction(models.Model):
    """How many hours after the treatment a patient waits with something, by depth. Empty: no rule.

    ``least_hours`` and ``most_hours`` bound what a practitioner may set for one session; see
    :mod:`aftercare.protocols.bounds`.
    """

    protocol = models.ForeignKey(
        Protocol, verbose_name=_("protocol"), on_delete=models.CASCADE, related_name="restrictions"
    )
    topic = models.CharField(_("topic"), max_length=12, choices=Topic.choices)
    hours_light = models.PositiveIntegerField(
        _("hours (up to 0.5 mm)"), null=True, blank=True, validators=[_ONLY_HOURS]
    )
    hours_deeper = models.PositiveIntegerField(
        _("hours (deeper)"), null=True, blank=True, validators=[_ONLY_HOURS]
    )
    least_hours = models.PositiveIntegerField(
        _("at least, for one session (hours)"),
        null=True,
        blank=True,
        validators=[_ONLY_HOURS],
        help_text=_("How short a practitioner may make it. Empty: no shorter than the hours above."),
    )
    most_hours = models.PositiveIntegerField(
        _("at most, for one session (hours)"),
        null=True,
        blank=True,
        validators=[_ONLY_HOURS],
        help_text=_("How long a practitioner may make it. Empty: up to four weeks."),
    )

    objects = ProtocolScopedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("restriction")
        verbose_name_plural = _("restrictions")
        ordering = ("protocol", "topic")
        constraints = [
            models.UniqueConstraint(fields=["protocol", "topic"], name="restriction_topic_once_per_protocol"),
            models.CheckConstraint(
                condition=Q(least_hours__isnull=True)
                | Q(most_hours__isnull=True)
                | Q(least_hours__lte=F("most_hours")),
                name="restriction_least_not_above_most",
                violation_error_message=_("The least hours must not be more than the most."),
            ),
        ]

    def __str__(self) -> str:
        return self.get_topic_display()
