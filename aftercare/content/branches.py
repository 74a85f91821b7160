"""Every way a message can turn out: sample values for each combination of what its conditions ask."""

from collections.abc import Collection, Iterator, Mapping
from itertools import product

from liquid.ast import BlockNode, Node
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode

from aftercare.content.expressions import printed
from aftercare.content.placeholders import PLACEHOLDERS, Values, sample_values

Overrides = Mapping[str, str | bool]

_RULES = [path for path in PLACEHOLDERS if path.startswith("from.")]
_DIMENSIONS: tuple[tuple[Overrides, ...], ...] = (
    (
        {"treatment.depth_band": "light", "treatment.recovery_note": ""},
        {"treatment.depth_band": "medium", "treatment.recovery_note": ""},
        {"treatment.depth_band": "deep", "treatment.recovery_note": "…"},
    ),
    tuple({"treatment.variant": variant} for variant in PLACEHOLDERS["treatment.variant"].choices),
    (
        {"treatment.has_products": True, "treatment.products": "…"},
        {"treatment.has_products": False, "treatment.products": ""},
    ),
    ({"treatment.face": True}, {"treatment.face": False}),
    ({"treatment.next_visit": "…"}, {"treatment.next_visit": ""}),
    (dict.fromkeys(_RULES, "…"), dict.fromkeys(_RULES, "")),
)


def every_branch(locale: str, paths: Collection[str]) -> Iterator[Values]:
    """Values for each combination of those dimensions that the paths touch; at most 144."""
    touched = [dimension for dimension in _DIMENSIONS if any(path in dimension[0] for path in paths)]
    for combination in product(*touched):
        values = sample_values(locale)
        for overrides in combination:
            for path, value in overrides.items():
                room, name = path.split(".")
                values[room][name] = value
        yield values


def always_said(nodes: Collection[Node]) -> set[str]:
    """The placeholders that are printed whichever branch is taken."""
    return {path for node in nodes for path in _said_by(node)}


def _said_by(node: Node) -> set[str]:
    if path := printed(node):
        return {path}
    if isinstance(node, (IfNode, UnlessNode)):
        blocks = [node.consequence, *(alternative.block for alternative in node.alternatives)]
        return _in_each([*blocks, node.default]) if node.default else set()
    if isinstance(node, CaseNode) and any(isinstance(block, BlockNode) for block in node.blocks):
        return _in_each(
            [block.block if isinstance(block, MultiExpressionBlockNode) else block for block in node.blocks]
        )
    return set()


def _in_each(blocks: list[BlockNode]) -> set[str]:
    return set.intersection(*(always_said(block.nodes) for block in blocks))
