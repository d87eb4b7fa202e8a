"""Do customers still ask what the model has learned from: one look at new questions.

Three readings, and only the first is an alarm:

unlike   questions that lie farther from every known question than known questions lie from each
         other. Nothing was learned about them; a model that meets many should learn again.
mix      the new questions as a whole against the known ones: other topics than before, or the same
         in other shares. A season does that, so it is told and does not ring.
scores   whether the best answer found scores lower than it did for known questions.

The alarm is a one-sided binomial test against the share that the user tolerates, not against none:
some known questions lie far out, too, and a season may bring more of those. Looks are repeated, so
each look may err only in its part of what a year may (Bonferroni over the looks of a year): the
stated rate of false alarms then holds for a year, whatever the looks have in common.

Two-sample tests do not tell a season from something new, which is why they do not ring: measured
in docs/pilot.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.statistics import holm
from core.pilot.seasons import SIMULATED, Seasons, safe_limit, seasons
from core.types import Interval, QADataset
from core.types.watch_looks import (
    AnswerChanges,
    BestScores as BestScores,
    ChangedAnswer,
    DriftLook as DriftLook,
    FalseAlarms as FalseAlarms,
    Mix as Mix,
    NewWord as NewWord,
    Unlike as Unlike,
)

# Of known questions this share counts as "unlike" the others: what is ordinary about being far.
ORDINARY = 0.05
# Three neighbours told new products from known ones better than one, ten no better.
NEAREST = 3
TOLERATED = 0.10  # proposed for the share of questions that may be unlike what was learned
FALSE_ALARMS_A_YEAR = 0.10
LOOKS_A_YEAR = 52
LEAST = 20  # below this a share has an interval of half its range
DRAWS = 2_000
# Tests of the whole mix take a sample above this: n × n likenesses stay below 20 MB.
MOST = 1_500
BLOCK = 2_000  # rows of likenesses at a time: 160 MB for 20,000 known questions
RIDGE = 1.0  # in units of one question; the test is valid for any, this one is not tuned
MOST_TOLERATED = 0.9
_NEIGHBOURS = 64  # of each known question that are put in order for simulated weeks


@dataclass(frozen=True, eq=False)
class SearchedQuestions:
    """Distinct questions of one time, as the model in use sees them.

    Attributes
    ----------
    questions : tuple of str
    vectors : float32 array [questions, dimension]
        Unit length, by the query encoder of the model in use.
    best : float32 array [questions]
        Score of the best answer of each question (cosine).
    """

    questions: tuple[str, ...]
    vectors: np.ndarray
    best: np.ndarray

    def __len__(self) -> int:
        return len(self.questions)

    def of(self, rows: np.ndarray) -> SearchedQuestions:
        """Return some of the questions."""
        return SearchedQuestions(
            tuple(self.questions[row] for row in rows.tolist()),
            self.vectors[rows],
            self.best[rows],
        )


def look(
    known: SearchedQuestions,
    now: SearchedQuestions,
    words: Callable[[str], Sequence[str]],
    *,
    tolerated: float = TOLERATED,
    false_alarms: float = FALSE_ALARMS_A_YEAR,
    looks: float = LOOKS_A_YEAR,
    draws: int = DRAWS,
    seed: int = 0,
) -> DriftLook:
    """Compare new questions with those that the model has learned from.

    Parameters
    ----------
    known, now : SearchedQuestions
        At least 2 known and 1 new one; below ``LEAST`` new ones the intervals are very wide.
    words : callable
        Words of a text, in its language.
    tolerated : float
        Share of questions that may be unlike anything known, above ``ORDINARY`` and below 1.
    false_alarms, looks : float
        Chance of any false alarm in so many looks, 0 to 1.
    draws : int
        Permutations of the tests of the mix.

    Raises
    ------
    ValueError
        If there are too few questions on either side.
    """
    return DriftLook(
        len(now),
        unlike(known, now, tolerated=tolerated, level=false_alarms / looks),
        mix(known, now, draws=draws, seed=seed),
        best_scores(known, now),
        new_words(known.questions, now.questions, words),
    )


def unlike(
    known: SearchedQuestions, now: SearchedQuestions, *, tolerated: float, level: float
) -> Unlike:
    """Return the new questions that lie farther out than all but ``ORDINARY`` of the known ones.

    Near is the mean cosine to the three nearest known questions; of a known question, to others.
    """
    from scipy.stats import binomtest  # slow to import, and a page that is opened needs none of it

    _enough(known, now)
    near = _nearness(now.vectors, known.vectors)
    count = int((near < _farthest_ordinary(known.vectors)).sum())
    test = binomtest(count, len(now), tolerated, alternative="greater")
    ends = binomtest(count, len(now)).proportion_ci(method="wilson")
    return Unlike(
        Interval(count / len(now), float(ends.low), float(ends.high)),
        tuple(np.argsort(near, kind="stable")[:count].tolist()),
        float(test.pvalue),
        level,
        tolerated,
    )


def mix(known: SearchedQuestions, now: SearchedQuestions, *, draws: int, seed: int) -> Mix:
    """Return how far the new questions as a whole differ from the known ones.

    The classifier is ridge regression on the membership (Fisher's direction), its scores are those
    of leave-one-out; one decomposition serves all permutations, since these change no vectors
    (the hat matrix, see Hastie, Tibshirani & Friedman 2009, equation 7.52).
    """
    _enough(known, now)
    rng = np.random.default_rng(seed)
    first, second = _sample(known.vectors, rng), _sample(now.vectors, rng)
    vectors = np.concatenate([first, second]).astype(np.float64)
    member = np.zeros(len(vectors))
    member[len(first) :] = 1.0
    labels = np.stack([member, *(rng.permutation(member) for _ in range(draws))], axis=1)
    areas, gaps = _areas(left_out_scores(vectors, labels), labels), discrepancies(vectors, labels)
    p = holm(np.array([_permutation_p(areas), _permutation_p(gaps)]))
    return Mix(float(areas[0]), float(p[0]), float(gaps[0]), float(p[1]))


def best_scores(known: SearchedQuestions, now: SearchedQuestions) -> BestScores:
    """Return whether the best answers score lower than those of the known questions."""
    from scipy.stats import mannwhitneyu

    _enough(known, now)
    edges = np.quantile(known.best, np.linspace(0, 1, 11)[1:-1])
    then, later = (
        np.bincount(np.searchsorted(edges, values, side="right"), minlength=10)
        for values in (known.best, now.best)
    )
    # half a question in an empty part keeps the logarithm finite
    shares = [np.maximum(c, 0.5) / np.maximum(c, 0.5).sum() for c in (then, later)]
    stability = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    p = float(mannwhitneyu(now.best, known.best, alternative="less").pvalue)
    return BestScores(float(np.median(known.best)), float(np.median(now.best)), p, stability)


def new_words(
    known: Sequence[str], now: Sequence[str], words: Callable[[str], Sequence[str]]
) -> tuple[NewWord, ...]:
    """Return words that at least two new questions have and no known one, most frequent first."""
    seen = {word for question in known for word in words(question)}
    counts = Counter(word for question in now for word in set(words(question)) - seen)
    often = sorted((-count, word) for word, count in counts.items() if count > 1)
    return tuple(NewWord(word, -count) for count, word in often)


def safe_share(
    known: SearchedQuestions,
    size: int,
    *,
    tolerated: float = TOLERATED,
    false_alarms: float = FALSE_ALARMS_A_YEAR,
    looks: float = LOOKS_A_YEAR,
    simulated: int = SIMULATED,
    seed: int = 0,
) -> tuple[float, FalseAlarms]:
    """Return the share to tolerate so that seasons ring no oftener than accepted, and how often.

    Each simulated week is compared with what is known in it (:func:`core.pilot.seasons.seasons`).

    Parameters
    ----------
    size : int
        Questions of a week. Of more than ``MOST`` known ones a sample is taken.
    """
    from scipy.stats import binom

    if len(known) > MOST:
        rng = np.random.default_rng(seed)
        known = known.of(np.sort(rng.choice(len(known), MOST, replace=False)))
    weeks = seasons(known.vectors, size, simulated=simulated, seed=seed)
    counts, sizes = _far_in_weeks(known.vectors, weeks), weeks.asked.sum(axis=1)
    return safe_limit(
        lambda limit: binom.sf(counts - 1, sizes, limit),
        tolerated,
        most=MOST_TOLERATED,
        false_alarms=false_alarms,
        looks=looks,
    )


def _far_in_weeks(vectors: np.ndarray, weeks: Seasons) -> np.ndarray:
    """Return how many questions of each week :func:`unlike` would find, int [simulated].

    Neighbours are put in order once; a week then only passes over those that are not known in it.
    """
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    count = min(_NEIGHBOURS, len(vectors) - 1)
    nearest = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(likeness, nearest, axis=1), axis=1, kind="stable")
    nearest = np.take_along_axis(nearest, order, axis=1)
    values = np.take_along_axis(likeness, nearest, axis=1)
    found = np.empty(len(weeks.asked), np.int64)
    for number, (asked, known) in enumerate(zip(weeks.asked, weeks.known, strict=True)):
        there = known[nearest]
        place = there.cumsum(axis=1)
        near = np.where(there & (place <= NEAREST), values, 0).sum(axis=1) / NEAREST
        for row in np.flatnonzero(place[:, -1] < NEAREST):  # hardly any near one is known
            near[row] = np.sort(likeness[row, known])[-NEAREST:].mean()
        found[number] = asked[near < np.quantile(near[known], ORDINARY)].sum()
    return found


def answer_changes(learned: QADataset, present: QADataset) -> AnswerChanges:
    """Return which answers read otherwise or are gone since a model learned from them.

    An answer that is not there word by word is what has its id now, where the file gave ids; else
    what is right for its questions now. Whatever else is new was added.
    """
    place = {text: row for row, text in enumerate(present.answers)}
    then = set(learned.answers)
    by_id: dict[str, int] = {}
    if not (_are_numbered(learned) or _are_numbered(present)):
        by_id = {name: row for row, name in enumerate(present.answer_ids)}
    asked = {text: row for row, text in enumerate(present.questions)}
    changed, taken = [], set()
    by_answer = np.argsort(learned.right_answer, kind="stable")
    sorted_answers = learned.right_answer[by_answer]
    for row, text in enumerate(learned.answers):
        if text in place:
            continue
        low, high = np.searchsorted(sorted_answers, [row, row + 1])
        questions = tuple(int(q) for q in learned.right_question[by_answer[low:high]])
        now = by_id.get(learned.answer_ids[row], -1)
        if now < 0:
            rows = (asked.get(learned.questions[question]) for question in questions)
            right = [int(a) for q in rows if q is not None for a in present.right_answers(q)]
            new = Counter(answer for answer in right if present.answers[answer] not in then)
            now = new.most_common(1)[0][0] if new else -1
        taken.add(now)
        changed.append(ChangedAnswer(row, now, questions))
    added = sum(row not in taken and text not in then for row, text in enumerate(present.answers))
    return AnswerChanges(len(learned.answers), tuple(changed), added)


def _are_numbered(dataset: QADataset) -> bool:
    """Return whether the ids of the answers are those that the import gave, which mean nothing."""
    return dataset.answer_ids == tuple(f"a{n}" for n in range(1, len(dataset.answers) + 1))


def left_out_scores(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return what ridge regression without a row says of it, [n, m] for ``labels`` [n, m].

    Equal to n fits without one row each on the centred vectors and labels, from one fit.
    """
    x = vectors - vectors.mean(axis=0)
    y = labels - labels.mean(axis=0)
    left, spread, _ = np.linalg.svd(x, full_matrices=False)
    kept = spread**2 / (spread**2 + RIDGE)
    hat = (left**2 * kept).sum(axis=1)[:, None]
    fitted = (left * kept) @ (left.T @ y)
    return (fitted - hat * y) / (1 - hat)


def discrepancies(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the unbiased squared MMD for each column of ``labels`` (0 or 1) [n, m].

    Gaussian kernel, its width the median distance (Gretton et al. 2012, section 8).
    """
    norms = (vectors**2).sum(axis=1)
    distance = np.maximum(norms[:, None] + norms[None, :] - 2 * vectors @ vectors.T, 0)
    width = np.median(distance[np.triu_indices(len(vectors), 1)])
    kernel = np.exp(-distance / max(float(width), 1e-12))
    np.fill_diagonal(kernel, 0)
    second = labels.sum(axis=0)
    first = len(labels) - second
    to_second = kernel @ labels
    to_first = kernel.sum(axis=1, keepdims=True) - to_second
    within = (labels * to_second).sum(axis=0) / np.maximum(second * (second - 1), 1)
    others = ((1 - labels) * to_first).sum(axis=0) / np.maximum(first * (first - 1), 1)
    across = (labels * to_first).sum(axis=0) / (first * second)
    return within + others - 2 * across


def _nearness(vectors: np.ndarray, known: np.ndarray, *, themselves: bool = False) -> np.ndarray:
    """Return the mean cosine of each of ``vectors`` [n, d] to its nearest known ones.

    Parameters
    ----------
    themselves : bool
        The vectors are the known ones: none is its own neighbour.
    """
    count = min(NEAREST, len(known) - themselves)
    near = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), BLOCK):
        likeness = vectors[start : start + BLOCK] @ known.T
        if themselves:
            rows = np.arange(len(likeness))
            likeness[rows, start + rows] = -np.inf
        best = np.partition(likeness, -count, axis=1)[:, -count:]
        near[start : start + BLOCK] = best.mean(axis=1)
    return near


def _farthest_ordinary(vectors: np.ndarray) -> float:
    """Return the nearness to other known questions that all but ``ORDINARY`` of them reach."""
    return float(np.quantile(_nearness(vectors, vectors, themselves=True), ORDINARY))


def _areas(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve of each column."""
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=0)
    second = labels.sum(axis=0)
    first = len(labels) - second
    return ((ranks * labels).sum(axis=0) - second * (second + 1) / 2) / (first * second)


def _permutation_p(values: np.ndarray) -> float:
    """Return p of the first value among all (Phipson & Smyth 2010)."""
    return float((values >= values[0] - 1e-12).mean())


def _sample(vectors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if len(vectors) <= MOST:
        return vectors
    return vectors[np.sort(rng.choice(len(vectors), MOST, replace=False))]


def _enough(known: SearchedQuestions, now: SearchedQuestions) -> None:
    if len(known) < 2 or not len(now):
        raise ValueError(f"2 known and 1 new question are needed, not {len(known)}, {len(now)}")
