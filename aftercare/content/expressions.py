"""What placeholders and conditions ask for, judged against the whitelist: what is not allowed is refused."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from liquid import BoundTemplate, RenderContext
from liquid.ast import Node
from liquid.builtin.expressions import BooleanExpression, FilteredExpression, Path, StringLiteral
from liquid.builtin.expressions.logical import (
    ContainsExpression,
    EqExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import Blank, Empty, FalseLiteral, TrueLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.expression import Expression

from aftercare.content.conditions import Filled
from aftercare.content.filters import CLINIC_FILTERS
from aftercare.content.placeholders import PLACEHOLDERS, Kind
from aftercare.content.suggestions import did_you_mean

_COMPARISONS = (EqExpression, NeExpression)
_ALLOWED = (
    *_COMPARISONS, BooleanExpression, FilteredExpression, Filled, Path, StringLiteral, TrueLiteral,
    FalseLiteral, Blank, Empty, ContainsExpression, LogicalAndExpression, LogicalOrExpression,
)  # fmt: skip


@dataclass(frozen=True)
class Complaint:
    """What is wrong with one part, wherever it stands."""

    message: str
    hint: str


def complaints(template: BoundTemplate) -> Iterator[Complaint]:
    """What the whitelist has against a parsed part."""
    for node in nodes_of(template):
        if isinstance(node, OutputNode):
            yield from _against_output(node.expression)
        if isinstance(node, CaseNode):
            yield from _against_case(node)
        for expression in expressions_of(node):
            yield from _against_all(expression)


def nodes_of(template: BoundTemplate) -> Iterator[Node]:
    """Every node of a template, outermost first."""
    context = RenderContext(template)

    def walk(nodes: Iterable[Node]) -> Iterator[Node]:
        for node in nodes:
            yield node
            yield from walk(node.children(context))

    return walk(template.nodes)


def paths_in(template: BoundTemplate) -> set[str]:
    """The dotted paths a template reads, in any branch."""
    return {
        str(part)
        for node in nodes_of(template)
        for expression in expressions_of(node)
        for part in _with_children(expression)
        if isinstance(part, Path)
    }


def outputs_in(template: BoundTemplate) -> set[str]:
    """The dotted paths a template prints, in any branch."""
    return {path for node in nodes_of(template) if (path := printed(node))}


def printed(node: Node) -> str:
    """The dotted path a node prints, or an empty text."""
    if isinstance(node, OutputNode) and isinstance(node.expression, FilteredExpression):
        return str(node.expression.left)
    return ""


def expressions_of(node: Node) -> Iterable[Expression]:
    """What a node itself asks for, not its children."""
    return node.expression.children() if isinstance(node, MultiExpressionBlockNode) else node.expressions()


def _with_children(expression: Expression) -> Iterator[Expression]:
    yield expression
    for child in expression.children():
        yield from _with_children(child)


def _against_all(expression: Expression) -> Iterator[Complaint]:
    if not isinstance(expression, _ALLOWED):
        yield Complaint(
            _("Only placeholders, words in quotes, ==, !=, contains, and, or can be used here."),
            _("For example: {% if treatment.depth_band == 'deep' %}"),
        )
        return
    yield from _against(expression)
    for child in expression.children():
        yield from _against_all(child)


def _against(part: Expression) -> Iterator[Complaint]:
    if isinstance(part, Path):
        yield from _against_path(str(part))
    elif isinstance(part, _COMPARISONS):
        yield from _against_choice(part.left, part.right)
        yield from _against_choice(part.right, part.left)


def _against_path(path: str) -> Iterator[Complaint]:
    if path not in PLACEHOLDERS:
        hint = did_you_mean(path, PLACEHOLDERS, wrap="{{ %s }}") or _(
            "Choose one from the list of placeholders."
        )
        yield Complaint(_("There is no placeholder called “%(path)s”.") % {"path": path}, hint)


def _against_choice(asked: Expression, answer: Expression) -> Iterator[Complaint]:
    """A misspelt choice would never be true, and its words never sent."""
    placeholder = PLACEHOLDERS.get(str(asked)) if isinstance(asked, Path) else None
    if placeholder is None or not placeholder.choices or not isinstance(answer, StringLiteral):
        return
    if answer.value not in placeholder.choices:
        names = {"path": placeholder.path, "value": answer.value}
        hint = did_you_mean(answer.value, placeholder.choices) or _one_of(placeholder.choices)
        yield Complaint(_("“%(path)s” is never “%(value)s”.") % names, hint)


def _one_of(words: Iterable[str]) -> str:
    return _("Use one of: %(words)s.") % {"words": ", ".join(words)}


def _against_case(node: CaseNode) -> Iterator[Complaint]:
    for block in node.blocks:
        if isinstance(block, MultiExpressionBlockNode):
            for answer in block.expression.children():
                yield from _against_choice(node.expression, answer)


def _against_output(expression: Expression) -> Iterator[Complaint]:
    if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path):
        yield Complaint(
            _("Only a placeholder can stand between {{ and }}."), _("For example: {{ patient.first_name }}")
        )
        return
    placeholder = PLACEHOLDERS.get(str(expression.left))
    if placeholder is not None and placeholder.kind is Kind.FLAG:
        hint = _("Use it in a condition: {%% if %(path)s %%}") % {"path": placeholder.path}
        yield Complaint(_("“%(path)s” is a yes or no, not words.") % {"path": placeholder.path}, hint)
    for used in expression.filters or ():
        yield from _against_filter(used.name, len(used.args))


def _against_filter(name: str, arguments: int) -> Iterator[Complaint]:
    if name not in CLINIC_FILTERS:
        hint = did_you_mean(name, CLINIC_FILTERS) or _one_of(CLINIC_FILTERS)
        yield Complaint(_("“%(name)s” cannot be used after “|”.") % {"name": name}, hint)
    elif arguments != (1 if name == "default" else 0):
        yield Complaint(
            _("“%(name)s” is not used like this.") % {"name": name},
            _("For example: {{ treatment.products | default: 'nothing' }}"),
        )
