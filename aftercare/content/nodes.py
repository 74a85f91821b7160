"""A message as a tree in which no condition can hold half an element: every branch is whole by its shape."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby


@dataclass
class Words:
    """Running text; placeholders stand in it as opaque words."""

    text: str


@dataclass
class Element:
    """An element; one without a tag is a block that HTML does not mark, such as a line in a tight list."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Words | Element | Branching"] = field(default_factory=list)
    block: bool = True


@dataclass
class Branching:
    """A condition: the opaque words of its tags, and what stands between each and the next."""

    tags: list[str]
    branches: list[list["Words | Element | Branching"]] = field(default_factory=list)


Children = list[Words | Element | Branching]


def is_blank(nodes: Children) -> bool:
    return all(isinstance(node, Words) and not node.text.strip() for node in nodes)


def settled(nodes: Children) -> Children:
    """The tree with conditions outside elements that hold nothing else, and conditional list items joined."""
    return _with_joined_lists([_hoisted(_settled_inside(node)) for node in nodes])


def _settled_inside(node: Words | Element | Branching) -> Words | Element | Branching:
    if isinstance(node, Element):
        return Element(node.tag, node.attributes, settled(node.children), node.block)
    if isinstance(node, Branching):
        return Branching(node.tags, [settled(branch) for branch in node.branches])
    return node


def _hoisted(node: Words | Element | Branching) -> Words | Element | Branching:
    """An element that is all condition would leave an empty bullet or paragraph when the answer is no."""
    if not isinstance(node, Element):
        return node
    inside = [child for child in node.children if not is_blank([child])]
    if len(inside) != 1 or not isinstance(inside[0], Branching):
        return node
    condition = inside[0]
    return Branching(
        condition.tags, [[] if is_blank(branch) else [_around(node, branch)] for branch in condition.branches]
    )


def _around(element: Element, children: Children) -> Words | Element | Branching:
    return _hoisted(Element(element.tag, element.attributes, children, element.block))


def _with_joined_lists(nodes: Children) -> Children:
    joined: Children = []
    kept = [node for node in nodes if not (isinstance(node, Words) and not node.text)]
    for are_lists, group in groupby(kept, _is_all_list):
        run = list(group)
        joined += [_one_list(run)] if are_lists and any(isinstance(node, Element) for node in run) else run
    return joined


def _is_all_list(node: Words | Element | Branching) -> bool:
    """Whether it is a bullet list, or a condition that gives bullet lists or nothing."""
    if isinstance(node, Element):
        return node.tag == "ul"
    return isinstance(node, Branching) and all(
        _is_all_list(child) for branch in node.branches for child in branch
    )


def _one_list(run: Children) -> Element:
    return Element("ul", children=[item for node in run for item in _items(node)])


def _items(node: Words | Element | Branching) -> Iterator[Words | Element | Branching]:
    if isinstance(node, Element):
        yield from node.children
    elif isinstance(node, Branching):
        yield Branching(
            node.tags, [[item for child in branch for item in _items(child)] for branch in node.branches]
        )
