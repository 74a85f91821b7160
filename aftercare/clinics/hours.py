"""When somebody is on duty at a clinic: the hours of its week, and the days on which it stays closed."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aftercare.clinics.duty import Duty, Hours
from aftercare.clinics.history import History
from aftercare.clinics.kept import Blank, Kept
from aftercare.clinics.models import Clinic, ClinicScopedQuerySet


class Weekday(models.IntegerChoices):
    """As Python counts them."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class OpeningHours(models.Model):
    """From when until when, of the clinic's wall clock, somebody is there who can call a patient."""

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.CASCADE, related_name="opening_hours"
    )
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday.choices)
    opens_local_time = models.TimeField(_("from"))
    closes_local_time = models.TimeField(_("until"))

    objects = ClinicScopedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ("weekday", "opens_local_time")
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "weekday", "opens_local_time"], name="hours_once_a_day_and_time"
            ),
            models.CheckConstraint(
                condition=Q(closes_local_time__gt=F("opens_local_time")),
                name="hours_close_after_opening",
                violation_error_message=_("The clinic must close after it opens, on the same day."),
            ),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="hours_weekday_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_local_time:%H:%M}–{self.closes_local_time:%H:%M}"


class Holiday(models.Model):
    """A day on which nobody is on duty, whatever the hours of the week say."""

    clinic = models.ForeignKey(
        Clinic, verbose_name=_("clinic"), on_delete=models.CASCADE, related_name="holidays"
    )
    closed_on = models.DateField(_("closed on"))
    name = models.CharField(_("why"), max_length=80, blank=True)

    objects = ClinicScopedQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        ordering = ("closed_on",)
        constraints = [models.UniqueConstraint(fields=["clinic", "closed_on"], name="holiday_once")]

    def __str__(self) -> str:
        return f"{self.closed_on:%Y-%m-%d} {self.name}".strip()


HOURS = Kept(
    lambda: OpeningHours.objects.filter(clinic=Blank("clinic")).values_list(
        "weekday", "opens_local_time", "closes_local_time"
    )
)
CLOSED = Kept(lambda: Holiday.objects.filter(clinic=Blank("clinic")).values_list("closed_on"))


def duty_of(clinic: Clinic) -> Duty:
    """The clinic's hours and closed days, for questions about any instant. Two queries.

    A clinic without hours never has anybody on duty: no promise is made for it.
    """
    return Duty(
        zone=clinic.time_zone,
        hours=tuple(Hours(*row) for row in HOURS.all(clinic=clinic.pk)),
        closed_on=frozenset(day for (day,) in CLOSED.all(clinic=clinic.pk)),
    )
