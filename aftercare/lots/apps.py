from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LotsConfig(AppConfig):
    """The message to everybody treated with one lot."""

    name = "aftercare.lots"
    verbose_name = _("Lots")

    def ready(self) -> None:
        """The engine's ticks also let the messages of a lot go, a few at a time."""
        ticking = import_module("aftercare.outbox.ticking")
        releasing = import_module("aftercare.lots.releasing")
        every = releasing.EVERY_SECONDS
        ticking.slow_steps.append(ticking.OnceInAWhile(releasing.release_in_line, every=every))
