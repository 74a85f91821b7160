"""Making the demo: everything or nothing, and nothing twice."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import translation

from aftercare.clinics.models import Membership, Role
from aftercare.console.demo.cast import CLINICS
from aftercare.console.demo.clinics import make_clinic, make_superuser, username_of
from aftercare.console.demo.stories import play


@dataclass(frozen=True)
class LogIn:
    """A row of the table that is printed: who may log in, as what, where."""

    username: str
    role: str
    clinic: str
    zone: str


@transaction.atomic
def make_demo(*, password: str, now: datetime) -> list[LogIn]:
    """The demo's log-ins. What an earlier run has made, and people have changed since, stays as it is.

    ``password`` is for the users that are new.
    """
    log_ins = [LogIn(make_superuser(password).username, "superuser", "all clinics", "")]
    for cast in CLINICS:
        clinic = make_clinic(cast, password=password, now=now)
        with translation.override(cast.fields["locale"][:2]):
            play(cast, clinic, now=now)
        usernames = [username_of(clinic, role) for role in Role.values]
        members = Membership.objects.filter(clinic=clinic, user__username__in=usernames)
        log_ins += [
            LogIn(member.user.username, str(member.get_role_display()), clinic.name, str(clinic.time_zone))
            for member in members.select_related("user").order_by("pk")
        ]
    return log_ins
