"""Language models and clicks beside people: how far they agree, and how much they may count.

A model judges thousands of pairs while people judge a hundred, and its errors are systematic: where
it prefers long answers, it does so every time. So it may count more than people only once their
agreement on the same pairs is shown, not merely likely. Clicks say less: what was opened need not
have helped. They have little weight until people agree with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.messages import N_, Message
from core.types import ListedScores, PairScores
from core.types.scores import CLICKS, MODEL, PEOPLE

GRADES = 4  # of the scale 0 to 3
ENOUGH_SHARED = 30  # pairs; with fewer the interval itself cannot be relied on
# "Substantial" agreement, Landis & Koch 1977, "The Measurement of Observer Agreement for
# Categorical Data". The lower end of the interval has to reach it.
AGREES = 0.6
MOST_OF_CLICKS = 0.05  # of all weight, until people agree
RESAMPLES = 2000
_SEED = 0

MAY_EXCEED, HELD, UNKNOWN, NO_PEOPLE = "may exceed", "held", "unknown", "no people"
_TOLD = {
    MAY_EXCEED: N_(
        "{model} judges as people do (weighted kappa {kappa}, {low} to {high}, on {pairs} shared "
        "pairs): it may count more than they."
    ),
    HELD: N_(
        "{model} does not surely judge as people do (weighted kappa {kappa}, {low} to {high}, on "
        "{pairs} shared pairs; the lower end has to reach {least}): it counts at most as much as "
        "they, unless weights are set by hand."
    ),
    UNKNOWN: N_(
        "How far {model} agrees with people is not known: they share {pairs} pairs, {enough} are "
        "needed. Until then it counts at most as much as they, unless weights are set by hand."
    ),
    NO_PEOPLE: N_(
        "Nobody has checked what {model} says: no people take part. Rate {enough} of its pairs "
        "on the Experts page, and their agreement decides how much it may count."
    ),
}
_TOLD_CLICKS = {
    MAY_EXCEED: N_(
        "{model} say what people say (weighted kappa {kappa}, {low} to {high}, on {pairs} shared "
        "pairs): they count like any other expert."
    ),
    HELD: N_(
        "{model} do not surely say what people say (weighted kappa {kappa}, {low} to {high}, on "
        "{pairs} shared pairs; the lower end has to reach {least}): they have at most {most} of "
        "the weight, unless weights are set by hand."
    ),
    UNKNOWN: N_(
        "How far {model} agree with people is not known: they share {pairs} pairs, {enough} are "
        "needed. Until then they have at most {most} of the weight, unless weights are set by hand."
    ),
    NO_PEOPLE: N_(
        "Nobody has checked what {model} say, so they have at most {most} of the weight, unless "
        "weights are set by hand. Rate {enough} of their pairs on the Experts page."
    ),
}


@dataclass(frozen=True)
class JudgeAgreement:
    """How far a language model agrees with people on the pairs that both judged.

    Attributes
    ----------
    kappa : float or None
        Quadratically weighted kappa: 1 = always the same grade, 0 = as chance would have it; None
        where it is not defined.
    low, high : float
        95% bootstrap interval; questions are drawn, with all their pairs.
    pairs : int
        Judged by both.
    """

    kappa: float | None
    low: float
    high: float
    pairs: int


@dataclass(frozen=True)
class Gate:
    """Whether a language model may count more than people, or clicks more than little, and why.

    Attributes
    ----------
    model : str
        Key of the expert.
    decision : str
        ``may exceed``, ``held``, ``unknown`` or ``no people``.
    judge : str
        ``model`` or ``clicks``.
    """

    model: str
    decision: str
    agreement: JudgeAgreement
    judge: str = MODEL

    @property
    def holds(self) -> bool:
        """Whether the weight is limited: of a model to that of people, of clicks to little."""
        without_people = self.decision == NO_PEOPLE and self.judge == CLICKS
        return self.decision in (HELD, UNKNOWN) or without_people

    def told(self, title: str) -> Message:
        """Return the decision in a sentence that names the model."""
        found = self.agreement
        values: dict[str, str | int | float] = {
            "model": title,
            "pairs": found.pairs,
            "enough": ENOUGH_SHARED,
            "least": AGREES,
            "most": f"{MOST_OF_CLICKS:.0%}",
        }
        if found.kappa is not None:
            values |= {"kappa": f"{found.kappa:.2f}"}
            values |= {"low": f"{found.low:.2f}", "high": f"{found.high:.2f}"}
        return Message((_TOLD_CLICKS if self.judge == CLICKS else _TOLD)[self.decision], values)


def weighted_kappa(first: np.ndarray, second: np.ndarray, grades: int = GRADES) -> float | None:
    """Return Cohen's kappa with quadratic weights; None where chance alone would agree fully.

    κ = 1 − Σ w·O / Σ w·E with w = (i − j)², O the table of both grades and E that of independent
    ones. Source: Cohen 1968, "Weighted kappa", Psychological Bulletin 70.

    Parameters
    ----------
    first, second : int arrays [n] in 0 … grades − 1
    """
    return _kappa(_table(first, second, np.ones(len(first)), grades))


def _table(first: np.ndarray, second: np.ndarray, weight: np.ndarray, grades: int) -> np.ndarray:
    return np.bincount(first * grades + second, weight, minlength=grades * grades).reshape(
        grades, grades
    )


def _kappa(table: np.ndarray) -> float | None:
    total = table.sum()
    if not total:
        return None
    steps = np.arange(len(table))
    apart = (steps[:, None] - steps[None]) ** 2
    by_chance = float((apart * np.outer(table.sum(1), table.sum(0))).sum() / total)
    return 1 - float((apart * table).sum()) / by_chance if by_chance > 0 else None


def judge_agreement(
    people: ListedScores, model: ListedScores, *, seed: int = _SEED, resamples: int = RESAMPLES
) -> JudgeAgreement:
    """Measure how far a language model, or clicks, agree with people.

    People's mean ratings in [0, 1] are rounded to the model's grades, and so are means of several
    answers of the model, and scores of clicks.
    """
    highest = GRADES - 1
    said = model.pairs(people.question_rows, people.answer_rows)
    said = said * highest if model.judge == CLICKS else said
    shared = ~np.isnan(said)
    second = np.rint(said[shared]).clip(0, highest).astype(np.int64)
    first = np.rint(people.values[shared] * highest).clip(0, highest).astype(np.int64)
    return agreement_of(first, second, people.question_rows[shared], seed=seed, resamples=resamples)


def agreement_of(
    first: np.ndarray,
    second: np.ndarray,
    questions: np.ndarray,
    *,
    seed: int = _SEED,
    resamples: int = RESAMPLES,
) -> JudgeAgreement:
    """Return kappa of two judges with its interval.

    Parameters
    ----------
    first, second : int arrays [n], grades of the same pairs
    questions : int array [n]
        The question of each pair: pairs of one question are drawn together.
    """
    kappa = weighted_kappa(first, second)
    if kappa is None:
        return JudgeAgreement(None, float("nan"), float("nan"), len(first))
    _, unit = np.unique(questions, return_inverse=True)
    count = int(unit.max()) + 1
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    found = [_kappa(_table(first, second, turn[unit], GRADES)) for turn in drawn]
    known = [value for value in found if value is not None]
    low, high = np.percentile(known or [kappa], [2.5, 97.5])
    return JudgeAgreement(kappa, float(low), float(high), len(first))


def gates(scores: Sequence[PairScores]) -> tuple[Gate, ...]:
    """Return for each language model whether it may count more than people; the same of clicks."""
    listed = [expert for expert in scores if isinstance(expert, ListedScores)]
    people = next((expert for expert in listed if expert.judge == PEOPLE), None)
    return tuple(_gate(people, expert) for expert in listed if expert.judge in (MODEL, CLICKS))


def _gate(people: ListedScores | None, model: ListedScores) -> Gate:
    if people is None:
        nothing = JudgeAgreement(None, float("nan"), float("nan"), 0)
        return Gate(model.expert, NO_PEOPLE, nothing, model.judge)
    found = judge_agreement(people, model)
    if found.kappa is None or found.pairs < ENOUGH_SHARED:
        return Gate(model.expert, UNKNOWN, found, model.judge)
    return Gate(model.expert, MAY_EXCEED if found.low >= AGREES else HELD, found, model.judge)


def gated(weights: np.ndarray, scores: Sequence[PairScores]) -> np.ndarray:
    """Return the weights with no model above people, nor clicks above little, where gates hold.

    Parameters
    ----------
    weights : float64 array [K] that sum to 1, in the order of ``scores``

    Returns
    -------
    float64 array [K] that sum to 1
        What one loses goes to all others in proportion.
    """
    held = {gate.model: gate.judge for gate in gates(scores) if gate.holds}
    people = [
        row
        for row, expert in enumerate(scores)
        if isinstance(expert, ListedScores) and expert.judge == PEOPLE
    ]
    if not held:
        return weights
    of_model = float(weights[people].max()) if people else 1.0
    models, clicks = (
        np.array([held.get(expert.expert) == judge for expert in scores])
        for judge in (MODEL, CLICKS)
    )
    limited = np.where(models, np.minimum(weights, of_model), weights)
    rest = limited[~clicks].sum()
    if rest > 0:
        most = MOST_OF_CLICKS / (1 - MOST_OF_CLICKS) * rest  # of what they and the rest sum up to
        limited = np.where(clicks, np.minimum(limited, most), limited)
    if np.array_equal(limited, weights):
        return weights
    total = limited.sum()
    return limited / total if total > 0 else weights
