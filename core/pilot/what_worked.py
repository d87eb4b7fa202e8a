"""What worked where: gains of several projects put together, and the default that follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from core.evaluation.statistics import CONFIDENCE, RandomEffects, random_effects
from core.messages import N_
from core.types import BETTER

FEWEST = 3  # projects with a verdict, before anything is said over them
_BLENDS = 5  # shares of the known answers are told apart by fifths
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
    """

    project: str
    value: float
    low: float
    high: float
    word: str
    experts: tuple[str, ...] = ()
    rule: str = ""
    blend: float = 0.0

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
    """

    kind: str
    key: str
    projects: int
    better: int
    summary: RandomEffects


def overall(gains: Sequence[ProjectGain]) -> RandomEffects | None:
    """Return the mean gain of projects, None below :data:`FEWEST` that can be weighed."""
    known = [gain for gain in gains if gain.variance > 0]
    if len(known) < FEWEST:
        return None
    return random_effects([one.value for one in known], [one.variance for one in known])


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
            summary = overall(mine)
            if summary is not None:
                better = sum(gain.word == BETTER for gain in mine)
                same.append(Worked(kind, key, len(mine), better, summary))
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
    """

    rule: str
    blend: float
    projects: int
    better: int


def following_default(gains: Sequence[ProjectGain]) -> FollowingDefault | None:
    """Return the rule that follows, None where no rule shows a gain over enough projects.

    The share of the known answers is the one that most projects with this rule and a better
    verdict have.
    """
    rules = [one for one in what_worked(gains) if one.kind == RULE and one.summary.low > 0]
    if not rules:
        return None
    best = max(rules, key=lambda one: one.summary.low)
    won = [gain.blend for gain in gains if gain.rule == best.key and gain.word == BETTER]
    if not won:
        return None
    blend = max(sorted(set(won)), key=won.count)
    return FollowingDefault(best.key, blend, best.projects, best.better)
