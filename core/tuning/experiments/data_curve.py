"""Would more data help? What the curve over the amount of training data says, and what not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.evaluation.statistics import Estimate, Spread
from core.tuning.experiments.experiment import NOTHING, TOO_FEW, Experiment
from core.types.tuning import DataCurveRequest, share_key

# What can be said, besides NOTHING and TOO_FEW.
RISING, LEVEL, FALLING, UNCLEAR = "rising", "level", "falling", "unclear"
# A gain that nobody would notice: below it a doubling of the data is not worth its collection.
SMALL_GAIN = 0.01
MORE = 100  # questions


@dataclass(frozen=True)
class SharePoint:
    """One share of the data.

    Attributes
    ----------
    share : int
        Percent.
    questions : float
        Training questions, mean over draws.
    score : Spread
        nDCG@10 on validation questions over draws, mean over regimes.
    interval : Estimate
        The mean of the present draws, uncertain by questions and draws.
    regimes : mapping of regime to Spread
    """

    share: int
    questions: float
    score: Spread
    interval: Estimate
    regimes: Mapping[str, Spread]


@dataclass(frozen=True)
class DataCurve:
    """The curve as far as it came.

    Attributes
    ----------
    experiment : Experiment
    points : tuple of SharePoint
        Rising shares; those without a finished run are left out.
    doubling : Estimate or None
        All data minus half of them, on the same draws; None before both were run.
    """

    experiment: Experiment
    points: tuple[SharePoint, ...]
    doubling: Estimate | None

    @property
    def word(self) -> str:
        """What can be said; one of the words at the top of this module."""
        if self.doubling is None:
            return NOTHING
        if not self.experiment.enough:
            return TOO_FEW
        if self.doubling.low > 0:
            return RISING
        if self.doubling.high < 0:
            return FALLING
        return LEVEL if self.doubling.high < SMALL_GAIN else UNCLEAR

    @property
    def questions(self) -> int:
        """All training questions."""
        return round(self.points[-1].questions) if self.points else 0

    def gain_of_more(self, count: int = MORE) -> Estimate | None:
        """Return what ``count`` more training questions would add, None where it cannot be told.

        Curves rise about with the logarithm of the amount and flatten; so the last doubling is
        carried on, by less than one more doubling, and the result is an upper bound rather than a
        promise. Nothing is carried on from a curve whose direction is not shown.
        """
        halves = [point for point in self.points if point.share in {50, 100}]
        if self.doubling is None or self.word not in {RISING, LEVEL} or len(halves) < 2:
            return None
        if not 0 < count <= self.questions:
            return None
        measured = math.log2(halves[1].questions / halves[0].questions)
        ahead = math.log2((self.questions + count) / self.questions)
        return self.doubling.scaled(ahead / measured) if measured > 0 else None


def read_curve(experiment: Experiment, request: DataCurveRequest) -> DataCurve:
    """Return the curve of an experiment whose settings are shares of the data."""
    points = []
    for share in request.shares:
        key = share_key(share)
        runs = experiment.runs.get(key)
        if runs:
            questions = float(np.mean([run.questions for run in runs.values()]))
            regimes = {r: experiment.score_in(key, r) for r in experiment.regimes}
            score, level = experiment.score(key), experiment.level(key)
            points.append(SharePoint(share, questions, score, level, regimes))
    return DataCurve(
        experiment, tuple(points), experiment.difference(share_key(100), share_key(50))
    )
