"""What each column of an import file means, in words, and how its cells are written."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Meaning:
    """``form``: how a cell is written, where that is not plain; ``sample``: one that can be read."""

    label: Promise
    form: Promise | str = ""
    sample: str = ""


_DAY = _("year, month and day")
_TIME = _("by the clinic's clock, or with an offset such as +00:00")
MEANINGS: dict[str, Meaning] = {
    "external_id": Meaning(_("Session id"), _("the same id is never taken in twice"), "S-1001"),
    "patient_external_id": Meaning(_("Patient id"), _("without it, name and e-mail tell who it is"), "P-201"),
    "first_name": Meaning(_("First name")),
    "last_name": Meaning(_("Last name")),
    "email": Meaning(_("E-mail")),
    "phone": Meaning(_("Phone")),
    "birth_date": Meaning(_("Birth date"), _DAY, "1988-04-02"),
    "locale": Meaning(_("Language"), _("en-GB, en-US, es-ES, es-MX or ar; empty: the clinic's"), "en-GB"),
    "time_zone": Meaning(_("Time zone"), _("the patient's own; empty: the clinic's"), "Europe/London"),
    "email_consent_version": Meaning(
        _("Consent to e-mails: which wording"), _("without consent, messages are held"), "2026-01"
    ),
    "email_consent_at": Meaning(_("Consent to e-mails: when"), _DAY, "2026-01-05"),
    "practitioner": Meaning(_("Practitioner"), _("name or licence number, as stored")),
    "protocol": Meaning(_("Protocol"), _("its name, or its slug"), "microneedling"),
    "variant": Meaning(_("Variant"), _("standard, rf or prp; empty: standard"), "standard"),
    "ended_at": Meaning(_("Treatment ended at"), _TIME, "2026-03-28T15:00"),
    "areas": Meaning(
        _("Areas"),
        _("area:depth in mm x passes, one after the other with ; between; one pass need not be said"),
        "face:0.5x2;neck:1.0",
    ),
    "treatment_consent": Meaning(_("Signed consent to the treatment"), _("yes or no"), "yes"),
    "screening": Meaning(
        _("Screening"),
        _(
            "clear: no to every question. Else the codes of what was answered yes, or unknown, with ; "
            "between; all others count as no"
        ),
        "cold_sores;diabetes:unknown",
    ),
    "device": Meaning(_("Device")),
    "cartridge_lot": Meaning(_("Cartridge lot")),
    "cartridge_expires_on": Meaning(_("Cartridge expiry"), _DAY, "2027-01-31"),
    "products": Meaning(
        _("Products"), _("name|lot, with ; between; the lot if there is one"), "Calm Gel|CG-12;Barrier Cream"
    ),
    "fitzpatrick": Meaning(_("Skin type (Fitzpatrick)"), _("I to VI, or 1 to 6"), "II"),
    "override_by": Meaning(_("Override by"), _("the licensed practitioner who decided all the same")),
    "override_reason": Meaning(_("Reason for the override")),
    "recovery_note": Meaning(_("What to expect"), _("needed above 1.5 mm")),
    "next_visit_on": Meaning(_("Next visit"), _DAY, "2026-04-25"),
    "notes": Meaning(_("Notes")),
}


def label_of(column: str) -> str:
    """What a person calls the column; its technical name where it is none of ours."""
    return str(MEANINGS[column].label) if column in MEANINGS else column


def named(column: str) -> str:
    """The label, and the name that a file may give the column."""
    return f"{label_of(column)} ({column})" if column in MEANINGS else column
