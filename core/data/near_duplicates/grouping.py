"""Answer groups (METHOD §6): what must not stand on both sides of a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data.near_duplicates.ngrams import (
    ngram_table,
    plain_form,
    similar_pairs,
    similarities,
)
from core.messages import N_, Message
from core.progress import Progress
from core.types import QADataset

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_QUESTIONS_COMPARED = N_("Looking for questions that are nearly the same ({count} questions)")
_ANSWERS_COMPARED = N_("Looking for answers that are nearly the same ({count} answers)")
STRICTER = (0.8, 0.9, 1.0)  # tried in turn where near-duplicates chain into one giant group
# Shared rare n-grams that are counted one by one, some seconds: beyond it MinHash says what to
# compare.
_MOST_COUNTED = 300_000_000
_COUNTED_AT_ONCE = 20_000_000
# Rare n-grams that both texts must have to be compared: of one alone, many have it by chance and
# comparing takes ten times as long; of 16, counting takes twice as long.
_SHARED = 8


@dataclass(frozen=True)
class GroupingSettings:
    """When two texts count as nearly the same.

    Attributes
    ----------
    question_similarity, answer_similarity : float in (0, 1]
        Jaccard similarity of character n-gram sets, case and punctuation folded. 0.7 lets a
        forty-letter question differ in a short word or two typos, a long answer in a sentence.
    largest_share : float in (0, 1]
        No group that near-duplicates made may hold a larger share of the questions.
    """

    question_similarity: float = 0.7
    answer_similarity: float = 0.7
    largest_share: float = 0.3


@dataclass(frozen=True, eq=False)
class Grouping:
    """Groups of a set of questions and answers.

    Attributes
    ----------
    question_group, answer_group : int32 arrays [n_q], [n_a]
        Connected through right pairs, near-duplicate questions or near-duplicate answers;
        numbered in order of the first question.
    question_cluster : int32 array [n_q]
        Near-duplicate questions alone: the finer groups that a split within a group keeps whole.
    question_near_duplicates, answer_near_duplicates : int
        Clusters of two or more nearly the same texts.
    question_similarity : float
        Threshold in the end, raised where groups grew too large.
    warnings : tuple of Message
    """

    question_group: np.ndarray
    answer_group: np.ndarray
    question_cluster: np.ndarray
    question_near_duplicates: int
    answer_near_duplicates: int
    question_similarity: float
    warnings: tuple[Message, ...] = ()


@dataclass(frozen=True, eq=False)
class _Pairs:
    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray

    def above(self, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        near = self.similarity >= threshold - 1e-6
        return self.first[near], self.second[near]


def group_texts(
    questions: Sequence[str],
    answers: Sequence[str],
    right_question: np.ndarray,
    right_answer: np.ndarray,
    *,
    settings: GroupingSettings | None = None,
    stretch: Progress | None = None,
) -> Grouping:
    """Group answers that are the same or nearly so, with all their questions.

    Linked are answers that answer one question, nearly the same answers, and the answers of
    nearly the same questions; a group is a connected component. Where near-duplicates chain into
    a group of more than ``largest_share`` of the questions (templated texts do), stricter
    thresholds are tried, and a warning says so.

    Parameters
    ----------
    right_question, right_answer : int arrays [n_r]
        Judged pairs.
    stretch : Progress, optional
        To tell how far it is.
    """
    settings = settings or GroupingSettings()
    n_q, n_a = len(questions), len(answers)
    stretch = stretch or Progress()
    share = n_q / max(1, n_q + n_a)
    part = stretch.part(0.0, share, Message(_QUESTIONS_COMPARED, {"count": n_q}))
    question_pairs = near_duplicates(questions, settings.question_similarity, part)
    part = stretch.part(share, 1.0, Message(_ANSWERS_COMPARED, {"count": n_a}))
    answer_pairs = near_duplicates(answers, settings.answer_similarity, part)
    right = (np.asarray(right_question, np.int64), np.asarray(right_answer, np.int64) + n_q)

    def components(threshold: float | None) -> np.ndarray:
        edges = [right]
        if threshold is not None:
            first, second = answer_pairs.above(max(threshold, settings.answer_similarity))
            edges += [question_pairs.above(threshold), (first + n_q, second + n_q)]
        return _components(edges, n_q + n_a)

    ladder = [settings.question_similarity]
    ladder += [threshold for threshold in STRICTER if threshold > ladder[0]]
    given = _largest_share(components(None)[:n_q])
    limit = max(settings.largest_share, given)
    warnings: list[Message] = []
    for threshold in ladder:
        groups = components(threshold)
        share = _largest_share(groups[:n_q])
        if share <= limit:
            break
    if threshold > ladder[0]:
        text = N_(
            "Many texts are nearly the same, so only texts that are at least {percent} % alike "
            "count as near-duplicates here (usually {usual} %)."
        )
        values = {"percent": round(100 * threshold), "usual": round(100 * ladder[0])}
        warnings.append(Message(text, values))
    if share > settings.largest_share:
        text = N_(
            "{percent} % of the questions belong to one group of answers, because they share "
            "answers or are nearly the same. What is learned and tested there says little about "
            "the other answers."
        )
        warnings.append(Message(text, {"percent": round(100 * share)}))
    cluster = _components([question_pairs.above(threshold)], n_q)
    answer_cluster = _components(
        [answer_pairs.above(max(threshold, settings.answer_similarity))], n_a
    )
    return Grouping(
        question_group=groups[:n_q],
        answer_group=groups[n_q:],
        question_cluster=cluster,
        question_near_duplicates=_crowded(cluster),
        answer_near_duplicates=_crowded(answer_cluster),
        question_similarity=threshold,
        warnings=tuple(warnings),
    )


def question_clusters(dataset: QADataset) -> np.ndarray:
    """Return which questions of a dataset are nearly the same, open ones included: int32 [n_q].

    As alike as the import took for nearly the same: where templated texts chain, that is stricter
    than usual, and it is found again from the questions that have an answer.
    """
    rows = dataset.judged_rows
    place = np.full(len(dataset.questions), -1)
    place[rows] = np.arange(len(rows))
    asked = place[dataset.right_question]
    found = group_texts(
        [dataset.questions[row] for row in rows],
        dataset.answers,
        asked[asked >= 0],
        dataset.right_answer[asked >= 0],
    )
    pairs = near_duplicates(dataset.questions, found.question_similarity)
    return _components([pairs.above(found.question_similarity)], len(dataset.questions))


def near_duplicates(
    texts: Sequence[str], threshold: float, stretch: Progress | None = None
) -> _Pairs:
    """Return pairs of nearly the same texts; case and punctuation do not count."""
    plain = [plain_form(text) or text for text in texts]
    order = np.array(sorted(range(len(texts)), key=lambda i: plain[i]), np.int64)
    distinct: list[str] = []
    owner: list[int] = []
    same: list[tuple[int, int]] = []
    for i in order.tolist():
        if distinct and plain[i] == distinct[-1]:
            same.append((owner[-1], i))
        else:
            distinct.append(plain[i])
            owner.append(i)
    first, second, similarity = similar_pairs(distinct, threshold, stretch)
    owners = np.array(owner, np.int64)
    equal = np.array(same, np.int64).reshape(-1, 2)
    return _Pairs(
        np.concatenate([owners[first], equal[:, 0]]),
        np.concatenate([owners[second], equal[:, 1]]),
        np.concatenate([similarity, np.ones(len(equal), np.float32)]),
    )


def nearest_known(
    texts: Sequence[str],
    known: Sequence[str],
    threshold: float,
    stretch: Progress | None = None,
) -> np.ndarray:
    """Return for each text the known one that is nearly the same; case and signs do not count.

    Every pair that shares enough of the rarest n-grams is compared, so none is missed, up to the
    size of a large FAQ with a large log; beyond it pairs are found as :func:`near_duplicates` does.

    Parameters
    ----------
    texts, known : sequences of str
    threshold : float in (0, 1]
        Jaccard similarity of character n-grams.

    Returns
    -------
    int64 array [n]
        Position in ``known`` of the most similar, of several the first; -1 = none.
    """
    plain = [plain_form(text) or text for text in texts]
    first: dict[str, int] = {}
    for position, text in enumerate(known):
        first.setdefault(plain_form(text) or text, position)
    result = np.array([first.get(text, -1) for text in plain], np.int64)
    rest = {text: None for text, place in zip(plain, result.tolist(), strict=True) if place < 0}
    if not rest or not first:
        return result
    left, right = list(rest), list(first)
    rows, columns, similarity = _across(left, right, threshold, stretch or Progress())
    place = np.array(list(first.values()), np.int64)
    best: dict[str, tuple[float, int]] = {}
    for row, column, alike in zip(
        rows.tolist(), place[columns].tolist(), similarity.tolist(), strict=True
    ):
        best[left[row]] = min(best.get(left[row], (0.0, -1)), (-alike, column))
    for i in np.flatnonzero(result < 0).tolist():
        result[i] = best.get(plain[i], (0.0, -1))[1]
    return result


def _across(
    left: Sequence[str], right: Sequence[str], threshold: float, stretch: Progress
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pairs of a text here and one there, int64 [p] each, and their similarity [p]."""
    here, there = ngram_table(left), ngram_table(right)
    texts_with = np.bincount(there.indices, minlength=there.shape[1])
    rare = _rarest(here, texts_with, threshold)
    done = np.concatenate([[0], np.cumsum(texts_with[rare.indices])])[rare.indptr]  # before a row
    if done[-1] > _MOST_COUNTED:
        both = [*right, *left]
        order = sorted(range(len(both)), key=both.__getitem__)
        first, second, similarity = similar_pairs([both[i] for i in order], threshold, stretch)
        ordered = np.array(order, np.int64)
        ends = np.sort(np.stack([ordered[first], ordered[second]]), axis=0)
        crossing = (ends[0] < len(right)) & (ends[1] >= len(right))
        return ends[1][crossing] - len(right), ends[0][crossing], similarity[crossing]
    least = np.ceil((threshold - 2e-6) * np.diff(here.indptr))
    turned = _only(there, rare.indices).T.tocsr()
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    start = 0
    while start < len(left):
        stop = int(np.searchsorted(done, done[start] + _COUNTED_AT_ONCE, "right"))
        stop = min(max(stop - 1, start + 1), len(left))
        likely = (rare[start:stop] @ turned).tocoo()
        enough = likely.data >= np.minimum(_SHARED, least[likely.row + start])
        rows = likely.row[enough].astype(np.int64) + start
        columns = likely.col[enough].astype(np.int64)
        alike = similarities(here, rows, there, columns)
        near = alike >= threshold - 1e-6
        found.append((rows[near], columns[near], alike[near]))
        start = stop
        stretch.reached(start / len(left))
    return (
        np.concatenate([part[0] for part in found]),
        np.concatenate([part[1] for part in found]),
        np.concatenate([part[2] for part in found]),
    )


def _rarest(table: csr_array, texts_with: np.ndarray, threshold: float) -> csr_array:
    """Return each text's rarest n-grams, so many that nearly the same text has ``_SHARED`` of them.

    A text with Jaccard similarity t lacks at most a share 1 − t of the n-grams of this one, so it
    has m of any (1 − t) · size + m of them (prefix filtering: Chaudhuri, Ganti & Kaushik 2006, "A
    Primitive Operator for Similarity Joins in Data Cleaning").

    Parameters
    ----------
    texts_with : int array [n-grams]
        How many of the other texts have an n-gram.
    """
    from scipy.sparse import csr_array

    sizes = np.diff(table.indptr)
    row = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((texts_with[table.indices], row))
    place = np.arange(len(row)) - table.indptr[row]  # of an n-gram in its text, rarest first
    chosen = order[place < (np.floor((1 - threshold + 2e-6) * sizes) + _SHARED)[row]]
    kept = row[chosen], table.indices[chosen]
    return csr_array((np.ones(len(chosen), np.float32), kept), shape=table.shape)


def _only(table: csr_array, ngrams: np.ndarray) -> csr_array:
    """Return a table with these n-grams only."""
    from scipy.sparse import csr_array

    wanted = np.zeros(table.shape[1], bool)
    wanted[ngrams] = True
    kept = wanted[table.indices]
    begin = np.concatenate([[0], np.cumsum(kept)])[table.indptr]
    return csr_array((table.data[kept], table.indices[kept], begin), shape=table.shape)


def _components(edges: Sequence[tuple[np.ndarray, np.ndarray]], n: int) -> np.ndarray:
    """Return the component of each of n nodes, numbered in order of appearance."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not n:
        return np.empty(0, np.int32)
    first = np.concatenate([pair[0] for pair in edges])
    second = np.concatenate([pair[1] for pair in edges])
    graph = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(n, n))
    _, label = connected_components(graph.tocsr(), directed=False)
    _, index, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(index), np.int32)
    rank[np.argsort(index)] = np.arange(len(index), dtype=np.int32)
    return rank[inverse].astype(np.int32)


def _largest_share(group: np.ndarray) -> float:
    return float(np.bincount(group).max() / len(group)) if len(group) else 0.0


def _crowded(cluster: np.ndarray) -> int:
    return int((np.bincount(cluster) > 1).sum()) if len(cluster) else 0
