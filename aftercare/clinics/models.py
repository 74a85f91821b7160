"""Who: clinics, the people who work there, and the patients they care for."""

from datetime import time
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from timezone_field import TimeZoneField

from aftercare.clinics.addresses import validate_address, validate_line
from aftercare.clinics.history import History
from aftercare.clinics.scoping import ClinicScopedQuerySet
from aftercare.clinics.users import User
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
        help_text=_("Gets a mail when nobody has taken a task on by half of its time. Empty: the owners."),
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


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    CLINICIAN = "clinician", _("Clinician")
    STAFF = "staff", _("Staff")
    VIEWER = "viewer", _("Viewer")


class Membership(models.Model):
    """A user's role in a clinic."""

    user = models.ForeignKey(
        User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="memberships"
    )
    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=12, choices=Role.choices, default=Role.STAFF)
    told_of_tasks = models.BooleanField(
        _("told of tasks"),
        default=True,
        help_text=_(
            "Gets a mail when a follow-up task is opened. Owners get those of A and E anyway; viewers none."
        ),
    )

    objects = ClinicScopedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "clinic"], name="membership_one_role_per_clinic"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.clinic} · {self.get_role_display()}"


class Practitioner(models.Model):
    """A person who treats patients; with a licence number that another person stands for they may approve."""

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="practitioners"
    )
    user = models.ForeignKey(
        User,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="practitioners",
    )
    name = models.CharField(_("name"), max_length=120, validators=[validate_line])
    licence_number = models.CharField(_("licence number"), max_length=60, blank=True)
    licence_confirmed_at = models.DateTimeField(_("licence confirmed at"), null=True, editable=False)
    licence_confirmed_by = models.ForeignKey(
        User,
        verbose_name=_("licence confirmed by"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    active = models.BooleanField(_("active"), default=True)

    objects = ClinicScopedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("practitioner")
        verbose_name_plural = _("practitioners")
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "user"],
                condition=Q(user__isnull=False),
                name="practitioner_one_per_user_and_clinic",
            ),
            models.CheckConstraint(
                condition=Q(licence_confirmed_at__isnull=True) | ~Q(licence_number=""),
                name="practitioner_confirmed_licence_is_there",
            ),
            models.CheckConstraint(
                condition=Q(licence_confirmed_by__isnull=True)
                | Q(user__isnull=True)
                | ~Q(licence_confirmed_by=F("user")),
                name="practitioner_confirms_no_own_licence",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Patient(models.Model):
    """A person treated by a clinic, and whether and how they may be written to."""

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="patients"
    )
    first_name = models.CharField(_("first name"), max_length=80, validators=[validate_line])
    last_name = models.CharField(_("last name"), max_length=80, validators=[validate_line])
    email = models.EmailField(_("e-mail"), validators=[validate_address])
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    locale = models.CharField(
        _("language"),
        max_length=5,
        choices=Locale.choices,
        blank=True,
        help_text=_("Empty: the clinic's language."),
    )
    time_zone = TimeZoneField(
        _("time zone"),
        null=True,
        blank=True,
        choices_display="WITH_GMT_OFFSET",
        help_text=_("Empty: the clinic's time zone."),
    )
    email_consent_version = models.CharField(
        _("consent version"),
        max_length=40,
        blank=True,
        help_text=_("Which wording of the consent to aftercare e-mail was agreed to."),
    )
    email_consent_at = models.DateTimeField(_("consent to aftercare e-mail given at"), null=True, blank=True)
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True, editable=False)
    paused_reason = models.CharField(_("reason for the pause"), max_length=200, blank=True, editable=False)
    concern_at = models.DateTimeField(_("concern open since"), null=True, blank=True, editable=False)
    external_id = models.CharField(_("external id"), max_length=80, blank=True)

    objects = ClinicScopedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        ordering = ("last_name", "first_name")
        indexes = [models.Index(fields=["clinic", "last_name", "first_name"], name="patient_by_name")]
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "external_id"],
                condition=~Q(external_id=""),
                name="patient_external_id_once_per_clinic",
            ),
            models.CheckConstraint(
                condition=Q(email_consent_at__isnull=True) | ~Q(email_consent_version=""),
                name="patient_consent_has_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def zone(self) -> ZoneInfo:
        """The patient's own time zone, else the clinic's (a ZoneInfo)."""
        return self.time_zone or self.clinic.time_zone

    @property
    def written_locale(self) -> str:
        """The locale messages to this patient are written in."""
        return self.locale or self.clinic.locale

    @property
    def consents(self) -> bool:
        return self.email_consent_at is not None
