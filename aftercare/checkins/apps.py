from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CheckinsConfig(AppConfig):
    """The answer."""

    name = "aftercare.checkins"
    verbose_name = _("Check-ins")
