"""When a model should learn again: criteria in plain words, and how far each is from holding.

A criterion that rests on counts (new judged questions, changed answers, the frozen test) has no
chance in it. Those that rest on what people happen to ask and to like have: they hold only where
chance does not explain the figure, at a level that a whole year of looks may use up together, and
how often they would hold by mistake is simulated on the project's own past. The two that look at
new questions are stricter where few are known: their limit is raised until seasons made of the
known questions ring no oftener than accepted (:mod:`core.pilot.seasons`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.errors import DataError
from core.messages import N_, Message
from core.pilot.seasons import FEWEST
from core.types.watch_looks import CriterionState, WatchCriteria, WatchLook, WeekOfSearches

SHARE, POINTS, COUNT = "share", "points", "count"
UNLIKE, JUDGED, SATISFACTION = "unlike", "judged", "satisfaction"
CHANGED, LOST, DISAGREE = "changed", "lost", "disagree"
# Weeks that satisfaction is compared with, at most, and judged searches that they need together.
BASELINE_WEEKS, LEAST_JUDGED = 10, 20
_SIMULATED = 4_000


@dataclass(frozen=True)
class Criterion:
    """One reason for training anew.

    Attributes
    ----------
    key : str
    setting : str
        Its limit in :class:`WatchCriteria`.
    title : str
        What it looks at.
    rule : str
        In plain words, with ``{limit}`` and, where it has one, ``{weeks}``.
    meaning : str
        How it is measured.
    unit : str
        Of limit and value: shares are told in percent, differences of shares in points.
    lowest, highest : float
        Of the limit.
    """

    key: str
    setting: str
    title: str
    rule: str
    meaning: str
    unit: str
    lowest: float
    highest: float

    def told(self, value: float) -> str:
        """Return a limit or value as it is written."""
        return {SHARE: f"{value:.0%}", POINTS: f"{100 * value:.0f}", COUNT: f"{value:g}"}[self.unit]


CRITERIA: Mapping[str, Criterion] = {
    one.key: one
    for one in (
        Criterion(
            UNLIKE,
            "unlike",
            N_("Questions unlike anything learned"),
            N_("{limit} of the questions are unlike anything learned"),
            N_(
                "Questions that lie farther from every known question than known questions lie "
                "from each other. It holds when chance does not explain that there are more of "
                "them than the limit (binomial test)."
            ),
            SHARE,
            0.06,
            0.9,
        ),
        Criterion(
            JUDGED,
            "judged",
            N_("New judged questions"),
            N_("{limit} or more new questions have a known answer"),
            N_("Counted by their words; questions that the model was tested on count as known."),
            COUNT,
            1,
            100_000,
        ),
        Criterion(
            SATISFACTION,
            "fall",
            N_("Satisfaction"),
            N_("satisfaction falls by {limit} points for {weeks} weeks in a row"),
            N_(
                "Of the searches that say something, the share in which a result was opened or "
                "liked. It holds when each of these weeks lies that far below the weeks before, "
                "and chance does not explain it (Fisher's exact test)."
            ),
            POINTS,
            0.01,
            0.9,
        ),
        Criterion(
            CHANGED,
            "changed",
            N_("Changed answers"),
            N_("{limit} of the answers changed or went since the model learned"),
            N_("A changed answer makes the labels of its questions suspect."),
            SHARE,
            0.01,
            1.0,
        ),
        Criterion(
            LOST,
            "lost",
            N_("The frozen test"),
            N_("of 100 frozen test questions, {limit} fewer have the right answer first"),
            N_(
                "The questions that the model was taken into use with are asked again: on the "
                "answers of then and, where these changed, on those of today. The larger loss "
                "counts."
            ),
            COUNT,
            1,
            100,
        ),
        Criterion(
            DISAGREE,
            "disagree",
            N_("Agreement of the experts"),
            N_("the experts agree by {limit} points less than on the questions learned from"),
            N_(
                "Two experts agree as far as they put the candidate answers of a question in the "
                "same order (mean Spearman correlation; 100 points: in the very same order). It "
                "holds when chance does not explain that they agree by more than the limit less "
                "than on known questions (Welch's test). Nobody has to judge anything for it."
            ),
            POINTS,
            0.01,
            0.9,
        ),
    )
}


def checked(wanted: WatchCriteria) -> WatchCriteria:
    """Return criteria as they may be kept.

    Raises
    ------
    DataError
        If a limit, the weeks, the days or the accepted false alarms are out of range.
    """
    for one in CRITERIA.values():
        limit = getattr(wanted, one.setting)
        if limit is not None and not one.lowest <= limit <= one.highest:
            raise DataError(
                "{limit} is out of range: this criterion goes from {lowest} to {highest}.",
                limit=one.told(limit),
                lowest=one.told(one.lowest),
                highest=one.told(one.highest),
            )
    if not (1 <= wanted.weeks <= 8 and 1 <= wanted.days <= 90):
        raise DataError("Weeks go from 1 to 8, and a look reaches back 1 to 90 days.")
    if not 0.001 <= wanted.false_alarms <= 0.5:
        raise DataError("The accepted false alarms go from 0.1% to 50% in a year.")
    return wanted


def looks_a_year(criteria: WatchCriteria) -> float:
    """Return how many looks there are in a year where each begins as the last one ends."""
    return 365 / criteria.days


def judged_by(look: WatchLook, criteria: WatchCriteria) -> WatchLook:
    """Return the look with the state of every criterion that is switched on."""
    found = (
        _unlike(look, criteria),
        _judged(look, criteria),
        _satisfaction(look.weeks, criteria),
        _changed(look, criteria),
        _lost(look, criteria),
        _disagree(look, criteria),
    )
    return replace(look, criteria=tuple(state for state in found if state is not None))


def _unlike(look: WatchLook, criteria: WatchCriteria) -> CriterionState | None:
    if criteria.unlike is None:
        return None
    if look.drift is None:
        return CriterionState(UNLIKE, None, criteria.unlike, False)
    found, limit = look.drift.unlike, criteria.unlike
    expected = None if look.simulated is None else look.simulated.a_year
    value, count = found.share.value, look.drift.questions
    fires, raised = found.rings and look.simulated is not None, max(found.tolerated, limit)
    as_set = limit if raised > limit else None
    return CriterionState(UNLIKE, value, raised, fires, count, found.p, expected, as_set)


def _disagree(look: WatchLook, criteria: WatchCriteria) -> CriterionState | None:
    limit = criteria.disagree
    if limit is None:
        return None
    found = look.agreement
    if found is None:
        return CriterionState(DISAGREE, None, limit, False)
    expected = None if found.simulated is None else found.simulated.a_year
    as_set = limit if found.tolerated > limit else None
    rested = (found.rings, found.questions, found.p, expected, as_set)
    return CriterionState(DISAGREE, found.fall, found.tolerated, *rested)


def _judged(look: WatchLook, criteria: WatchCriteria) -> CriterionState | None:
    if criteria.judged is None:
        return None
    value, limit = look.judged, criteria.judged
    return CriterionState(JUDGED, float(value), float(limit), value >= limit, value)


def _changed(look: WatchLook, criteria: WatchCriteria) -> CriterionState | None:
    if criteria.changed is None:
        return None
    share, limit = look.answers.share, criteria.changed
    return CriterionState(CHANGED, share, limit, share >= limit, len(look.answers.changed))


def _lost(look: WatchLook, criteria: WatchCriteria) -> CriterionState | None:
    """Compare right answers in the first place: when taken into use, and now."""
    if criteria.lost is None:
        return None
    verdict, limit = look.verdict, float(criteria.lost)
    if verdict is None or not verdict.then:
        return CriterionState(LOST, None, limit, False)
    before = {one.regime: one.after for one in verdict.then}
    again = [*verdict.found, *verdict.today]
    losses = [before[one.regime] - one.after for one in again if one.regime in before]
    if not losses:
        return CriterionState(LOST, None, limit, False)
    value = float(max(max(losses), 0))
    questions = sum(one.questions for one in verdict.found)
    return CriterionState(LOST, value, limit, value >= limit, questions)


def _satisfaction(
    weeks: Sequence[WeekOfSearches], criteria: WatchCriteria
) -> CriterionState | None:
    if criteria.fall is None:
        return None
    limit = criteria.fall
    last, before = weeks[-criteria.weeks :], weeks[: -criteria.weeks][-BASELINE_WEEKS:]
    counts = tuple((round(week.satisfied), round(week.judged)) for week in last)
    good, all_before = (
        sum(round(part) for part in parts)
        for parts in ([w.satisfied for w in before], [w.judged for w in before])
    )
    rested = sum(judged for _, judged in counts)
    silent = len(counts) < criteria.weeks or any(judged == 0 for _, judged in counts)
    if silent or all_before < LEAST_JUDGED:
        return CriterionState(SATISFACTION, None, limit, False, rested)
    level = criteria.false_alarms / looks_a_year(criteria)
    fell, p, falls = _fallen(
        np.array([counts]), np.array([[good, all_before]]), limit=limit, level=level
    )
    a_year = _false_falls(counts, (good, all_before), criteria)
    value = float(falls[0])
    return CriterionState(SATISFACTION, value, limit, bool(fell[0]), rested, float(p[0]), a_year)


def _fallen(
    last: np.ndarray, before: np.ndarray, *, limit: float, level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return whether satisfaction fell, how likely that is by chance, and by how much it fell.

    Parameters
    ----------
    last : int array [n, weeks, 2]
        Satisfied and all, of each week.
    before : int array [n, 2]
        The same of the weeks before together.

    Returns
    -------
    fell : bool array [n]
    p : float array [n]
        One-sided, Fisher: so few satisfied in the last weeks, given all that there are.
    falls : float array [n]
        The smallest of the weeks' falls: every week has to lie that far below.
    """
    from scipy.stats import hypergeom  # slow to import, and a page that is opened needs none of it

    base = before[:, 0] / before[:, 1]
    falls = (base[:, None] - last[..., 0] / last[..., 1]).min(axis=1)
    good, judged = last.sum(axis=1).T
    p = hypergeom.cdf(good, judged + before[:, 1], good + before[:, 0], judged)
    return (falls >= limit - 1e-12) & (p <= level), p, falls


def _false_falls(
    last: Sequence[tuple[int, int]], before: tuple[int, int], criteria: WatchCriteria
) -> float:
    """Return how many false alarms a year would bring if satisfaction stayed as it was before.

    As many judged searches as there are now in every week, drawn from one and the same share.
    """
    assert criteria.fall is not None
    rng = np.random.default_rng(0)
    share = before[0] / before[1]
    sizes = np.array([judged for _, judged in last])
    weeks = rng.binomial(sizes, share, size=(_SIMULATED, len(sizes)))
    drawn = np.stack([weeks, np.broadcast_to(sizes, weeks.shape)], axis=2)
    earlier = rng.binomial(before[1], share, size=_SIMULATED)
    past = np.stack([earlier, np.full(_SIMULATED, before[1])], axis=1)
    level = criteria.false_alarms / looks_a_year(criteria)
    fell, _, _ = _fallen(drawn, past, limit=criteria.fall, level=level)
    return float(fell.mean()) * looks_a_year(criteria)


# What is said of it.


_HOLDS = {
    UNLIKE: N_("{value} of {count} different questions are unlike anything learned."),
    JUDGED: N_("New questions with a known answer since the model learned: {value}."),
    SATISFACTION: N_(
        "Satisfaction lies at least {value} points below the weeks before, in every week that "
        "counts ({count} searches that say something)."
    ),
    CHANGED: N_("Of the answers {value} changed or went since the model learned ({count})."),
    LOST: N_("Of 100 frozen test questions, {value} fewer have the right answer first."),
    DISAGREE: N_(
        "About {count} new questions the experts agree by {value} points less than about those "
        "learned from."
    ),
}
_MAY_BE_CHANCE = {
    UNLIKE: N_(
        "{value} of {count} different questions are unlike anything learned; that may be chance."
    ),
    SATISFACTION: N_(
        "Satisfaction lies at least {value} points below the weeks before ({count} searches that "
        "say something); that may be chance."
    ),
    DISAGREE: N_(
        "About {count} new questions the experts agree by {value} points less than about those "
        "learned from; that may be chance."
    ),
}
_SATISFIED = N_("Satisfaction does not lie below the weeks before.")
_SAME = N_("The frozen test finds as many right answers first as when the model was taken.")
_AGREED = N_("The experts agree about new questions as much as about those learned from.")
_TOO_FEW = N_("Fewer than {least} questions are known: too few to tell a season from anything new.")
_RAISED = N_(
    "Set to {as_set}; seasons of the few known questions would ring too often there, so it counts "
    "from {limit} on."
)
_UNKNOWN = {
    UNLIKE: N_("Nobody has searched since, or there is nothing learned to compare with."),
    DISAGREE: N_("Nobody has searched since, or fewer than two experts could be asked."),
    SATISFACTION: N_("Too few searches say so far whether people were satisfied."),
    LOST: N_("There is no frozen test that this model could be asked again."),
}
_CHANCE = N_("By chance alone about {times} times a year, simulated on your own past.")
_HARDLY = N_("By chance alone less than once in ten years, simulated on your own past.")
_NO_CHANCE = N_("This is a count: chance has no part in it.")


def rule_told(key: str, criteria: WatchCriteria) -> Message:
    """Return the rule of a criterion in plain words, with its limit."""
    one = CRITERIA[key]
    limit = one.told(getattr(criteria, one.setting) or 0)
    if key == SATISFACTION:
        return Message(one.rule, {"limit": limit, "weeks": criteria.weeks})
    return Message(one.rule, {"limit": limit})


def state_told(state: CriterionState) -> Message:
    """Return how far a criterion is, in one sentence."""
    key = state.key
    if state.value is None:
        return Message(_UNKNOWN[key])
    values: dict[str, str | int | float] = {
        "value": CRITERIA[key].told(state.value),
        "count": state.count,
    }
    if key == SATISFACTION and state.value <= 0:
        return Message(_SATISFIED)
    if key == LOST and state.value == 0:
        return Message(_SAME)
    if key == DISAGREE and state.value <= 0:
        return Message(_AGREED)
    if state.value >= state.limit and not state.fires:
        return Message(_MAY_BE_CHANCE[key], values)
    return Message(_HOLDS[key], values)


def chance_told(state: CriterionState) -> Message:
    """Return how often a criterion would hold by mistake."""
    if state.key not in _MAY_BE_CHANCE:
        return Message(_NO_CHANCE)
    if state.a_year is None and state.value is not None and state.key in (UNLIKE, DISAGREE):
        return Message(_TOO_FEW, {"least": FEWEST})
    if state.a_year is None:
        return Message(_UNKNOWN[state.key])
    if state.a_year < 0.05:
        return Message(_HARDLY)
    return Message(_CHANCE, {"times": f"{state.a_year:.1f}"})


def raised_told(state: CriterionState) -> Message | None:
    """Return why a limit counts from another figure on than was set; None where it does not."""
    if state.as_set is None:
        return None
    told = CRITERIA[state.key].told
    return Message(_RAISED, {"as_set": told(state.as_set), "limit": told(state.limit)})
