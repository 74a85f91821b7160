"""Conditions in which an empty text counts as "no", as the author of ``{% if treatment.products %}`` expects.

Plain Liquid takes every text for "yes", the empty one too.
"""

from collections.abc import Iterable
from typing import Any

from liquid import RenderContext
from liquid.builtin.expressions import BooleanExpression, Path
from liquid.builtin.expressions.logical import LogicalAndExpression, LogicalOrExpression
from liquid.builtin.tags import if_tag, unless_tag
from liquid.expression import Expression


class Filled(Expression):
    """Asks whether a placeholder has something to say."""

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        super().__init__(path.token)
        self.path = path

    def evaluate(self, context: RenderContext) -> bool:
        return self.path.evaluate(context) not in ("", False)

    def children(self) -> Iterable[Expression]:
        return [self.path]


def asking(expression: Expression) -> Expression:
    """The same condition with every bare placeholder asked whether it is filled; changed in place."""
    if isinstance(expression, Path):
        return Filled(expression)
    if isinstance(expression, BooleanExpression):
        expression.expression = asking(expression.expression)
    elif isinstance(expression, (LogicalAndExpression, LogicalOrExpression)):
        expression.left = asking(expression.left)
        expression.right = asking(expression.right)
    return expression


class _IfNode(if_tag.IfNode):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asking(self.condition)
        for alternative in self.alternatives:
            asking(alternative.expression)


class _UnlessNode(unless_tag.UnlessNode):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asking(self.condition)


class IfTag(if_tag.IfTag):
    node_class = _IfNode


class UnlessTag(unless_tag.UnlessTag):
    node_class = _UnlessNode
