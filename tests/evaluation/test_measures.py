"""Measures against trec_eval, through ir_measures, question by question."""

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
    ideal_grades,
    ranked_grades,
)


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
