"""Which roles a user holds in which clinics: what every page of the console asks first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from aftercare.clinics.models import Clinic, ClinicScopedQuerySet, Membership, Role, User

MAX_ID_DIGITS = 18
"""Longer than any row's id; a database would stumble over more."""
ALL_ROLES: tuple[Role, ...] = (Role.OWNER, Role.CLINICIAN, Role.STAFF, Role.VIEWER)
RECORDERS: tuple[Role, ...] = (Role.OWNER, Role.CLINICIAN, Role.STAFF)
WRITERS: tuple[Role, ...] = (Role.OWNER, Role.CLINICIAN)
OWNERS: tuple[Role, ...] = (Role.OWNER,)
#: No role is enough: superusers only.
SUPERUSERS: tuple[Role, ...] = ()


@dataclass(frozen=True)
class Access:
    """A user's role in each of their clinics. Superusers have every role everywhere."""

    superuser: bool
    roles: Mapping[int, str]
    needs_second_factor: bool = False
    refused: list[tuple[str, ...]] = field(default_factory=list, compare=False)
    """The roles that were asked for in vain; the last are those that the page wants."""

    def holds(self, roles: Iterable[str], clinic_id: int | None = None) -> bool:
        """Whether the user has one of the roles in that clinic, or in any clinic if none is named."""
        if self.superuser:
            return True
        wanted = tuple(roles)
        held = self.roles.values() if clinic_id is None else (self.roles.get(clinic_id),)
        if any(role in wanted for role in held):
            return True
        self.refused.append(wanted)
        return False

    def clinics(self, roles: Iterable[str] = ALL_ROLES) -> QuerySet[Clinic]:
        """The clinics in which the user has one of the roles."""
        if self.superuser:
            return Clinic.objects.all()
        return Clinic.objects.filter(pk__in=self._ids(roles))

    def limit(self, rows: QuerySet[Any], roles: Iterable[str] = ALL_ROLES) -> QuerySet[Any]:
        """The rows of the clinics in which the user has one of the roles.

        Rows that belong to no clinic are for superusers only.
        """
        if self.superuser:
            return rows
        if not isinstance(rows, ClinicScopedQuerySet):
            return rows.none()
        # By their ids: so a database reads a list of one clinic in the order of an index.
        return rows.filter(**{f"{rows.clinic_path}__in": self._ids(roles)})

    def _ids(self, roles: Iterable[str]) -> list[int]:
        wanted = tuple(roles)
        return [pk for pk, role in self.roles.items() if role in wanted]


def clinic_by_clinic(access: Access, rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows, in words in which an index that begins with the clinic serves superusers as well."""
    return rows.filter(clinic__in=access.clinics().order_by().values("pk")) if access.superuser else rows


def access_of(request: HttpRequest) -> Access:
    """The access of the request's user, read from the database once a request."""
    user = request.user
    known = getattr(request, "console_access", None)
    if known is None or known[0] != user.pk:
        known = (user.pk, _read(user))
        request.console_access = known  # type: ignore[attr-defined]
    return known[1]


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The clock the console shows: the one that all clinics of a member share, else the site's.

    Read once a request.
    """
    clinic = only_clinic(request)
    if clinic is not None:
        return clinic.time_zone
    access = access_of(request)
    known = getattr(request, "console_zone", None)
    if known is None or known[0] is not access:
        known = (access, _shared_zone(access))
        request.console_zone = known  # type: ignore[attr-defined]
    return known[1]


def _shared_zone(access: Access) -> ZoneInfo:
    if not access.superuser:  # whoever runs the site reads the site's clock
        zones = list(access.clinics().order_by().values_list("time_zone", flat=True).distinct()[:2])
        if len(zones) == 1:
            return zones[0]
    return ZoneInfo(settings.TIME_ZONE)


def only_clinic(request: HttpRequest) -> Clinic | None:
    """The clinic of a user of one; None for users of several or of none. Read once a request."""
    access = access_of(request)
    known = getattr(request, "console_clinic", None)
    if known is None or known[0] is not access:
        clinics = list(access.clinics()[:2])
        known = (access, clinics[0] if len(clinics) == 1 else None)
        request.console_clinic = known  # type: ignore[attr-defined]
    return known[1]


def is_id(value: object) -> bool:
    """Whether what came in an address or a form may be a row's id."""
    given = str(value)
    return given.isdecimal() and len(given) <= MAX_ID_DIGITS


def user_of(request: HttpRequest) -> User:
    """The user who is logged in, as on every page of the console."""
    return cast(User, request.user)


def _read(user: Any) -> Access:
    if not (user.is_authenticated and user.is_active):
        return Access(superuser=False, roles={})
    memberships = Membership.objects.filter(user_id=user.pk)
    held = list(memberships.values_list("clinic_id", "role", "clinic__second_factor_for_all"))
    return Access(
        superuser=user.is_superuser,
        roles={clinic_id: role for clinic_id, role, _for_all in held},
        needs_second_factor=user.is_superuser
        or any(role in WRITERS or for_all for _clinic_id, role, for_all in held),
    )


def clinic_id_of(row: Model) -> int | None:
    """The clinic a row belongs to; None for rows of no clinic, such as users."""
    path = getattr(type(row)._default_manager.all(), "clinic_path", None)
    if path is None:
        return None
    *way, last = path.split("__")
    owner: Any = row
    for step in way:
        if getattr(owner, f"{step}_id") is None:
            return None
        owner = getattr(owner, step)
    return owner.pk if last == "pk" else getattr(owner, f"{last}_id")
