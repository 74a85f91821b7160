"""Patients: who was treated, and whether and how they may be written to."""

from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from timezone_field import TimeZoneField

from aftercare.clinics.addresses import validate_address, validate_line
from aftercare.clinics.history import History
from aftercare.clinics.models.clinics import Clinic, Locale
from aftercare.clinics.scoping import ClinicScopedQuerySet


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
