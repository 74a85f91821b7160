"""What of a session is done the same way again: who treats, by which protocol, with what, where and how deep.

Never how the patient is on that day, nor what was used up: no screening, consent, lots or times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from aftercare.clinics.models import Practitioner
from aftercare.protocols.models import Protocol
from aftercare.treatments.models import Favourite, SessionState, Site, TreatedArea, TreatmentSession


@dataclass(frozen=True)
class AreaSetup:
    """A site, the needle's depth in mm, and the passes."""

    site: str
    depth_mm: Decimal
    passes: int

    def __str__(self) -> str:
        said = {"site": Site(self.site).label, "depth": self.depth_mm.normalize(), "passes": self.passes}
        return _("%(site)s %(depth)s mm × %(passes)s") % said


@dataclass(frozen=True)
class ProductSetup:
    name: str
    for_home: bool


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The parts of a session that may be taken over into a new one."""

    practitioner: Practitioner
    protocol: Protocol
    variant: str
    device: str = ""
    areas: Sequence[AreaSetup] = ()
    products: Sequence[ProductSetup] = ()

    def __str__(self) -> str:
        parts = [str(self.protocol), ", ".join(map(str, self.areas)), self.device]
        parts.append(", ".join(product.name for product in self.products))
        return " · ".join(part for part in parts if part)


def setup_of(session: TreatmentSession) -> Setup:
    return Setup(
        practitioner=session.practitioner,
        protocol=session.protocol,
        variant=session.variant,
        device=session.device,
        areas=[_area(area) for area in session.areas.all()],
        products=[ProductSetup(product.name, product.for_home) for product in session.products.all()],
    )


def setup_of_favourite(favourite: Favourite) -> Setup:
    return Setup(
        practitioner=favourite.practitioner,
        protocol=favourite.protocol,
        variant=favourite.variant,
        device=favourite.device,
        areas=[
            AreaSetup(area["site"], Decimal(area["depth_mm"]), area["passes"]) for area in favourite.areas
        ],
        products=[ProductSetup(product["name"], product["for_home"]) for product in favourite.products],
    )


def newest(sessions: QuerySet[TreatmentSession]) -> TreatmentSession | None:
    """The completed one of them that ended last, with all that its set-up needs."""
    done = sessions.filter(state=SessionState.COMPLETED).select_related("clinic", "practitioner", "protocol")
    return done.prefetch_related("areas", "products").order_by("-ended_at", "-pk").first()


def _area(area: TreatedArea) -> AreaSetup:
    return AreaSetup(area.site, area.depth_mm, area.passes)
