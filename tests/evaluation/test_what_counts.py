"""Weighted verdicts against the plain ones and against replication; must-find against ranks."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from core.evaluation.statistics import mean_interval, ratio_interval
from core.evaluation.verdict import promotion_allowed
from core.evaluation.what_counts import (
    counted,
    counted_lines,
    must_find_sentence,
    weighted_difference,
    weighted_sentence,
)
from core.types import Comparison, SystemResult
from core.types.comparison import WhatCounts


def system(name: str, ndcg: np.ndarray, ranks: np.ndarray) -> SystemResult:
    count = len(ndcg)
    lists = np.zeros((count, 1), np.int32)
    return SystemResult(
        name, name, name, name, {"ndcg@10": ndcg}, lists, lists.astype(np.float32), ranks
    )


@pytest.fixture
def compared(tiny_dataset):
    """The data and a comparison on all of its questions, tuned better on the even ones only."""
    rows = np.arange(len(tiny_dataset.questions), dtype=np.int32)
    before = np.full(len(rows), 0.5)
    after = np.where(rows % 2 == 0, 0.9, 0.3)
    comparison = Comparison(
        dataset_id=tiny_dataset.id,
        run_id="run",
        question_rows=rows,
        regimes=np.full(len(rows), "known"),
        groups=rows.copy(),
        systems=(
            system("base", before, np.full(len(rows), 4)),
            system("tuned", after, np.where(rows % 2 == 0, 1, 20)),
        ),
        differences=(),
    )
    return tiny_dataset, comparison


def weighed(dataset, weight):
    return replace(dataset, question_weight=np.asarray(weight, np.float32))


@given(st.integers(0, 1000), st.integers(2, 40))
@settings(max_examples=25, deadline=None)
def test_equal_denominators_give_the_interval_of_the_mean(seed, count):
    rng = np.random.default_rng(seed)
    values, clusters = rng.normal(size=count), rng.integers(0, max(count // 2, 1), count)
    plain = mean_interval(values, clusters, seed=3, resamples=500)
    ratio = ratio_interval(3 * values, np.full(count, 3.0), clusters, seed=3, resamples=500)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx(
        (plain.value, plain.low, plain.high), abs=1e-12
    )


@given(st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_a_whole_weight_is_the_question_asked_so_many_times(seed):
    rng = np.random.default_rng(seed)
    count = 30
    before, after = rng.random(count), rng.random(count)
    times = rng.integers(1, 5, count)
    one = weighted_difference(
        before,
        after,
        times.astype(float),
        np.arange(count),
        regime="known",
        metric="ndcg@10",
        seed=1,
    )
    many = mean_interval(
        np.repeat(after - before, times), np.repeat(np.arange(count), times), seed=1
    )
    assert (one.difference, one.low, one.high) == pytest.approx(
        (many.value, many.low, many.high), abs=1e-9
    )
    assert one.after - one.before == pytest.approx(one.difference)
    assert 1 <= one.effective_questions <= count


def test_the_interval_covers_the_weighted_truth_where_weights_are_as_in_a_log():
    rng, covered, draws = np.random.default_rng(0), 0, 200
    for seed in range(draws):
        weights = 1 / np.arange(1, 121) ** 0.5
        truth = 0.1
        gains = truth + rng.normal(size=120) * 0.3 + np.repeat(rng.normal(size=40) * 0.1, 3)
        interval = ratio_interval(
            weights * gains, weights, np.repeat(np.arange(40), 3), seed=seed, resamples=600
        )
        covered += interval.low <= truth <= interval.high
    assert covered / draws >= 0.90


def test_few_heavy_questions_are_no_proof():
    before, after = np.zeros(100), np.full(100, 0.2) + np.linspace(0, 0.01, 100)
    weights = np.ones(100)
    plain = weighted_difference(
        before, after, weights, np.arange(100), regime="known", metric="ndcg@10", seed=0
    )
    weights[:3] = 1000
    heavy = weighted_difference(
        before, after, weights, np.arange(100), regime="known", metric="ndcg@10", seed=0
    )
    assert plain.word == "better" and plain.effective_questions == pytest.approx(100)
    assert heavy.word == "not shown" and heavy.effective_questions < 4
    assert "not shown" not in str(weighted_sentence(plain))
    assert "no difference shown" in str(weighted_sentence(heavy))


def test_weights_turn_the_verdict_and_refuse_the_model(compared):
    dataset, comparison = compared
    rows = np.arange(len(dataset.questions))
    assert counted(comparison, dataset, WhatCounts()).differences == ()
    odd = counted(comparison, weighed(dataset, np.where(rows % 2, 5.0, 1.0)), WhatCounts())
    by_metric = {d.metric: d for d in odd.differences}
    assert set(by_metric) == {"ndcg@10", "success@10"}
    expected = (1 * 0.4 + 5 * -0.2) / 6
    assert by_metric["ndcg@10"].difference == pytest.approx(expected)
    assert by_metric["success@10"].after == pytest.approx(1 / 6)
    assert promotion_allowed(comparison)[0]
    # the same questions ten times over: enough for a verdict
    many = replace(
        comparison,
        question_rows=np.tile(comparison.question_rows, 10),
        regimes=np.tile(comparison.regimes, 10),
        groups=np.arange(10 * len(rows)),
        systems=tuple(
            replace(
                s,
                metrics={k: np.tile(v, 10) for k, v in s.metrics.items()},
                right_rank=np.tile(s.right_rank, 10),
            )
            for s in comparison.systems
        ),
    )
    heavy = weighed(dataset, np.where(rows % 2, 5.0, 1.0))
    worse = replace(many, counted=counted(many, heavy, WhatCounts()))
    allowed, reasons = promotion_allowed(worse)
    assert not allowed and "Weighted by what questions count" in str(reasons[0])


def test_categories_multiply_the_weights_of_the_data(compared):
    dataset, comparison = compared
    names = tuple("a" if row % 2 else "b" for row in range(len(dataset.questions)))
    named = replace(dataset, attributes={"category": names})
    by_category = counted(comparison, named, WhatCounts(category_weights=(("a", 5.0),)))
    rows = np.arange(len(names))
    by_weight = counted(comparison, weighed(named, np.where(rows % 2, 5.0, 1.0)), WhatCounts())
    assert by_category.differences == by_weight.differences


def test_must_find_questions_pass_or_fail_by_the_rank_that_the_screen_shows(compared):
    dataset, comparison = compared
    marked = replace(dataset, must_find=np.arange(len(dataset.questions)) == 0)
    wanted = WhatCounts(must_find=(dataset.questions[1], "no such question"), within=10)
    result = counted(comparison, marked, wanted)
    assert [(m.question, m.before, m.after) for m in result.must_find] == [(0, 4, 1), (1, 4, 20)]
    assert [m.question for m in result.lost] == [m.question for m in result.missed] == [1]
    assert [title for title, _ in counted_lines(result)] == ["Must-find questions"]
    assert "1 of 2 after tuning, 2 before; 1 lost" in str(must_find_sentence(result))
    allowed, reasons = promotion_allowed(replace(comparison, counted=result))
    assert not allowed and "1 must-find question " in str(reasons[0])
    wide = counted(comparison, marked, replace(wanted, within=20))
    assert not wide.lost and promotion_allowed(replace(comparison, counted=wide))[0]
    half = replace(
        comparison,
        question_rows=comparison.question_rows[1:],
        regimes=comparison.regimes[1:],
        groups=comparison.groups[1:],
        systems=tuple(
            replace(
                s,
                metrics={k: v[1:] for k, v in s.metrics.items()},
                right_rank=s.right_rank[1:],
            )
            for s in comparison.systems
        ),
    )
    assert counted(half, marked, wanted).unjudged == (0,)


def test_nothing_is_said_where_a_model_is_absent(compared):
    dataset, comparison = compared
    alone = replace(comparison, systems=comparison.systems[:1])
    marked = replace(dataset, must_find=np.ones(len(dataset.questions), bool))
    assert counted(alone, marked, WhatCounts()).must_find == ()
