"""Where does tuning help, and where not? Tuned minus base on parts of the held-out questions.

Each attribute tells the questions apart in one way. A slice with too few questions is shown with
its numbers and says that it is small; it gets no verdict and does not count in Holm's correction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.evaluation import statistics
from core.evaluation.measures import MAIN_METRIC
from core.evaluation.verdict import (
    BASE,
    MIN_GROUPS,
    MIN_QUESTIONS,
    REGIME_TEXTS,
    TUNED,
    paired,
    word,
)
from core.experts.lexical import is_unspaced, words
from core.messages import N_, Message
from core.types import REGIMES, Comparison, QADataset, Rows, SliceDifference

PARTS = 3  # of lengths and overlaps: short, medium, long
MOST_VALUES = 20  # of the largest categories; more are not read, and cost every one its power

Parts = list[tuple[Message, np.ndarray]]  # label, bool mask [n] over the questions looked at


@dataclass(frozen=True)
class Slicer:
    """One way to tell questions apart, with the words that the reader sees.

    Attributes
    ----------
    parts : callable
        ``(dataset, question rows [n]) -> list of (label, bool mask [n])``; a question may be in
        no part.
    """

    key: str
    title: str
    meaning: str
    parts: Callable[[QADataset, Rows], Parts]


def slice_differences(
    comparison: Comparison,
    dataset: QADataset,
    *,
    seed: int,
    arm: str = TUNED,
    reference: str = BASE,
    metric: str = MAIN_METRIC,
) -> tuple[SliceDifference, ...]:
    """Return one system minus another on every slice, attribute by attribute.

    Attributes that put all questions into one part are left out. Empty where a system is absent.

    Parameters
    ----------
    seed : int
        Of bootstrap and randomisation.
    arm, reference : str
        Names of the two systems.
    """
    if comparison.system(arm) is None or comparison.system(reference) is None:
        return ()
    slices: list[SliceDifference] = []
    for slicer in SLICERS.values():
        parts = [part for part in _parts(slicer, dataset, comparison) if part[1].any()]
        if len(parts) < 2:
            continue
        for label, mask in parts:
            (result,) = paired(
                comparison,
                [(arm, reference, metric)],
                regime="",
                rows=np.flatnonzero(mask),
                seed=seed,
            )
            small = result.questions < MIN_QUESTIONS or result.groups < MIN_GROUPS
            slices.append(SliceDifference(slicer.key, label, result, small))
    return _adjusted(slices)


def _adjusted(slices: Sequence[SliceDifference]) -> tuple[SliceDifference, ...]:
    """Put Holm's correction over all slices that may get a verdict, and word them by it."""
    judged = [part.result.p for part in slices if not part.small]
    adjusted = iter(statistics.holm(np.array(judged)))
    results = []
    for part in slices:
        p = 1.0 if part.small else float(next(adjusted))
        size = (part.result.questions, part.result.groups)
        said = word(part.result.low, part.result.high, p, *size)
        results.append(replace(part, result=replace(part.result, p_adjusted=p, word=said)))
    return tuple(results)


def overlap(question: str, answers: Sequence[str]) -> float:
    """Return the share in [0, 1] of a question's distinct words that its right answer uses.

    Of several right answers the nearest counts. Words as keyword search sees them
    (:func:`core.experts.lexical.words`).
    """
    asked = set(words(question))
    if not asked or not answers:
        return 0.0
    return max(len(asked & set(words(answer))) for answer in answers) / len(asked)


def _parts(slicer: Slicer, dataset: QADataset, comparison: Comparison) -> Parts:
    if slicer.key == "regime":  # cross-fitted, a question is tested in both: the split cannot tell
        return _regime_parts(comparison.regimes)
    return slicer.parts(dataset, comparison.question_rows)


def _by_regime(dataset: QADataset, rows: Rows) -> Parts:
    return _regime_parts(dataset.regimes_of(rows))


def _regime_parts(regimes: np.ndarray) -> Parts:
    return [(Message(REGIME_TEXTS[regime].title), regimes == regime) for regime in REGIMES]


def _by_given(name: str) -> Callable[[QADataset, Rows], Parts]:
    def parts(dataset: QADataset, rows: Rows) -> Parts:
        every = dataset.attributes.get(name, ())
        values = np.array([every[row] if every else "" for row in rows], object)
        largest = [v for v, _ in Counter(v for v in values if v).most_common(MOST_VALUES)]
        return [(Message("{name}", {"name": v}), values == v) for v in sorted(largest)]

    return parts


def _by_language(dataset: QADataset, rows: Rows) -> Parts:
    given = _by_given("language")(dataset, rows)
    if given:
        return given
    unspaced = np.array([is_unspaced([dataset.questions[row]]) for row in rows], bool)
    return [
        (Message(N_("Written with spaces (English and others)")), ~unspaced),
        (Message(N_("Written without spaces (Japanese, Chinese and others)")), unspaced),
    ]


def _by_length(dataset: QADataset, rows: Rows) -> Parts:
    lengths = np.array([len(dataset.questions[row]) for row in rows], np.int64)
    return [
        (Message(N_("{low} to {high} characters"), {"low": int(low), "high": int(high)}), mask)
        for low, high, mask in _thirds(lengths)
    ]


def _by_overlap(dataset: QADataset, rows: Rows) -> Parts:
    shares = np.array(
        [
            overlap(dataset.questions[r], [dataset.answers[a] for a in dataset.right_answers(r)])
            for r in rows
        ]
    )
    percent = np.round(100 * shares).astype(np.int64)
    return [
        (Message(N_("{low} % to {high} % of its words"), {"low": int(low), "high": int(high)}), m)
        for low, high, m in _thirds(percent)
    ]


def _thirds(values: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
    """Return lowest value, highest value and mask of up to three parts; ties share a part."""
    cuts = np.unique(np.quantile(values, np.arange(1, PARTS) / PARTS, method="higher"))
    codes = np.searchsorted(cuts, values, side="right")
    masks = [codes == code for code in np.unique(codes)]
    return [(values[mask].min(), values[mask].max(), mask) for mask in masks]


SLICERS: dict[str, Slicer] = {
    slicer.key: slicer
    for slicer in (
        Slicer(
            "regime",
            N_("Known or unseen answers"),
            N_("Whether training questions were about the same answers."),
            _by_regime,
        ),
        Slicer(
            "category",
            N_("Category"),
            N_("The category that your file gives for the question."),
            _by_given("category"),
        ),
        Slicer(
            "language",
            N_("Language"),
            N_("As your file gives it; where it does not, told apart by how it is written."),
            _by_language,
        ),
        Slicer(
            "source",
            N_("Source"),
            N_("The source that your file gives for the question."),
            _by_given("source"),
        ),
        Slicer(
            "question_length",
            N_("Length of the question"),
            N_("Three parts with about as many questions each."),
            _by_length,
        ),
        Slicer(
            "overlap",
            N_("Words shared with the right answer"),
            N_(
                "How many of a question's words its right answer uses too. Keyword search "
                "needs shared words; a good model does not."
            ),
            _by_overlap,
        ),
    )
}
