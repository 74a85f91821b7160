"""What the menu beside every page shows to whom."""

from django.http import HttpRequest

from aftercare.console.access import OWNERS, WRITERS, access_of
from aftercare.followups.models import FollowUpTask


def may_see_users(request: HttpRequest) -> bool:
    return access_of(request).superuser


def may_invite(request: HttpRequest) -> bool:
    return access_of(request).holds(OWNERS)


def may_write_to_lots(request: HttpRequest) -> bool:
    return access_of(request).holds(WRITERS)


def open_tasks(request: HttpRequest) -> int | str:
    """How many follow-up tasks of the user's clinics wait for somebody."""
    return access_of(request).limit(FollowUpTask.objects.filter(closed_at__isnull=True)).count() or ""
