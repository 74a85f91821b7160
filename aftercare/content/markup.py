"""Markdown, with opaque words for Liquid in it, read into a tree of whole elements."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from aftercare.content.ledger import Ledger
from aftercare.content.links import link_target
from aftercare.content.nodes import Branching, Children, Element, Words
from aftercare.content.problems import ContentError, Problem
from aftercare.content.segments import problem_at
from aftercare.content.structure import BRANCHING, CLOSING

MAX_NESTING = 12
_MIDDLE = {name for names in BRANCHING.values() for name in names}
_HEADINGS = {"h4": "h3", "h5": "h3", "h6": "h3"}


def _condition_line(state: StateBlock, start_line: int, _end_line: int, silent: bool) -> bool:
    """A line that holds only tags of conditions stands between blocks, never inside a paragraph."""
    line = state.src[state.bMarks[start_line] + state.tShift[start_line] : state.eMarks[start_line]]
    tags = state.env["ledger"].tag
    if not tags.search(line) or tags.sub("", line).strip():
        return False
    if not silent:
        for word in tags.findall(line):
            token = state.push("condition", "", 0)
            token.content = word
        state.line = start_line + 1
    return True


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    parser.disable(["code", "fence", "lheading", "reference"])
    also_ends: RuleOptionsType = {"alt": ["paragraph", "blockquote", "list"]}
    parser.block.ruler.before("blockquote", "condition_line", _condition_line, also_ends)
    return parser


_PARSER = _parser()


def read(source: str, ledger: Ledger) -> Children:
    """A body's tree. Raises ContentError on a condition out of place, a picture or a bad link."""
    return _Builder(source, ledger).build(_PARSER.parse(ledger.swap(source), {"ledger": ledger}))


@dataclass
class _Open:
    """An element or a condition not yet closed; `children` is where its content goes now."""

    node: Element | Branching
    children: Children


class _Builder:
    def __init__(self, source: str, ledger: Ledger) -> None:
        self.source = source
        self.ledger = ledger
        self.root = Element("")
        self.stack = [_Open(self.root, self.root.children)]
        self.line = 1
        self.leaves: dict[str, Callable[[Token], None]] = {
            "text": lambda token: self.words(token.content),
            "softbreak": lambda _token: self.words("\n"),
            "condition": lambda token: self.tag(token.content),
            "hardbreak": lambda _token: self.add(Element("br", block=False)),
            "hr": lambda _token: self.add(Element("hr")),
            "code_inline": self.code,
            "image": self.picture,
            "inline": lambda token: self.feed(token.children or []),
        }

    def build(self, tokens: list[Token]) -> Children:
        self.feed(tokens)
        return self.root.children

    def feed(self, tokens: list[Token]) -> None:
        for token in tokens:
            if token.map:
                self.line = token.map[0] + 1
            if token.level > MAX_NESTING:
                self.refuse(
                    _("The text is nested too deeply."), _("Use fewer lists and quotes inside each other.")
                )
            if token.nesting > 0:
                self.enter(token)
            elif token.nesting < 0:
                self.leave()
            else:
                self.leaves[token.type](token)

    def refuse(self, message: str, hint: str) -> NoReturn:
        raise ContentError(Problem(self.line, 1, message, hint))

    def add(self, node: Words | Element | Branching) -> None:
        self.stack[-1].children.append(node)

    def words(self, text: str) -> None:
        for piece in self.ledger.tag.split(text):
            if self.ledger.tag.fullmatch(piece):
                self.tag(piece)
            elif piece:
                self.add(Words(piece))

    def code(self, token: Token) -> None:
        self.stack.append(_Open(node := Element("code", block=False), node.children))
        self.words(token.content)
        self.leave()

    def picture(self, _token: Token) -> None:
        self.refuse(
            _("Pictures cannot be put into the text."), _("Put the clinic's logo into its settings instead.")
        )

    def enter(self, token: Token) -> None:
        tag = "" if token.hidden else _HEADINGS.get(token.tag, token.tag)
        node = Element(tag, self.attributes(token), block=token.block)
        self.stack.append(_Open(node, node.children))

    def attributes(self, token: Token) -> dict[str, str]:
        if token.type == "link_open":
            target, problem = link_target(str(token.attrs["href"]), self.ledger)
            if problem:
                self.refuse(*problem)
            return target
        return {"start": str(token.attrs["start"])} if "start" in token.attrs else {}

    def leave(self) -> None:
        closed = self.stack.pop()
        if isinstance(closed.node, Branching):
            self.astray(closed.node.tags[0])
        self.add(closed.node)

    def tag(self, word: str) -> None:
        name = self.ledger.segment(word).name
        if name in CLOSING:
            node = Branching([word], [[]])
            self.stack.append(_Open(node, node.branches[0]))
            return
        top = self.stack[-1]
        if not isinstance(top.node, Branching):
            self.astray(word)
        top.node.tags.append(word)
        if name in _MIDDLE:
            top.node.branches.append([])
            top.children = top.node.branches[-1]
        else:
            self.stack.pop()
            self.add(top.node)

    def astray(self, word: str) -> NoReturn:
        segment = self.ledger.segment(word)
        message = _("“%(tag)s” starts in one paragraph, list item or emphasis and ends in another.")
        hint = _("Put each {% … %} of a condition on a line of its own, or all of them inside one sentence.")
        raise ContentError(problem_at(self.source, segment.offset, message % {"tag": segment.source}, hint))
