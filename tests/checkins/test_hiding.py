"""Numbers of few people cannot be worked out from those that are shown."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from aftercare.checkins.hiding import FEWEST, Cell, Key, Sum, hidden

WHOLE = Key(None, "asked")


def cells_of(table):
    """By group, its patients; and the whole of them."""
    cells = {Key(str(number), "asked"): Cell(len(group), set(group)) for number, group in enumerate(table)}
    everybody = [patient for group in table for patient in group]
    return {**cells, WHOLE: Cell(len(everybody), set(everybody))}


def hidden_groups(table):
    cells = cells_of(table)
    found = hidden(cells, [Sum(WHOLE, [key for key in cells if key is not WHOLE])])
    return [number for number in range(len(table)) if Key(str(number), "asked") in found]


def test_single_small_number_takes_its_smallest_neighbour_along():
    assert hidden_groups([range(3), range(10, 30), range(40, 47)]) == [0, 2]


def test_small_numbers_that_are_few_together_take_a_neighbour_along():
    assert hidden_groups([range(2), range(10, 12), range(20, 29), range(30, 60)]) == [0, 1, 2]


def test_small_numbers_of_the_same_few_patients_take_a_neighbour_along():
    assert hidden_groups([range(4), range(4), range(20, 29), range(30, 60)]) == [0, 1, 2]


def test_small_numbers_that_are_many_together_take_nobody_along():
    assert hidden_groups([range(4), range(10, 14), range(20, 29)]) == [0, 1]


def test_empty_group_takes_nobody_along():
    assert hidden_groups([[], range(10, 30), range(40, 47)]) == [0]


def test_total_of_few_hides_with_all_its_parts():
    cells = cells_of([range(2), range(2, 4)])

    assert hidden(cells, [Sum(WHOLE, [Key("0", "asked"), Key("1", "asked")])]) == set(cells)


def test_number_hides_that_would_follow_from_another_sum():
    """The row hides 5 beside 1; the 5 would follow from its column, and the 1 then from the row."""
    cells, sums = table_with_margins([[9, 8, 0], [7, 6, 0], [0, 1, 5]])

    found = hidden(cells, sums)

    assert determined(cells, sums, found) == set()


def squares(size=3):
    return st.lists(st.lists(st.integers(0, 12), min_size=size, max_size=size), min_size=size, max_size=size)


@settings(max_examples=50)
@given(squares())
def test_no_small_number_follows_from_all_that_is_shown(square):
    cells, sums = table_with_margins(square)

    found = hidden(cells, sums)

    assert {key for key, cell in cells.items() if len(cell.patients) < FEWEST} <= found
    assert determined(cells, sums, found) == set()


def determined(cells, sums, found):
    """The small numbers with somebody behind them that the equations of all sums leave no choice."""
    keys = sorted(found, key=str)
    rows = [[Fraction((key in one.parts) - (key == one.total)) for key in keys] for one in sums]
    rows += [[Fraction(key == other) for other in keys] for key in plainly_empty(cells, sums, found)]
    alone = [next(at for at, value in enumerate(row) if value) for row in reduced(rows) if single(row)]
    return {keys[at] for at in alone if cells[keys[at]].count and cells[keys[at]].is_small}


def plainly_empty(cells, sums, found):
    """Nothing is left for them: the others make the total."""
    for one in sums:
        left = [key for key in one.parts if key in found]
        if one.total not in found and not any(cells[key].count for key in left):
            yield from left


def single(row):
    return sum(value != 0 for value in row) == 1


def reduced(rows):
    """Gauss and Jordan's elimination: what is determined stands alone in its row."""
    done = 0
    for column in range(len(rows[0])):
        at = next((at for at in range(done, len(rows)) if rows[at][column]), None)
        if at is None:
            continue
        rows[done], rows[at] = [value / rows[at][column] for value in rows[at]], rows[done]
        for other in range(len(rows)):
            if other != done and rows[other][column]:
                factor = rows[other][column]
                pairs = zip(rows[other], rows[done], strict=True)
                rows[other] = [value - factor * pivot for value, pivot in pairs]
        done += 1
    return rows


def table_with_margins(square):
    """Each cell of patients of its own, with the sums of rows, columns and all."""
    size = range(len(square))
    key = [[Key(str(row), "cell", days=column) for column in size] for row in size]
    cells = {
        key[row][column]: Cell(n, {(row, column, one) for one in range(n)})
        for row, line in enumerate(square)
        for column, n in enumerate(line)
    }
    rows = [Sum(Key(str(row), "row"), key[row]) for row in size]
    columns = [Sum(Key(None, "column", days=column), [line[column] for line in key]) for column in size]
    everything = Key(None, "all")
    sums = [*rows, *columns, *(Sum(everything, [one.total for one in lines]) for lines in (rows, columns))]
    for one in sums:
        members = set().union(*(cells[key].patients for key in one.parts))
        cells[one.total] = Cell(len(members), members)
    return cells, sums
