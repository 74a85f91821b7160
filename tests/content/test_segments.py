import pytest

from aftercare.content.problems import ContentError
from aftercare.content.segments import MAX_CHARACTERS, Part, printable, split


def test_split_gives_every_part_in_order():
    segments = split("Hi {{ patient.first_name }}{% if treatment.face %}!{% endif %}")

    assert [(segment.part, segment.name, segment.expression) for segment in segments] == [
        (Part.WORDS, "", ""),
        (Part.PLACEHOLDER, "", "patient.first_name"),
        (Part.TAG, "if", "treatment.face"),
        (Part.WORDS, "", ""),
        (Part.TAG, "endif", ""),
    ]


def test_split_turns_a_comment_into_its_line_ends():
    segments = split("a{% comment %}{{ anything\n}} goes{% endcomment %}b")

    assert "".join(segment.source for segment in segments) == "a\nb"


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("one\ntwo {{ clinic.name", 2, 5),
        ("{% if treatment.face", 1, 1),
        ("{{ clinic.name\n}}", 1, 1),
        ("{{ clinic.{{ name }}", 1, 1),
        ("x {{- clinic.name }}", 1, 3),
        ("x {% comment %} y", 1, 3),
    ],
)
def test_split_says_where_a_part_is_broken(source, line, column):
    with pytest.raises(ContentError) as refused:
        split(source)

    problem = refused.value.problems[0]
    assert (problem.line, problem.column) == (line, column)
    assert problem.hint


def test_split_refuses_a_text_that_is_too_long():
    with pytest.raises(ContentError, match="too long"):
        split("x" * (MAX_CHARACTERS + 1))


def test_split_refuses_too_many_parts():
    with pytest.raises(ContentError, match="too many"):
        split("{{a}}" * 1000)


def test_printable_keeps_letters_and_drops_what_mail_cannot_carry():
    assert printable("a\r\nb\rc\x00\x1b\ud800ñ\t") == "a\nb\ncñ\t"
