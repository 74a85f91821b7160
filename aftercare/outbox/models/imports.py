"""Files being imported: kept between the steps of an import, and no longer."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.models import Clinic, ClinicScopedQuerySet


class ImportKind(models.TextChoices):
    SESSIONS = "sessions", _("Sessions with their patients")
    PATIENTS = "patients", _("Patients only")


class ImportFile(models.Model):
    """A file that a member of staff is looking at before it is stored. ``mapping``: see ``read_rows``.

    It holds what patients have told the clinic, and is gone when the import is done, or after a day.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="+")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    uploaded_at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=10, choices=ImportKind.choices)
    name = models.CharField(max_length=120)
    data = models.BinaryField()
    mapping = models.JSONField(default=list)

    objects = ClinicScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("file being imported")
        verbose_name_plural = _("files being imported")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=ImportKind.values), name="import_file_kind_known"
            )
        ]

    def __str__(self) -> str:
        return self.name
