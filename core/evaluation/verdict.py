"""From numbers to one of three words, to a sentence for managers, and to what may be used.

How much better or worse one system is than another, with its uncertainty; what that is called; and
whether a tuned model may replace the base model: only if it did not get worse where we can see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation import statistics
from core.evaluation.measures import MAIN_METRIC, METRICS
from core.messages import N_, Message, N_n
from core.types import (
    BASE as BASE,
    BETTER as BETTER,
    CROSS_FIT as CROSS_FIT,
    KNOWN,
    NOT_SHOWN as NOT_SHOWN,
    REGIMES,
    SPLIT as SPLIT,
    TUNED as TUNED,
    UNSEEN,
    WORSE as WORSE,
    Comparison,
    Counted,
    Difference,
    Generality,
    Interval,
    QADataset,
)

WORDS = {BETTER: N_("Better"), WORSE: N_("Worse"), NOT_SHOWN: N_("No clear difference")}

ALPHA = 0.05
MIN_QUESTIONS = 20  # below this one lucky question moves the mean by more than 0.05
MIN_GROUPS = 10  # below this the bootstrap over answer groups gives too narrow intervals
# On fewer test questions most true gains end as "no clear difference": making every question a test
# question is then worth its time.
ENOUGH_QUESTIONS = 60
_MOST_DECIMALS = 6

GENERALITY_LIMIT = 0.02  # Spearman points; seeds of one recipe differ by about half of that
KEPT = "kept"  # the whole interval lies inside the limit
UNSURE = "unsure"  # the drop is inside the limit, its interval reaches past it
LOST = "lost"  # the drop is past the limit

Pairing = tuple[str, str, str]  # arm, reference, metric


@dataclass(frozen=True)
class _Regime:
    """One way of holding questions out, in the reader's words."""

    key: str
    title: str
    meaning: str


REGIME_TEXTS = {
    regime.key: regime
    for regime in (
        _Regime(
            KNOWN,
            N_("Known answers, new wording"),
            N_("Questions that were held out, about answers that other questions trained."),
        ),
        _Regime(
            UNSEEN,
            N_("Unseen answers"),
            N_("Questions about answers that no training question was about."),
        ),
    )
}


def possible_regimes(dataset: QADataset) -> tuple[str, ...]:
    """Return the regimes for which the data hold questions, whatever their split.

    "Known answers, new wording" needs ``MIN_GROUPS`` groups of answers with two questions or more.
    """
    rows = dataset.judged_rows
    sizes = np.unique(dataset.question_group[rows], return_counts=True)[1]
    enough = {KNOWN: int((sizes >= 2).sum()), UNSEEN: len(sizes)}
    return tuple(regime for regime in REGIMES if enough[regime] >= MIN_GROUPS)


def tested_in_split(dataset: QADataset) -> dict[str, int]:
    """Return how many test questions the split has in each regime that the data allow."""
    tested = dataset.regimes_of(dataset.held_out_rows)
    return {regime: int(np.count_nonzero(tested == regime)) for regime in possible_regimes(dataset)}


def verdict_way(dataset: QADataset) -> str:
    """Return how a verdict on these data is best reached: ``split`` or ``cross-fit``.

    Cross-fitting where the split leaves fewer than ``ENOUGH_QUESTIONS`` test questions in a regime
    that is possible at all; with fewer than ``MIN_GROUPS`` groups of answers there is nothing to
    make folds of.
    """
    few = [count for count in tested_in_split(dataset).values() if count < ENOUGH_QUESTIONS]
    return CROSS_FIT if few else SPLIT


def word(low: float, high: float, p: float, questions: int, groups: int) -> str:
    """Return ``better``, ``worse`` or ``not shown``.

    A difference is shown only when there are at least ``MIN_QUESTIONS`` questions from
    ``MIN_GROUPS`` answer groups, the 95% interval leaves out zero AND the randomisation test gives
    p below ``ALPHA``: two tests with different weaknesses have to agree.

    Parameters
    ----------
    low, high : float
        Interval of tuned minus base.
    p : float in (0, 1]
        For the main metric the raw p (it was chosen beforehand), for others Holm's.
    questions, groups : int
        Held-out questions and their answer groups.
    """
    if questions < MIN_QUESTIONS or groups < MIN_GROUPS or p >= ALPHA or low <= 0 <= high:
        return NOT_SHOWN
    return BETTER if low > 0 else WORSE


def _decides_raw(regime: str, arm: str, reference: str, metric: str) -> bool:
    """Return True for the question that was fixed before anybody looked: it needs no correction.

    Tuned against base, on the main metric, on all questions of a regime. Everything else is one
    of several looks at the same questions and is judged on its adjusted p.
    """
    return bool(regime) and (arm, reference, metric) == (TUNED, BASE, MAIN_METRIC)


def _decisive_p(difference: Difference) -> float:
    """Return the p-value that decides, see :func:`_decides_raw`."""
    d = difference
    return d.p if _decides_raw(d.regime, d.arm, d.reference, d.metric) else d.p_adjusted


def sentence(difference: Difference) -> Message:
    """Return the verdict in one sentence, with the reason where nothing was shown."""
    # decimals so that an end of the interval that is not zero does not read as zero
    size = _decimals([difference.low, difference.high])
    params: dict[str, str | int | float] = {
        "difference": _signed(difference.difference, size),
        "low": _number(difference.low, size),
        "high": _number(difference.high, size),
        "questions": difference.questions,
        "groups": difference.groups,
    }
    if difference.word != NOT_SHOWN:
        better = N_("Better: {difference} ({low} to {high}), on {questions} held-out questions.")
        worse = N_("Worse: {difference} ({low} to {high}), on {questions} held-out questions.")
        return Message(better if difference.word == BETTER else worse, params)
    if difference.questions < MIN_QUESTIONS or difference.groups < MIN_GROUPS:
        return Message(
            N_(
                "No clear difference: too few held-out questions for a verdict ({questions} "
                "questions on {groups} groups of answers; needed: {min_questions} questions on "
                "{min_groups} groups). Add questions and compare again."
            ),
            {**params, "min_questions": MIN_QUESTIONS, "min_groups": MIN_GROUPS},
        )
    if difference.wins == difference.losses == 0:
        return Message(
            N_(
                "No clear difference: on all {questions} held-out questions the result is the same."
            ),
            params,
        )
    if difference.low <= 0 <= difference.high:
        return Message(
            N_(
                "No clear difference: {difference} ({low} to {high}), on {questions} held-out "
                "questions. There may be no difference at all; with this many questions, one of "
                "{smallest} or more would probably be found."
            ),
            {**params, "smallest": effect_text(difference.smallest_detectable)},
        )
    return Message(
        N_(
            "No clear difference: {difference} ({low} to {high}), on {questions} held-out "
            "questions. A second test does not confirm the difference (p = {p}, needed: below "
            "{alpha})."
        ),
        {**params, "p": f"{_decisive_p(difference):.3f}", "alpha": ALPHA},
    )


def way_text(comparison: Comparison) -> Message | None:
    """Return in plain words how a cross-fitted verdict was reached; None for one split."""
    if comparison.way != CROSS_FIT:
        return None
    params: dict[str, str | int | float] = {
        "folds": comparison.folds,
        "questions": len(np.unique(comparison.question_rows)),
        "percent": round(100 * (comparison.widening - 1)),
    }
    plainly = N_(
        "Every one of the {questions} questions was a test question: {folds} models were tuned, "
        "each without the questions it was tested on. The model that you get learned from all "
        "questions, with the settings that these models agreed on; no question is left to test "
        "that very model."
    )
    wider = N_(
        "Every one of the {questions} questions was a test question: {folds} models were tuned, "
        "each without the questions it was tested on. The model that you get learned from all "
        "questions, with the settings that these models agreed on; no question is left to test "
        "that very model. Intervals are {percent} % wider than usual, because the models share "
        "training questions."
    )
    return Message(wider if comparison.widening > 1 else plainly, params)


def untested_text(comparison: Comparison) -> Message | None:
    """Say why the regime "known answers, new wording" is absent; None where it is not."""
    if KNOWN in present_regimes(comparison):
        return None
    return Message(
        N_(
            "“Known answers, new wording” was not tested: it takes answers with two or more "
            "differently worded questions each."
        )
    )


def effect_text(effect: float, least: int = 2) -> str:
    """Return an effect with ``least`` decimals, or as many as it takes not to read as zero."""
    return _number(effect, max(least, _decimals([effect])))


def signed_effect(effect: float) -> str:
    """Return :func:`effect_text` with its sign."""
    return _signed(effect, _decimals([effect]))


def _decimals(values: Sequence[float]) -> int:
    smallest = min((abs(value) for value in values if value != 0), default=1.0)
    digits = 2 if smallest >= 0.01 else 3 if smallest >= 0.001 else 4
    while digits < _MOST_DECIMALS and float(f"{smallest:.{digits}f}") == 0:
        digits += 1
    return digits


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def _signed(value: float, digits: int) -> str:
    text = _number(value, digits)
    return text if text.startswith("−") or float(text) == 0 else f"+{text}"


def differences(
    comparison: Comparison, *, seed: int, margin: float = 0.0
) -> tuple[Difference, ...]:
    """Return tuned minus base for every regime with questions and every metric.

    ``p`` is raw, ``p_adjusted`` is Holm's over the metrics of the regime. The word of the main
    metric rests on ``p``, since it was chosen beforehand, that of the others on ``p_adjusted``.
    Empty where base or tuned is absent.
    """
    if comparison.system(BASE) is None or comparison.system(TUNED) is None:
        return ()
    pairings = [(TUNED, BASE, metric) for metric in METRICS]
    return _by_regime(comparison, pairings, seed, margin)


def contrasts(
    comparison: Comparison,
    *,
    seed: int,
    reference: str = BASE,
    metric: str = MAIN_METRIC,
    margin: float = 0.0,
) -> tuple[Difference, ...]:
    """Return every other system minus the reference, regime by regime.

    ``p_adjusted`` is Holm's over the systems of the regime, and decides; only tuned against base on
    the main metric rests on the raw p, as in :func:`differences`. Empty where the reference is
    absent.
    """
    if comparison.system(reference) is None:
        return ()
    pairings = [(a.name, reference, metric) for a in comparison.systems if a.name != reference]
    return _by_regime(comparison, pairings, seed, margin)


def _by_regime(
    comparison: Comparison, pairings: Sequence[Pairing], seed: int, margin: float
) -> tuple[Difference, ...]:
    return tuple(
        difference
        for regime in present_regimes(comparison)
        for difference in paired(comparison, pairings, regime=regime, seed=seed, margin=margin)
    )


def paired(
    comparison: Comparison,
    pairings: Sequence[Pairing],
    *,
    regime: str,
    seed: int,
    rows: np.ndarray | None = None,
    margin: float = 0.0,
) -> list[Difference]:
    """Return the difference of each pairing on the same questions, Holm over all of them.

    Parameters
    ----------
    pairings : sequence of (arm, reference, metric)
        Both must be there.
    regime : str
        Of the questions; "" for both together.
    rows : int array [m] or None
        Positions of the held-out questions that are looked at; None takes those of the regime.
    margin : float >= 0
        Questions whose results differ by no more than this are ties.
    """
    rows = regime_positions(comparison, regime) if rows is None else rows
    if not pairings or not len(rows):
        return []
    groups = comparison.groups[rows]
    sides = [
        (_values(comparison, arm, metric, rows), _values(comparison, reference, metric, rows))
        for arm, reference, metric in pairings
    ]
    table = np.stack([after - before for after, before in sides], axis=1)
    # What models of folds share widens what is said of the tuned model, and of nothing else.
    factors = [
        comparison.widening if TUNED in (arm, reference) else 1.0 for arm, reference, _ in pairings
    ]
    intervals_of = [
        statistics.widened(interval, factor)
        for interval, factor in zip(
            statistics.mean_intervals(table, groups, seed=seed), factors, strict=True
        )
    ]
    raw = [statistics.randomisation_p(column, groups, seed=seed) for column in table.T]
    adjusted = statistics.holm(np.array(raw))
    sizes = len(rows), len(np.unique(groups))
    results = []
    for i, (arm, reference, metric) in enumerate(pairings):
        after, before = sides[i]
        interval = intervals_of[i]
        wins, ties, losses = statistics.win_tie_loss(table[:, i], margin)
        decisive = raw[i] if _decides_raw(regime, arm, reference, metric) else float(adjusted[i])
        results.append(
            Difference(
                regime=regime,
                metric=metric,
                before=float(before.mean()),
                after=float(after.mean()),
                difference=interval.value,
                low=interval.low,
                high=interval.high,
                p=raw[i],
                wins=wins,
                ties=ties,
                losses=losses,
                questions=sizes[0],
                groups=sizes[1],
                word=word(interval.low, interval.high, decisive, *sizes),
                smallest_detectable=factors[i]
                * statistics.smallest_detectable(table[:, i], groups),
                p_adjusted=float(adjusted[i]),
                arm=arm,
                reference=reference,
            )
        )
    return results


def _values(comparison: Comparison, name: str, metric: str, rows: np.ndarray) -> np.ndarray:
    system = comparison.system(name)
    assert system is not None  # callers name systems that are there
    return np.asarray(system.metrics[metric][rows], np.float64)


def present_regimes(comparison: Comparison) -> tuple[str, ...]:
    """Return the regimes that have held-out questions, ``known`` first."""
    return tuple(regime for regime in REGIMES if np.any(comparison.regimes == regime))


def regime_positions(comparison: Comparison, regime: str) -> np.ndarray:
    """Return positions [n_r] of a regime's questions among the held-out questions; "" = all."""
    if not regime:
        return np.arange(len(comparison.question_rows))
    return np.flatnonzero(comparison.regimes == regime)


def intervals(
    comparison: Comparison, regime: str, *, seed: int = 0
) -> dict[tuple[str, str], Interval]:
    """Return mean and 95% interval of every system and metric on the questions of one regime.

    Returns
    -------
    dict of (system name, metric) to Interval
        All from the same bootstrap draws. For "is tuned better than base" use ``differences``:
        that intervals of two systems overlap says nothing about their difference.
    """
    rows = regime_positions(comparison, regime)
    measured = [(system, metric) for system in comparison.systems for metric in system.metrics]
    if rows.size == 0 or not measured:
        return {}
    table = np.stack([system.metrics[metric][rows] for system, metric in measured], axis=1)
    spread = statistics.mean_intervals(table, comparison.groups[rows], seed=seed)
    keys = [(system.name, metric) for system, metric in measured]
    return dict(zip(keys, spread, strict=True))


def generality_state(probe: Generality, limit: float = GENERALITY_LIMIT) -> str:
    """Return ``kept``, ``unsure`` or ``lost``.

    The measured drop decides whether a model is refused, since it is the best guess there is; the
    interval says how sure that is. Only a drop whose whole interval stays inside the limit counts
    as shown to be small (a non-inferiority test with the limit as its margin).
    """
    if probe.before - probe.after > limit:
        return LOST
    return KEPT if -probe.low <= limit else UNSURE


_WORSE_TEXTS = {
    KNOWN: N_(
        "On new wordings of known answers the tuned model is worse by {drop} ({low} to "
        "{high}; nDCG@10, {questions} held-out questions)."
    ),
    UNSEEN: N_(
        "On unseen answers the tuned model is worse by {drop} ({low} to {high}; "
        "nDCG@10, {questions} held-out questions)."
    ),
}


def promotion_allowed(
    comparison: Comparison, limit: float = GENERALITY_LIMIT
) -> tuple[bool, list[Message]]:
    """Return whether the tuned model may be promoted, and every reason against it.

    Refused when base or tuned is absent, when the main metric is ``worse`` in a regime, plain or by
    weight, when a must-find question is lost, or when Spearman on a general probe falls by more
    than ``limit``; the reason names the interval of the drop. "No clear difference" does not
    refuse: a tuned model may be wanted for other reasons. For overruling see
    :mod:`core.journey.pilot.versions`.
    """
    reasons: list[Message] = []
    if comparison.system(BASE) is None or comparison.system(TUNED) is None:
        reasons.append(
            Message(N_("The model before or after tuning is missing from the comparison."))
        )
    for difference in comparison.differences:
        if (difference.metric, difference.word) != (MAIN_METRIC, WORSE):
            continue
        params: dict[str, str | int | float] = {
            "drop": effect_text(-difference.difference, 3),
            "low": effect_text(-difference.high, 3),
            "high": effect_text(-difference.low, 3),
            "questions": difference.questions,
        }
        reasons.append(Message(_WORSE_TEXTS[difference.regime], params))
    reasons += _by_what_counts(comparison.counted)
    reasons += [
        _loss(probe, limit)
        for probe in comparison.generality
        if generality_state(probe, limit) == LOST
    ]
    return not reasons, reasons


def _by_what_counts(counts: Counted) -> list[Message]:
    """Return what speaks against a model by weight and by must-find questions."""
    reasons = [
        Message(
            N_(
                "Weighted by what questions count, the tuned model is worse by {drop} ({low} to "
                "{high}; nDCG@10, as much as {questions} equal questions)."
            ),
            {
                "drop": effect_text(-difference.difference, 3),
                "low": effect_text(-difference.high, 3),
                "high": effect_text(-difference.low, 3),
                "questions": round(difference.effective_questions),
            },
        )
        for difference in counts.differences
        if (difference.metric, difference.word) == (MAIN_METRIC, WORSE)
    ]
    if counts.lost:
        text = N_n(
            "{count} must-find question had a right answer among the first "
            "{within} before and has none there after tuning.",
            "{count} must-find questions had a right answer among the first "
            "{within} before and have none there after tuning.",
        )
        reasons.append(Message(text, {"count": len(counts.lost), "within": counts.within}))
    return reasons


def promotion_cautions(comparison: Comparison, limit: float = GENERALITY_LIMIT) -> list[Message]:
    """Return what does not refuse the tuned model but is not shown to be harmless either."""
    return [
        Message(
            N_(
                "On general sentence pairs ({language}) the measured loss of {drop} is inside the "
                "limit of {limit}, but with {pairs} pairs it could be up to {high} (95 % interval)."
            ),
            _numbers(probe, limit),
        )
        for probe in comparison.generality
        if generality_state(probe, limit) == UNSURE
    ]


def _loss(probe: Generality, limit: float) -> Message:
    surely = N_(
        "On general sentence pairs ({language}) the tuned model lost {drop} ({low} to "
        "{high}), from {before} to {after} (Spearman); the limit is {limit}."
    )
    perhaps = N_(
        "On general sentence pairs ({language}) the tuned model lost {drop} ({low} to {high}), "
        "from {before} to {after} (Spearman); the limit is {limit}. With {pairs} pairs the "
        "true loss may also be inside the limit."
    )
    return Message(surely if -probe.high > limit else perhaps, _numbers(probe, limit))


def _numbers(probe: Generality, limit: float) -> dict[str, str | int | float]:
    def short(value: float) -> str:
        text = f"{value:.3f}"
        return "0.000" if float(text) == 0 else text.replace("-", "−")

    return {
        "language": probe.language,
        "pairs": probe.pairs,
        "drop": short(probe.before - probe.after),
        "low": short(-probe.high),
        "high": short(-probe.low),
        "before": short(probe.before),
        "after": short(probe.after),
        "limit": f"{limit:g}",
    }
