"""Two models in one result list, and which of them people find what they look for with.

Team-draft interleaving (Radlinski, Kurup and Joachims 2008, "How does clickthrough data reflect
retrieval quality?"): the two models pick in turn, by lot who begins each round, and a result that
helped counts for the model that picked it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.messages import N_, Message
from core.types.pilot_events import (
    BOTH,
    CHALLENGER,
    CHAMPION,
    HELPED,
    PilotEvent,
    searches_with_marks,
)

ALPHA = 0.05
# Shares of decided searches between these are no difference that anybody would change a model for.
NO_DIFFERENCE = (0.45, 0.55)
SAME = "same"
# Weight of the prior on each side: as if ten searches had come out evenly. Around one half it
# makes the interval narrow soonest where a few hundred searches come in.
_PRIOR = 5.0


def team_draft(
    champion: Sequence[int], challenger: Sequence[int], depth: int, rng: np.random.Generator
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return one list of two, and which model brought each result.

    What both lists begin with, in the same order, belongs to both: it says nothing about either.

    Parameters
    ----------
    champion, challenger : sequence of int
        Rows of answers, best first, without repetition; at least ``depth`` where there are.
    depth : int
        Results to show.

    Returns
    -------
    answers : tuple of int
    teams : tuple of str
        ``champion``, ``challenger`` or ``both``.
    """
    shown: list[int] = []
    teams: list[str] = []
    for one, other in zip(champion, challenger, strict=False):
        if one != other or len(shown) == depth:
            break
        shown.append(one)
        teams.append(BOTH)
    lists = {CHAMPION: list(champion), CHALLENGER: list(challenger)}
    picked = {CHAMPION: 0, CHALLENGER: 0}
    taken = set(shown)
    while len(shown) < depth:
        behind = picked[CHAMPION] - picked[CHALLENGER]
        if behind == 0:
            team = CHAMPION if rng.random() < 0.5 else CHALLENGER
        else:
            team = CHAMPION if behind < 0 else CHALLENGER
        following = next((row for row in lists[team] if row not in taken), None)
        if following is None:
            break
        taken.add(following)
        shown.append(following)
        teams.append(team)
        picked[team] += 1
    return tuple(shown), tuple(teams)


def decided_searches(events: Iterable[PilotEvent]) -> list[str]:
    """Return for whom each search was decided, in the order in which that happened.

    The first result of one model that somebody opened or gave a thumb up decides a search, for
    good: so what was counted never changes, and looking at any moment is fair. Results that both
    models begin with decide nothing, and neither does the same question of the same person again.
    """
    events = tuple(events)
    searches = {search.token: search for search, _ in searches_with_marks(events)}
    done: set[str] = set()
    asked: set[tuple[str, str]] = set()
    decided = []
    for event in events:
        search = searches.get(event.search)
        if event.kind not in HELPED or search is None or search.token in done:
            continue
        teams = search.shown.teams
        team = teams[event.place] if event.place < len(teams) else BOTH
        if team == BOTH or (search.visitor, search.text.casefold()) in asked:
            continue
        done.add(search.token)
        asked.add((search.visitor, search.text.casefold()))
        decided.append(team)
    return decided


def share_interval(won: int, decided: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Return an interval of a share that holds at every moment at once.

    A beta-binomial mixture (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021, "Time-uniform,
    nonparametric, nonasymptotic confidence sequences"): for each share p, the chance of what was
    seen under a Beta(5, 5) mixture over its chance under p is a martingale that starts at 1, so by
    Ville's inequality it reaches 1/alpha with a chance of at most alpha, however often it is looked
    at. The interval holds all p where it has not.

    Parameters
    ----------
    won, decided : int
    alpha : float in (0, 1)

    Returns
    -------
    low, high : float in [0, 1]
    """
    from scipy.optimize import brentq
    from scipy.special import betaln

    if decided == 0:
        return 0.0, 1.0
    lost = decided - won
    mixed = float(betaln(_PRIOR + won, _PRIOR + lost) - betaln(_PRIOR, _PRIOR))
    most = mixed + float(np.log(alpha))

    def beyond(share: float) -> float:
        # Positive where the share is ruled out.
        return most - won * float(np.log(share)) - lost * float(np.log1p(-share))

    middle, edge = min(max(won / decided, 1e-9), 1 - 1e-9), 1e-12
    low = brentq(beyond, edge, middle) if won and beyond(edge) > 0 else 0.0
    high = brentq(beyond, middle, 1 - edge) if lost and beyond(1 - edge) > 0 else 1.0
    return float(low), float(high)


def is_unlikely(won: int, decided: int, share: float, alpha: float = ALPHA) -> bool:
    """Return whether :func:`share_interval` rules out a share in (0, 1), without looking for it."""
    from scipy.special import betaln

    mixed = betaln(_PRIOR + won, _PRIOR + decided - won) - betaln(_PRIOR, _PRIOR)
    under = won * np.log(share) + (decided - won) * np.log1p(-share)
    return bool(mixed - under >= -np.log(alpha))


@dataclass(frozen=True)
class InterleavingVerdict:
    """What the searches say so far.

    Attributes
    ----------
    teams : tuple of str
        For whom each search was decided, in that order.
    alpha : float
    """

    teams: tuple[str, ...]
    alpha: float = ALPHA

    @classmethod
    def of(cls, events: Iterable[PilotEvent], alpha: float = ALPHA) -> InterleavingVerdict:
        """Return the verdict of the events of one plan, oldest first."""
        return cls(tuple(decided_searches(events)), alpha)

    @property
    def decided(self) -> int:
        """Searches that were decided for one of the two."""
        return len(self.teams)

    @property
    def won(self) -> int:
        """Those of the challenger."""
        return self.teams.count(CHALLENGER)

    @property
    def share(self) -> float:
        """Share of the challenger, one half before the first search."""
        return self.won / self.decided if self.decided else 0.5

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Of the challenger's share; holds at every moment at once."""
        return share_interval(self.won, self.decided, self.alpha)

    @cached_property
    def decision(self) -> tuple[str, int]:
        """Which is better and after how many searches that was clear; ("", 0) = not yet.

        ``champion``, ``challenger``, or ``same`` where the interval lies within
        :data:`NO_DIFFERENCE`. The first moment counts: what comes later changes nothing.
        """
        low, high = NO_DIFFERENCE
        won = 0
        for number, team in enumerate(self.teams, start=1):
            won += team == CHALLENGER
            seen = won, number
            if is_unlikely(*seen, 0.5, self.alpha):
                return (CHALLENGER if won * 2 > number else CHAMPION), number
            if is_unlikely(*seen, low, self.alpha) and is_unlikely(*seen, high, self.alpha):
                return SAME, number
        return "", 0

    @property
    def sentence(self) -> Message:
        """What it says, in one sentence."""
        found, number = self.decision
        return Message(_SENTENCES[found], {"count": number or self.decided})

    @property
    def figures(self) -> Message:
        """Share and interval, in one sentence."""
        low, high = self.interval
        return Message(
            N_(
                "The challenger's results helped in {won} of {decided} searches that were decided "
                "({share}; interval {low} to {high}, which holds at every moment at once; {half} "
                "would be no difference)."
            ),
            {
                "won": self.won,
                "decided": self.decided,
                "share": f"{self.share:.0%}",
                "low": f"{low:.0%}",
                "high": f"{high:.0%}",
                "half": "50%",
            },
        )


_SENTENCES = {
    "": N_("Not decided yet: {count} searches so far speak for one of the two."),
    CHAMPION: N_(
        "People find what they look for with the **champion**: clear after {count} searches."
    ),
    CHALLENGER: N_(
        "People find what they look for with the **challenger**: clear after {count} searches."
    ),
    SAME: N_("The two make no difference that matters to people: clear after {count} searches."),
}
