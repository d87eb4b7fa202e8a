"""What worked where: gains of several projects put together, and the default that follows.

Sets of the benchmark (``benchmarks/domains.py``) stand beside the projects as what was known
before: each counts like one project, and is told apart wherever it is counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import NormalDist

from core.documents import from_json
from core.evaluation.statistics import CONFIDENCE, RandomEffects, random_effects
from core.messages import N_
from core.pilot.likeness import DataSeen, LikeThis, like_this
from core.types import BETTER

BENCHMARK_FILE = Path(__file__).with_name("benchmark_gains.json")
DEFAULT_RULE = "reliability"
FEWEST = 3  # projects with a verdict, before anything is said over them
_BLENDS = 10  # shares of the known answers are told apart by tenths
EXPERT, RULE, BLEND = "expert", "rule", "blend"
KINDS: Mapping[str, str] = {
    EXPERT: N_("Expert that took part"),
    RULE: N_("Rule of the labels"),
    BLEND: N_("Share of the known answers"),
}


@dataclass(frozen=True)
class ProjectGain:
    """What tuning gained in one project, and with what.

    Attributes
    ----------
    project : str
        Id.
    value, low, high : float
        Difference of nDCG@10 with its 95% interval; where both regimes were tested, their mean,
        whose errors are taken to be independent.
    word : str
        ``better`` where a regime is better and none worse, ``worse`` where one is worse.
    experts : tuple of str
    rule : str
    blend : float in [0, 1]
        Share of the known answers in the labels.
    seen : DataSeen
        What is seen of its data.
    benchmark : bool
        Whether it is a set of the benchmark; ``project`` is the name of the set then.
    over_default : float or None
        Of a set, how much more this rule gained than the product's default did on the same splits.
    """

    project: str
    value: float
    low: float
    high: float
    word: str
    experts: tuple[str, ...] = ()
    rule: str = ""
    blend: float = 0.0
    seen: DataSeen = field(default_factory=DataSeen)
    benchmark: bool = False
    over_default: float | None = None

    @property
    def variance(self) -> float:
        """Squared standard error, from the width of the interval."""
        reach = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        return ((self.high - self.low) / (2 * reach)) ** 2


@dataclass(frozen=True)
class Worked:
    """What the projects with one choice gained.

    Attributes
    ----------
    kind, key : str
        Key of :data:`KINDS`, and what was chosen: an expert, a rule, a share as ``0.4``.
    projects, better : int
        Projects with it, and those of them whose verdict is better.
    summary : RandomEffects
        Over projects and sets of the benchmark.
    sets, sets_better : int
        The same of the benchmark.
    """

    kind: str
    key: str
    projects: int
    better: int
    summary: RandomEffects
    sets: int = 0
    sets_better: int = 0


def overall(gains: Sequence[ProjectGain]) -> RandomEffects | None:
    """Return the mean gain of projects, None below :data:`FEWEST` that can be weighed."""
    return _summary(weighed(gains))


def _summary(gains: Sequence[ProjectGain]) -> RandomEffects | None:
    known = [gain for gain in gains if gain.variance > 0]
    if len(known) < FEWEST:
        return None
    return random_effects([one.value for one in known], [one.variance for one in known])


def _counts(gains: Sequence[ProjectGain], benchmark: bool) -> tuple[int, int]:
    """Return how many projects (or sets of the benchmark) there are, and how many are better."""
    mine = [gain for gain in gains if gain.benchmark == benchmark]
    return len(mine), sum(gain.word == BETTER for gain in mine)


def weighed(gains: Sequence[ProjectGain]) -> list[ProjectGain]:
    """Return the gains that can be weighed, of each set of the benchmark those by the default rule.

    Several rules on one set are several readings of the same questions: taken together they would
    count that set more than once.
    """
    return [g for g in gains if g.variance > 0 and (not g.benchmark or g.rule == DEFAULT_RULE)]


def what_worked(gains: Sequence[ProjectGain]) -> tuple[Worked, ...]:
    """Return each choice that enough projects made, best first within its kind.

    Projects differ in more than in this choice: it is what went with a gain, not what made it.
    """
    chosen: tuple[tuple[str, Callable[[ProjectGain], tuple[str, ...]]], ...] = (
        (RULE, lambda gain: (gain.rule,) if gain.rule else ()),
        (BLEND, lambda gain: (f"{round(gain.blend * _BLENDS) / _BLENDS:g}",)),
        (EXPERT, lambda gain: gain.experts),
    )
    found = []
    for kind, of in chosen:
        keys = sorted({key for gain in gains for key in of(gain)})
        same = []
        for key in keys:
            mine = [gain for gain in gains if key in of(gain)]
            if kind != RULE:
                mine = [gain for gain in mine if not gain.benchmark or gain.rule == DEFAULT_RULE]
            summary = _summary(mine)
            if summary is not None:
                same.append(Worked(kind, key, *_counts(mine, False), summary, *_counts(mine, True)))
        found += sorted(same, key=lambda one: -one.summary.value)
    return tuple(found)


@dataclass(frozen=True)
class FollowingDefault:
    """What a new project may begin with, because it went with gains elsewhere.

    Attributes
    ----------
    rule : str
    blend : float in [0, 1]
    projects, better : int
        Projects with that rule, and those of them that became better.
    sets, sets_better : int
        The same of the benchmark.
    """

    rule: str
    blend: float
    projects: int
    better: int
    sets: int = 0
    sets_better: int = 0


def following_default(gains: Sequence[ProjectGain]) -> FollowingDefault | None:
    """Return the rule that follows, None where no rule shows a gain over enough projects.

    The share of the known answers is the one that most projects with this rule and a better
    verdict have. What the benchmark shows by itself is the product's own default already: a rule
    follows only where a project of the workspace went with it. Where fewer projects than can speak
    for themselves did, it must not be behind the default on the sets of the benchmark either.
    """
    rules = [
        one
        for one in what_worked(gains)
        if one.kind == RULE and one.summary.low > 0 and one.projects > 0
        if one.projects >= FEWEST or not _behind_default(gains, one.key)
    ]
    if not rules:
        return None
    best = max(rules, key=lambda one: one.summary.low)
    won = [gain.blend for gain in gains if gain.rule == best.key and gain.word == BETTER]
    if not won:
        return None
    blend = max(sorted(set(won)), key=won.count)
    counts = (best.projects, best.better, best.sets, best.sets_better)
    return FollowingDefault(best.key, blend, *counts)


def _behind_default(gains: Sequence[ProjectGain], rule: str) -> bool:
    over = [g.over_default for g in gains if g.rule == rule and g.over_default is not None]
    return sum(over) < 0


def like(seen: DataSeen, gains: Sequence[ProjectGain]) -> LikeThis[ProjectGain]:
    """Return the projects and sets that are like one, as many as something can be said over."""
    return like_this(seen, gains, lambda found: _summary(weighed(found)) is not None)


@dataclass(frozen=True)
class BenchmarkGains:
    """What the benchmark gained, as it ships with the app.

    Attributes
    ----------
    runs : int
        Lines of ``docs/evidence/domains.jsonl`` that it was made from.
    gains : tuple of ProjectGain
        Of each set and rule.
    """

    runs: int
    gains: tuple[ProjectGain, ...]


@cache
def benchmark_gains() -> BenchmarkGains:
    """Return what ``python benchmarks/domains_prior.py`` made; the file ships with the app."""
    return from_json(BenchmarkGains, json.loads(BENCHMARK_FILE.read_text(encoding="utf-8")))
