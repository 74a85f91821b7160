from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    """The clinic's window."""

    name = "aftercare.console"
    verbose_name = _("Console")
