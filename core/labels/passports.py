"""Passports of experts: how each of them judges, beside the panel it sits on.

How good an expert is says little about how it judges. One gives high labels to everything, one
favours long answers, one counts shared words and takes an echo of the question for its answer. All
of this shows in scores that are there; nothing is asked anew.

Traits are measured on pairs of training questions. Answers of like length, and pairs of one
question, are not independent: whole answer groups, or questions, are what is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.labels.bias import FEWEST_CLUSTERS, LEVEL, holm, middle_opinion
from core.labels.judges import AGREES, ENOUGH_SHARED, GRADES, JudgeAgreement, agreement_of
from core.labels.pair_sample import PairSample
from core.labels.quality import LabelSpread, label_spread
from core.types import Interval, QADataset

# Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", chapter 3: a correlation of
# 0.1 is small, one of 0.3 medium.
SMALL, MEDIUM = 0.1, 0.3
GENEROUS = 0.1  # ten points of 100: what people see on the histogram of labels


@dataclass(frozen=True)
class Trait:
    """One habit of one expert.

    Attributes
    ----------
    value : Interval
        With 95 % interval; NaN where there are too few pairs.
    sign : int
        1 or -1 where it is large enough to be worth a word and beyond chance (adjusted for all
        experts), else 0.
    """

    value: Interval
    sign: int = 0


@dataclass(frozen=True)
class Passport:
    """How one expert judges.

    Attributes
    ----------
    expert : str
        Catalogue key.
    right, other : float in [0, 1]
        Mean calibrated score of right pairs and of other pairs; NaN where there are none.
    generosity : Trait
        How far its calibrated scores lie above the middle opinion of the others on the same pairs,
        right pairs and other pairs counting the same; in [-1, 1].
    length : Trait
        Rank correlation with the length of the answer, among wrong pairs, of what the expert gives
        beyond the middle opinion of the others. A sign needs the same of its bare score, too, else
        one expert that likes long answers would make all others seem to like short ones.
    words : Trait
        Rank correlation of its score with the words that question and answer share, among wrong
        pairs; the sign says whether it is above or below :data:`MEDIUM`.
    people : JudgeAgreement or None
        With people, on the pairs that they rated; None where they rated none, and for themselves.
    kinship : str
        To the model that is tuned, as :func:`core.experts.catalogue.kinship` says it; "" = none.
    """

    expert: str
    right: float
    other: float
    generosity: Trait
    length: Trait
    words: Trait
    people: JudgeAgreement | None = None
    kinship: str = ""

    @property
    def like_people(self) -> Trait:
        """Weighted kappa with people; the sign says whether it is surely substantial or not."""
        found = self.people
        if found is None or found.kappa is None:
            return Trait(Interval(float("nan"), float("nan"), float("nan")))
        enough = found.pairs >= ENOUGH_SHARED
        sign = int(found.low >= AGREES) - int(found.high < AGREES) if enough else 0
        return Trait(Interval(found.kappa, found.low, found.high), sign)


def habits(
    calibrated: np.ndarray, sample: PairSample, dataset: QADataset, shared: np.ndarray
) -> tuple[Passport, ...]:
    """Return the passports of a panel, without people and kinship.

    Parameters
    ----------
    calibrated : float array [K, n] in [0, 1]; NaN = no opinion
    sample : PairSample
        Of training questions, with K experts.
    shared : float array [n] in [0, 1]
        Share of the words of the question that the answer uses.
    """
    right = sample.hard_label > 0
    lengths = np.array([len(text) for text in dataset.answers], np.float64)[sample.answer_rows]
    questions = dataset.question_group[sample.question_rows]
    answers = dataset.answer_group[sample.answer_rows]
    generosity: list[ClusteredEstimate] = []
    length: list[ClusteredEstimate] = []
    bare: list[ClusteredEstimate] = []
    words: list[ClusteredEstimate] = []
    spreads: list[LabelSpread] = []
    for k, own in enumerate(np.asarray(calibrated, np.float64)):
        others = np.delete(calibrated, k, axis=0)
        apart = own - middle_opinion(others) if len(others) else own
        known = ~np.isnan(apart)
        wrong, spoken = known & ~right, ~np.isnan(own) & ~right
        if len(others):
            generosity.append(balanced_mean(apart[known], right[known], questions[known]))
        else:  # nobody to compare with
            generosity.append(_UNKNOWN)
        length.append(rank_correlation(apart[wrong], lengths[wrong], answers[wrong]))
        bare.append(rank_correlation(own[spoken], lengths[spoken], answers[spoken]))
        words.append(rank_correlation(own[spoken], shared[spoken], questions[spoken]))
        spreads.append(label_spread(own, sample.hard_label))
    seconded = [
        trait if trait.sign == own.sign else replace(trait, sign=0)
        for trait, own in zip(_signed(length, SMALL), _signed(bare, SMALL), strict=True)
    ]
    traits = zip(_signed(generosity, GENEROUS), seconded, _signed(words, 0, MEDIUM), strict=True)
    return tuple(
        Passport(expert, spread.right, spread.other, *found)
        for expert, spread, found in zip(sample.experts, spreads, traits, strict=True)
    )


def agreement_with_people(
    said: np.ndarray, people: np.ndarray, questions: np.ndarray
) -> JudgeAgreement:
    """Return how far an expert's calibrated scores go with people's ratings, in their grades.

    Parameters
    ----------
    said : float array [n] in [0, 1]; NaN = no opinion, left out
    people : float array [n] in [0, 1]
    questions : int array [n]
        Question of each pair.
    """
    known = ~np.isnan(said)
    first, second = (
        np.rint(values[known] * (GRADES - 1)).clip(0, GRADES - 1).astype(np.int64)
        for values in (people, said)
    )
    return agreement_of(first, second, questions[known])


def places(passports: Sequence[Passport], of: Callable[[Passport], float]) -> np.ndarray:
    """Return where each expert stands from the panel's lowest (0) to its highest (1).

    Parameters
    ----------
    of : callable
        The figure of a passport; NaN = not known.

    Returns
    -------
    float64 array [K]
        NaN where the figure is not known, 0.5 where all known figures are equal.
    """
    values = np.array([of(passport) for passport in passports], np.float64)
    known = values[~np.isnan(values)]
    if not len(known):
        return values
    low, span = known.min(), np.ptp(known)
    return (values - low) / span if span else np.where(np.isnan(values), np.nan, 0.5)


@dataclass(frozen=True)
class ClusteredEstimate:
    """A figure with its standard error.

    Attributes
    ----------
    clusters : int
        Independent units behind it; 0 = the figure could not be made.
    """

    value: float
    error: float
    clusters: int

    def interval(self) -> Interval:
        """Return the figure with its 95 % interval; all NaN where it could not be made."""
        from scipy.stats import t as student

        if not self.clusters:
            return Interval(float("nan"), float("nan"), float("nan"))
        half = float(student.ppf(1 - LEVEL / 2, self.clusters - 1)) * self.error
        return Interval(self.value, self.value - half, self.value + half)

    def p(self, against: float) -> float:
        """Return the two-sided p-value of being another value, NaN where it cannot be said."""
        from scipy.stats import t as student

        if not self.clusters:
            return float("nan")
        if not self.error:  # the same in every cluster: a perfect correlation
            return float(self.value == against)
        size = abs(self.value - against) / self.error
        return float(2 * student.sf(size, self.clusters - 1))


_UNKNOWN = ClusteredEstimate(float("nan"), float("nan"), 0)


def balanced_mean(values: np.ndarray, right: np.ndarray, clusters: np.ndarray) -> ClusteredEstimate:
    """Return the mean of values, right pairs and other pairs counting the same.

    Cluster-robust (linearised) variance, as in :func:`core.labels.bias.difference_test`.

    Parameters
    ----------
    values : float array [n]
    right : bool array [n]
    clusters : int array [n]
        What is independent of each other.
    """
    kinds = [kind for kind in (right, ~right) if kind.any()]
    if not kinds:
        return _UNKNOWN
    influence = np.zeros(len(values))
    for kind in kinds:
        influence[kind] = (values[kind] - values[kind].mean()) / kind.sum() / len(kinds)
    mean = float(np.mean([values[kind].mean() for kind in kinds]))
    return _estimate(mean, influence, clusters)


def rank_correlation(
    left: np.ndarray, right: np.ndarray, clusters: np.ndarray
) -> ClusteredEstimate:
    """Return Spearman's correlation of two rows [n] with a cluster-robust standard error.

    With standardised ranks u and v the influence of a pair is uv − ρ(u² + v²)/2: that of Pearson's
    correlation (Devlin, Gnanadesikan & Kettenring 1975, doi:10.1093/biomet/62.3.531) of the ranks,
    which are taken as given.

    Parameters
    ----------
    clusters : int array [n]
        What is independent of each other.
    """
    from scipy.stats import rankdata

    if len(left) < 2 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return _UNKNOWN
    u, v = ((ranks - ranks.mean()) / ranks.std() for ranks in (rankdata(left), rankdata(right)))
    found = float((u * v).mean())
    return _estimate(found, (u * v - found * (u**2 + v**2) / 2) / len(u), clusters)


def _estimate(value: float, influence: np.ndarray, clusters: np.ndarray) -> ClusteredEstimate:
    sums = np.bincount(np.unique(clusters, return_inverse=True)[1], weights=influence)
    count = len(sums)
    if count < FEWEST_CLUSTERS:
        return _UNKNOWN
    return ClusteredEstimate(value, float(np.sqrt((sums**2).sum() * count / (count - 1))), count)


def _signed(
    estimates: Sequence[ClusteredEstimate], least: float, against: float = 0.0
) -> list[Trait]:
    """Return the traits of all experts; a sign needs this distance at least, beyond chance."""
    adjusted = holm(np.array([estimate.p(against) for estimate in estimates]))
    return [
        Trait(
            estimate.interval(),
            int(np.sign(estimate.value - against))
            if p < LEVEL and abs(estimate.value - against) >= least
            else 0,
        )
        for estimate, p in zip(estimates, adjusted, strict=True)
    ]
