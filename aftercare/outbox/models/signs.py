"""Signs of life, and the numbers that monitors read."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """When a part of the engine was last seen, by the database's clock."""

    name = models.CharField(_("part"), max_length=40, primary_key=True)
    at = models.DateTimeField(_("seen at"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name


class Tally(models.Model):
    """A number that only grows, for the monitors: attempts by result, and times by histogram bucket."""

    name = models.CharField(_("name"), max_length=60)
    label = models.CharField(_("label"), max_length=60, blank=True)
    value = models.FloatField(_("value"), default=0)

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        constraints = [models.UniqueConstraint(fields=["name", "label"], name="tally_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.label}".strip()
