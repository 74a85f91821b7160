"""Bodies in quoted-printable: what is encoded once for many messages is what each alone would be."""

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare.content import rendering
from aftercare.content.skeletons import FilledText, Filler, Parts
from aftercare.outbox import quoting
from aftercare.outbox.quoting import quoted_printable

PRINTABLE = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\x85"), max_size=300
)
LINES = st.lists(PRINTABLE, max_size=8).map("\n".join)
WORDS = st.text("ab ñ=.\t\n\r", max_size=90)
RUN = st.sampled_from(
    ["Ana", "Ana María", "=", ".", "020 7946 0100", "x" * 80, "https://example.com/u?a=1&b=ñ"]
)


@given(LINES)
def test_quoted_printable_by_lines_is_what_it_is_as_a_whole(text):
    assert decoded(quoted_printable(text)) == text


@given(st.lists(st.tuples(WORDS, st.sampled_from("pqr")), max_size=6), WORDS, RUN, RUN)
def test_text_put_together_is_read_as_it_was_written(parted, last, one, other):
    pieces = (*(piece for pair in parted for piece in pair), last)
    parts = Parts(pieces, pieces[1::2], frozenset(pieces[1::2]))

    for said in ({"p": one, "q": other, "r": "-"}, {"p": other, "q": "Ben", "r": one}):
        text = parts.filled(said)
        encoded = quoted_printable(text)
        assert isinstance(text, FilledText)
        assert decoded(encoded) == decoded(quoted_printable("".join(text)))
        assert quoted_printable(parts.filled(said)) == encoded
        assert max(map(len, encoded.split(b"\r\n"))) <= 76  # RFC 2045, 6.7 (5)
        assert not any(line.startswith(b".") for line in encoded.split(b"\r\n"))


@pytest.mark.parametrize("text", [".", "..", ".a", "." * 200, "." + "x" * 73, "." + "x" * 200, "a\n.\n..b\n"])
def test_no_line_begins_with_a_dot_or_is_too_long(text):
    encoded = quoted_printable(text)

    assert decoded(encoded) == text
    assert not any(line.startswith(b".") or len(line) > 76 for line in encoded.split(b"\r\n"))


@pytest.mark.parametrize("end", ["x", "=", "..", "=.", "ñ", "ñ."])
@pytest.mark.parametrize("length", range(70, 80))
def test_line_that_goes_on_behind_a_gap_is_not_too_long(length, end):
    parts = Parts(("x" * (length - len(end)) + end, "p", "b"), ("p",), frozenset("p"))

    for said in ("a", "a" * (length - len(end)) + end):
        encoded = quoted_printable(parts.filled({"p": said}))
        assert decoded(encoded) == "".join(parts.filled({"p": said}))
        assert not any(line.startswith(b".") or len(line) > 76 for line in encoded.split(b"\r\n"))


def test_words_of_a_text_are_encoded_once_for_all_messages(monkeypatch):
    filler = Filler("Sí, {{ patient.first_name }}!\nNo\n", html=False, tidy=str)
    quoted_printable(filler.fill({"patient": {"first_name": "Ana"}}))
    encoded = []
    monkeypatch.setattr(quoting, "_line", lambda line: encoded.append(line) or line.encode())

    quoted_printable(filler.fill({"patient": {"first_name": "Ben"}}))

    assert encoded == ["Ben"]


def test_line_that_a_placeholder_ends_or_begins_has_no_needless_break():
    filler = Filler("Hello\n{{ patient.first_name }}\nBye\n", html=False, tidy=str)

    encoded = quoted_printable(filler.fill({"patient": {"first_name": "Ana"}}))

    assert encoded == b"Hello\r\nAna\r\nBye\r\n"


@pytest.mark.parametrize("name", ["Ana", "", "--", "Ana  María", "Ñandú =20", "."])
@pytest.mark.parametrize("html", [True, False])
def test_message_is_read_as_it_was_written(name, html):
    source = "<p>{{ patient.first_name }}</p>\n\n- {{ patient.first_name }}\nSí, {{ patient.first_name }}.\n"
    tidy = rendering._without_empty if html else rendering._tidy
    text = Filler(source, html=html, tidy=tidy).fill({"patient": {"first_name": name}})

    assert decoded(quoted_printable(text)) == text


def decoded(body):
    return quopri.decodestring(body).decode().replace("\r\n", "\n")
