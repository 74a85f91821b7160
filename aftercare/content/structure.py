"""Whether conditions open, branch and close in order. The Liquid library drops what does not fit."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from aftercare.content.problems import Problem
from aftercare.content.segments import Part, Segment, problem_at
from aftercare.content.suggestions import did_you_mean

MAX_DEPTH = 5
CLOSING = {"if": "endif", "unless": "endunless", "case": "endcase"}
BRANCHING = {"if": ("elsif", "else"), "unless": ("else",), "case": ("when", "else")}
TAGS = (*CLOSING, *CLOSING.values(), "elsif", "else", "when", "comment", "endcomment")
_NEEDS_EXPRESSION = {"if", "unless", "case", "elsif", "when"}


def structure_problems(source: str, segments: Iterable[Segment]) -> list[Problem]:
    """Unknown, unmatched or misplaced tags, in order."""
    walk = _Walk(source)
    for segment in segments:
        if segment.part is Part.TAG:
            walk.meet(segment)
        elif segment.source.strip():
            walk.read(segment)
    return walk.finish()


class _Walk:
    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.open: list[Segment] = []
        self.last_branch: list[str] = []

    def complain(self, tag: Segment, message: str, hint: str = "") -> None:
        self.problems.append(problem_at(self.source, tag.offset, message, hint))

    def meet(self, tag: Segment) -> None:
        if tag.name not in TAGS:
            message = _("“%(tag)s” cannot be used here.") % {"tag": tag.source}
            hint = did_you_mean(tag.name, TAGS) or _("Use if, unless or case.")
            self.complain(tag, message, hint)
        elif bool(tag.expression) != (tag.name in _NEEDS_EXPRESSION):
            self.complain(tag, *_wrong_expression(tag))
        if tag.name in CLOSING:
            self.enter(tag)
        elif tag.name in CLOSING.values():
            self.leave(tag)
        elif tag.name in ("elsif", "else", "when"):
            self.branch(tag)

    def read(self, segment: Segment) -> None:
        if self.last_branch and self.last_branch[-1] == "case":
            hint = _("Put it after {% when … %}, or before {% case … %}.")
            self.complain(
                segment, _("Words between {% case … %} and the first {% when … %} are never sent."), hint
            )
            self.last_branch[-1] = "when"

    def enter(self, tag: Segment) -> None:
        self.open.append(tag)
        self.last_branch.append(tag.name)
        if len(self.open) == MAX_DEPTH + 1:
            self.complain(
                tag, _("Conditions are nested too deeply."), _("Write fewer conditions inside each other.")
            )

    def branch(self, tag: Segment) -> None:
        allowed = BRANCHING[self.open[-1].name] if self.open else ()
        if tag.name not in allowed or self.last_branch[-1] == "else":
            message = _("“%(tag)s” does not belong here.") % {"tag": tag.source}
            self.complain(tag, message, _("It follows if, unless or case, and “else” comes last."))
        if self.open:
            self.last_branch[-1] = tag.name

    def leave(self, tag: Segment) -> None:
        if not self.open or CLOSING[self.open[-1].name] != tag.name:
            message = _("“%(tag)s” closes nothing.") % {"tag": tag.source}
            expected = CLOSING[self.open[-1].name] if self.open else ""
            hint = _("Expected {%% %(tag)s %%}.") % {"tag": expected} if expected else ""
            self.complain(tag, message, hint)
        if self.open:
            self.open.pop()
            self.last_branch.pop()

    def finish(self) -> list[Problem]:
        for tag in self.open:
            message = _("“%(tag)s” is never closed.") % {"tag": tag.source}
            self.complain(
                tag, message, _("Write {%% %(tag)s %%} after its last words.") % {"tag": CLOSING[tag.name]}
            )
        return self.problems


def _wrong_expression(tag: Segment) -> tuple[str, str]:
    if not tag.expression:
        return _("“%(tag)s” asks nothing.") % {"tag": tag.source}, _(
            "For example: {% if treatment.has_products %}"
        )
    if tag.expression.startswith("if "):
        return _("“else if” is written elsif."), _("For example: {% elsif treatment.depth_band == 'deep' %}")
    return _("“%(tag)s” takes nothing after its name.") % {"tag": tag.source}, ""
