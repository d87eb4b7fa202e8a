"""Keyword search beside the model in use: what a comparison says of it, and the search itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import AppError
from core.evaluation.hybrid import HYBRID_PREFIX
from core.evaluation.measures import MAIN_METRIC
from core.journey.compare import load_comparison, newest_comparison, request_of
from core.journey.jobs import COMPARE
from core.journey.projects import finished_runs
from core.messages import N_, Message
from core.pilot.live_search import KeywordSearch
from core.types import BASE, TUNED
from core.types.comparison import Comparison, SystemResult
from core.types.pilot_events import PilotArm
from core.workspace.workspace import Project

MOST_WORDS = 0.95  # of keyword search; without a model a pilot would say nothing of models


@dataclass(frozen=True)
class KeywordShare:
    """What a comparison says of joining keyword search with a model.

    Attributes
    ----------
    weight : float in [0, 1]
        How much keyword search counts, chosen on validation questions; 0 where it does not join.
    message : Message
        What a user should know of it.
    gain : float
        nDCG@10 that keyword search adds on the held-out questions, mean over regimes.
    """

    weight: float
    message: Message
    gain: float = 0.0

    @property
    def suggested(self) -> float:
        """The weight to begin with: none where the held-out questions speak against it."""
        return min(self.weight, MOST_WORDS) if self.gain > 0 else 0.0


def keyword_share(project: Project, arm: PilotArm) -> KeywordShare | None:
    """Return what the newest comparison of a model says, None where none has measured it."""
    run = newest_comparison(project, arm.run) if arm.run else _comparison_of_base(project, arm)
    return None if run is None else share_in(project, run, TUNED if arm.run else BASE)


def share_in(project: Project, run: str, name: str = TUNED) -> KeywordShare | None:
    """Return what a comparison says of its base or its tuned model; see :func:`keyword_share`."""
    try:
        return share_of(load_comparison(project.workspace, run), name)
    except AppError:  # damaged: Compare says so
        return None


def share_of(comparison: Comparison, name: str = TUNED) -> KeywordShare | None:
    """Return what the results of a comparison say, None where they do not say."""
    hybrid = f"{HYBRID_PREFIX}{name}"
    alone, joined = comparison.system(name), comparison.system(hybrid)
    if alone is None or joined is None or not joined.words:
        why = comparison.absent.get(hybrid)
        return None if why is None else KeywordShare(0.0, why)
    before, after = (_quality(comparison, system) for system in (alone, joined))
    text = (
        N_(
            "The comparison found that keyword search adds to this model: counting {share:.0%} it "
            "takes {alone:.3f} to {joined:.3f} nDCG@10 on {questions} held-out questions."
        )
        if after > before
        else N_(
            "Keyword search counting {share:.0%} helped this model on validation questions, but "
            "not on {questions} held-out ones ({alone:.3f} to {joined:.3f} nDCG@10)."
        )
    )
    values = {
        "share": joined.words,
        "alone": before,
        "joined": after,
        "questions": len(comparison.regimes),
    }
    return KeywordShare(joined.words, Message(text, values), after - before)


def _quality(comparison: Comparison, system: SystemResult) -> float:
    regimes = np.unique(comparison.regimes)
    means = [system.mean(MAIN_METRIC, comparison.regimes == regime) for regime in regimes]
    return float(np.mean(means))


def compared(project: Project) -> tuple[str, ...]:
    """Return the finished comparisons: what decides on :func:`keyword_share` beside the model."""
    return tuple(view.id for view in finished_runs(project, COMPARE))


def _comparison_of_base(project: Project, arm: PilotArm) -> str | None:
    """Return the newest comparison of a model that was tuned from this one."""
    for view in finished_runs(project, COMPARE):
        try:
            if request_of(view).base_model == arm.model:
                return view.id
        except AppError:
            continue
    return None


def keyword_search(answers: Sequence[str], weight: float) -> KeywordSearch | None:
    """Return keyword search in these answers, as a comparison searches; None for the weight 0."""
    if not weight:
        return None
    from core.evaluation.search import rank
    from core.experts.lexical import Bm25Index

    index = Bm25Index.of(answers)
    return KeywordSearch(
        weight, lambda question, depth: rank(index.counts([question]), index.weights, depth)
    )
