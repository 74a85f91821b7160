"""How soon a human is needed, from nobody to at once."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    """In rising order; everything above NONE needs a human."""

    NONE = "none", _("Nobody")
    C = "c", _("C: within days")
    B = "b", _("B: within a day")
    A = "a", _("A: today")
    E = "e", _("E: emergency")

    @property
    def rank(self) -> int:
        return RANKS[self]

    @property
    def is_urgent(self) -> bool:
        """Whether it cannot wait for the next day."""
        return self in (Level.A, Level.E)


RANKS = {level: rank for rank, level in enumerate(Level)}
