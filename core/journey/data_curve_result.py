"""What the curve over the amount of training data says, and what it does not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.documents import from_json
from core.errors import WorkspaceError
from core.evaluation.statistics import Estimate, Spread
from core.journey.data_curve import CurveRequest, trial_key
from core.journey.race_result import estimate
from core.journey.trials import BASE, TrialResult, Trials
from core.journey.validation import Ruler
from core.messages import Message
from core.workspace.files import read_json

NOTHING, TOO_FEW, RISING, LEVEL, FALLING, UNCLEAR = (
    "nothing",
    "too few",
    "rising",
    "level",
    "falling",
    "unclear",
)
# A gain that nobody would notice: below it a doubling of the data is not worth its collection.
SMALL_GAIN = 0.01
MORE = 100  # questions


@dataclass(frozen=True)
class CurvePoint:
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
    points : tuple of CurvePoint
        Rising shares; those without a finished run are left out.
    ruler : Ruler or None
    doubling : Estimate or None
        All data minus half of them, on the same draws; None before both were run.
    failures : mapping of trial key to Message
    finished, runs : int
    """

    points: tuple[CurvePoint, ...]
    ruler: Ruler | None
    doubling: Estimate | None
    failures: Mapping[str, Message]
    finished: int
    runs: int

    @property
    def word(self) -> str:
        """What can be said; one of the words at the top of this module."""
        if self.doubling is None or self.ruler is None:
            return NOTHING
        if not self.ruler.enough:
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


def read_curve(root: Path, asked: CurveRequest) -> DataCurve:
    """Read a curve, finished or still going on; what is damaged is absent, with a reason."""
    trials = Trials.of(root)
    try:
        ruler = from_json(Ruler, read_json(trials.folder(BASE).result))
    except WorkspaceError:
        ruler = None
    found: dict[int, dict[int, TrialResult]] = {}
    failures: dict[str, Message] = {}
    for share in asked.shares:
        for draw in asked.draws:
            key = trial_key(share, draw)
            reason = trials.failure(key)
            if reason is not None:
                failures[key] = reason
                continue
            result = trials.result(key)
            if result is not None:
                found.setdefault(share, {})[draw] = result
    runs = len(asked.shares) * len(asked.draws)
    done = sum(len(one) for one in found.values())
    if ruler is None:
        return DataCurve((), None, None, failures, done, runs)
    points = tuple(_point(share, found[share], ruler) for share in asked.shares if share in found)
    return DataCurve(points, ruler, _doubling(found, ruler), failures, done, runs)


def _point(share: int, runs: Mapping[int, TrialResult], ruler: Ruler) -> CurvePoint:
    measured = {draw: run.measured for draw, run in runs.items()}
    return CurvePoint(
        share,
        float(np.mean([run.questions for run in runs.values()])),
        Spread.of([one.score for one in measured.values()]),
        estimate([measured], ruler, [1.0]),
        {
            regime: Spread.of([float(np.mean(one.ndcg[regime])) for one in measured.values()])
            for regime in ruler.questions
        },
    )


def _doubling(found: Mapping[int, Mapping[int, TrialResult]], ruler: Ruler) -> Estimate | None:
    whole, half = found.get(100, {}), found.get(50, {})
    shared = [draw for draw in whole if draw in half]
    if not shared:
        return None
    pair = [{draw: runs[draw].measured for draw in shared} for runs in (whole, half)]
    return estimate(pair, ruler, (1, -1))
