"""How a benchmark judges what it measured."""

import json

import pytest

from benchmarks.reporting import Goal, judge, table
from benchmarks.throughput import LIMIT, goals
from benchmarks.watching import Measured


def measured(*rates):
    return [Measured(rate=rate, wall=1.0, cpu=1.0, memory_mb=1.0) for rate in rates]


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal("x", 2.0, at_least=2.0), True),
        (Goal("x", 1.99, at_least=2.0), False),
        (Goal("x", 2.0, at_most=2.0), True),
        (Goal("x", 2.01, at_most=2.0), False),
    ],
)
def test_goal_at_its_bound_is_met_and_beyond_it_missed(goal, met):
    assert goal.met is met


def test_missed_goal_fails_the_run_only_where_goals_are_enforced():
    missed = [Goal("x", 1.0, at_least=2.0), Goal("y", 3.0, at_least=2.0)]

    assert judge(missed, enforced=True) == 1
    assert judge(missed, enforced=False) == 0
    assert judge(missed[1:], enforced=True) == 0


def test_goal_is_printed_for_programs_and_for_people(capsys):
    judge([Goal("times the best", 1.5, at_least=2.0)], enforced=False)

    line, words = capsys.readouterr().out.split("\n")[1:3]
    assert json.loads(line) == {"kind": "goal", "what": "times the best", "value": 1.5, "met": False}
    assert words == "MISSED: 1.5 times the best (goal: at least 2)"


def test_throughput_is_compared_with_the_best_variant_of_a_peer():
    rounds = {
        "aftercare": measured(600, 600, 600),
        "post_office, slow": measured(100, 100, 100),
        "post_office, fast": measured(200, 200, 200),
    }

    [goal] = goals(rounds)

    assert goal.value == 3.0
    assert "fast" in goal.what


def test_throughput_ratio_is_the_median_of_the_rounds_own():
    """A machine that slows down between rounds slows both, and changes no ratio."""
    rounds = {"aftercare": measured(400, 200, 90), LIMIT: measured(1000, 500, 100)}

    [goal] = goals(rounds)

    assert goal.value == pytest.approx(0.4)
    assert goal.met


def test_table_has_a_row_for_each_subject():
    assert table([{"": "ours", "rate": 1}, {"": "theirs", "rate": 2}]).splitlines() == [
        "|  | rate |",
        "| --- | --- |",
        "| ours | 1 |",
        "| theirs | 2 |",
    ]
