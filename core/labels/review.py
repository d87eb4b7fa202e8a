"""Pairs worth a human look: which, in which order, and why.

Suspected wrong hard labels, pairs on which experts disagree, the pairs that people should rate
next, and in words which experts contradict a pair, and how far.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.labels.pair_sample import HARD, RANDOM, RIGHT, PairSample
from core.labels.rules import weighted_mean
from core.messages import N_, Message

BATCH = 40
ONE_QUESTION = 2  # most pairs of one question in a batch and kind: ratings should be spread out
_FAR = 0.3  # experts further apart than this disagree in a way that a reader sees


@dataclass(frozen=True, eq=False)
class PairFindings:
    """What the experts together think of each pair of a sample; arrays in the sample's order.

    Attributes
    ----------
    consensus : float32 array [n] in [0, 1]
        Weighted mean of the experts; NaN = no opinion.
    spread : float32 array [n]
        Disagreement: weighted standard deviation over the experts; 0 with fewer than two opinions.
    suspicion : float32 array [n] in [0, 1]
        How far the experts together are from the hard label; 0 where they have no opinion.
    against : int32 array [n]
        How many experts, each by its own measure, take the pair for the opposite of its hard label.
    suspected : bool array [n]
        The hard label is probably wrong.
    """

    consensus: np.ndarray
    spread: np.ndarray
    suspicion: np.ndarray
    against: np.ndarray
    suspected: np.ndarray

    @cached_property
    def most_suspicious(self) -> np.ndarray:
        """Positions of suspected pairs in the sample, most suspicious first, int [m]."""
        positions = np.flatnonzero(self.suspected)
        return positions[np.argsort(-self.suspicion[positions], kind="stable")]

    @cached_property
    def most_disputed(self) -> np.ndarray:
        """Positions of all pairs, those on which experts disagree most first, int [n]."""
        return np.argsort(-self.spread, kind="stable")


def find_suspects(sample: PairSample, calibrated: np.ndarray, weights: np.ndarray) -> PairFindings:
    """Find suspected wrong hard labels and disagreement.

    A right pair is suspected when the experts together score it no higher than they score the
    average other pair; another pair is suspected when they score it at least as high as the average
    right pair. The two thresholds follow confident learning (Northcutt, Jiang, Chuang 2021,
    arXiv:1911.00068); taking them from each expert's own averages makes them independent of scale.
    The average other pair lies halfway between hard and random ones: against random pairs alone
    nearly every right pair looks right, and fewer planted errors are found.
    More than half of the experts that have an opinion must also, each alone, be against the label.

    Parameters
    ----------
    calibrated : float array [K, n] in [0, 1]; NaN = no opinion
    weights : float array [K], summing to 1
        How much each expert counts, from training pairs.
    """
    consensus = weighted_mean(calibrated, sample.hard_label, weights)
    known = ~np.isnan(calibrated)
    opposed = (_opposed(values, sample) for values in calibrated)
    against = sum(opposed, start=np.zeros(len(sample), np.int32))
    majority = 2 * against > known.sum(axis=0)
    distance = np.abs(sample.hard_label - consensus)
    second = weighted_mean((calibrated - consensus) ** 2, sample.hard_label, weights)
    return PairFindings(
        consensus=consensus,
        spread=np.sqrt(np.nan_to_num(second)).astype(np.float32),
        suspicion=np.nan_to_num(distance).astype(np.float32),
        against=against,
        suspected=(_opposed(consensus, sample) > 0) & majority,
    )


def _usual_levels(values: np.ndarray, sample: PairSample) -> tuple[float, float] | None:
    """Return what one voice usually gives right pairs and other pairs, means in [0, 1].

    The mean of other pairs lies halfway between hard and random ones. None where the voice cannot
    tell the kinds apart.
    """
    known = ~np.isnan(values)
    groups = [known & (sample.kind == kind) for kind in (RIGHT, HARD, RANDOM)]
    means = [float(values[group].mean()) for group in groups if group.any()]
    if not groups[0].any() or len(means) < 2:
        return None
    of_right, of_other = means[0], sum(means[1:]) / len(means[1:])
    return (of_right, of_other) if of_right > of_other else None


def _opposed(values: np.ndarray, sample: PairSample) -> np.ndarray:
    """Return int32 [n]: 1 where one voice contradicts the hard label, else 0 (also for NaN)."""
    levels = _usual_levels(values, sample)
    if levels is None:
        return np.zeros(len(values), np.int32)
    with np.errstate(invalid="ignore"):
        return np.where(sample.kind == RIGHT, values <= levels[1], values >= levels[0]).astype(
            np.int32
        )


@dataclass(frozen=True)
class Voice:
    """What one expert says about one pair, beside what it usually says.

    Attributes
    ----------
    score : float in [0, 1]
        NaN = no opinion.
    usual_right, usual_other : float in [0, 1]
        What it gives right answers and other pairs on average; NaN where it cannot tell them apart.
    against : bool
        It contradicts the hard label.
    """

    name: str
    score: float
    usual_right: float
    usual_other: float
    against: bool


def voices(
    sample: PairSample, calibrated: np.ndarray, names: Sequence[str], position: int
) -> list[Voice]:
    """Return what each expert says about one pair of a sample.

    Parameters
    ----------
    calibrated : float array [K, n] in [0, 1]
    names : sequence of str, K long
    position : int
        Of the pair in the sample.
    """
    right = sample.kind[position] == RIGHT
    heard = []
    for name, values in zip(names, calibrated, strict=True):
        levels = _usual_levels(values, sample)
        score = float(values[position])
        of_right, of_other = levels or (float("nan"), float("nan"))
        against = score <= of_other if right else score >= of_right  # False with NaN
        heard.append(Voice(name, score, of_right, of_other, bool(against)))
    return heard


def reason(heard: Sequence[Voice], findings: PairFindings, sample: PairSample, at: int) -> Message:
    """Return in one or two sentences why this pair stands in the list.

    Parameters
    ----------
    heard : sequence of Voice
        As :func:`voices` gives them for the pair.
    at : int
        Position of the pair in the sample.
    """
    voices_heard = sorted((v for v in heard if not np.isnan(v.score)), key=lambda v: v.score)
    if not voices_heard:
        return Message(N_("No expert has an opinion on this pair."))
    low, high = voices_heard[0], voices_heard[-1]
    right = sample.kind[at] == RIGHT
    against = [voice for voice in voices_heard if voice.against]
    listed = ", ".join(  # "BM25 3 (61), …": each score with what right answers usually get
        f"{voice.name} {voice.score * 100:.0f} ({voice.usual_right * 100:.0f})"
        for voice in (against if right else against[::-1])
    )
    if against and right:
        template = N_(
            "Your data call this answer right, but {count} of {total} experts contradict: "
            "{listed}; in brackets what right answers usually get from them. All experts "
            "together give it {together} of 100."
        )
    elif against:
        template = N_(
            "Your data do not list this answer as right, but {count} of {total} experts "
            "find it as good as a right one: {listed}; in brackets what right answers usually "
            "get from them. All experts together give it {together} of 100."
        )
    elif high.score - low.score >= _FAR:
        template = N_(
            "The experts are {gap} points apart: {high} gives it {high_score}, {low} gives it "
            "{low_score}."
        )
    else:
        template = N_(
            "No expert contradicts your data; together they give this pair {together} of 100."
        )
    values: dict[str, str | int | float] = {
        "count": len(against),
        "total": len(voices_heard),
        "listed": listed,
        "together": round(float(findings.consensus[at]) * 100),
        "gap": round((high.score - low.score) * 100),
        "high": high.name,
        "high_score": round(high.score * 100),
        "low": low.name,
        "low_score": round(low.score * 100),
    }
    return Message(template, values)


def propose_pairs(
    sample: PairSample,
    spread: np.ndarray,
    rated: Collection[tuple[int, int]],
    *,
    seed: int,
    count: int = BATCH,
) -> np.ndarray:
    """Return positions in the sample, int [m], of the pairs to rate next, in the order to show.

    Half of them are right answers and half are not, those first on which the experts disagree
    most; then they are shuffled, so that their order gives nothing away. Everybody who has rated
    the same pairs gets the same proposals: only pairs rated by several people show how far people
    agree. A sample for inspection holds no test question, so none can be proposed.

    Parameters
    ----------
    spread : float array [n]
        Disagreement of the experts, ``PairFindings.spread``.
    rated : collection of (question row, answer row)
        Pairs that this rater has dealt with.
    seed : int
        Seed of the draw among equals and of the order.
    count : int
        Most pairs to return; fewer come back when the sample has no more.
    """
    rng = np.random.default_rng(seed)
    chance = rng.permutation(len(sample))
    order = np.lexsort((chance, -np.nan_to_num(np.asarray(spread, np.float64))))
    order = order[~_is_among(sample, rated)[order]]
    right = sample.kind[order] == RIGHT
    halves = [_spread_out(sample, order[right]), _spread_out(sample, order[~right])]
    half = count // 2
    short = [max(0, half - len(positions)) for positions in halves]
    chosen = np.concatenate(
        [halves[0][: half + count % 2 + short[1]], halves[1][: half + short[0]]]
    )[:count]
    return rng.permutation(chosen)


def current_batch(
    sample: PairSample,
    spread: np.ndarray,
    rated: Collection[tuple[int, int]],
    *,
    seed: int,
    count: int = BATCH,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the batch that a rater is at, the same as everybody's, and what is done of it.

    The batches follow each other in one order for all; a rater is at the first that is not done.

    Returns
    -------
    positions : int array [m]
        Pairs of the batch, in the order to show; empty when there are no pairs left at all.
    done : bool array [m]
    """
    earlier: set[tuple[int, int]] = set()
    while True:
        batch = propose_pairs(sample, spread, earlier, seed=seed, count=count)
        done = _is_among(sample, rated)[batch]
        if not len(batch) or not done.all():
            return batch, done
        rows, columns = sample.question_rows[batch], sample.answer_rows[batch]
        earlier |= set(zip(rows.tolist(), columns.tolist(), strict=True))


def _is_among(sample: PairSample, pairs: Collection[tuple[int, int]]) -> np.ndarray:
    """Return bool [n]: whether each pair of the sample is one of these."""
    keys = (sample.question_rows.astype(np.int64) << 32) | sample.answer_rows
    return np.isin(keys, np.array([(row << 32) | column for row, column in pairs], np.int64))


def _spread_out(sample: PairSample, order: np.ndarray) -> np.ndarray:
    """Move a question's third and later pairs to the end, keeping the order otherwise."""
    questions = sample.question_rows[order]
    by_question = np.argsort(questions, kind="stable")
    ordered = questions[by_question]
    start = np.searchsorted(ordered, ordered)
    place = np.empty(len(order), np.int64)
    place[by_question] = np.arange(len(order)) - start
    return np.concatenate([order[place < ONE_QUESTION], order[place >= ONE_QUESTION]])
