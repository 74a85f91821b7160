from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    """What is said."""

    name = "aftercare.content"
    verbose_name = _("Messages")
