"""Measures against trec_eval, through ir_measures, question by question."""

from dataclasses import replace
from functools import partial

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array

from core.evaluation.measures import (
    AVERAGE_PRECISION,
    CUTOFFS,
    MEASURES,
    METRICS,
    NDCG,
    bpref,
    condensed,
    ideal_grades,
    judged_in,
    judged_only_ndcg,
    on_judged_pools,
    ranked_grades,
)
from core.evaluation.systems import EncodedSystem, compare
from core.types import SilentReporter


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(CUTOFFS), st.integers(1, 3))
def test_every_measure_equals_ir_measures(seed, cutoff, threshold):
    rng = np.random.default_rng(seed)
    grades = rng.integers(0, 4, (6, 30)) * (rng.random((6, 30)) < 0.3)
    grades[:, 0] = 3  # ir_measures leaves out a question without any right answer
    order = np.argsort(rng.random((6, 30)), axis=1)[:, :25].astype(np.int32)
    table = csr_array(grades.astype(np.float32))
    ranked, ideal = ranked_grades(table, order), ideal_grades(table)
    qrels = {
        str(q): {str(a): int(g) for a, g in enumerate(row) if g} for q, row in enumerate(grades)
    }
    run = {str(q): {str(a): -float(i) for i, a in enumerate(row)} for q, row in enumerate(order)}
    for uncut in MEASURES.values():
        measure = uncut.from_grade(threshold) @ cutoff
        same = ir_measures.parse_measure(measure.ir_measure)
        theirs = {v.query_id: v.value for v in ir_measures.iter_calc([same], qrels, run)}
        ours = measure.values(ranked, ideal)
        assert ours == pytest.approx([theirs[str(q)] for q in range(6)], abs=1e-9), measure.key


def test_the_five_measures_of_the_verdict_are_those_of_the_registry():
    ranked = np.array([[0, 2.0, 0, 1.0] + [0] * 10, [3.0] + [0] * 13])
    ideal = np.array([[2.0, 1.0, 1.0], [3.0, 0, 0]])
    for key, metric in METRICS.items():
        name, _, cutoff = key.partition("@")
        same = MEASURES.get(name, MEASURES["success"]) @ int(cutoff or 1)
        assert (same.values(ranked, ideal) == metric.values(ranked, ideal)).all()


def test_the_threshold_is_part_of_the_name_and_gains_keep_their_grades():
    """A table that does not say from which grade an answer counted cannot be repeated."""
    assert (AVERAGE_PRECISION.from_grade(2) @ 20).key == "map@20>=2"
    assert (AVERAGE_PRECISION @ 20).key == "map@20"
    assert (NDCG.from_grade(2) @ 20).key == "ndcg@20"


REFERENCE = {
    "ndcg@10": ir_measures.nDCG @ 10,
    "map@10": ir_measures.AP @ 10,
    "recall@10": ir_measures.R @ 10,
    "mrr@10": ir_measures.RR @ 10,
    "top1": ir_measures.Success @ 1,
}


def reference_values(grades: np.ndarray, order: np.ndarray) -> dict[str, np.ndarray]:
    """Ask ir_measures; scores fall with the rank, so that its own tie rule plays no part."""
    qrels = [
        ir_measures.Qrel(f"q{q}", f"a{a}", int(grades[q, a])) for q, a in np.ndindex(grades.shape)
    ]
    run = [
        ir_measures.ScoredDoc(f"q{q}", f"a{a}", float(-place))
        for q in range(len(order))
        for place, a in enumerate(order[q])
    ]
    values = {key: np.full(len(grades), np.nan) for key in REFERENCE}
    keys = {measure: key for key, measure in REFERENCE.items()}
    for found in ir_measures.iter_calc(list(keys), qrels, run):
        values[keys[found.measure]][int(found.query_id[1:])] = found.value
    return values


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    answers=st.integers(1, 40),
    density=st.sampled_from([0.05, 0.3, 0.95]),
    best_grade=st.sampled_from([1, 3]),
)
def test_equal_to_ir_measures_with_grades_and_many_right_answers(
    seed, answers, density, best_grade
):
    rng = np.random.default_rng(seed)
    grades = rng.integers(1, best_grade + 1, (6, answers)) * (rng.random((6, answers)) < density)
    grades[np.arange(6), rng.integers(0, answers, 6)] = best_grade  # at least one right answer
    order = np.stack([rng.permutation(answers) for _ in range(6)])
    relevance = csr_array(grades.astype(np.float32))
    ranked, ideal = ranked_grades(relevance, order[:, :20]), ideal_grades(relevance)
    expected = reference_values(grades, order[:, :20])
    for key, metric in METRICS.items():
        np.testing.assert_allclose(
            metric.values(ranked, ideal), expected[key], atol=1e-9, rtol=0, err_msg=key
        )


def test_a_question_with_more_right_answers_than_the_cut_off_is_divided_by_all_of_them():
    ranked, ideal = np.ones((1, 10)), np.ones((1, 40))
    assert METRICS["recall@10"].values(ranked, ideal) == pytest.approx(0.25)
    assert METRICS["map@10"].values(ranked, ideal) == pytest.approx(0.25)
    assert METRICS["ndcg@10"].values(ranked, ideal) == pytest.approx(1.0)


def test_a_question_without_right_answers_counts_zero_and_not_nan():
    relevance = csr_array(np.array([[0, 0], [0, 2]], np.float32))
    ranked = ranked_grades(relevance, np.array([[0, 1], [1, 0]]))
    for metric in METRICS.values():
        assert metric.values(ranked, ideal_grades(relevance)).tolist() == [0.0, 1.0]


def test_padding_of_a_small_corpus_is_not_read_as_the_last_answer():
    relevance = csr_array(np.array([[0, 1]], np.float32))
    assert ranked_grades(relevance, np.array([[0, -1, -1]])).tolist() == [[0, 0, 0]]


def test_every_metric_is_described_under_its_own_key():
    for key, metric in METRICS.items():
        assert metric.key == key
        assert all((metric.title, metric.meaning, metric.formula, metric.source))


def _with_judged_pools(dataset, rng):
    """The tiny data with graded right and known wrong answers for every question."""
    grades = rng.integers(0, 3, (48, 12)) * (rng.random((48, 12)) < 0.4)
    grades[:, 0] = 2
    wrong = (rng.random((48, 12)) < 0.4) & (grades == 0)
    (rq, ra), (wq, wa) = np.nonzero(grades), np.nonzero(wrong)
    return replace(
        dataset,
        right_question=rq.astype(np.int32),
        right_answer=ra.astype(np.int32),
        right_grade=grades[rq, ra].astype(np.float32),
        wrong_question=wq.astype(np.int32),
        wrong_answer=wa.astype(np.int32),
    )


@pytest.mark.parametrize("seed", range(4))
def test_judged_only_ndcg_and_bpref_equal_ir_measures(tiny_dataset, seed):
    """Unjudged answers are neither right nor wrong; to count them as wrong punishes new systems."""
    rng = np.random.default_rng(seed)
    made = _with_judged_pools(tiny_dataset, rng)
    rows = np.arange(48, dtype=np.int32)
    top = np.argsort(rng.random((48, 12)), axis=1)[:, :9].astype(np.int32)
    qrels = {str(q): {} for q in rows}
    for q, a, g in zip(made.right_question, made.right_answer, made.right_grade, strict=True):
        qrels[str(q)][str(a)] = int(g)
    for q, a in zip(made.wrong_question, made.wrong_answer, strict=True):
        qrels[str(q)][str(a)] = 0
    run = {str(q): {str(a): -float(i) for i, a in enumerate(row)} for q, row in enumerate(top)}
    for measure, ours in (
        (ir_measures.nDCG(judged_only=True) @ 10, judged_only_ndcg(made, rows, top)),
        (ir_measures.nDCG(judged_only=True) @ 3, judged_only_ndcg(made, rows, top, 3)),
        (ir_measures.Bpref, bpref(made, rows, top)),
    ):
        theirs = {v.query_id: v.value for v in ir_measures.iter_calc([measure], qrels, run)}
        assert ours == pytest.approx([theirs[str(q)] for q in rows], abs=1e-9), measure


def test_condensed_lists_keep_order_and_nothing_unjudged(tiny_dataset):
    made = replace(
        tiny_dataset,
        wrong_question=np.array([0, 0], np.int32),
        wrong_answer=np.array([3, 5], np.int32),
    )
    top = np.array([[7, 5, 0, 2, 3, -1]], np.int32)
    rows = np.array([0], np.int32)
    assert condensed(made, rows, top).tolist() == [[5, 0, 3, -1, -1, -1]]
    assert judged_in(made, rows, top).tolist() == [[False, True, True, False, True, False]]


def test_figures_on_judged_pools_are_those_of_the_questions_with_wrong_answers(tiny_dataset):
    rng = np.random.default_rng(0)
    answers = rng.normal(size=(12, 4)).astype(np.float32)
    questions = rng.normal(size=(48, 4)).astype(np.float32)
    systems = [EncodedSystem(name, name, name, name, questions, answers) for name in ("a", "b")]
    compared = partial(compare, run_id="", seed=0, report=SilentReporter())
    assert on_judged_pools(compared(tiny_dataset, systems), tiny_dataset) == ()
    made = _with_judged_pools(tiny_dataset, rng)
    held = made.held_out_rows[:3]
    chosen = np.isin(made.wrong_question, held)
    some = replace(
        made,
        wrong_question=made.wrong_question[chosen],
        wrong_answer=made.wrong_answer[chosen],
    )
    first, second = on_judged_pools(compared(some, systems), some)
    assert first.questions == len(np.unique(some.wrong_question)) <= 3
    assert (first.ndcg, first.bpref) == (second.ndcg, second.bpref)
    assert first.judged_only >= first.ndcg and 0 < first.judged < 1
