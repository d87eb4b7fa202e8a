"""Any cut-off and any grade: against ir_measures, question by question."""

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from core.evaluation.families import CUTOFFS, FAMILIES
from core.evaluation.metrics import METRICS, ideal_grades, ranked_grades


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(CUTOFFS), st.integers(1, 3))
def test_every_family_equals_ir_measures(seed, cutoff, threshold):
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
    for family in FAMILIES.values():
        measure = ir_measures.parse_measure(family.ir_measure(cutoff, threshold))
        theirs = {v.query_id: v.value for v in ir_measures.iter_calc([measure], qrels, run)}
        ours = family.at(cutoff, threshold).values(ranked, ideal)
        assert ours == pytest.approx([theirs[str(q)] for q in range(6)], abs=1e-9), str(measure)


def test_the_five_measures_of_the_verdict_are_members_of_the_families():
    ranked = np.array([[0, 2.0, 0, 1.0] + [0] * 10, [3.0] + [0] * 13])
    ideal = np.array([[2.0, 1.0, 1.0], [3.0, 0, 0]])
    for key, metric in METRICS.items():
        name, _, cutoff = key.partition("@")
        family = FAMILIES.get(name, FAMILIES["success"])
        same = family.at(int(cutoff or 1))
        assert (same.values(ranked, ideal) == metric.values(ranked, ideal)).all()


def test_the_threshold_is_part_of_the_name_and_gains_keep_their_grades():
    """A table that does not say from which grade an answer counted cannot be repeated."""
    assert FAMILIES["map"].at(20, 2).key == "map@20>=2"
    assert FAMILIES["map"].at(20).key == "map@20"
    assert FAMILIES["ndcg"].at(20, 2).key == "ndcg@20"
