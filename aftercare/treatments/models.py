"""What happened: the treatment a practitioner recorded."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.addresses import validate_line
from aftercare.clinics.dates import dated
from aftercare.clinics.history import History
from aftercare.clinics.models import Clinic, ClinicScopedQuerySet, Patient, Practitioner
from aftercare.protocols.models import Protocol, Variant


class SessionState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    COMPLETED = "completed", _("Completed")
    VOIDED = "voided", _("Voided")


class TreatmentSession(models.Model):
    """A treatment of one patient that a practitioner carried out.

    Only :mod:`aftercare.outbox.planning` completes, moves, reopens or voids one, because its messages change
    in the same transaction. ``waits`` (topic → hours) and ``skipped_steps`` (slugs) are what the practitioner
    set for this session otherwise than the protocol; ``same_day`` has the ids of the patient's other
    completed sessions of that day, which planning keeps up to date.
    """

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="treatment_sessions"
    )
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="treatment_sessions"
    )
    practitioner = models.ForeignKey(
        Practitioner,
        verbose_name=_("practitioner"),
        on_delete=models.PROTECT,
        related_name="treatment_sessions",
    )
    protocol = models.ForeignKey(
        Protocol, verbose_name=_("protocol"), on_delete=models.PROTECT, related_name="treatment_sessions"
    )
    variant = models.CharField(_("variant"), max_length=10, choices=Variant.choices, default=Variant.STANDARD)
    state = models.CharField(
        _("state"), max_length=10, choices=SessionState.choices, default=SessionState.DRAFT
    )
    ended_at = models.DateTimeField(_("treatment ended at"))
    completed_at = models.DateTimeField(_("completed at"), null=True, blank=True, editable=False)
    voided_at = models.DateTimeField(_("voided at"), null=True, blank=True, editable=False)
    void_reason = models.CharField(_("reason for voiding"), max_length=300, blank=True, editable=False)

    device = models.CharField(_("device"), max_length=120, blank=True)
    cartridge_lot = models.CharField(_("cartridge lot"), max_length=60, blank=True, db_index=True)
    cartridge_expires_on = models.DateField(_("cartridge expiry"), null=True, blank=True)
    cartridge_note = models.CharField(
        _("why the cartridge was used although it had expired"), max_length=300, blank=True
    )
    fitzpatrick = models.PositiveSmallIntegerField(
        _("Fitzpatrick type"),
        null=True,
        blank=True,
        choices=[(1, "I"), (2, "II"), (3, "III"), (4, "IV"), (5, "V"), (6, "VI")],
    )
    screening = models.JSONField(_("screening"), default=dict, blank=True)
    override_by = models.ForeignKey(
        Practitioner,
        verbose_name=_("overridden by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    override_reason = models.CharField(_("reason for the override"), max_length=500, blank=True)
    treatment_consent = models.BooleanField(_("consent to the treatment was signed"), default=False)
    recovery_note = models.TextField(
        _("what to expect, in the clinician's words"),
        blank=True,
        max_length=1000,
        help_text=_("Needed above 1.5 mm, for which no standard text exists. The patient reads it."),
    )
    next_visit_on = models.DateField(_("next visit"), null=True, blank=True)
    waits = models.JSONField(
        _("waiting times of this session (hours)"),
        default=dict,
        blank=True,
        editable=False,
    )
    skipped_steps = models.JSONField(
        _("steps skipped for this session"), default=list, blank=True, editable=False
    )
    same_day = models.JSONField(_("other sessions on that day"), default=list, editable=False)
    notes = models.TextField(_("notes"), blank=True, help_text=_("For the clinic only; never sent."))
    external_id = models.CharField(_("external id"), max_length=80, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recorded by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )
    created_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    objects = ClinicScopedQuerySet.as_manager()
    history = History(excluded_fields=["same_day"])

    class Meta:
        verbose_name = _("treatment session")
        verbose_name_plural = _("treatment sessions")
        ordering = ("-ended_at",)
        indexes = [
            # The lists' own order, of a clinic and of all.
            models.Index(fields=["clinic", "-ended_at", "-id"], name="session_by_clinic_and_end"),
            models.Index(fields=["-ended_at", "-id"], name="session_by_end"),
            models.Index(fields=["clinic"], condition=Q(state="draft"), name="session_drafts"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "external_id"],
                condition=~Q(external_id=""),
                name="session_external_id_once_per_clinic",
            ),
            models.CheckConstraint(
                condition=Q(state="draft", completed_at__isnull=True, voided_at__isnull=True)
                | Q(state="completed", completed_at__isnull=False, voided_at__isnull=True)
                | Q(Q(state="voided", voided_at__isnull=False), ~Q(void_reason="")),
                name="session_state_has_its_times",
            ),
            models.CheckConstraint(
                condition=Q(override_by__isnull=True) | ~Q(override_reason=""),
                name="session_override_has_reason",
            ),
        ]

    def __str__(self) -> str:
        """With the day on the clock that the page shows."""
        return f"{self.patient} · {self.protocol} · {dated(timezone.localtime(self.ended_at), 'j M Y')}"


class Site(models.TextChoices):
    """Where the skin was treated."""

    FACE = "face", _("Face")
    FOREHEAD = "forehead", _("Forehead")
    CHEEKS = "cheeks", _("Cheeks")
    AROUND_MOUTH = "around_mouth", _("Around the mouth")
    NECK = "neck", _("Neck")
    SCALP = "scalp", _("Scalp")
    CHEST = "chest", _("Chest")
    HANDS = "hands", _("Hands")
    ABDOMEN = "abdomen", _("Abdomen")
    ARMS = "arms", _("Arms")
    LEGS = "legs", _("Legs")
    BACK = "back", _("Back")


FACIAL_SITES = frozenset({Site.FACE, Site.FOREHEAD, Site.CHEEKS, Site.AROUND_MOUTH})


class SessionScopedQuerySet(ClinicScopedQuerySet):
    clinic_path = "session__clinic"


class TreatedArea(models.Model):
    """One treated site with the deepest needle setting (mm) and the number of passes."""

    session = models.ForeignKey(
        TreatmentSession, verbose_name=_("session"), on_delete=models.CASCADE, related_name="areas"
    )
    site = models.CharField(_("area"), max_length=20, choices=Site.choices)
    depth_mm = models.DecimalField(
        _("depth (mm)"),
        max_digits=3,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.10")), MaxValueValidator(Decimal("3.50"))],
    )
    passes = models.PositiveSmallIntegerField(
        _("passes"), default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )

    objects = SessionScopedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("treated area")
        verbose_name_plural = _("treated areas")
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["session", "site"], name="area_site_once_per_session"),
            models.CheckConstraint(
                condition=Q(depth_mm__gte=Decimal("0.10"), depth_mm__lte=Decimal("3.50")),
                name="area_depth_possible",
            ),
            models.CheckConstraint(condition=Q(passes__gte=1, passes__lte=20), name="area_passes_possible"),
        ]

    def __str__(self) -> str:
        return f"{self.get_site_display()} {self.depth_mm} mm"


class ProductApplied(models.Model):
    """A product put on the skin during the session. Messages name those given for use at home."""

    session = models.ForeignKey(
        TreatmentSession, verbose_name=_("session"), on_delete=models.CASCADE, related_name="products"
    )
    name = models.CharField(_("product"), max_length=120)
    lot = models.CharField(_("lot"), max_length=60, blank=True)
    for_home = models.BooleanField(
        _("for use at home"), default=False, help_text=_("The patient's messages name it as one to use.")
    )

    objects = SessionScopedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("product applied")
        verbose_name_plural = _("products applied")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class FavouriteQuerySet(ClinicScopedQuerySet):
    clinic_path = "practitioner__clinic"


class Favourite(models.Model):
    """A practitioner's own way of treating, under a name, from which a session is started.

    :mod:`aftercare.treatments.setups` reads ``areas`` (site, depth_mm as text, passes) and ``products``
    (name, for_home).
    """

    practitioner = models.ForeignKey(
        Practitioner, verbose_name=_("practitioner"), on_delete=models.CASCADE, related_name="favourites"
    )
    name = models.CharField(_("name"), max_length=60, validators=[validate_line])
    protocol = models.ForeignKey(
        Protocol, verbose_name=_("protocol"), on_delete=models.PROTECT, related_name="favourites"
    )
    variant = models.CharField(_("variant"), max_length=10, choices=Variant.choices)
    device = models.CharField(_("device"), max_length=120, blank=True)
    areas = models.JSONField(_("treated areas"), default=list)
    products = models.JSONField(_("products applied"), default=list)
    created_at = models.DateTimeField(_("saved at"))

    objects = FavouriteQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("favourite")
        verbose_name_plural = _("favourites")
        ordering = ("practitioner__name", "name")
        constraints = [
            models.UniqueConstraint(
                fields=["practitioner", "name"], name="favourite_name_once_per_practitioner"
            )
        ]

    def __str__(self) -> str:
        return self.name
