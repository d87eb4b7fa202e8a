"""What a race says so far or in the end: the table, and how sure its order is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.documents import from_json
from core.errors import WorkspaceError
from core.evaluation.statistics import CONFIDENCE, Estimate, Spread, contrast
from core.evaluation.verdict import GENERALITY_LIMIT
from core.journey.race_model import Contestant, RaceRequest
from core.journey.trials import BASE, TrialResult, Trials
from core.journey.validation import Measured, Ruler
from core.messages import Message
from core.workspace.files import read_json

# What the order of a race is worth.
NOTHING, ALONE, TOO_FEW, TIED, CLEAR = "nothing", "alone", "too few", "tied", "clear"


@dataclass(frozen=True)
class Standing:
    """One contestant.

    Attributes
    ----------
    score : Spread
        nDCG@10 on validation questions over seeds, mean over regimes.
    regimes : mapping of regime to Spread
    generality : Spread or None
        Change of Spearman's correlation on general sentence pairs.
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
    score: Spread
    regimes: Mapping[str, Spread]
    generality: Spread | None
    gain: Estimate
    behind: Estimate | None
    tied: bool
    seconds: float
    base_kept: int
    failures: Mapping[int, Message]

    @property
    def seeds(self) -> int:
        """Finished runs."""
        return self.score.count

    @property
    def general_enough(self) -> bool:
        """Whether everyday language is still understood, within the limit of the verdict."""
        return self.generality is None or self.generality.mean >= -GENERALITY_LIMIT


@dataclass(frozen=True)
class RaceResult:
    """A race as far as it came.

    Attributes
    ----------
    standings : tuple of Standing
        Best first; contestants without a finished run are in ``absent``.
    absent : mapping of contestant key to (contestant, seed → reason)
        Reasons are empty where it has not run yet.
    ruler : Ruler or None
        None before the untuned model was measured.
    finished, runs : int
    """

    standings: tuple[Standing, ...]
    absent: tuple[tuple[Contestant, Mapping[int, Message]], ...]
    ruler: Ruler | None
    finished: int
    runs: int

    @property
    def word(self) -> str:
        """What the order is worth: ``nothing``, ``alone``, ``too few``, ``tied`` or ``clear``."""
        if not self.standings or self.ruler is None:
            return NOTHING
        if len(self.standings) == 1:
            return ALONE
        if not self.ruler.enough:
            return TOO_FEW
        return TIED if len(self.ties) else CLEAR

    @property
    def ties(self) -> tuple[Standing, ...]:
        """Those who cannot be told apart from the leader, without the leader."""
        first = leader(self.standings)
        return tuple(one for one in self.standings if one.tied and one is not first)


def leader(standings: Sequence[Standing]) -> Standing | None:
    """Return who leads, None where nobody has finished a run."""
    return standings[0] if standings else None


def read_race(root: Path, asked: RaceRequest) -> RaceResult:
    """Read a race, finished or still going on; what is damaged is absent, with a reason."""
    trials = Trials.of(root)
    try:
        ruler = from_json(Ruler, read_json(trials.folder(BASE).result))
    except WorkspaceError:
        ruler = None
    results: dict[str, dict[int, TrialResult]] = {}
    failures: dict[str, dict[int, Message]] = {}
    for one in asked.contestants:
        for seed in asked.seeds:
            key = one.trial(seed)
            reason = trials.failure(key)
            if reason is not None:
                failures.setdefault(one.key, {})[seed] = reason
                continue
            found = trials.result(key)
            if found is not None and ruler is not None and _fits(found.measured, ruler):
                results.setdefault(one.key, {})[seed] = found
    present = [one for one in asked.contestants if one.key in results]
    absent = tuple(
        (one, failures.get(one.key, {})) for one in asked.contestants if one.key not in results
    )
    standings = _ordered(present, results, failures, ruler) if ruler else ()
    done = sum(len(found) for found in results.values())
    return RaceResult(standings, absent, ruler, done, len(asked.contestants) * len(asked.seeds))


def _fits(measured: Measured, ruler: Ruler) -> bool:
    return {regime: len(values) for regime, values in measured.ndcg.items()} == {
        regime: len(rows) for regime, rows in ruler.questions.items()
    }


def _ordered(
    present: Sequence[Contestant],
    results: Mapping[str, Mapping[int, TrialResult]],
    failures: Mapping[str, Mapping[int, Message]],
    ruler: Ruler,
) -> tuple[Standing, ...]:
    """Return the table; a contestant that lost too much generality cannot lead."""
    spreads = {
        key: Spread.of([r.measured.score for r in runs.values()]) for key, runs in results.items()
    }
    changes = {key: _change(runs, ruler.base) for key, runs in results.items()}

    def place(one: Contestant) -> tuple[bool, float]:
        change = changes[one.key]
        too_narrow = change is not None and change.mean < -GENERALITY_LIMIT
        return too_narrow, -spreads[one.key].mean

    order = sorted(present, key=place)
    # Every other one is held against the leader at once: Bonferroni, so that one lucky loser among
    # many is not declared beaten.
    confidence = 1 - (1 - CONFIDENCE) / max(len(order) - 1, 1)
    table = []
    for one in order:
        runs = results[one.key]
        behind = (
            None if one is order[0] else _difference(results[order[0].key], runs, ruler, confidence)
        )
        table.append(
            Standing(
                one,
                spreads[one.key],
                {
                    regime: Spread.of(
                        [float(np.mean(run.measured.ndcg[regime])) for run in runs.values()]
                    )
                    for regime in ruler.questions
                },
                changes[one.key],
                _gain(runs, ruler),
                behind,
                behind is None or not behind.leaves_out_zero,
                float(np.mean([run.seconds for run in runs.values()])),
                sum(run.best_step == 0 for run in runs.values()),
                failures.get(one.key, {}),
            )
        )
    return tuple(table)


def _change(runs: Mapping[int, TrialResult], base: Measured) -> Spread | None:
    before = base.generality
    after = [run.measured.generality for run in runs.values()]
    known = [value for value in after if value is not None]
    return Spread.of([value - before for value in known]) if known and before is not None else None


def _gain(runs: Mapping[int, TrialResult], ruler: Ruler) -> Estimate:
    base = dict.fromkeys(runs, ruler.base)
    return estimate([{s: run.measured for s, run in runs.items()}, base], ruler, (1, -1))


def _difference(
    left: Mapping[int, TrialResult],
    right: Mapping[int, TrialResult],
    ruler: Ruler,
    confidence: float,
) -> Estimate | None:
    shared = [seed for seed in left if seed in right]
    if not shared:
        return None
    pair = [{seed: runs[seed].measured for seed in shared} for runs in (left, right)]
    return estimate(pair, ruler, (1, -1), confidence)


def estimate(
    systems: Sequence[Mapping[int, Measured]],
    ruler: Ruler,
    weights: Sequence[float],
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Return a contrast of systems that were measured with the same seeds.

    Parameters
    ----------
    systems : sequence of mapping of seed to Measured
    weights : sequence of float, one per system
    """
    seeds = list(systems[0])
    values = {
        regime: np.array([[one[seed].ndcg[regime] for seed in seeds] for one in systems])
        for regime in ruler.questions
    }
    groups = {regime: np.array(rows) for regime, rows in ruler.groups.items()}
    return contrast(values, groups, weights, confidence=confidence)
