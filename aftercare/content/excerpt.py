"""The words of a mail that was sent, for a page of our own: without the layout around them."""

from html.parser import HTMLParser

from aftercare.content.compiling import sanitised

_WORDS = "words"
_UNCLOSED = frozenset({"br", "hr", "img", "meta", "link"})


def words_of(html: str) -> str:
    """What stands in the layout's cell for the message, as HTML without any style; "" if there is none."""
    cell = _Cell()
    cell.feed(html)
    cell.close()
    return sanitised("".join(cell.pieces)).strip()


class _Cell(HTMLParser):
    """Collects what stands between the cell's start and its end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.pieces: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._depth:
            self.pieces.append(self.get_starttag_text() or "")
            self._depth += tag not in _UNCLOSED
        elif not self.pieces and _WORDS in (dict(attrs).get("class") or "").split():
            self._depth = 1

    def handle_endtag(self, tag: str) -> None:
        if self._depth and tag not in _UNCLOSED:
            self._depth -= 1
        if self._depth:
            self.pieces.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._keep(data)

    def handle_entityref(self, name: str) -> None:
        self._keep(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._keep(f"&#{name};")

    def _keep(self, written: str) -> None:
        if self._depth:
            self.pieces.append(written)
