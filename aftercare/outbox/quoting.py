"""Bodies in quoted-printable (RFC 2045, 6.7), with the words that many messages share encoded once.

A text that was put together from words and what stands between them is encoded piece by piece: a soft line
break parts the pieces, which whoever decodes the body takes out again. Most of each line of HTML is the same
in every message, but for a link or a name that moves all that follows on it.
"""

from binascii import b2a_qp
from functools import lru_cache
from weakref import WeakKeyDictionary

from aftercare.content.skeletons import FilledText, Parts

BREAK, SOFT_BREAK = b"\r\n", b"=\r\n"
LONGEST = 76  # RFC 2045, 6.7 (5)

_encoded_words: WeakKeyDictionary[Parts, tuple[bytes, ...]] = WeakKeyDictionary()


def quoted_printable(text: str) -> bytes:
    """The text in UTF-8 and quoted-printable, its lines parted by CRLF; none of them begins with a dot."""
    if not isinstance(text, FilledText):
        return _quoted(text)
    words = _encoded_words.get(text.parts)
    if words is None:
        words = _encoded_words[text.parts] = _words_of(text.parts)
    pieces = list(words)
    pieces[1::2] = [_line(text.said[gap]) for gap in text.parts.gaps]
    return b"".join(pieces)


def _quoted(text: str) -> bytes:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return BREAK.join(map(_line, text.split("\n")))


def _words_of(parts: Parts) -> tuple[bytes, ...]:
    """The words, encoded, and room for each gap: never empty, and with no line break in it."""
    last = len(parts.gaps)
    words = [_piece(piece, first=n == 0, last=n == last) for n, piece in enumerate(parts.pieces[::2])]
    return tuple(each for one in words for each in (one, b""))[:-1]


def _piece(words: str, *, first: bool, last: bool) -> bytes:
    """With a soft line break towards each gap beside it, unless a line ends there anyhow."""
    encoded = _quoted(words)
    before = SOFT_BREAK if not first and not encoded.startswith(BREAK) else b""
    after = SOFT_BREAK if not last and encoded and not encoded.endswith(BREAK) else b""
    return before + encoded + after


@lru_cache(maxsize=2048)
def _line(line: str) -> bytes:
    """Many lines, and what is said in a line, are the same in messages of a day or of a clinic."""
    encoded = b2a_qp(line.encode())
    if encoded.startswith(b".") or b"\n." in encoded:
        encoded = b"\n".join(map(_without_dot, encoded.split(b"\n")))
    return _with_room(encoded).replace(b"\n", BREAK)


def _with_room(encoded: bytes) -> bytes:
    """With room at its end for the sign of a soft line break."""
    if len(encoded) - encoded.rfind(b"\n") - 1 < LONGEST:
        return encoded
    cut = next(at for at in range(len(encoded) - 3, 0, -1) if b"=" not in encoded[at - 2 : at])
    return encoded[:cut] + b"=\n" + _without_dot(encoded[cut:])


def _without_dot(line: bytes) -> bytes:
    """SMTP would have to double a dot that begins a line (RFC 5321, 4.5.2), so it is encoded."""
    if not line.startswith(b"."):
        return line
    if len(line) + 2 <= LONGEST:
        return b"=2E" + line[1:]
    return b"=2E=\n" + _without_dot(line[1:])
