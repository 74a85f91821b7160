"""Opaque words that stand for Liquid while Markdown, the sanitiser and the CSS inliner do their work.

A placeholder becomes a word of letters; a condition's tag becomes a word between commas, so that Markdown
sees punctuation there and ``**Sunscreen:**{% if … %}`` keeps its emphasis. The words hold a hash of
the text, which the text cannot hold itself.
"""

import hashlib
import re

from aftercare.content.segments import Part, Segment, split

_BRACE_HTML = "&#123;"
_BRACE_TEXT = "{{ '{' }}"


class Ledger:
    """What each opaque word stands for, in HTML and in plain text."""

    def __init__(self, *sources: str) -> None:
        nonce = hashlib.sha256("\0".join(sources).encode()).hexdigest()[:16]
        self._prefix = f"lq{nonce}"
        self._meanings: list[tuple[str, str]] = []
        self._segments: dict[str, Segment] = {}
        self._placeholders: dict[str, str] = {}
        self.value = re.compile(rf"{self._prefix}v\d+z")
        self.tag = re.compile(rf"(,{self._prefix}t\d+z,)")
        self.any = re.compile(rf",{self._prefix}t\d+z,|{self._prefix}v\d+z")
        self._word = re.compile(rf",{self._prefix}t(\d+)z,|{self._prefix}v(\d+)z")
        self.brace = self._enter("v", _BRACE_HTML, _BRACE_TEXT)

    def swap(self, source: str) -> str:
        """The text with an opaque word for every part of Liquid. Raises ContentError on unclosed braces."""
        return "".join(
            segment.source if segment.part is Part.WORDS else self._stand_in(segment)
            for segment in split(source)
        )

    def filtered(self, words: str, html_filter: str, text_filter: str) -> str:
        """The same words with a filter added to every placeholder in them."""

        def again(found: re.Match[str]) -> str:
            inside = self._segments[found[0]].expression
            return self._enter("v", _output(inside, html_filter), _output(inside, text_filter))

        return self.value.sub(again, words)

    def segment(self, word: str) -> Segment:
        return self._segments[word]

    def expression(self, word: str) -> str:
        """What stands between the braces of a placeholder; "" for a word that stands for none."""
        return self._segments[word].expression if word in self._segments else ""

    def restore(self, written: str, *, html: bool) -> str:
        """Liquid again where the opaque words stand."""

        def meaning(found: re.Match[str]) -> str:
            return self._meanings[int(found[1] or found[2])][0 if html else 1]

        return self._word.sub(meaning, written)

    def missing_from(self, written: str) -> list[Segment]:
        """The parts that no longer stand in what was written."""
        standing = set(self.any.findall(written))
        return [segment for word, segment in self._segments.items() if word not in standing]

    def _stand_in(self, segment: Segment) -> str:
        """A word of its own for each tag, and one for a placeholder wherever it is written the same."""
        if segment.source in self._placeholders:
            return self._placeholders[segment.source]
        word = self._enter("t" if segment.part is Part.TAG else "v", segment.source, segment.source)
        self._segments[word] = segment
        if segment.part is Part.PLACEHOLDER:
            self._placeholders[segment.source] = word
        return word

    def _enter(self, kind: str, html: str, text: str) -> str:
        self._meanings.append((html, text))
        word = f"{self._prefix}{kind}{len(self._meanings) - 1}z"
        return f",{word}," if kind == "t" else word


def _output(expression: str, added: str) -> str:
    return f"{{{{ {expression} | {added} }}}}" if added else f"{{{{ {expression} }}}}"
