"""Who opened what of a patient: rows that are added and read, never altered."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.history import KeptRow, KeptRows
from aftercare.clinics.models import Clinic, Patient
from aftercare.clinics.scoping import ClinicScopedQuerySet
from aftercare.clinics.users import User

SLOT = timedelta(minutes=10)
"""Opening the same page again within it leaves no further row."""


class Page(models.TextChoices):
    """What was opened."""

    PATIENT = "patient", _("Patient")
    SESSION = "session", _("Session")
    MESSAGE = "message", _("Message")
    CHECK_IN = "check_in", _("Check-in")
    TASK = "task", _("Follow-up task")
    PREVIEW = "preview", _("Preview of a text")


class Taken(models.TextChoices):
    """Which list of patients was shown or taken out at once."""

    PATIENTS = "patients", _("Export of patients")
    SESSIONS = "sessions", _("Export of sessions")
    LOT = "lot", _("Search of a lot")


class ReadingQuerySet(KeptRows, ClinicScopedQuerySet):  # type: ignore[override]
    pass


class Reading(KeptRow):
    """That a member of staff opened a page that shows a patient. ``slot`` counts SLOTs since 1970."""

    clinic = models.ForeignKey(Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="readings"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.PROTECT, related_name="+"
    )
    page = models.CharField(_("page"), max_length=10, choices=Page.choices)
    row = models.CharField(_("row"), max_length=40)
    at = models.DateTimeField(_("at"))
    slot = models.PositiveIntegerField(editable=False)

    objects: ClassVar[Any] = ReadingQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        indexes = [models.Index(fields=["patient", "-at"], name="reading_by_patient")]
        constraints = [
            models.UniqueConstraint(fields=["user", "page", "row", "slot"], name="reading_once_a_slot"),
            models.CheckConstraint(condition=models.Q(page__in=Page.values), name="reading_page_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_page_display()} {self.row}"


def note_reading(*, patient: Patient, user: User, page: Page, row: object, now: datetime) -> None:
    """Keeps that the page was opened: one statement, which does nothing where the slot has it already."""
    reading = Reading(
        clinic_id=patient.clinic_id, patient=patient, user=user, page=page, row=str(row), at=now
    )
    reading.slot = int(now.timestamp() // SLOT.total_seconds())
    Reading.objects.bulk_create([reading], ignore_conflicts=True)


class ListReading(KeptRow):
    """That a member of staff took a list out as a file, or searched who was treated with a lot.

    ``rows`` counts what was in it of this clinic; ``detail`` is the kind of the file, or the lot.
    """

    clinic = models.ForeignKey(Clinic, verbose_name=_("clinic"), on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.PROTECT, related_name="+"
    )
    taken = models.CharField(_("what"), max_length=10, choices=Taken.choices)
    detail = models.CharField(_("detail"), max_length=60)
    rows = models.PositiveIntegerField(_("rows"))
    at = models.DateTimeField(_("at"))

    objects: ClassVar[Any] = ReadingQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading of a list")
        verbose_name_plural = _("readings of lists")
        indexes = [models.Index(fields=["clinic", "-at"], name="list_reading_by_clinic")]
        constraints = [
            models.CheckConstraint(condition=models.Q(taken__in=Taken.values), name="list_reading_known")
        ]

    def __str__(self) -> str:
        return f"{self.get_taken_display()} {self.detail}"


def note_list_reading(
    *, rows: Mapping[int, int], user: User, taken: Taken, detail: str, now: datetime
) -> None:
    """Keeps that a list was taken: one row for each clinic in it, ``rows`` by the clinic's id."""
    ListReading.objects.bulk_create(
        ListReading(clinic_id=clinic_id, user=user, taken=taken, detail=detail, rows=count, at=now)
        for clinic_id, count in rows.items()
    )
