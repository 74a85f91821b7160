"""What a check-in asks, and how bad each possible answer is. The words stand in ``texts/``.

The choices of a question stand in rising order, and rules ask only whether an answer is *at least* so bad, so
that no rule can make a worse answer count for less. "I don't know" counts as the choice that ``unknown_as``
names: it rounds up.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aftercare.protocols.models import Variant

YES_NO = ("no", "yes")
UNKNOWN = "unknown"
LONGEST_NOTE = 1000
EVERY_VARIANT = frozenset(Variant)

Answers = Mapping[str, str]
"""By question code: one of its choices, or UNKNOWN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that is asked, of whom, and from which day after the treatment on.

    ``in_words``: its answer is whatever the patient writes. Nobody but a human reads it: rules know only
    whether there is any.
    """

    code: str
    choices: tuple[str, ...] = YES_NO
    unknown_as: str = "yes"
    variants: frozenset[Variant] = EVERY_VARIANT
    from_day: int = 0
    emergency: bool = False
    in_words: bool = False

    def severity(self, answer: str) -> int:
        """The place of the answer among the choices; that of "I don't know" is the one it counts as."""
        return self.choices.index(self.unknown_as if answer == UNKNOWN else answer)

    def takes(self, answer: object) -> bool:
        return answer == UNKNOWN or answer in self.choices


_SCALE = tuple(str(number) for number in range(11))

# Sources, in the notes of shipped/rules.toml: emergency signs A13, A14, A15; redness, heat, pus and pain A14;
# cold sores A16; burns after RF A12; bumps A17, A4; dark marks A1. The form itself is a judgement.
QUESTIONS: tuple[Question, ...] = (
    Question(code="breathing", emergency=True),
    Question(code="unwell", emergency=True),
    Question(code="eyes", emergency=True),
    # Somebody who cannot see the skin is called today, and not sent to an emergency department.
    Question(code="redness", choices=("less", "same", "more", "spreading"), unknown_as="more"),
    Question(code="pain", choices=_SCALE, unknown_as="7"),
    Question(code="pain_trend", choices=("better", "same", "worse"), unknown_as="worse"),
    Question(code="infection"),
    Question(code="blisters"),
    Question(code="burn", variants=frozenset({Variant.RF})),
    Question(code="rash", choices=("no", "bumps", "hives"), unknown_as="hives"),
    Question(code="marks", from_day=7),
    Question(code="other_product"),
    Question(code="call_me"),
    Question(code="note", in_words=True),
)
BY_CODE: Mapping[str, Question] = {question.code: question for question in QUESTIONS}


def questions_for(*, variant: str, day: int) -> list[Question]:
    """The choices given after this variant of the treatment, so many days later, in the order of the form."""
    asked = [one for one in QUESTIONS if not one.in_words]
    return [one for one in asked if variant in one.variants and day >= one.from_day]


def only_asked(given: Mapping[str, object], *, variant: str, day: int) -> dict[str, str]:
    """Of what was given, the answers that are possible to questions that are asked; the rest is dropped."""
    asked = questions_for(variant=variant, day=day)
    return {one.code: str(given[one.code]) for one in asked if one.takes(given.get(one.code))}


def with_note(answers: Answers, note: str) -> Answers:
    """The answers with whether the patient wrote anything."""
    return {**answers, "note": "yes" if note.strip() else "no"}
