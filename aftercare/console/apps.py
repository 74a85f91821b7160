from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    """The clinic's window."""

    default = True
    name = "aftercare.console"
    verbose_name = _("Console")


class ConsoleAdminConfig(admin_apps.AdminConfig):
    """Django's admin with the console's site: members of a clinic may enter, nobody else."""

    default = False
    default_site = "aftercare.console.site.ConsoleSite"
