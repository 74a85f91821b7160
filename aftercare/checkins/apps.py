from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CheckinsConfig(AppConfig):
    """The answer."""

    name = "aftercare.checkins"
    verbose_name = _("Check-ins")

    def ready(self) -> None:
        """The engine's ticks also look for check-ins that nobody has answered."""
        ticking = import_module("aftercare.outbox.ticking")
        unanswered = import_module("aftercare.checkins.unanswered")
        ticking.slow_steps.append(ticking.OnceInAWhile(unanswered.look_after))
