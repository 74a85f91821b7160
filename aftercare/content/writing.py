"""The two forms of a tree: HTML for the sanitiser, and plain text. Opaque words for Liquid stay in both."""

import re
from collections.abc import Collection
from html import escape

from aftercare.content.ledger import Ledger
from aftercare.content.nodes import Branching, Children, Element, Words

_VOID = ("br", "hr")
_MAX_RULE = 60


def to_html(nodes: Children, ledger: Ledger, *, numbers: Collection[str] = ()) -> str:
    """``numbers``: the placeholders that become links which dial them, unless they stand in a link."""
    return "".join(_html(node, ledger, numbers) for node in nodes)


def _html(node: Words | Element | Branching, ledger: Ledger, numbers: Collection[str]) -> str:
    if isinstance(node, Words):
        return _dialling(escape(node.text, quote=False).replace("{", ledger.brace), ledger, numbers)
    if isinstance(node, Branching):
        return _interleaved(node, [to_html(branch, ledger, numbers=numbers) for branch in node.branches])
    inside = to_html(node.children, ledger, numbers=() if node.tag == "a" else numbers)
    if not node.tag:
        return inside + "\n"
    attributes = "".join(
        f' {name}="{escape(value)}"' for name, value in node.attributes.items() if name != "shown"
    )
    return (
        f"<{node.tag}{attributes}>" if node.tag in _VOID else f"<{node.tag}{attributes}>{inside}</{node.tag}>"
    )


def _dialling(words: str, ledger: Ledger, numbers: Collection[str]) -> str:
    def link(found: re.Match[str]) -> str:
        word = found[0]
        if ledger.expression(word) not in numbers:
            return word
        return f'<a href="tel:{ledger.filtered(word, "dialled", "dialled")}">{word}</a>'

    return ledger.value.sub(link, words)


def _interleaved(node: Branching, written: list[str]) -> str:
    return "".join(tag + branch for tag, branch in zip(node.tags, [*written, ""], strict=True))


def to_text(nodes: Children, ledger: Ledger) -> str:
    """Headings underlined, lists indented, links as ``text: address``; lines are not wrapped."""
    return _TextWriter(ledger).blocks(nodes, "")


class _TextWriter:
    """Every block writes its own indentation and the blank line after it: a branch not taken leaves none."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def blocks(self, nodes: Children, indent: str) -> str:
        return "".join(self.block(node, indent) for node in nodes)

    def block(self, node: Words | Element | Branching, indent: str) -> str:
        if isinstance(node, Branching):
            return _interleaved(node, [self.blocks(branch, indent) for branch in node.branches])
        if isinstance(node, Words):
            return self.inline([node]) if node.text.strip() else ""
        if node.tag in ("ul", "ol"):
            return self.items(node, indent)
        if node.tag == "blockquote":
            return self.blocks(node.children, indent + "> ").rstrip("\n") + "\n\n"
        return self.paragraph(node, indent)

    def paragraph(self, node: Element, indent: str) -> str:
        text = "-" * 20 if node.tag == "hr" else self.inline(node.children)
        if node.tag in ("h1", "h2", "h3"):
            length = len(self.ledger.any.sub("placeholder", text))
            text = f"{text}\n{('=' if node.tag == 'h1' else '-') * min(length, _MAX_RULE)}"
        return indent + text.replace("\n", f"\n{indent}") + ("\n\n" if node.tag else "\n")

    def items(self, node: Element, indent: str) -> str:
        number = int(node.attributes.get("start", "1"))
        written = []
        for item in node.children:
            written.append(self.item(item, indent, f"{number}. " if node.tag == "ol" else "- "))
            number += 1
        return "".join(written) + "\n"

    def item(self, item: Words | Element | Branching, indent: str, bullet: str) -> str:
        if isinstance(item, Branching):
            return _interleaved(
                item,
                ["".join(self.item(child, indent, bullet) for child in branch) for branch in item.branches],
            )
        if isinstance(item, Words):
            return ""
        deeper = indent + " " * len(bullet)
        text = self.blocks(item.children, deeper).rstrip("\n") + "\n"
        first = item.children[0] if item.children else None
        if isinstance(first, Element) and first.tag in ("", "p"):
            return indent + bullet + text[len(deeper) :]
        return f"{indent}{bullet.rstrip()}\n{text}"

    def inline(self, nodes: Children) -> str:
        return "".join(self.span(node) for node in nodes)

    def span(self, node: Words | Element | Branching) -> str:
        if isinstance(node, Words):
            return node.text.replace("{", self.ledger.brace)
        if isinstance(node, Branching):
            return _interleaved(node, [self.inline(branch) for branch in node.branches])
        if node.tag == "br":
            return "\n"
        text = self.inline(node.children)
        shown = node.attributes.get("shown", "")
        return text if not shown or shown in text else f"{text}: {shown}"
