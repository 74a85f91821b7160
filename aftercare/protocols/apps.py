from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProtocolsConfig(AppConfig):
    """When it is said."""

    name = "aftercare.protocols"
    verbose_name = _("Protocols")
