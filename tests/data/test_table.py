"""Tables keep their columns apart however many there are."""

import pytest

from core.data.columns.column_mapping import unused_columns
from core.data.columns.guessing import guess_columns
from core.data.reading.formats import read_table
from core.data.table import build_table
from tests.growth import assert_growth


def test_columns_of_one_name_get_names_of_their_own():
    table = build_table(
        ["a", "a", "a (2)", "", "a"], [list("12345")], [2], name="f.csv", kind="csv"
    )
    assert table.columns == ("a", "a (2)", "a (2) (2)", "column 4", "a (3)")


@pytest.mark.parametrize("name", ["feature {}", "x"])
def test_reading_takes_as_long_as_there_are_columns(name):
    """A file of some ten thousand columns took minutes, because each was compared with all."""

    def read(columns: int) -> None:
        names = ",".join(["question", "answer", *(name.format(i) for i in range(columns))])
        row = "Where is it?,Here" + ",7" * columns
        table = read_table(f"{names}\n{row}\nWho?,Me{',8' * columns}\n".encode(), "wide.csv")
        unused = unused_columns(table, guess_columns(table).mapping)
        assert len(unused) >= columns - 1

    assert_growth(read, 1_000, 8_000, at_most=24)
