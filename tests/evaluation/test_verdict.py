"""The words of the verdict and the promotion guard."""

from dataclasses import replace

import numpy as np
import pytest

from core.data.splitting import split_by_group
from core.evaluation.verdict import (
    contrasts,
    effect_text,
    possible_regimes,
    promotion_allowed,
    sentence,
    untested_text,
    verdict_way,
    way_text,
    word,
)
from core.types import Comparison, Difference, Generality, SystemResult

BETTER = Difference(
    regime="known",
    metric="ndcg@10",
    before=0.70,
    after=0.76,
    difference=0.06,
    low=0.04,
    high=0.08,
    p=0.001,
    wins=60,
    ties=130,
    losses=20,
    questions=210,
    groups=50,
    word="better",
    smallest_detectable=0.028,
)


@pytest.mark.parametrize(
    ("low", "high", "p", "questions", "groups", "expected"),
    [
        (0.01, 0.09, 0.01, 100, 30, "better"),
        (-0.09, -0.01, 0.01, 100, 30, "worse"),
        (-0.01, 0.09, 0.01, 100, 30, "not shown"),  # interval holds zero
        (0.0, 0.09, 0.01, 100, 30, "not shown"),  # interval touches zero
        (0.01, 0.09, 0.05, 100, 30, "not shown"),  # tests disagree
        (0.01, 0.09, 0.01, 19, 12, "not shown"),  # too few questions
        (0.01, 0.09, 0.01, 100, 9, "not shown"),  # too few groups
    ],
)
def test_a_claim_needs_interval_and_test_and_enough_data(low, high, p, questions, groups, expected):
    assert word(low, high, p, questions, groups) == expected


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "Better: +0.06 (0.04 to 0.08), on 210 held-out questions."),
        ({"low": 0.004}, "Better: +0.060 (0.004 to 0.080), on 210 held-out questions."),
        (
            {"difference": -0.06, "low": -0.08, "high": -0.04, "word": "worse"},
            "Worse: −0.06 (−0.08 to −0.04), on 210 held-out questions.",
        ),
        (
            {"low": -0.02, "word": "not shown"},
            "No clear difference: +0.06 (−0.02 to 0.08), on 210 held-out questions. There may be",
        ),
        (
            {"low": -0.02, "word": "not shown", "smallest_detectable": 0.0031},
            "one of 0.003 or more would probably be found",
        ),
        (
            {"difference": 0.004, "low": 0.00009, "high": 0.01},
            "Better: +0.0040 (0.0001 to 0.0100)",
        ),
        (
            {"difference": 0.004, "low": 0.00004, "high": 0.01},
            "Better: +0.00400 (0.00004 to 0.01000)",
        ),
        ({"p": 0.07, "word": "not shown"}, "second test does not confirm the difference (p = 0.07"),
        ({"questions": 12, "groups": 3, "word": "not shown"}, "too few held-out questions"),
        (
            {"wins": 0, "losses": 0, "low": 0.0, "high": 0.0, "word": "not shown"},
            "on all 210 held-out questions the result is the same",
        ),
    ],
)
def test_the_sentence_gives_numbers_and_the_reason(changes, text):
    assert text in str(sentence(replace(BETTER, **changes)))


@pytest.mark.parametrize(
    ("effect", "least", "text"),
    [(0.0, 2, "0.00"), (0.05, 2, "0.05"), (0.0049, 2, "0.005"), (0.0004, 3, "0.0004"),
     (-0.002, 2, "−0.002"), (1e-12, 2, "0.000000")],
)  # fmt: skip
def test_an_effect_never_reads_as_zero(effect, least, text):
    """ "0.00 or more would probably be found" promises everything."""
    assert effect_text(effect, least) == text


def test_a_secondary_metric_is_judged_by_its_adjusted_p():
    secondary = replace(BETTER, metric="top1", word="not shown", p=0.01, p_adjusted=0.06)
    assert "p = 0.060" in str(sentence(secondary))


def comparison(*differences, generality=()) -> Comparison:
    none = np.zeros(0, np.int32)
    arms = tuple(SystemResult(n, n, n, n, {}, none, none, none) for n in ("base", "tuned"))
    return Comparison("d", "r", none, none.astype(str), none, arms, differences, generality)


@pytest.mark.parametrize(("after", "allowed"), [(0.781, True), (0.779, False), (0.9, True)])
def test_promotion_stops_at_the_generality_limit(after, allowed):
    probe = Generality("en", 250, 0.80, after, -0.1, 0.1)
    verdict, reasons = promotion_allowed(comparison(BETTER, generality=(probe,)))
    assert verdict == allowed
    assert [r.params["language"] for r in reasons] == ([] if allowed else ["en"])


def test_promotion_is_refused_for_every_regime_that_got_worse_but_not_for_side_metrics():
    bad = replace(BETTER, difference=-0.05, low=-0.08, high=-0.02, word="worse")
    assert len(promotion_allowed(comparison(bad, replace(bad, regime="unseen")))[1]) == 2
    assert promotion_allowed(comparison(replace(bad, metric="top1")))[0]


def asked(dataset, groups, each):
    """Return a dataset of ``groups`` answers with ``each`` questions, split as an import splits."""
    group = np.repeat(np.arange(groups), each).astype(np.int32)
    split = split_by_group(group)
    return replace(
        dataset,
        questions=tuple(f"question {i}" for i in range(len(group))),
        answers=tuple(f"answer {i}" for i in range(groups)),
        right_question=np.arange(len(group), dtype=np.int32),
        right_answer=group,
        right_grade=np.ones(len(group), np.float32),
        question_group=group,
        answer_group=np.arange(groups, dtype=np.int32),
        split=split,
        question_row=np.arange(len(group), dtype=np.int32) + 2,
        question_weight=np.ones(len(group), np.float32),
        must_find=np.zeros(len(group), bool),
    )


@pytest.mark.parametrize(
    ("groups", "each", "way", "regimes"),
    [
        (79, 1, "cross-fit", ("unseen",)),  # a shop's FAQ: 12 questions of the split prove nothing
        (297, 1, "cross-fit", ("unseen",)),  # 60 test questions would be enough, 59 are not
        (305, 1, "split", ("unseen",)),
        (40, 4, "cross-fit", ("known", "unseen")),
        (110, 6, "split", ("known", "unseen")),
        (9, 3, "split", ()),  # too few answers for folds: a verdict is not to be had either way
    ],
)
def test_every_question_is_tested_where_one_split_leaves_too_few(
    tiny_dataset, groups, each, way, regimes
):
    data = asked(tiny_dataset, groups, each)
    assert verdict_way(data) == way
    assert possible_regimes(data) == regimes


def test_only_what_is_said_of_the_tuned_model_is_widened():
    """Folds share training questions, which concerns what they tuned and nothing else."""
    rng = np.random.default_rng(0)
    count = 60

    def system(name, shift):
        values = np.clip(rng.random(count) + shift, 0, 1)
        nothing = np.zeros((count, 1), np.int32)
        ranks = np.ones(count, np.int32)
        tables = nothing, nothing.astype(np.float32), ranks
        return SystemResult(name, name, name, name, {"ndcg@10": values}, *tables)

    systems = system("base", 0.0), system("tuned", 0.2), system("bm25", 0.1)
    plain = Comparison(
        "d", "r", np.arange(count), np.full(count, "unseen"), np.arange(count), systems, ()
    )
    wide = replace(plain, way="cross-fit", folds=5, widening=2.0)
    before, after = ({d.arm: d for d in contrasts(one, seed=1)} for one in (plain, wide))
    assert before["bm25"] == after["bm25"]
    gap = before["tuned"].difference - before["tuned"].low
    assert after["tuned"].difference - after["tuned"].low == pytest.approx(2 * gap)
    assert after["tuned"].p == before["tuned"].p
    assert after["tuned"].smallest_detectable == 2 * before["tuned"].smallest_detectable


def test_a_cross_fitted_verdict_says_how_it_was_reached():
    count = 30
    folded = Comparison(
        "d", "r", np.arange(count), np.full(count, "unseen"), np.arange(count), (), ()
    )
    assert way_text(folded) is None
    said = str(way_text(replace(folded, way="cross-fit", folds=5, widening=1.4)))
    assert "Every one of the 30 questions" in said and "40 % wider" in said
    assert "two or more differently worded" in str(untested_text(folded))
    assert untested_text(replace(folded, regimes=np.full(count, "known"))) is None
