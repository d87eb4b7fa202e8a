"""A race: which settings search best so far or in the end, and how sure that order is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.documents import to_json
from core.evaluation.statistics import CONFIDENCE, Estimate, Spread
from core.evaluation.verdict import GENERALITY_LIMIT
from core.hashing import document_id
from core.messages import Message
from core.tuning.experiments.experiment import NOTHING, TOO_FEW, Experiment
from core.tuning.losses import LOSSES
from core.types import REGIMES, LabelRecipe
from core.types.recipes import SavedRecipe
from core.types.tuning import Contestant, RaceRequest

HARD = LabelRecipe((), rule="hard", blend=1.0)
BASELINE_LOSSES = ("infonce", "mse")  # on hard labels: what soft labels have to beat

# What the order of a race is worth.
ALONE, TIED, CLEAR = "alone", "tied", "clear"  # besides NOTHING and TOO_FEW
SCORE, GENERALITY = "score", "generality"  # columns of the table, besides the regimes


@dataclass(frozen=True)
class Standing:
    """One contestant.

    Attributes
    ----------
    figures : mapping of column to Spread or None
        ``score`` (nDCG@10 on validation questions over seeds, mean over regimes), each regime, and
        ``generality``: the change of Spearman's correlation on general sentence pairs.
    gain : Estimate
        Over the untuned model.
    behind : Estimate or None
        The leader minus this one, on the seeds that both have; None for the leader itself and
        where they have no seed in common.
    tied : bool
        Whether it cannot be told apart from the leader; True for the leader.
    seconds : float
        Mean time of a tuning.
    base_kept : int
        Runs in which nothing better than the base model was found.
    failures : mapping of seed to Message
    """

    contestant: Contestant
    figures: Mapping[str, Spread | None]
    gain: Estimate
    behind: Estimate | None
    tied: bool
    seconds: float
    base_kept: int
    failures: Mapping[int, Message]

    @property
    def score(self) -> Spread:
        """nDCG@10 on validation questions over seeds."""
        score = self.figures[SCORE]
        assert score is not None
        return score

    @property
    def seeds(self) -> int:
        """Finished runs."""
        return self.score.count

    @property
    def general_enough(self) -> bool:
        """Whether everyday language is still understood, within the limit of the verdict."""
        return _general_enough(self.figures[GENERALITY])


@dataclass(frozen=True)
class RaceResult:
    """A race as far as it came.

    Attributes
    ----------
    experiment : Experiment
    standings : tuple of Standing
        Best first; contestants without a finished run are in ``absent``.
    absent : tuple of (contestant, seed → reason)
        Reasons are empty where it has not run yet.
    """

    experiment: Experiment
    standings: tuple[Standing, ...]
    absent: tuple[tuple[Contestant, Mapping[int, Message]], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The figures of the table, in the order that every table has them."""
        regimes = self.experiment.regimes
        return (SCORE, *(regime for regime in REGIMES if regime in regimes), GENERALITY)

    @property
    def untuned(self) -> Mapping[str, float]:
        """The figures of the untuned model, the last line of every table; {} where unmeasured."""
        validation = self.experiment.validation
        if validation is None:
            return {}
        base = validation.base
        return {SCORE: base.score} | {regime: base.score_in(regime) for regime in base.ndcg}

    @property
    def word(self) -> str:
        """What the order is worth: ``nothing``, ``alone``, ``too few``, ``tied`` or ``clear``."""
        if not self.standings:
            return NOTHING
        if len(self.standings) == 1:
            return ALONE
        if not self.experiment.enough:
            return TOO_FEW
        return TIED if self.ties else CLEAR

    @property
    def ties(self) -> tuple[Standing, ...]:
        """Those who cannot be told apart from the leader, without the leader."""
        return tuple(standing for standing in self.standings[1:] if standing.tied)


def read_race(experiment: Experiment, request: RaceRequest) -> RaceResult:
    """Return the table of a race; a contestant that lost too much generality cannot lead."""
    absent = tuple(
        (contestant, experiment.failures.get(contestant.key, {}))
        for contestant in request.contestants
        if contestant.key not in experiment.runs
    )
    present = [one for one in request.contestants if one.key in experiment.runs]

    def place(contestant: Contestant) -> tuple[bool, float]:
        change = experiment.generality_change(contestant.key)
        return not _general_enough(change), -experiment.score(contestant.key).mean

    order = sorted(present, key=place)
    # Every other one is held against the leader at once: Bonferroni, so that one lucky loser among
    # many is not declared beaten.
    confidence = 1 - (1 - CONFIDENCE) / max(len(order) - 1, 1)
    standings = []
    for contestant in order:
        key, runs = contestant.key, experiment.runs[contestant.key].values()
        behind = (
            None if contestant is order[0] else experiment.difference(order[0].key, key, confidence)
        )
        standings.append(
            Standing(
                contestant,
                {
                    SCORE: experiment.score(key),
                    **{r: experiment.score_in(key, r) for r in experiment.regimes},
                    GENERALITY: experiment.generality_change(key),
                },
                experiment.gain(key),
                behind,
                behind is None or not behind.leaves_out_zero,
                float(np.mean([run.seconds for run in runs])),
                sum(run.best_step == 0 for run in runs),
                experiment.failures.get(key, {}),
            )
        )
    return RaceResult(experiment, tuple(standings), absent)


def _general_enough(change: Spread | None) -> bool:
    return change is None or change.mean >= -GENERALITY_LIMIT


def soft_losses() -> tuple[str, ...]:
    """Return the losses that learn from labels, in the order of their registry."""
    return tuple(key for key, loss in LOSSES.items() if loss.uses_labels)


def contestants(chosen: Sequence[SavedRecipe], losses: Sequence[str]) -> tuple[Contestant, ...]:
    """Return every recipe with every loss, then the hard-label baselines; none twice.

    Losses that do not use labels take part once: their result is the same for every recipe.
    """
    found: dict[tuple[str, str], Contestant] = {}
    for saved in chosen:
        is_hard = saved.recipe.rule == "hard" or saved.recipe.blend == 1
        for loss in losses:
            if LOSSES[loss].uses_labels and not (is_hard and loss in BASELINE_LOSSES):
                pair = document_id(to_json(saved.recipe)), loss
                found.setdefault(pair, Contestant("", saved.name, saved.recipe, loss))
    hard = dict.fromkeys([*BASELINE_LOSSES, *(x for x in losses if not LOSSES[x].uses_labels)])
    baselines = [Contestant("", "", HARD, loss, baseline=True) for loss in hard]
    return tuple(
        dataclasses.replace(contestant, key=f"c{number:02d}")
        for number, contestant in enumerate([*found.values(), *baselines], 1)
    )
