"""What is asked before a treatment: the stop list and the list a clinician decides on.

Answers are kept on the session as ``{code: "yes" | "no" | "unknown"}``. *Unknown* counts as *yes*, because
nobody may be treated on a guess. A *stop* answered yes blocks completion until a licensed practitioner
overrides it with a reason. A *clinician* question answered yes needs a licensed practitioner too: the one who
gave the treatment has decided by giving it, any other signs with a reason as for a stop.

Fitzpatrick types IV to VI are on the clinician's list as well; the session has a field of its own for them,
and they ask for nothing here, so that nobody's skin needs an override.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aftercare.protocols.models import Variant


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Weight(StrEnum):
    """What a yes means."""

    STOP = "stop"
    CLINICIAN = "clinician"


EVERY_VARIANT = frozenset(Variant)
NOT_PRP = EVERY_VARIANT - {Variant.PRP}


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that is asked, for the variants of the treatment it matters to."""

    code: str
    label: Promise
    weight: Weight
    variants: frozenset[Variant] = EVERY_VARIANT


def _stop(code: str, label: Promise, *variants: Variant) -> Question:
    return Question(code, label, Weight.STOP, frozenset(variants) or EVERY_VARIANT)


def _decide(code: str, label: Promise, variants: frozenset[Variant] = EVERY_VARIANT) -> Question:
    return Question(code, label, Weight.CLINICIAN, variants)


# Sources. Stops: SkinPen labelling, as a clinic copied it (theeliteclinic.com/copy-of-alumier-peel); active
# skin disease and raised scars as clinics' own forms have them. Clinician's list: Dermapen 4 manual;
# mdedge.com/dermatology 245879; sisubeautyclinic.com, contraindications. Isotretinoin: six months is
# tradition; ASDS 2017 found too little evidence to delay several superficial procedures, hence the override.
# Forms ask of uncontrolled diabetes only; every kind is asked here, as a check-in weighs all of them (A14).
# PRP: ecoskinclinic.co.uk. RF: InMode Optimas manual; coloradoaestheticsacademy.com, contraindications.
QUESTIONS: tuple[Question, ...] = (
    _stop("skin_cancer", _("Skin cancer at the site")),
    _stop("wound_or_infection", _("Open wound or infection at the site, including a cold sore now")),
    _stop("active_skin_disease", _("Active acne, rosacea or inflammation at the site")),
    _stop("keloid", _("Keloid or raised (hypertrophic) scars, now or before")),
    _stop("allergy_steel_anaesthetic", _("Allergy to steel or to the anaesthetic")),
    _stop("bleeding_disorder", _("Bleeding disorder")),
    _stop("pregnancy_nursing", _("Pregnant or breast-feeding")),
    _stop("isotretinoin", _("Isotretinoin now or in the last six months")),
    _stop("platelets", _("Platelet disorder or too few platelets"), Variant.PRP),
    _stop("anticoagulants", _("Takes blood thinners (anticoagulants)"), Variant.PRP),
    _stop("implanted_device", _("Pacemaker or another implanted electronic device"), Variant.RF),
    _decide("anticoagulants", _("Takes blood thinners (anticoagulants)"), NOT_PRP),
    _decide("immunosuppression", _("Weak immunity, chemotherapy, steroids or radiotherapy")),
    _decide("diabetes", _("Diabetes of any kind, well controlled or not")),
    _decide("collagen_disease", _("Collagen disease or scleroderma")),
    _decide("autoimmune", _("Autoimmune disease")),
    _decide("cold_sores", _("Has had cold sores (prophylaxis?)")),
    _decide("keratosis_warts", _("Actinic keratosis or warts at the site")),
    _decide(
        "recent_procedure", _("Recent filler, botulinum toxin, peel, laser, surgery or sunburn at the site")
    ),
    _decide("metal_allergy", _("Metal allergy other than to steel")),
    _decide("metal_implant", _("Metal implant at the site"), frozenset({Variant.RF})),
)


def questions_for(variant: str) -> list[Question]:
    """What is asked before this variant of the treatment, stops first; each code once."""
    return [question for question in QUESTIONS if variant in question.variants]


def all_clear(variant: str) -> dict[str, str]:
    """The answers of a patient for whom nothing speaks against the treatment."""
    return {question.code: Answer.NO.value for question in questions_for(variant)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the answers amount to."""

    unanswered: tuple[Question, ...]
    stops: tuple[Question, ...]
    to_decide: tuple[Question, ...]
    unknown_codes: tuple[str, ...]


def risks_of(answers: Mapping[str, object]) -> set[str]:
    """The codes of what was answered yes, or unknown, which counts as yes."""
    return {code for code, answer in answers.items() if answer in (Answer.YES, Answer.UNKNOWN)}


def verdict(answers: Mapping[str, object], *, variant: str) -> Verdict:
    """What the answers amount to for that variant. An answer that is none of the three counts as missing.

    ``unknown_codes`` are answers to questions on no list: a spelling mistake in a file, say. Answers to
    another variant's questions do no harm.
    """
    asked = questions_for(variant)
    known = {question.code for question in QUESTIONS}
    given = {q.code: answers.get(q.code) for q in asked if answers.get(q.code) in tuple(Answer)}
    risks = risks_of(given)
    raised = [q for q in asked if q.code in risks]
    return Verdict(
        unanswered=tuple(q for q in asked if q.code not in given),
        stops=tuple(q for q in raised if q.weight is Weight.STOP),
        to_decide=tuple(q for q in raised if q.weight is Weight.CLINICIAN),
        unknown_codes=tuple(sorted(set(answers) - known)),
    )
