"""The variables that clinic staff may use in a message: the whitelist, its explanations and sample values.

Values at render time are a nested dict of plain ``str`` and ``bool``. An empty text counts as "no" in a
condition, so that ``{% if from.makeup %}`` asks whether the protocol gives a rule for make-up.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.content.samples import SAMPLES

Values = dict[str, dict[str, str | bool]]


class Kind(StrEnum):
    TEXT = "text"
    FLAG = "flag"
    CHOICE = "choice"
    DATE_SENTENCE = "date-sentence"
    URL = "url"


@dataclass(frozen=True)
class Placeholder:
    """One variable: how staff write it, what it says, and for a choice, the words it can be."""

    path: str
    label: str | Promise
    explanation: str | Promise
    kind: Kind = Kind.TEXT
    choices: tuple[str, ...] = ()

    def example(self, locale: str) -> str | bool:
        """What it says in the sample message of that locale."""
        room, name = self.path.split(".")
        return sample_values(locale)[room][name]


FROM_WHEN = _(
    "A day, or a time and a day, such as “Sunday, April 5” or “3:30 pm on Sunday, March 29”. "
    "In Spanish with its article: write “desde {{ … }}” or “hasta {{ … }}”. "
    "Empty if the protocol gives no rule: put it inside {% if … %}."
)


def _from_when(name: str, label: Promise) -> Placeholder:
    return Placeholder(f"from.{name}", label, FROM_WHEN, Kind.DATE_SENTENCE)


_ALL = (
    Placeholder("clinic.name", _("Clinic"), _("The clinic's name.")),
    Placeholder("clinic.phone", _("Clinic's phone"), _("The number patients call in opening hours.")),
    Placeholder(
        "clinic.out_of_hours", _("Out-of-hours contact"), _("Whom to call when the clinic is closed.")
    ),
    Placeholder("clinic.emergency_number", _("Emergency number"), _("For example 999, 112 or 911.")),
    Placeholder("patient.first_name", _("Patient's first name"), _("The first name only.")),
    Placeholder("practitioner.name", _("Practitioner"), _("The name of the person who gave the treatment.")),
    Placeholder(
        "treatment.date",
        _("Day of the treatment"),
        _("The day in the patient's language, without article: “Saturday, March 28”, “sábado, 28 de marzo”."),
        Kind.DATE_SENTENCE,
    ),
    Placeholder("treatment.time", _("Time the treatment ended"), _("The time of day in the patient's zone.")),
    Placeholder("treatment.areas", _("Treated areas"), _("A list in words, such as “face and neck”.")),
    Placeholder(
        "treatment.depth_band",
        _("Depth band"),
        _("The deepest needle depth: light up to 0.5 mm, medium up to 1.5 mm, deep more than 1.5 mm."),
        Kind.CHOICE,
        ("light", "medium", "deep"),
    ),
    Placeholder(
        "treatment.variant",
        _("Kind of microneedling"),
        _("Standard needles, radiofrequency needles (rf), or with platelet-rich plasma (prp)."),
        Kind.CHOICE,
        ("standard", "rf", "prp"),
    ),
    Placeholder(
        "treatment.products",
        _("Products given"),
        _("A list in words of what the clinic applied or gave; may be empty."),
    ),
    Placeholder(
        "treatment.has_products", _("Products were given"), _("Yes if the list is not empty."), Kind.FLAG
    ),
    Placeholder(
        "treatment.face", _("A facial area was treated"), _("Yes if any area is on the face."), Kind.FLAG
    ),
    Placeholder(
        "treatment.recovery_note",
        _("Clinician's note on recovery"),
        _("The clinician's own words for a depth of more than 1.5 mm; empty otherwise."),
    ),
    Placeholder(
        "treatment.next_visit",
        _("Next visit"),
        _("The day of the next visit; may be empty."),
        Kind.DATE_SENTENCE,
    ),
    _from_when("washing", _("Washing from")),
    _from_when("makeup", _("Make-up from")),
    _from_when("sunscreen", _("Sunscreen from")),
    _from_when("exercise", _("Exercise from")),
    _from_when("heat", _("Heat and sauna from")),
    _from_when("swimming", _("Swimming from")),
    _from_when("alcohol", _("Alcohol from")),
    _from_when("actives", _("Acids, retinoids and vitamin C from")),
)

PLACEHOLDERS: dict[str, Placeholder] = {placeholder.path: placeholder for placeholder in _ALL}

LAYOUT_PLACEHOLDERS: dict[str, Placeholder] = {
    "day.merged": Placeholder(
        "day.merged",
        _("Several treatments on one day"),
        _("Only the layout uses it: that the message speaks for all treatments of the day."),
    ),
    **{
        path: Placeholder(path, label, _("Only the layout around the message uses it."), Kind.URL)
        for path, label in (
            ("links.check_in", _("Link to the message's questions")),
            ("links.read", _("Link to this message and the patient's plan")),
            ("links.unsubscribe", _("Unsubscribe link")),
        )
    },
}


def sample_values(locale: str) -> Values:
    """A plausible session of an imaginary patient, as a fresh copy that the caller may change.

    Raises KeyError for a locale other than those of `samples.SAMPLES`.
    """
    return {room: dict(values) for room, values in SAMPLES[locale].items()}
