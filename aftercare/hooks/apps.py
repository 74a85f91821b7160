from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _

from aftercare.hooks.checks import reports_are_verified


class HooksConfig(AppConfig):
    """The mail service's window: where it reports what became of our messages."""

    name = "aftercare.hooks"
    verbose_name = _("Reports of mail services")

    def ready(self) -> None:
        register(reports_are_verified, Tags.security, deploy=True)
