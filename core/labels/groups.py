"""Groups of questions or answers by what is known of them: category, length, language, source.

Each grouping belongs to one side of a pair, so that a table of pairs never has to be stored: the
group of a pair is the group of its question, or of its answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.messages import N_
from core.types import TRAIN, QADataset, Rows

QUESTION, ANSWER = "question", "answer"
LENGTH_BINS = 4
MOST_GROUPS = 20  # of the largest; a chart of more is not read
NO_GROUP = -1


@dataclass(frozen=True)
class Attribute:
    """One thing by which texts can be told apart, with the words that the user reads about it.

    Attributes
    ----------
    side : str
        ``question`` or ``answer``: whose group a pair belongs to.
    values : callable
        Returns one value per text of that side, numbers or texts; "" = not known.
    """

    key: str
    title: str
    side: str
    values: Callable[[QADataset], Sequence[str] | np.ndarray]


@dataclass(frozen=True, eq=False)
class TextGroups:
    """The groups of one attribute in one dataset.

    Attributes
    ----------
    codes : int32 array [n_q] or [n_a]
        Group of each text of ``attribute.side``; -1 = in no group.
    names : tuple of str, G long
        What the user calls the groups: values of the file, or a range of characters.
    """

    attribute: Attribute
    codes: np.ndarray
    names: tuple[str, ...]

    def of(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return the groups of pairs in the shape of the rows of this attribute's side."""
        return self.codes[question_rows if self.attribute.side == QUESTION else answer_rows]


def groupings(dataset: QADataset) -> dict[str, TextGroups]:
    """Return the groupings by which these data can be told apart, at least two groups each."""
    every = {key: grouping(dataset, attribute) for key, attribute in ATTRIBUTES.items()}
    return {key: groups for key, groups in every.items() if len(groups.names) > 1}


def grouping(dataset: QADataset, attribute: Attribute) -> TextGroups:
    """Group the texts of a dataset: numbers into quantile bins, texts by their value."""
    values = attribute.values(dataset)
    if isinstance(values, np.ndarray):
        return TextGroups(attribute, *_by_quantiles(values))
    largest = [value for value, _ in Counter(filter(None, values)).most_common(MOST_GROUPS)]
    names = tuple(sorted(largest))
    code = {name: place for place, name in enumerate(names)}
    codes = np.array([code.get(value, NO_GROUP) for value in values], np.int32)
    return TextGroups(attribute, codes, names)


def _by_quantiles(lengths: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return codes and names of bins with about as many texts each; ties share a bin."""
    if not len(lengths):
        return np.zeros(0, np.int32), ()
    shares = np.arange(1, LENGTH_BINS) / LENGTH_BINS
    cuts = np.unique(np.quantile(lengths, shares, method="higher"))
    codes = np.unique(np.searchsorted(cuts, lengths, side="right"), return_inverse=True)[1]
    bins = [lengths[codes == place] for place in range(codes.max() + 1)]
    return codes.astype(np.int32), tuple(f"{part.min()}–{part.max()}" for part in bins)


def _given(name: str) -> Callable[[QADataset], Sequence[str]]:
    return lambda dataset: dataset.attributes.get(name, ())


def _answer_category(dataset: QADataset) -> Sequence[str]:
    """Return what most TRAINING questions of an answer belong to, as labels may learn from it."""
    counted: dict[int, Counter[str]] = defaultdict(Counter)
    categories = dataset.attributes.get("category", ())
    for question, answer in zip(dataset.right_question, dataset.right_answer, strict=True):
        if categories and categories[question] and dataset.split[question] == TRAIN:
            counted[int(answer)][categories[question]] += 1
    best = {a: min(votes, key=lambda v: (-votes[v], v)) for a, votes in counted.items()}
    return [best.get(answer, "") for answer in range(len(dataset.answers))]


_ATTRIBUTES = (
    Attribute("category", N_("Category of the question"), QUESTION, _given("category")),
    Attribute("answer_category", N_("Category of the answer"), ANSWER, _answer_category),
    Attribute(
        "question_length",
        N_("Length of the question (characters)"),
        QUESTION,
        lambda dataset: np.array([len(text) for text in dataset.questions], np.int64),
    ),
    Attribute(
        "answer_length",
        N_("Length of the answer (characters)"),
        ANSWER,
        lambda dataset: np.array([len(text) for text in dataset.answers], np.int64),
    ),
    Attribute("language", N_("Language"), QUESTION, _given("language")),
    Attribute("source", N_("Source"), QUESTION, _given("source")),
)
ATTRIBUTES: dict[str, Attribute] = {attribute.key: attribute for attribute in _ATTRIBUTES}
