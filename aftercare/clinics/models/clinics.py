"""Clinics: their zone, voice, contacts, brand and limits."""

from datetime import time

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from timezone_field import TimeZoneField

from aftercare.clinics.addresses import validate_address, validate_line
from aftercare.clinics.history import History
from aftercare.clinics.scoping import ClinicScopedQuerySet
from aftercare.timing import QuietHours


class Locale(models.TextChoices):
    """A language with its way of writing dates; templates are written per language."""

    EN_GB = "en-GB", _("English (UK)")
    EN_US = "en-US", _("English (US)")
    ES_ES = "es-ES", _("Spanish (Spain)")
    ES_MX = "es-MX", _("Spanish (Mexico)")
    AR = "ar", _("Arabic")


class ClinicQuerySet(ClinicScopedQuerySet):
    clinic_path = "pk"


class AfterComplaint(models.TextChoices):
    """What a patient who complained of spam, or unsubscribed at the mail service, may still be sent."""

    NOTHING = "nothing", _("Nothing")
    SAFETY = "safety", _("Safety-critical messages only")


class Clinic(models.Model):
    """A clinic: its zone, voice, contacts and brand."""

    name = models.CharField(_("name"), max_length=120, validators=[validate_line])
    slug = models.SlugField(_("slug"), unique=True)
    time_zone = TimeZoneField(_("time zone"), default="UTC", choices_display="WITH_GMT_OFFSET")
    locale = models.CharField(_("language"), max_length=5, choices=Locale.choices, default=Locale.EN_GB)
    phone = models.CharField(_("phone"), max_length=40, validators=[validate_line])
    out_of_hours_contact = models.CharField(
        _("out-of-hours contact"),
        validators=[validate_line],
        max_length=120,
        help_text=_("Whom a patient calls when the clinic is closed."),
    )
    emergency_number = models.CharField(
        _("emergency number"),
        validators=[validate_line],
        max_length=20,
        help_text=_("For example 999, 112 or 911."),
    )
    sender_name = models.CharField(_("sender name"), max_length=120, validators=[validate_line])
    sender_email = models.EmailField(_("sender address"), validators=[validate_address])
    reply_to = models.EmailField(_("reply-to address"), blank=True, validators=[validate_address])
    quiet_from = models.TimeField(_("quiet from"), default=time(21))
    quiet_until = models.TimeField(
        _("quiet until"), default=time(8), help_text=_("The same time twice means no quiet hours.")
    )
    colour = models.CharField(
        _("colour"),
        max_length=7,
        default="#0f766e",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Write it as #rrggbb."))],
    )
    logo = models.ImageField(_("logo"), upload_to="logos/", blank=True)
    undo_minutes = models.PositiveSmallIntegerField(
        _("undo time (minutes)"),
        validators=[MaxValueValidator(60)],
        null=True,
        blank=True,
        help_text=_(
            "Nothing leaves before this time after a session is completed. Empty: the site's default."
        ),
    )
    mails_per_second = models.PositiveSmallIntegerField(
        _("mails a second, at most"),
        validators=[MinValueValidator(1)],
        null=True,
        blank=True,
        help_text=_("Empty: no limit but the mail service's own."),
    )
    mails_per_day = models.PositiveIntegerField(
        _("mails a day, at most"),
        validators=[MinValueValidator(1)],
        null=True,
        blank=True,
        help_text=_("Counted by the day of UTC. Empty: no limit but the mail service's own."),
    )
    after_complaint = models.CharField(
        _("after a spam complaint or an unsubscribe"),
        max_length=10,
        choices=AfterComplaint.choices,
        default=AfterComplaint.NOTHING,
        help_text=_("What this patient may still be sent. Ask your counsel what the law allows."),
    )
    second_reader = models.BooleanField(
        _("texts need a second reader"),
        default=False,
        help_text=_("Whoever wrote any of a text's words cannot approve it."),
    )
    escalation_email = models.EmailField(
        _("second person to tell"),
        blank=True,
        validators=[validate_address],
        help_text=_(
            "Gets a mail when nobody has taken a task on by half of its time. "
            "Empty: the owners, and of A and E everybody on duty."
        ),
    )
    on_call_email = models.EmailField(
        _("on-call address"),
        blank=True,
        validators=[validate_address],
        help_text=_(
            "Gets the mail about a task when nobody is on duty; of A and E the owners do too. "
            "Empty: whoever is told of tasks."
        ),
    )
    second_factor_for_all = models.BooleanField(
        _("second factor for everybody"),
        default=False,
        help_text=_("Owners and clinicians need one in any case. On: staff and viewers as well."),
    )
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True, editable=False)
    paused_reason = models.CharField(_("reason for the pause"), max_length=200, blank=True, editable=False)

    objects = ClinicQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("clinic")
        verbose_name_plural = _("clinics")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def quiet_hours(self) -> QuietHours | None:
        if self.quiet_from == self.quiet_until:
            return None
        return QuietHours(self.quiet_from, self.quiet_until)
