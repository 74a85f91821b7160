"""What a session has to say: the values that the placeholders of its messages are filled with."""

from collections.abc import Collection
from datetime import date, time

from aftercare.clinics.models import Clinic
from aftercare.content.placeholders import Values
from aftercare.outbox.localising import area_name, clock, day, from_when, listed
from aftercare.protocols.models import Restriction, Topic
from aftercare.timing import FromWhen, advice_instant
from aftercare.treatments.depth import DepthBand, band_of
from aftercare.treatments.models import FACIAL_SITES, TreatedArea, TreatmentSession


def message_values(
    session: TreatmentSession, *, locale: str, topics: Collection[str] = Topic.values
) -> Values:
    """The values of every placeholder but the layout's own links, in words of ``locale``.

    ``topics``: of which advice the text speaks; the dates of the others are left out.
    Times are those of the patient's zone. Reads the session's areas and products and the protocol's
    restrictions. Raises ValueError for a session without an area, which cannot have been completed.
    """
    areas = list(session.areas.all())
    band = band_of(area.depth_mm for area in areas)
    return {
        "clinic": _clinic(session.clinic),
        "patient": {"first_name": session.patient.first_name},
        "practitioner": {"name": session.practitioner.name},
        "treatment": _treatment(session, areas, band, locale),
        "from": _from(session, band, locale, topics),
    }


def _clinic(clinic: Clinic) -> dict[str, str | bool]:
    return {
        "name": clinic.name,
        "phone": clinic.phone,
        "out_of_hours": clinic.out_of_hours_contact,
        "emergency_number": clinic.emergency_number,
    }


def _treatment(
    session: TreatmentSession, areas: list[TreatedArea], band: DepthBand, locale: str
) -> dict[str, str | bool]:
    ended_on, ended_at = _local_end(session)
    products = list(dict.fromkeys(product.name for product in session.products.all() if product.for_home))
    return {
        "date": day(ended_on, locale),
        "time": clock(ended_at, locale),
        "areas": listed([area_name(area.site, locale) for area in areas], locale),
        "depth_band": band.value,
        "variant": str(session.variant),
        "products": listed(products, locale),
        "has_products": bool(products),
        "face": any(area.site in FACIAL_SITES for area in areas),
        "recovery_note": session.recovery_note,
        "next_visit": day(session.next_visit_on, locale) if session.next_visit_on else "",
    }


def _local_end(session: TreatmentSession) -> tuple[date, time]:
    local = session.ended_at.astimezone(session.patient.zone)
    return local.date(), local.time()


def _from(
    session: TreatmentSession, band: DepthBand, locale: str, topics: Collection[str]
) -> dict[str, str | bool]:
    waits = {restriction.topic: restriction for restriction in session.protocol.restrictions.all()}
    return {topic: _from_one(session, waits.get(topic), band, locale) for topic in topics}


def _from_one(session: TreatmentSession, wait: Restriction | None, band: DepthBand, locale: str) -> str:
    when = _when(session, wait, band)
    return from_when(when, locale) if when else ""


def _when(session: TreatmentSession, wait: Restriction | None, band: DepthBand) -> FromWhen | None:
    if wait is None:
        return None
    hours = wait.hours_light if band is DepthBand.LIGHT else wait.hours_deeper
    return None if hours is None else advice_instant(session.ended_at, hours, session.patient.zone)


def restarts(session: TreatmentSession) -> list[tuple[Topic, FromWhen]]:
    """With what the patient waits until when, where they are; the first to be allowed again comes first."""
    band = band_of(area.depth_mm for area in session.areas.all())
    found = [(Topic(wait.topic), _when(session, wait, band)) for wait in session.protocol.restrictions.all()]
    known = [(topic, when) for topic, when in found if when]
    return sorted(known, key=lambda each: (each[1].on, each[1].at or time.min, each[0]))
