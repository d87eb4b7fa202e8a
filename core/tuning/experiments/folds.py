"""The cross-fitted verdict: one tuning per fold, and the model that is delivered.

Every question is judged by the model of a fold that has not met it (METHOD §8); the model that is
delivered learns from all questions, with the settings that the folds agreed on. The folds
themselves are made by :mod:`core.data.splitting`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import TuningError
from core.evaluation.measures import MAIN_METRIC
from core.evaluation.statistics import Spread
from core.evaluation.systems import Tested
from core.evaluation.verdict import MIN_GROUPS
from core.hashing import content_id
from core.labels.model import LabelModel
from core.tuning.experiments.experiment import Experiment
from core.types import CROSS_FIT, REGIMES, Comparison, SystemResult
from core.types.tuning import AgreedEnd, CrossFitRequest, Measured, TrialResult
from core.types.tuning_config import TuningConfig

DELIVERED = "all"  # key of the tuning on all questions, beside those of the folds

# By how much an interval of the tuned model is made wider than the bootstrap over answer groups
# gives it, by the least number of answer groups it rests on: the luck of a fold's model is shared
# by all of the fold's questions, and with few groups the bootstrap itself is too narrow. What it
# took in simulations (benchmarks/cross_fit_coverage.py, 400 draws per line, figures in
# docs/method.md) to hold the truth in 95 of 100 draws, the worst line of each size, rounded up.
WIDENING: Mapping[int, float] = {0: 1.8, 40: 1.4, 80: 1.3}


def widening(groups: int) -> float:
    """Return by how much intervals over cross-fitted questions are widened."""
    return WIDENING[max(least for least in WIDENING if least <= groups)]


def fold_key(number: int) -> str:
    """Return the key of a fold (from 1) as a setting of an experiment."""
    return f"f{number:02d}"


@dataclass(frozen=True)
class FoldFigures:
    """One fold that is done.

    Attributes
    ----------
    number : int
        From 1.
    result : TrialResult
        Measured on the fold's own test questions.
    """

    number: int
    result: TrialResult

    def score(self, regime: str) -> tuple[float, float] | None:
        """Return mean nDCG@10 before and after in a regime; None where it tests none of it."""
        before, after = self.result.before, self.result.measured
        if before is None or regime not in after.ndcg:
            return None
        return before.score_in(regime), after.score_in(regime)


@dataclass(frozen=True)
class CrossFit:
    """A cross-fitted verdict as far as it came.

    Attributes
    ----------
    experiment : Experiment
        Its settings are the folds and the delivered model.
    folds : tuple of FoldFigures
        Those that are done.
    """

    experiment: Experiment
    folds: tuple[FoldFigures, ...]

    @property
    def regimes(self) -> tuple[str, ...]:
        """The regimes that a fold has tested."""
        tested = {regime for fold in self.folds for regime in fold.result.measured.ndcg}
        return tuple(regime for regime in REGIMES if regime in tested)

    @property
    def end(self) -> AgreedEnd:
        """Where the delivered model ends, by those folds that are done."""
        return agreed_end([fold.result for fold in self.folds])

    @property
    def switched_off(self) -> tuple[str, ...]:
        """Names of the settings that most folds switched off."""
        return switched_off([fold.result for fold in self.folds])

    def gain(self, regime: str) -> Spread | None:
        """Return the gain over folds in a regime, each fold counting the same; None without one."""
        pairs = [fold.score(regime) for fold in self.folds]
        gains = [after - before for before, after in filter(None, pairs)]
        return Spread.of(gains) if gains else None


def read_cross_fit(experiment: Experiment, request: CrossFitRequest) -> CrossFit:
    """Return what the folds say so far."""
    found = []
    for number in range(1, request.folds + 1):
        runs = experiment.runs.get(fold_key(number), {})
        found += [FoldFigures(number, result) for result in runs.values()]
    return CrossFit(experiment, tuple(found))


def agreed_end(folds: Sequence[TrialResult]) -> AgreedEnd:
    """Return the median share of the steps and the median α of the folds.

    A fold that kept the base model votes for no step; α is the median of those that learned.
    """
    shares = [fold.best_step / fold.planned if fold.planned else 0.0 for fold in folds]
    alphas = [fold.alpha for fold in folds if fold.best_step]
    return AgreedEnd(float(np.median(shares)), float(np.median(alphas)) if alphas else 0.0)


def agreed_settings(config: TuningConfig, folds: Sequence[TrialResult]) -> TuningConfig:
    """Return the settings without what most folds made no use of."""
    off: dict[str, Any] = dict.fromkeys(switched_off(folds), 0)
    return dataclasses.replace(config, **off)


def switched_off(folds: Sequence[TrialResult]) -> tuple[str, ...]:
    """Return the names of the settings that more than half of the folds switched off."""
    votes = [name for fold in folds for name in fold.left_out]
    return tuple(sorted(name for name in set(votes) if votes.count(name) > len(folds) / 2))


def check_labels(labels: LabelModel) -> None:
    """Raise where calibrations or weights were fitted on a test question of their fold.

    Raises
    ------
    TuningError
        With the number of such questions.
    """
    fitted = np.unique(labels.training.question_rows)
    leaked = fitted[np.isin(fitted, labels.dataset.held_out_rows)]
    if len(leaked):
        raise TuningError(
            "The labels of a fold were fitted with {count} of its own test questions, for example "
            "“{example}”. Its verdict would be too good.",
            count=len(leaked),
            example=labels.dataset.questions[leaked[0]][:80],
        )


def measured_on(result: SystemResult, regimes: np.ndarray) -> Measured:
    """Return nDCG@10 per question by regime, as a trial keeps it."""
    values = result.metrics[MAIN_METRIC]
    return Measured(
        {
            regime: tuple(np.round(values[regimes == regime], 6).tolist())
            for regime in REGIMES
            if (regimes == regime).any()
        }
    )


def tested_rows(folds: Sequence[Comparison]) -> tuple[Tested, np.ndarray]:
    """Return the questions of all folds, known answers first, and their order among the folds'.

    Parameters
    ----------
    folds : sequence of Comparison
        What each fold found on its own test questions.
    """
    rows = np.concatenate([fold.question_rows for fold in folds])
    regimes = np.concatenate([fold.regimes for fold in folds])
    order = np.lexsort((rows, np.array([REGIMES.index(str(regime)) for regime in regimes])))
    rows, regimes = rows[order], regimes[order]
    groups = np.concatenate([fold.groups for fold in folds])[order]
    counts = [len(np.unique(groups[regimes == regime])) for regime in REGIMES]
    # The smaller regime decides, where it can have a verdict at all.
    factor = widening(min((n for n in counts if n >= MIN_GROUPS), default=0))
    return Tested(rows, regimes, CROSS_FIT, len(folds), factor), order


def joined(results: Sequence[SystemResult], order: np.ndarray) -> SystemResult:
    """Return one system of the results of its folds, its questions in the given order."""

    def together(arrays: Iterable[np.ndarray]) -> np.ndarray:
        return np.concatenate(list(arrays))[order]

    prints = dict.fromkeys(result.fingerprint for result in results)
    return dataclasses.replace(
        results[0],
        fingerprint=next(iter(prints)) if len(prints) == 1 else content_id(list(prints)),
        metrics={
            name: together(result.metrics[name] for result in results)
            for name in results[0].metrics
        },
        top_answers=together(result.top_answers for result in results),
        top_scores=together(result.top_scores for result in results),
        right_rank=together(result.right_rank for result in results),
    )
