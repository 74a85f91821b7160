from importlib import import_module

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ClinicsConfig(AppConfig):
    """Who."""

    name = "aftercare.clinics"
    verbose_name = _("Clinics")

    def ready(self) -> None:
        """Makes known the models that stand beside models.py, how history is kept and times are read."""
        for beside in ("hours", "invitations", "readings"):
            import_module(f"aftercare.clinics.{beside}")
        triggers = import_module("aftercare.clinics.history_triggers")
        post_migrate.connect(triggers.keep_history, sender=self)
        quick_times = import_module("aftercare.clinics.quick_times")
        connection_created.connect(quick_times.read_times_quickly)
