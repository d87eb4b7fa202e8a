"""Do experts still agree: how alike they rank candidate answers of new questions and of known ones.

Experts that agreed about what was asked when the model learned, and do not agree about what is
asked now, know less about it, and so does a model that learned from them. Nobody has to judge
anything for that.

The figure is the mean Spearman correlation of two experts over the candidates of a question: what
any of them puts first, and a few answers drawn by lot, the same for all questions. (Among first
answers alone, experts contradict each other by construction: an answer is there because one of them
puts it first.) Kendall's W is the same in another scale: W = (1 + (K - 1) r) / K. An expert to whom
all candidates are the same, as to keyword search without a shared word, agrees with nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.evaluation.search import rank
from core.evaluation.statistics import mean_interval
from core.labels.similar_experts import agreement
from core.pilot.seasons import FEWEST, SIMULATED, Seasons, safe_limit, seasons
from core.types import ExpertScores
from core.types.watch_looks import ExpertAgreement, ExpertVoice

TOP, DRAWN = 5, 10  # candidates: first answers of each expert, and answers drawn by lot
MOST = 400  # questions that are looked at on each side: the interval is then about 2 points
MOST_FALL = 1.0


def agreements(scores: Sequence[ExpertScores], *, seed: int = 0) -> np.ndarray:
    """Return how far each expert goes with the others about each question.

    Parameters
    ----------
    scores : sequence of ExpertScores, K of them
        Of the same questions and answers.

    Returns
    -------
    float64 array [n, K] in [-1, 1]
        Mean correlation with the others; the mean of a row is that of all pairs of experts.
    """
    answers = scores[0].answer_matrix.shape[0]
    drawn = np.random.default_rng(seed).permutation(answers)[:DRAWN].astype(np.int32)
    tops = [rank(one.question_matrix, one.answer_matrix, TOP).top_answers for one in scores]
    found = np.zeros((scores[0].question_matrix.shape[0], len(scores)))
    for row in range(len(found)):
        pool = np.unique(np.concatenate([*(top[row] for top in tops), drawn]))
        pool = pool[pool >= 0]  # shorter lists are filled up with -1
        asked = np.full(len(pool), row, np.int32)
        table = agreement(np.stack([one.pairs(asked, pool) for one in scores]))
        found[row] = (table.sum(axis=1) - 1) / max(len(scores) - 1, 1)
    return found


def compared(
    known: np.ndarray,
    now: np.ndarray,
    experts: Sequence[str],
    vectors: np.ndarray,
    *,
    tolerated: float,
    false_alarms: float,
    looks: float,
    simulated: int = SIMULATED,
    seed: int = 0,
) -> ExpertAgreement:
    """Compare agreement about new questions with that about known ones.

    Parameters
    ----------
    known, now : float arrays [n, K], [m, K]
        What :func:`agreements` returns, at least 2 questions each.
    vectors : float array [n, d]
        Of the known questions, to make seasons of them.
    tolerated : float
        Fall that does not matter; raised where seasons would ring oftener than accepted.
    false_alarms, looks : float
        Chance of any false alarm in so many looks, 0 to 1.
    """
    then, later = known.mean(axis=1), now.mean(axis=1)
    rings = None
    if len(known) >= FEWEST:
        weeks = seasons(vectors, len(now), simulated=simulated, seed=seed)
        tolerated, rings = safe_limit(
            lambda limit: _falls(then, weeks, limit),
            tolerated,
            most=MOST_FALL,
            false_alarms=false_alarms,
            looks=looks,
        )
    before, after = (
        mean_interval(values, np.arange(len(values)), seed=seed, resamples=2_000)
        for values in (then, later)
    )
    means = zip(experts, known.mean(axis=0).tolist(), now.mean(axis=0).tolist(), strict=True)
    p = _welch(_moments(then[None]), _moments(later[None]), tolerated)
    return ExpertAgreement(
        before,
        after,
        *(len(known), len(now), float(p[0]), false_alarms / looks, tolerated),
        voices=tuple(ExpertVoice(*one) for one in means),
        simulated=rings,
    )


def _falls(values: np.ndarray, weeks: Seasons, limit: float) -> np.ndarray:
    """Return p of each simulated week, float [simulated]: that agreement fell by more than that."""

    def moments(times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        members = times.astype(np.float64)
        counts = members.sum(axis=1)
        means = members @ values / counts
        squares = members @ values**2 / counts - means**2
        return means, np.maximum(squares, 0) * counts / np.maximum(counts - 1, 1), counts

    return _welch(moments(weeks.known), moments(weeks.asked), limit)


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = np.full(len(values), values.shape[1], np.float64)
    spread = values.var(axis=1, ddof=1) if values.shape[1] > 1 else np.zeros(len(values))
    return values.mean(axis=1), spread, count


def _welch(
    before: tuple[np.ndarray, np.ndarray, np.ndarray],
    after: tuple[np.ndarray, np.ndarray, np.ndarray],
    limit: float,
) -> np.ndarray:
    """Return Welch's one-sided p that the mean fell by more than ``limit``; 1 without a spread.

    Parameters
    ----------
    before, after : means, variances and counts, float [n] each
    """
    from scipy.stats import ttest_ind_from_stats

    (first, first_spread, first_count), (second, second_spread, second_count) = before, after
    with np.errstate(divide="ignore", invalid="ignore"):
        found = ttest_ind_from_stats(
            *(second + limit, np.sqrt(second_spread), second_count),
            *(first, np.sqrt(first_spread), first_count),
            equal_var=False,
            alternative="less",
        )
    return np.where(np.isnan(found.pvalue), 1.0, found.pvalue)
