import pytest

from aftercare.content.comparing import Piece, compare, differ, excerpt


def test_changed_line_is_shown_twice_with_its_changed_words_marked():
    rows = compare("Keep it clean.\nCall us.", "Keep it cool.\nCall us.")

    assert [(row.kind, row.pieces) for row in rows] == [
        ("removed", (Piece("Keep it "), Piece("clean", changed=True), Piece("."))),
        ("added", (Piece("Keep it "), Piece("cool", changed=True), Piece("."))),
        ("same", (Piece("Call us."),)),
    ]


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ("a", "a\nb", ["same", "added"]),
        ("a\nb", "a", ["same", "removed"]),
        ("", "a", ["removed", "added"]),
        ("a\nb", "x\ny\nz", ["removed", "added", "removed", "added", "added"]),
    ],
)
def test_lines_are_added_and_removed_in_order(old, new, kinds):
    assert [row.kind for row in compare(old, new)] == kinds


def test_words_of_both_texts_come_back_whole():
    old, new = "One two\n\nthree", "One 2\nthree\nfour"
    rows = compare(old, new)

    def of(*kinds):
        return "\n".join("".join(p.words for p in row.pieces) for row in rows if row.kind in kinds)

    assert (of("same", "removed"), of("same", "added")) == (old, new)


def test_same_texts_do_not_differ():
    assert not differ(compare("a\nb", "a\nb"))
    assert differ(compare("a\nb", "a\nc"))


def test_excerpt_keeps_two_lines_around_a_change_and_counts_those_left_out():
    old = [str(number) for number in range(20)]
    new = [*old[:10], "changed", *old[11:]]

    rows = excerpt(compare("\n".join(old), "\n".join(new)))

    shown = [(row.kind, row.lines, "".join(piece.words for piece in row.pieces)) for row in rows]
    assert shown == [
        ("left out", 8, ""),
        ("same", 1, "8"),
        ("same", 1, "9"),
        ("removed", 1, "10"),
        ("added", 1, "changed"),
        ("same", 1, "11"),
        ("same", 1, "12"),
        ("left out", 7, ""),
    ]


def test_excerpt_shows_a_single_line_between_two_changes_rather_than_counting_it():
    old = "a\n1\n2\n3\n4\n5\nb"

    rows = excerpt(compare(old, old.replace("a", "A").replace("b", "B")))

    assert "left out" not in {row.kind for row in rows}
