"""What is said: templates, their versions, and the compiled form that is sent."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.history import History
from aftercare.clinics.models import Clinic, ClinicScopedQuerySet, Practitioner


class Language(models.TextChoices):
    EN = "en", _("English")
    ES = "es", _("Spanish")
    AR = "ar", _("Arabic")


class TemplatePurpose(models.TextChoices):
    """What sends a template's messages."""

    STEP = "step", _("A step of a protocol")
    REMINDER = "reminder", _("The reminder of a check-in that nobody has answered")
    LOT = "lot", _("A clinician, to everybody treated with a lot")


class MessageTemplate(models.Model):
    """One message a clinic may send, whatever the language."""

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="message_templates"
    )
    slug = models.SlugField(_("slug"))
    name = models.CharField(_("name"), max_length=120)
    safety_critical = models.BooleanField(
        _("safety-critical"),
        default=False,
        help_text=_("Must name the clinic's phone, out-of-hours contact and emergency number."),
    )
    asks_check_in = models.BooleanField(
        _("asks for a check-in"),
        default=False,
        help_text=_("Its main button leads to the questions by which the clinic hears how the skin is."),
    )
    purpose = models.CharField(
        _("what sends it"), max_length=10, choices=TemplatePurpose.choices, default=TemplatePurpose.STEP
    )
    review_on = models.DateField(
        _("review by"),
        null=True,
        blank=True,
        help_text=_("By this day a clinician reads it again. It warns before, and goes on being sent."),
    )

    objects = ClinicScopedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering = ("clinic", "slug")
        constraints = [
            models.UniqueConstraint(fields=["clinic", "slug"], name="template_slug_once_per_clinic"),
            models.UniqueConstraint(
                fields=["clinic"], condition=Q(purpose="reminder"), name="template_one_reminder_per_clinic"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=TemplatePurpose.values), name="template_purpose_known"
            ),
            models.CheckConstraint(
                condition=~Q(purpose="lot") | Q(safety_critical=True), name="template_for_lot_is_critical"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class VersionStatus(models.TextChoices):
    DRAFT = "draft", _("Draft: not approved")
    APPROVED = "approved", _("Approved")
    RETIRED = "retired", _("Retired")


class FrozenText(ValidationError):
    """Raised by every attempt to change or delete what a clinician has approved."""

    def __init__(self) -> None:
        message = _("An approved or retired text never changes. Write a new draft instead.")
        super().__init__(message, code="frozen")


class TemplateVersionQuerySet(ClinicScopedQuerySet):
    clinic_path = "template__clinic"

    def drafts(self) -> Self:
        return self.filter(status=VersionStatus.DRAFT)

    def approved(self) -> Self:
        return self.filter(status=VersionStatus.APPROVED)

    def retire(self, *, now: datetime) -> int:
        """Retirement is the one change an approved version knows."""
        return models.QuerySet.update(self.approved(), status=VersionStatus.RETIRED, retired_at=now)

    def update(self, **fields: Any) -> int:
        """Raises FrozenText unless all are drafts; one approved meanwhile stays as it is."""
        self.refuse_if_frozen()
        return models.QuerySet.update(self.drafts(), **fields)

    def refuse_if_frozen(self) -> None:
        """Raises FrozenText unless all are drafts."""
        if set(self.values_list("status", flat=True)) - {VersionStatus.DRAFT}:
            raise FrozenText


class TemplateVersion(models.Model):
    """A template's text in one language. A draft may be edited; an approved or retired one never changes."""

    template = models.ForeignKey(
        MessageTemplate, verbose_name=_("template"), on_delete=models.PROTECT, related_name="versions"
    )
    language = models.CharField(_("language"), max_length=2, choices=Language.choices)
    number = models.PositiveIntegerField(_("version"))
    subject = models.CharField(_("subject"), max_length=150)
    preheader = models.CharField(
        _("preheader"),
        max_length=200,
        blank=True,
        help_text=_("The line that mail programs show after the subject."),
    )
    body = models.TextField(
        _("text"), help_text=_("Markdown with placeholders such as {{ patient.first_name }}.")
    )
    status = models.CharField(
        _("status"), max_length=10, choices=VersionStatus.choices, default=VersionStatus.DRAFT
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("author"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    approved_by = models.ForeignKey(
        Practitioner,
        verbose_name=_("approved by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="approved_versions",
    )
    approver_name = models.CharField(_("approver"), max_length=120, blank=True)
    approver_licence = models.CharField(_("approver's licence"), max_length=60, blank=True)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    planned_keep_older = models.BooleanField(
        _("messages planned before it keep the older text"),
        default=False,
        help_text=_("A message promised before this version was approved says what was approved then."),
    )
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    objects = TemplateVersionQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        ordering = ("template", "language", "-number")
        constraints = [
            models.UniqueConstraint(fields=["template", "language", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["template", "language"],
                condition=Q(status="approved"),
                name="version_one_approved_per_language",
            ),
            models.CheckConstraint(
                condition=Q(status="draft")
                | (Q(approved_at__isnull=False) & ~Q(approver_name="") & ~Q(approver_licence="")),
                name="version_approved_by_named_clinician",
            ),
            models.CheckConstraint(condition=Q(status__in=VersionStatus.values), name="version_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.template} · {self.get_language_display()} · {self.number}"

    def save(self, **options: Any) -> None:
        """Raises FrozenText if the stored row is no draft, whatever this copy of it says."""
        with transaction.atomic():
            TemplateVersion.objects.select_for_update().filter(pk=self.pk).refuse_if_frozen()
            super().save(**options)

    def clean(self) -> None:
        TemplateVersion.objects.filter(pk=self.pk).refuse_if_frozen()


class CompiledVersionQuerySet(models.QuerySet):
    def update(self, **fields: Any) -> int:  # noqa: ARG002
        """Raises FrozenText: what may have been sent is never changed."""
        raise FrozenText


class CompiledVersion(models.Model):
    """A version compiled into a clinic's layout, ready to be filled. Never changed; one row per digest."""

    version = models.ForeignKey(
        TemplateVersion, verbose_name=_("version"), on_delete=models.PROTECT, related_name="compiled"
    )
    subject = models.TextField(_("subject"))
    html = models.TextField("HTML")
    text = models.TextField(_("plain text"))
    digest = models.CharField(_("digest"), max_length=64)
    brand_digest = models.CharField(_("brand digest"), max_length=64)
    compiled_at = models.DateTimeField(_("compiled at"), auto_now_add=True)

    objects = CompiledVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("compiled version")
        verbose_name_plural = _("compiled versions")
        constraints = [
            models.UniqueConstraint(fields=["version", "brand_digest"], name="compiled_once_per_brand")
        ]

    def __str__(self) -> str:
        return f"{self.version} · {self.digest[:12]}"

    def save(self, **options: Any) -> None:
        """Raises FrozenText unless the row is new."""
        if not self._state.adding:
            raise FrozenText
        super().save(**options)


class VersionScopedQuerySet(ClinicScopedQuerySet):
    clinic_path = "version__template__clinic"


class TestMail(models.Model):
    """One draft that a user sent to themselves, counted so that nobody sends too many."""

    __test__ = False  # no test of pytest's, whatever its name begins with

    version = models.ForeignKey(
        TemplateVersion, verbose_name=_("version"), on_delete=models.CASCADE, related_name="+"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="+"
    )
    sent_at = models.DateTimeField(_("sent at"))

    objects = VersionScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("test mail")
        verbose_name_plural = _("test mails")
        indexes = [models.Index(fields=["user", "sent_at"], name="test_mail_by_user")]

    def __str__(self) -> str:
        return f"{self.version_id} · {self.user_id} · {self.sent_at:%Y-%m-%d %H:%M}"
