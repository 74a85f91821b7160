from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FollowupsConfig(AppConfig):
    """What a human must do."""

    name = "aftercare.followups"
    verbose_name = _("Follow-ups")
