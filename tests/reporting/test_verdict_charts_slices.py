"""The chart of slices: every slice with its word, the small ones without a verdict."""

import pytest

from core.errors import ComparisonError
from core.messages import Message
from core.reporting.charts.verdict_charts import slice_chart
from core.types import Difference, SliceDifference


def part(attribute, name, difference, word, small=False) -> SliceDifference:
    low, high = difference - 0.02, difference + 0.02
    result = Difference(
        "", "ndcg@10", 0.5, 0.5 + difference, difference, low, high,
        0.01, 9, 50, 3, 62, 20, word, 0.04
    )  # fmt: skip
    return SliceDifference(attribute, Message("{name}", {"name": name}), result, small)


PARTS = [
    part("category", "Refunds", 0.06, "better"),
    part("category", "Orders", -0.07, "worse"),
    part("category", "<b>Rare</b>", 0.001, "not shown", small=True),
    part("overlap", "half", -0.001, "not shown"),
]


def test_every_slice_has_its_number_and_word():
    chart = slice_chart(PARTS, str)
    labels = [trace.text[0] for trace in chart.figure.data]
    assert labels == [
        "+0.06 · Better",
        "−0.07 · Worse",
        "+0.001 · too few to say",
        "−0.001 · Not shown",
    ]
    assert "better in 1, worse in 1, too few questions in 1" in str(chart.summary)
    assert list(chart.table["Questions"]) == [62] * 4


def test_a_small_slice_has_no_p_and_markup_of_a_category_stays_text():
    chart = slice_chart(PARTS, str)
    assert chart.table["p-value (Holm)"].isna().tolist() == [False, False, True, False]
    names = " ".join(chart.figure.layout.yaxis.ticktext)
    assert "&lt;b&gt;Rare" in names and "<b>Category</b>" in names


def test_nothing_to_draw_is_explained():
    with pytest.raises(ComparisonError, match="no groups"):
        slice_chart([], str)
