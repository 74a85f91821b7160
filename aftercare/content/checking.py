"""Everything that stands between a draft and its approval, found by compiling it and filling every branch."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from aftercare.content.branches import always_said, every_branch
from aftercare.content.compiling import FIELDS, Brand, Compiled, Source, compile_source
from aftercare.content.discretion import indiscretions
from aftercare.content.expressions import outputs_in
from aftercare.content.liquid import find_problems, parse
from aftercare.content.placeholders import PLACEHOLDERS, Kind
from aftercare.content.problems import ContentError, Problem
from aftercare.content.rendering import Rendered, paths_of, render
from aftercare.content.segments import printable, split
from aftercare.content.wording import language_of

MAX_SUBJECT = 100
MAX_WRITTEN = {"subject": 150, "preheader": 200}
MAX_HTML_BYTES = 60_000
MUST_BE_SAID = ("clinic.phone", "clinic.out_of_hours", "clinic.emergency_number")
_SAMPLE_BRAND = Brand("…", "#0f766e")


def check(source: Source, *, locale: str, safety_critical: bool) -> list[Problem]:
    """Problems that forbid approval, by field and place; empty if there are none."""
    problems = [
        problem.within(field) for field in FIELDS for problem in find_problems(getattr(source, field))
    ]
    problems += _lengths(source)
    if problems:
        return problems
    for field in ("subject", "preheader"):
        problems += indiscretions(_without_comments(getattr(source, field)), field=field, locale=locale)
    problems += _body(source.body, locale, safety_critical)
    try:
        compiled = compile_source(source, brand=_SAMPLE_BRAND, locale=locale)
        return [*problems, *_branches(compiled, locale)]
    except ContentError as error:
        return [*problems, *error.problems]


def said_always(source: Source) -> frozenset[str] | None:
    """The placeholders that the body prints for every patient; None while it cannot be read."""
    if find_problems(source.body):
        return None
    return frozenset(always_said(parse(_without_comments(source.body), html=False).nodes))


def _lengths(source: Source) -> Iterator[Problem]:
    for field in ("subject", "body"):
        if not getattr(source, field).strip():
            yield Problem(1, 1, _("This is empty."), _("Write what the patient shall read."), field)
    for field, limit in MAX_WRITTEN.items():
        if len(getattr(source, field)) > limit:
            hint = _("Keep it under %(limit)s characters.") % {"limit": limit}
            yield Problem(1, 1, _("This is too long."), hint, field)


def _without_comments(words: str) -> str:
    return "".join(segment.source for segment in split(printable(words)))


def _body(body: str, locale: str, safety_critical: bool) -> Iterator[Problem]:
    template = parse(_without_comments(body), html=False)
    if language_of(locale) != "en":
        yield from _codes(sorted(outputs_in(template)))
    if safety_critical:
        said = always_said(template.nodes)
        yield from (_unsaid(path) for path in MUST_BE_SAID if path not in said)


def _codes(printed: list[str]) -> Iterator[Problem]:
    """A choice prints its English code word, which is no word of another language."""
    for path in printed:
        if PLACEHOLDERS[path].kind is Kind.CHOICE:
            message = _("“%(path)s” prints an English word.") % {"path": path}
            yield Problem(
                1, 1, message, _("Write {%% case %(path)s %%} with your own words.") % {"path": path}
            )


def _unsaid(path: str) -> Problem:
    message = _("A safety-critical message must always say {{ %(path)s }}.") % {"path": path}
    return Problem(1, 1, message, _("Put it into the text, outside of conditions."))


def _branches(compiled: Compiled, locale: str) -> list[Problem]:
    """What goes wrong in any branch, each thing once."""
    found: dict[Problem, None] = {}
    for values in every_branch(locale, paths_of(compiled)):
        found |= dict.fromkeys(_rendered(render(compiled, values)))
    return list(found)


def _rendered(message: Rendered) -> Iterator[Problem]:
    hint = _("Give the condition an {% else %}.")
    if not message.subject:
        yield Problem(1, 1, _("For some patients the subject would be empty."), hint, "subject")
    if not message.text.rpartition("-- \n")[0].strip():
        yield Problem(1, 1, _("For some patients the message would be empty."), hint)
    if len(message.subject) > MAX_SUBJECT:
        limit = _("Keep it under %(limit)s characters.") % {"limit": MAX_SUBJECT}
        yield Problem(1, 1, _("With its placeholders filled, the subject is too long."), limit, "subject")
    if len(message.html.encode()) > MAX_HTML_BYTES:
        yield Problem(1, 1, _("The message is too long for some mail programs."), _("Write a shorter text."))
