"""Who may take part: finished lists, other data, other prompts, and what is kept of each."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import ComparisonError
from core.evaluation.measures import (
    METRICS,
    NDCG,
    RECALL,
    SUCCESS,
    grades_of,
    possible_cutoffs,
    remeasured,
)
from core.evaluation.statistics import holm
from core.evaluation.systems import (
    DEPTH,
    EncodedSystem,
    ListedSystem,
    compare,
    from_files,
    held_out_rows,
    origin_of,
    to_files,
    why_refused,
)
from core.evaluation.verdict import contrasts
from core.messages import Message
from core.types import QADataset, SilentReporter


def vectors(dataset: QADataset, noise: float, seed: int, name: str) -> EncodedSystem:
    rng = np.random.default_rng(3)
    answers = rng.normal(size=(len(dataset.answers), 8)).astype(np.float32)
    extra = np.random.default_rng(seed).normal(size=(len(dataset.questions), 8))
    questions = (answers[dataset.right_answer] + noise * extra).astype(np.float32)
    return EncodedSystem(name, name, name, f"{name}-{seed}", questions, answers)


def run(dataset, *arms, **more):
    return compare(dataset, arms, run_id="run", seed=0, report=SilentReporter(), **more)


def as_lists(dataset, arm: EncodedSystem, name: str, depth: int = DEPTH) -> ListedSystem:
    found = arm.ranking(dataset, held_out_rows(dataset), depth)
    return ListedSystem(name, name, "run_file", "f", found.top_answers, found.top_scores)


def test_finished_lists_are_measured_like_the_vectors_they_came_from(tiny_dataset):
    base = vectors(tiny_dataset, 0.5, 1, "base")
    comparison = run(tiny_dataset, base, as_lists(tiny_dataset, base, "present search"))
    ours, theirs = comparison.system("base"), comparison.system("present search")
    for metric in METRICS:
        assert (ours.metrics[metric] == theirs.metrics[metric]).all()
    assert (ours.right_rank == theirs.right_rank).all()


def test_a_right_answer_that_is_not_listed_ranks_behind_all(tiny_dataset):
    base = vectors(tiny_dataset, 0.5, 1, "base")
    short = as_lists(tiny_dataset, base, "short", depth=1)
    comparison = run(tiny_dataset, base, short)
    ranks = comparison.system("short").right_rank
    assert set(ranks) <= {1, len(tiny_dataset.answers) + 1}
    assert (comparison.system("short").metrics["mrr@10"] == (ranks == 1)).all()


def test_every_other_system_is_set_against_base_with_holm(tiny_dataset):
    arms = [
        vectors(tiny_dataset, n, i, m)
        for i, (m, n) in enumerate([("base", 0.5), ("tuned", 0.2), ("bm25", 2.0), ("expert", 0.6)])
    ]
    comparison = run(tiny_dataset, *arms)
    for regime in ("known", "unseen"):
        found = [d for d in comparison.contrasts if d.regime == regime]
        assert [(d.arm, d.reference) for d in found] == [
            ("tuned", "base"), ("bm25", "base"), ("expert", "base")
        ]  # fmt: skip
        assert [d.p_adjusted for d in found] == pytest.approx(holm(np.array([d.p for d in found])))
        main = comparison.difference(regime)
        assert (found[0].difference, found[0].word) == (main.difference, main.word)
    backwards = contrasts(comparison, seed=0, reference="bm25")
    assert backwards[0].difference == pytest.approx(-comparison.contrasts[1].difference)
    assert contrasts(comparison, seed=0, reference="gone") == ()


def test_a_tie_margin_turns_small_changes_into_ties(tiny_dataset):
    arms = [vectors(tiny_dataset, 0.7, 1, "base"), vectors(tiny_dataset, 0.7, 2, "tuned")]
    comparison = run(tiny_dataset, *arms)
    strict, wide = (contrasts(comparison, seed=0, margin=m) for m in (0.0, 1.0))
    assert all(d.ties == d.questions for d in wide)
    assert sum(d.wins + d.losses for d in strict) > 0
    assert [d.difference for d in strict] == [d.difference for d in wide]


def test_systems_of_other_data_are_refused_with_both_hashes(tiny_dataset):
    here = origin_of(tiny_dataset)
    other_answers = replace(tiny_dataset, answers=("changed", *tiny_dataset.answers[1:]))
    moved = replace(tiny_dataset, split=np.roll(tiny_dataset.split, 1))
    for changed, words in ((other_answers, "other answers"), (moved, "another split")):
        found = origin_of(changed)
        said = str(why_refused("Run 3", found, here))
        assert words in said and "Run 3" in said
        assert (found.corpus_id in said and here.corpus_id in said) or (
            found.questions_id in said and here.questions_id in said
        )
    assert why_refused("Run 3", origin_of(replace(tiny_dataset, name="renamed")), here) is None


def test_a_tuned_model_with_other_prompts_than_its_base_is_refused(tiny_dataset):
    """Its vectors would be of other texts than those that it was tuned on."""
    here = origin_of(tiny_dataset)
    same = origin_of(tiny_dataset, {"query": "query: "}, {"query": "query: ", "document": ""})
    other = origin_of(tiny_dataset, {"query": ""}, {"query": "query: "})
    assert why_refused("Run", same, here) is None
    assert "“query: ”" in str(why_refused("Run", other, here))


def test_a_refused_system_is_absent_but_a_refused_tuned_model_ends_the_comparison(tiny_dataset):
    base, tuned = (vectors(tiny_dataset, 0.5, i, n) for i, n in enumerate(("base", "tuned")))
    strange = origin_of(replace(tiny_dataset, split=np.roll(tiny_dataset.split, 1)))
    other = replace(vectors(tiny_dataset, 0.1, 5, "run:x"), origin=strange)
    comparison = run(tiny_dataset, base, tuned, other)
    assert comparison.system("run:x") is None
    assert "another split" in str(comparison.absent["run:x"])
    with pytest.raises(ComparisonError, match="another split"):
        run(tiny_dataset, base, replace(tuned, origin=strange))


def test_lists_of_other_data_are_absent(tiny_dataset):
    base = vectors(tiny_dataset, 0.5, 1, "base")
    lists = as_lists(tiny_dataset, base, "short")
    comparison = run(tiny_dataset, base, replace(lists, top_answers=lists.top_answers[1:]))
    assert "result lists for" in str(comparison.absent["short"])


def test_notes_and_contrasts_survive_the_disk(tiny_dataset):
    note = Message("{count} ids are not known.", {"count": 3})
    base = vectors(tiny_dataset, 0.5, 1, "base")
    lists = replace(as_lists(tiny_dataset, base, "present"), notes=(note,))
    comparison = run(tiny_dataset, base, lists)
    back = from_files(*to_files(comparison))
    assert back.system("present").notes == (note,)
    assert back.contrasts == comparison.contrasts


def test_another_measure_needs_no_new_search(tiny_dataset):
    graded = replace(tiny_dataset, right_grade=np.tile([1.0, 2.0, 3.0, 1.0], 12).astype("f4"))
    comparison = run(graded, vectors(graded, 0.8, 1, "base"), vectors(graded, 0.8, 2, "tuned"))
    assert grades_of(graded) == (1.0, 2.0, 3.0)
    same = remeasured(comparison, graded, NDCG @ 10)
    for arm in comparison.systems:
        assert (same.system(arm.name).metrics["ndcg@10"] == arm.metrics["ndcg@10"]).all()
    strict = remeasured(comparison, graded, SUCCESS.from_grade(2) @ 1)
    values = strict.system("base").metrics["success@1>=2"]
    grades = graded.relevance[comparison.question_rows].max(axis=1).toarray().ravel()
    assert (values[grades < 2] == 0).all()
    assert values.sum() <= comparison.system("base").metrics["top1"].sum()


def test_lists_that_are_too_short_for_a_cutoff_are_not_passed_off_as_long_ones(tiny_dataset):
    big = replace(tiny_dataset, answers=(*tiny_dataset.answers, *(f"more {i}" for i in range(50))),
                  answer_ids=tuple(f"a{i}" for i in range(62)))  # fmt: skip
    comparison = run(big, vectors(big, 0.5, 1, "base"))
    older = replace(
        comparison,
        systems=tuple(replace(a, top_answers=a.top_answers[:, :20]) for a in comparison.systems),
    )
    assert possible_cutoffs(older) == (1, 3, 5, 10, 20)
    with pytest.raises(ComparisonError, match="kept 20 answers"):
        remeasured(older, big, RECALL @ 100)
