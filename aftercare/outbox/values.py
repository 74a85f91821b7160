"""What a session has to say: the values that the placeholders of its messages are filled with."""

from collections.abc import Collection
from datetime import date, time

from aftercare.clinics.instances import prefetched
from aftercare.clinics.models import Clinic
from aftercare.content.placeholders import Values
from aftercare.content.wording import wording
from aftercare.outbox.localising import area_name, clock, from_when, listed, number
from aftercare.outbox.localising import day as written_day
from aftercare.outbox.merging import Day, day_of
from aftercare.protocols.models import Topic
from aftercare.timing import FromWhen
from aftercare.treatments.depth import band_of
from aftercare.treatments.models import FACIAL_SITES, TreatmentSession


def message_values(
    day: Day | TreatmentSession, *, locale: str, topics: Collection[str] = Topic.values
) -> Values:
    """The values of every placeholder but the layout's own, in words of ``locale``.

    ``day``: the session, or the session with the others of its day. ``topics``: of which advice the text
    speaks; the dates of the others are left out. Times are those of the patient's zone. Reads the session's
    areas and products and the protocol's restrictions. Raises ValueError for a session without an area, which
    cannot have been completed.
    """
    day = day if isinstance(day, Day) else day_of(day)
    session = day.session
    return {
        "clinic": _clinic(session.clinic, locale),
        "patient": {"first_name": session.patient.first_name},
        "practitioner": {"name": session.practitioner.name},
        "treatment": _treatment(day, locale),
        "from": {topic: _said(when, locale) for topic, when in day.strictest(topics).items()},
    }


def said_of_the_day(day: Day, *, locale: str) -> str:
    """That the message speaks for several treatments of the day; empty where there was one."""
    if not day.others:
        return ""
    on, _at = _local_end(day.session)
    return wording(locale).same_day.format(day=written_day(on, locale))


def _clinic(clinic: Clinic, locale: str) -> dict[str, str | bool]:
    return {
        "name": clinic.name,
        "phone": number(clinic.phone, locale),
        "out_of_hours": number(clinic.out_of_hours_contact, locale),
        "emergency_number": number(clinic.emergency_number, locale),
    }


def _treatment(day: Day, locale: str) -> dict[str, str | bool]:
    session, told = day.session, day.told
    ended_on, ended_at = _local_end(session)
    areas = [area for each in told for area in prefetched(each, "areas")]
    sites = dict.fromkeys(area.site for area in areas)
    products = [product for each in told for product in prefetched(each, "products") if product.for_home]
    names = list(dict.fromkeys(product.name for product in products))
    return {
        "date": written_day(ended_on, locale),
        "time": clock(ended_at, locale),
        "areas": listed([area_name(site, locale) for site in sites], locale),
        "depth_band": band_of(area.depth_mm for area in areas).value,
        "variant": str(session.variant),
        "products": listed(names, locale),
        "has_products": bool(names),
        "face": any(site in FACIAL_SITES for site in sites),
        "recovery_note": "\n\n".join(dict.fromkeys(e.recovery_note for e in told if e.recovery_note)),
        "next_visit": written_day(session.next_visit_on, locale) if session.next_visit_on else "",
    }


def _local_end(session: TreatmentSession) -> tuple[date, time]:
    local = session.ended_at.astimezone(session.patient.zone)
    return local.date(), local.time()


def _said(when: FromWhen | None, locale: str) -> str:
    return "" if when is None else from_when(when, locale)


def restarts(session: TreatmentSession) -> list[tuple[Topic, FromWhen]]:
    """With what the patient waits until when, where they are; the first to be allowed again comes first.

    After several treatments on one day, the latest that applies to all of them.
    """
    found = day_of(session).strictest(Topic.values).items()
    known = [(Topic(topic), when) for topic, when in found if when]
    return sorted(known, key=lambda each: (each[1].on, each[1].at or time.min, each[0]))
