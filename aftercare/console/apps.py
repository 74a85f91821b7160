from typing import Any

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.contrib.admin import autodiscover, checks
from django.core.checks import CheckMessage, Tags, register
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    """The clinic's window."""

    default = True
    name = "aftercare.console"
    verbose_name = _("Console")


class ConsoleAdminConfig(admin_apps.SimpleAdminConfig):
    """Django's admin with the console's site: members of a clinic may enter, nobody else.

    Its pages are loaded with the addresses, or to be checked: a worker or beat, which has no use for them,
    is up in two thirds of the time.
    """

    default = False
    default_site = "aftercare.console.site.ConsoleSite"

    def ready(self) -> None:
        register(checks.check_dependencies, Tags.admin)
        register(pages_are_sound, Tags.admin)


def pages_are_sound(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Django's check of every page that is registered, once all are."""
    autodiscover()
    return checks.check_admin_app(app_configs, **options)
