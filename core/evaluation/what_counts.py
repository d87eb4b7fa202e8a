"""What counts in a business: questions that weigh more, and questions that must succeed.

A plain mean says how search does for the average wording. A company loses by what is asked often
or costs much; so the verdict is repeated with the weight of each question, and a list of questions
that have to succeed is checked one by one.
"""

from __future__ import annotations

import numpy as np

from core.evaluation import statistics
from core.evaluation.measures import MAIN_METRIC
from core.evaluation.verdict import REGIME_TEXTS, present_regimes, regime_positions, word
from core.messages import N_, Message
from core.types import BASE, BETTER, NOT_SHOWN, TUNED, WORSE, Comparison, QADataset
from core.types.comparison import Counted, MustFind, WeightedDifference, WhatCounts


def counted(
    comparison: Comparison, dataset: QADataset, wanted: WhatCounts, seed: int = 0
) -> Counted:
    """Return the verdict by weight and the must-find questions of a comparison.

    Parameters
    ----------
    dataset : QADataset
        The data that were compared; its ``question_weight`` and ``must_find`` count as well.
    wanted : WhatCounts
        What the user adds to them.

    Returns
    -------
    Counted
        Without weighted differences where all questions weigh the same; empty where base or tuned
        is absent.
    """
    base, tuned = comparison.system(BASE), comparison.system(TUNED)
    if base is None or tuned is None:
        return Counted(wanted.within)
    weights = question_weights(comparison, dataset, wanted)
    differences = []
    if len(weights) and np.ptp(weights) > 0:
        success = f"success@{wanted.within}"
        for regime in present_regimes(comparison):
            rows = regime_positions(comparison, regime)
            sides = {
                MAIN_METRIC: (base.metrics[MAIN_METRIC][rows], tuned.metrics[MAIN_METRIC][rows]),
                success: tuple(
                    (system.right_rank[rows] <= wanted.within).astype(np.float64)
                    for system in (base, tuned)
                ),
            }
            for metric, (before, after) in sides.items():
                differences.append(
                    weighted_difference(
                        np.asarray(before, np.float64),
                        np.asarray(after, np.float64),
                        weights[rows],
                        comparison.groups[rows],
                        regime=regime,
                        metric=metric,
                        seed=seed,
                        widening=comparison.widening,
                    )
                )
    must = dataset.must_find.copy()
    places = {text: row for row, text in enumerate(dataset.questions)}
    listed = [places[text] for text in wanted.must_find if text in places]
    must[listed] = True
    # Cross-fitted, a question is tested in both regimes: the first, "known answers", is how the
    # delivered model will meet it, which has learned from every answer.
    positions = np.unique(comparison.question_rows, return_index=True)[1]
    positions = positions[must[comparison.question_rows[positions]]]
    found = tuple(
        MustFind(
            int(comparison.question_rows[position]),
            int(base.right_rank[position]),
            int(tuned.right_rank[position]),
        )
        for position in positions
    )
    unjudged = np.setdiff1d(np.flatnonzero(must), comparison.question_rows)
    return Counted(wanted.within, tuple(differences), found, tuple(unjudged.tolist()))


def weighted_sentence(difference: WeightedDifference) -> Message:
    """Return the verdict by weight in one sentence."""
    text = {
        BETTER: N_(
            "By weight ({metric}): better, {before:.3f} to "
            "{after:.3f} ({low:+.3f} to {high:+.3f}); the {questions} questions are worth "
            "{effective} equal ones."
        ),
        WORSE: N_(
            "By weight ({metric}): worse, {before:.3f} to "
            "{after:.3f} ({low:+.3f} to {high:+.3f}); the {questions} questions are worth "
            "{effective} equal ones."
        ),
        NOT_SHOWN: N_(
            "By weight ({metric}): no difference shown, "
            "{before:.3f} to {after:.3f} ({low:+.3f} to {high:+.3f}); the {questions} questions "
            "are worth {effective} equal ones."
        ),
    }[difference.word]
    values: dict[str, str | int | float] = {
        "metric": difference.metric.replace("ndcg", "nDCG"),
        "before": difference.before,
        "after": difference.after,
        "low": difference.low,
        "high": difference.high,
        "questions": difference.questions,
        "effective": round(difference.effective_questions),
    }
    return Message(text, values)


def must_find_sentence(counts: Counted) -> Message:
    """Return how many must-find questions succeed before and after, in one sentence."""
    total = len(counts.must_find)
    text = N_(
        "Must-find questions with a right answer among the first {within}: {after} of {total} "
        "after tuning, {before} before; {lost} lost."
    )
    values: dict[str, str | int | float] = {
        "within": counts.within,
        "total": total,
        "before": sum(found.before <= counts.within for found in counts.must_find),
        "after": total - len(counts.missed),
        "lost": len(counts.lost),
    }
    return Message(text, values)


def counted_lines(counts: Counted) -> tuple[tuple[str, Message], ...]:
    """Return all that is said by what counts, as (title, sentence); titles are message ids."""
    lines = [(REGIME_TEXTS[d.regime].title, weighted_sentence(d)) for d in counts.differences]
    if counts.must_find:
        lines.append((N_("Must-find questions"), must_find_sentence(counts)))
    return tuple(lines)


def question_weights(comparison: Comparison, dataset: QADataset, wanted: WhatCounts) -> np.ndarray:
    """Return the weight of each compared question, float64 [n]: its own times its category's."""
    rows = comparison.question_rows
    weights = dataset.question_weight[rows].astype(np.float64)
    categories = dataset.attributes.get("category")
    if categories and wanted.category_weights:
        by_name = dict(wanted.category_weights)
        weights = weights * [by_name.get(categories[row], 1.0) for row in rows]
    return weights


def weighted_difference(
    before: np.ndarray,
    after: np.ndarray,
    weights: np.ndarray,
    groups: np.ndarray,
    *,
    regime: str,
    metric: str,
    seed: int,
    widening: float = 1.0,
) -> WeightedDifference:
    """Return the weighted mean difference ``Σ w·(after - before) / Σ w`` with interval and word.

    The cluster bootstrap draws whole answer groups and takes the ratio of the sums of each draw;
    the randomisation test flips the weighted sums of the groups. With weights as unequal as those
    of search logs a few questions decide: the effective number of questions (Kish 1965,
    ``(Σ w)² / Σ w²``) replaces their count where the verdict asks for a minimum.

    Parameters
    ----------
    before, after : float64 arrays [n]
    weights : float64 array [n], >= 0, at least one above 0
    groups : int array [n]
    widening : float >= 1
        As in :class:`core.types.Comparison`.
    """
    gains = weights * (after - before)
    interval = statistics.ratio_interval(gains, weights, groups, seed=seed)
    interval = statistics.widened(interval, widening)
    p = statistics.randomisation_p(gains / weights.mean(), groups, seed=seed)
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    group_weights = np.bincount(np.unique(groups, return_inverse=True)[1], weights)
    effective_groups = float(group_weights.sum() ** 2 / (group_weights**2).sum())
    total = weights.sum()
    return WeightedDifference(
        regime=regime,
        metric=metric,
        before=float((weights * before).sum() / total),
        after=float((weights * after).sum() / total),
        difference=interval.value,
        low=interval.low,
        high=interval.high,
        p=p,
        questions=len(weights),
        effective_questions=effective,
        effective_groups=effective_groups,
        word=word(interval.low, interval.high, p, int(effective), int(effective_groups)),
    )
