from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PagesConfig(AppConfig):
    """The patient's window."""

    name = "aftercare.pages"
    verbose_name = _("Patient pages")
