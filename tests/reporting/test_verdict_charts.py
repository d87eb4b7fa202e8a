"""Verdict charts: the figure, the sentence and the table tell the same numbers."""

import re

import numpy as np
import pytest

from core.errors import ComparisonError
from core.evaluation.movements import AnswerMove
from core.evaluation.systems import EncodedSystem, compare
from core.messages import Message
from core.reporting.charts import palette
from core.reporting.charts.comparison_charts import movement_chart
from core.reporting.charts.verdict_charts import difference_chart, slice_chart, system_chart
from core.types import Comparison, Difference, SilentReporter, SliceDifference


def arm(name: str, dataset, noise: float) -> EncodedSystem:
    rng = np.random.default_rng(1)
    answers = rng.normal(size=(len(dataset.answers), 16)).astype(np.float32)
    questions = answers[dataset.right_answer]
    questions = questions + noise * rng.normal(size=questions.shape).astype(np.float32)
    return EncodedSystem(name, f"{name} <b>", name, name, questions, answers)


@pytest.fixture
def comparison(tiny_dataset) -> Comparison:
    arms = [arm(n, tiny_dataset, x) for n, x in (("bm25", 4.0), ("tuned", 0.1), ("base", 2.0))]
    return compare(tiny_dataset, arms, run_id="r", seed=0, report=SilentReporter())


def upper(text: str) -> str:
    """Stand in for a translation; fields keep their names."""
    return re.sub(r"\{[^}]*\}|[^{]+", lambda m: m[0] if m[0][0] == "{" else m[0].upper(), text)


def test_all_systems_are_drawn_in_every_regime_and_in_the_table(comparison):
    chart = system_chart(comparison, upper)
    drawn = [trace.x[0] for trace in chart.figure.data]
    assert drawn == pytest.approx(chart.table.iloc[:, 2].tolist(), abs=0.001)
    assert len(drawn) == 3 * 2
    assert chart.table.iloc[:3, 1].tolist() == ["base <b>", "tuned <b>", "bm25 <b>"]
    known = comparison.regimes == "known"
    assert drawn[1] == pytest.approx(comparison.system("tuned").mean("ndcg@10", known), abs=0.001)
    assert "best is tuned" in str(chart.summary)


def test_base_is_grey_tuned_is_blue_and_others_are_neither(comparison):
    colours = [trace.marker.color for trace in system_chart(comparison, str).figure.data[:3]]
    assert colours[:2] == [palette.BASE, palette.TUNED]
    assert colours[2] not in colours[:2]


def test_a_name_with_markup_is_shown_as_text(comparison):
    assert "&lt;b&gt;" in system_chart(comparison, str).figure.layout.yaxis.ticktext[0]


def test_differences_carry_their_word_and_zero_is_in_view(comparison):
    chart = difference_chart(comparison, str)
    assert len(chart.figure.data) == len(comparison.differences) == len(chart.table)
    for trace, difference in zip(chart.figure.data, comparison.differences, strict=True):
        assert trace.x[0] == pytest.approx(difference.difference, abs=0.001)
        assert trace.text[0].endswith("No clear difference")  # 12 questions are too few for a claim
        assert trace.marker.symbol == "circle-open"
    low, high = chart.figure.layout.xaxis.range
    assert low < 0 < high
    assert "better in 0, worse in 0" in str(chart.summary)


def test_texts_of_the_charts_are_translated(comparison):
    for chart in (system_chart(comparison, upper), difference_chart(comparison, upper)):
        assert all(name == name.upper() for name in chart.table.columns)
        assert chart.figure.layout.xaxis.title.text.replace("<br>", "").isupper()


def test_without_tuned_there_is_no_difference_to_draw(tiny_dataset):
    base = arm("base", tiny_dataset, 1.0)
    alone = compare(tiny_dataset, [base], run_id="", seed=0, report=SilentReporter())
    assert len(system_chart(alone, str).figure.data) == 2
    with pytest.raises(ComparisonError, match="was not compared"):
        difference_chart(alone, str)


MOVES = [
    AnswerMove(4, 3, 1, 0.5, 0.9, True),
    AnswerMove(7, None, 2, None, 0.8, False),
    AnswerMove(9, 1, 14, 0.7, 0.1, False),
    AnswerMove(2, 2, None, 0.6, None, False),
]


def test_lines_run_from_rank_to_rank_and_lost_answers_end_apart_below_ten():
    chart = movement_chart(MOVES, str, {4: "<i>Right</i>"})
    heights = [tuple(trace.y) for trace in chart.figure.data]
    right = chart.figure.data[-1]
    assert (tuple(right.y), right.line.color) == ((3, 1), palette.RIGHT)
    assert heights[0][0] > 10 and heights[0][1] == 2
    assert heights[1][0] == 1 and heights[2][0] == 2
    assert 10 < heights[1][1] < heights[2][1]  # rank 14 stands above "not in the list"
    assert "&lt;i&gt;" in right.text[0]
    assert chart.table.iloc[:, 1].isna().tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("moves", "text"),
    [
        (MOVES, "from rank 3 to rank 1"),
        ([AnswerMove(1, 2, None, 0.5, None, True)], "rank 2 before, dropped out"),
        ([AnswerMove(1, None, 5, None, 0.5, True)], "came in on rank 5"),
        (MOVES[1:], "No right answer"),
        ([], "No right answer"),
    ],
)
def test_the_sentence_says_where_the_right_answer_went(moves, text):
    summary = movement_chart(moves, str).summary
    assert isinstance(summary, Message)
    assert text in str(summary)


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
        "−0.001 · No clear difference",
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
