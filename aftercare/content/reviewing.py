"""When an approved text is to be read again: a day that warns before it passes, and stops nothing."""

from datetime import date, timedelta

from django.db.models import QuerySet

from aftercare.clinics.models import Clinic
from aftercare.content.models import MessageTemplate, VersionStatus

WARNS_FOR = timedelta(days=30)
"""From so long before the day on, the list and Today warn."""


def is_near(review_on: date | None, *, today: date) -> bool:
    """Whether a warning is due: the day is near, or has passed."""
    return review_on is not None and review_on <= today + WARNS_FOR


def to_review(clinics: QuerySet[Clinic], *, today: date) -> list[MessageTemplate]:
    """Templates with an approved text whose day of review is near or past, the first day first."""
    near = MessageTemplate.objects.filter(clinic__in=clinics, review_on__lte=today + WARNS_FOR)
    approved = near.filter(versions__status=VersionStatus.APPROVED)
    return list(approved.select_related("clinic").distinct().order_by("review_on", "pk"))
