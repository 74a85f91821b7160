"""The part of Liquid that messages may use: placeholders of the whitelist, conditions, and a few filters.

No loops, since values are only texts and flags; no includes; no ranges; nothing that can grow without bound.
"""

import re
from functools import lru_cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from liquid import BoundTemplate, Environment, StrictUndefined
from liquid.builtin import content, illegal, output
from liquid.builtin.tags.case_tag import CaseTag
from liquid.builtin.tags.comment_tag import CommentTag
from liquid.exceptions import LiquidError

from aftercare.content.conditions import IfTag, UnlessTag
from aftercare.content.expressions import Complaint, complaints
from aftercare.content.filters import FILTERS
from aftercare.content.placeholders import PLACEHOLDERS
from aftercare.content.problems import ContentError, Problem
from aftercare.content.segments import Part, Segment, printable, problem_at, split
from aftercare.content.structure import structure_problems

_PROBE = {
    "if": "{{% if {0} %}}{{% endif %}}",
    "elsif": "{{% if {0} %}}{{% endif %}}",
    "unless": "{{% unless {0} %}}{{% endunless %}}",
    "case": "{{% case {0} %}}{{% endcase %}}",
}
_SYNTAX = Complaint("", "")
_SINGLE_BRACES = re.compile(r"\{ ?([a-z_]{1,30}\.[a-z_]{1,30}) ?\}")


class MessageEnvironment(Environment):
    """Liquid with an allow-list instead of everything it comes with."""

    block_nesting_limit = 10
    context_depth_limit = 5
    loop_iteration_limit = 1
    local_namespace_limit = 1
    output_stream_limit = 1_000_000

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:  # noqa: ARG002 (the library's signature)
        tags = (content.Literal, output.Output, illegal.Illegal, IfTag, UnlessTag, CaseTag, CommentTag)
        for tag in tags:
            self.add_tag(tag)
        for name, function in FILTERS.items():
            self.add_filter(name, function)


HTML = MessageEnvironment(undefined=StrictUndefined, autoescape=True)
PLAIN = MessageEnvironment(undefined=StrictUndefined, autoescape=False)


def find_problems(source: str) -> list[Problem]:
    """Everything wrong with the placeholders and conditions of a text, in order of appearance."""
    source = printable(source)
    try:
        segments = split(source)
    except ContentError as error:
        return list(error.problems)
    problems = structure_problems(source, segments) + _single_braces(source, segments)
    for case, segment in _with_case(segments):
        found = _complaints_about(segment.part, segment.name, segment.expression, case, get_language())
        problems += [_problem(source, segment, complaint) for complaint in found]
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def _single_braces(source: str, segments: list[Segment]) -> list[Problem]:
    """Placeholders that would reach the patient as they are, for want of a brace."""
    message, hint = _("“%(written)s” needs two braces on each side."), _("Write {{ %(path)s }}.")
    return [
        problem_at(
            source, segment.offset + found.start(), message % {"written": found[0]}, hint % {"path": found[1]}
        )
        for segment in segments
        if segment.part is Part.WORDS
        for found in _SINGLE_BRACES.finditer(segment.source)
        if found[1] in PLACEHOLDERS
    ]


def _with_case(segments: list[Segment]) -> list[tuple[str, Segment]]:
    """Every part, and with a ``when`` what its ``case`` asks."""
    cases: list[str] = []
    paired = []
    for segment in segments:
        if segment.name == "case":
            cases.append(segment.expression)
        paired.append((cases[-1] if cases and segment.name == "when" else "", segment))
        if segment.name == "endcase" and cases:
            cases.pop()
    return paired


@lru_cache(maxsize=2048)
def _complaints_about(
    part: Part, name: str, expression: str, case: str, _language: str | None
) -> tuple[Complaint, ...]:
    template = _probe(part, name, expression, case)
    if template is None:
        return ()
    try:
        return tuple(dict.fromkeys(complaints(PLAIN.from_string(template))))
    except LiquidError:
        return (_SYNTAX,)


def _probe(part: Part, name: str, expression: str, case: str) -> str | None:
    """The smallest template with this part in it, or None for a part that asks nothing."""
    if part is Part.PLACEHOLDER:
        return f"{{{{ {expression} }}}}"
    if part is Part.TAG and name == "when":
        return f"{{% case {case or 'nothing'} %}}{{% when {expression} %}}{{% endcase %}}"
    if part is Part.TAG and expression and name in _PROBE:
        return _PROBE[name].format(expression)
    return None


def _problem(source: str, segment: Segment, complaint: Complaint) -> Problem:
    if complaint is not _SYNTAX:
        return problem_at(source, segment.offset, complaint.message, complaint.hint)
    message = _("“%(part)s” cannot be understood.") % {"part": segment.source}
    hint = _("Write a placeholder such as {{ patient.first_name }}, or {% if treatment.has_products %}.")
    return problem_at(source, segment.offset, message, hint)


def parse(source: str, *, html: bool) -> BoundTemplate:
    """A template of ours or one that `find_problems` has passed. Raises liquid.exceptions.LiquidError."""
    return parse_in(HTML if html else PLAIN, source)


def parse_in(environment: MessageEnvironment, source: str) -> BoundTemplate:
    """The same, in an environment of the caller's."""
    return environment.from_string(source)
