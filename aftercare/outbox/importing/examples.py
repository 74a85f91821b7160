"""Files that show how one is written, and that are taken in as they stand."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from aftercare.clinics.licences import lacking_licence
from aftercare.clinics.models import Clinic, Practitioner
from aftercare.outbox.importing.parsing import Known
from aftercare.outbox.importing.problems import FileError
from aftercare.protocols.models import Protocol

LONG_AGO = timedelta(days=800)
"""Every window of a plan has passed by then: who stores the example mails nobody."""
Row = dict[str, str]


def example_patients(clinic: Clinic, *, now: datetime) -> list[Row]:
    """People who do not exist, with and without what a file may leave out."""
    agreed_on = (now - LONG_AGO - timedelta(days=7)).date().isoformat()
    consent = {"email_consent_version": "1", "email_consent_at": agreed_on}
    first = {"first_name": "Amara", "last_name": "Lindqvist", "email": "amara.lindqvist@example.com"}
    second = {"first_name": "Noor", "last_name": "Haddad", "email": "noor.haddad@example.com"}
    details = {"phone": "020 7946 0123", "birth_date": "1988-04-02", "locale": clinic.locale}
    return [
        {"patient_external_id": "EXAMPLE-P1", **first, **details, "time_zone": "Europe/London", **consent},
        {"patient_external_id": "EXAMPLE-P2", **second},
    ]


def example_sessions(clinic: Clinic, *, now: datetime) -> list[Row]:
    """Two treatments of long ago, by somebody and with a protocol of the clinic's. Raises FileError."""
    known = Known(clinic)
    by, called = _practitioner(known)
    protocol = _protocol(known)
    on = (now - LONG_AGO).date()
    shared = {
        "practitioner": called,
        "protocol": protocol.slug,
        "variant": str(protocol.variants[0]),
        "treatment_consent": "yes",
    }
    first = {
        **shared,
        "external_id": "EXAMPLE-S1",
        "ended_at": f"{on}T15:00",
        "areas": "face:0.5x2;neck:0.5",
        "screening": "clear",
        "device": "Needler 3",
        "cartridge_lot": "LOT-7781",
        "cartridge_expires_on": (on + timedelta(days=300)).isoformat(),
        "products": "Calm Gel|CG-12;Barrier Cream",
        "fitzpatrick": "II",
        "next_visit_on": (on + timedelta(days=28)).isoformat(),
    }
    screening = "clear" if lacking_licence(by) else "cold_sores;diabetes:unknown"
    second = {
        **shared,
        "external_id": "EXAMPLE-S2",
        "ended_at": f"{on}T16:30",
        "areas": "cheeks:1.0x3",
        "screening": screening,
        "notes": "Cold sores: on prophylaxis.",
    }
    people = example_patients(clinic, now=now)
    return [{**person, **session} for person, session in zip(people, (first, second), strict=True)]


def _practitioner(known: Known) -> tuple[Practitioner, str]:
    """Somebody who works there, licensed if possible, and what a file calls them."""
    people = Practitioner.objects.filter(clinic=known.clinic, active=True).order_by("name")
    for person in sorted(people, key=lambda each: lacking_licence(each) is not None):
        for name in filter(None, (person.name, person.licence_number)):
            if _is_known(known, name):
                return person, name
    raise FileError(_("Add a practitioner first: a session's file names who gave the treatment."))


def _is_known(known: Known, name: str) -> bool:
    try:
        known.practitioner(name)
    except ValueError:
        return False
    return True


def _protocol(known: Known) -> Protocol:
    in_use: Iterable[Protocol] = (each for each in known.protocols.values() if each.active and each.variants)
    found = next(iter(in_use), None)
    if found is None:
        raise FileError(_("Add a protocol first: a session's file names the plan that follows."))
    return found
