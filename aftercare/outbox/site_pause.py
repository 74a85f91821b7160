"""Whether everything is paused. Read by the engine before every claim, so it imports nothing but the rows."""

from aftercare.outbox.models import SitePause


def in_force() -> SitePause | None:
    """The pause of the whole site that nobody has ended, if there is one."""
    return SitePause.objects.filter(resumed_at__isnull=True).select_related("paused_by").first()


def site_paused() -> bool:
    """Whether nothing may be claimed: one look into an index of at most one row."""
    return SitePause.objects.filter(resumed_at__isnull=True).exists()
