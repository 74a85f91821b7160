from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClinicsConfig(AppConfig):
    """Who."""

    name = "aftercare.clinics"
    verbose_name = _("Clinics")

    def ready(self) -> None:
        """Makes the models known that stand beside models.py."""
        for beside in ("hours", "invitations", "readings"):
            import_module(f"aftercare.clinics.{beside}")
