"""Who works at a clinic, in which role, and who of them treats patients."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.addresses import validate_line
from aftercare.clinics.history import History
from aftercare.clinics.models.clinics import Clinic
from aftercare.clinics.scoping import ClinicScopedQuerySet
from aftercare.clinics.users import User


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
