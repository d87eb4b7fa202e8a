"""Question by question: what changed, which answers moved, which of its words an answer shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.errors import ComparisonError
from core.evaluation.measures import MAIN_METRIC
from core.evaluation.verdict import BASE, TUNED
from core.experts.lexical import normalise, runs, words
from core.types import Comparison, QADataset, SystemResult

SHOWN = 10  # what a person looks at: a right answer past it counts as lost
COMMON = 0.2  # a word of more than this share of all answers tells nothing
SAMPLE = 2000  # answers that are looked at to find the common ones
_PARTICLES = "はがをにへとでものや"  # Japanese grammar beside a word, in a pair of letters with it


@dataclass(frozen=True)
class QuestionChange:
    """One held-out question before and after.

    Attributes
    ----------
    position : int
        Position in ``Comparison.question_rows``.
    question : int
        Question row of the dataset.
    regime : str
    before_rank, after_rank : int
        Rank (1 = first) of the best placed right answer in the whole corpus.
    before, after : float
        The metric.
    """

    position: int
    question: int
    regime: str
    before_rank: int
    after_rank: int
    before: float
    after: float

    @property
    def change(self) -> float:
        """Tuned minus base."""
        return self.after - self.before

    @property
    def lost(self) -> bool:
        """Whether the right answer was among the first ten and no longer is."""
        return self.before_rank <= SHOWN < self.after_rank

    @property
    def found(self) -> bool:
        """Whether a right answer is among the first ten only since tuning."""
        return self.after_rank <= SHOWN < self.before_rank


@dataclass(frozen=True)
class AnswerMove:
    """One answer in the two result lists of one question; None = not in that list."""

    answer: int
    before_rank: int | None
    after_rank: int | None
    before_score: float | None
    after_score: float | None
    right: bool


def wins_and_losses(comparison: Comparison, metric: str = MAIN_METRIC) -> list[QuestionChange]:
    """Return every held-out question: lost right answers first, then from worst to best change.

    Raises
    ------
    ComparisonError
        If base or tuned is absent.
    """
    base, tuned = _both(comparison)
    before, after = base.metrics[metric], tuned.metrics[metric]
    changes = [
        QuestionChange(
            position=i,
            question=int(question),
            regime=str(comparison.regimes[i]),
            before_rank=int(base.right_rank[i]),
            after_rank=int(tuned.right_rank[i]),
            before=float(before[i]),
            after=float(after[i]),
        )
        for i, question in enumerate(comparison.question_rows)
    ]
    return sorted(changes, key=lambda change: (not change.lost, change.change, change.position))


def telling_examples(
    comparison: Comparison, changes: Sequence[QuestionChange], wins: int = 3
) -> tuple[list[QuestionChange], QuestionChange | None]:
    """Return the questions to begin with: the largest wins, and the worst loss.

    Each win is about another group of answers, so that three wins are not one told three times.

    Parameters
    ----------
    changes : sequence of QuestionChange
        Of the comparison, see :func:`wins_and_losses`.
    wins : int
        How many wins at most.

    Returns
    -------
    list of QuestionChange, QuestionChange or None
        None where no question got worse.
    """
    best: dict[int, QuestionChange] = {}
    for change in sorted(changes, key=lambda c: (-c.change, -c.before_rank, c.position)):
        if change.change > 0:
            best.setdefault(int(comparison.groups[change.position]), change)
    worst = min(
        (change for change in changes if change.change < 0),
        key=lambda c: (c.change, -c.after_rank, c.position),
        default=None,
    )
    return list(best.values())[:wins], worst


def answer_moves(
    dataset: QADataset, comparison: Comparison, position: int, depth: int = SHOWN
) -> list[AnswerMove]:
    """Return the answers of one held-out question's two result lists, see :func:`list_moves`."""
    base, tuned = _both(comparison)
    question = int(comparison.question_rows[position])
    return list_moves(
        (base.top_answers[position], base.top_scores[position]),
        (tuned.top_answers[position], tuned.top_scores[position]),
        dataset.right_answers(question),
        depth,
    )


def list_moves(
    before: tuple[np.ndarray, np.ndarray],
    after: tuple[np.ndarray, np.ndarray],
    right: np.ndarray,
    depth: int = SHOWN,
) -> list[AnswerMove]:
    """Set two result lists of one question side by side; also for a question typed just now.

    Parameters
    ----------
    before, after : pair of int array [k] and float array [k]
        Answer rows, best first (-1 = nothing), and their scores. Ranks are given as deep as the
        lists go, though only answers in the first ``depth`` of either list are returned.
    right : int array
        Answer rows that are right; empty where nobody knows.
    depth : int
        How many answers of each list are shown.

    Returns
    -------
    list of AnswerMove
        In the order of the tuned list, answers that dropped out of it last, in base order.
    """
    ranks_before, ranks_after = _ranks(before[0]), _ranks(after[0])
    shown = [int(a) for a in (*after[0][:depth], *before[0][:depth]) if a >= 0]
    right_rows = {int(a) for a in right}
    return [
        AnswerMove(
            answer=answer,
            before_rank=ranks_before.get(answer),
            after_rank=ranks_after.get(answer),
            before_score=_score(before[1], ranks_before.get(answer)),
            after_score=_score(after[1], ranks_after.get(answer)),
            right=answer in right_rows,
        )
        for answer in dict.fromkeys(shown)
    ]


def _both(comparison: Comparison) -> tuple[SystemResult, SystemResult]:
    base, tuned = comparison.system(BASE), comparison.system(TUNED)
    if base is None or tuned is None:
        raise ComparisonError(
            "Before and after cannot be set side by side: the results of {missing} are absent. "
            "Run the comparison again.",
            missing=BASE if base is None else TUNED,
        )
    return base, tuned


def _ranks(answers: np.ndarray) -> dict[int, int]:
    return {int(answer): i for i, answer in enumerate(answers, start=1) if answer >= 0}


def _score(scores: np.ndarray, rank: int | None) -> float | None:
    return None if rank is None else float(scores[rank - 1])


def common_words(answers: Sequence[str]) -> frozenset[str]:
    """Return the words that tell nothing: English stop words, and what most answers use.

    A word is common where more than ``COMMON`` of the answers use it, in any language.
    """
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    step = -(-len(answers) // SAMPLE) or 1
    sample = answers[::step]
    counts: Counter[str] = Counter()
    for answer in sample:
        counts.update(set(words(answer)))
    least = max(COMMON * len(sample), 2)  # among a handful of answers, two are no habit
    return frozenset(word for word, count in counts.items() if count > least).union(
        STOPWORDS_EN_PLUS
    )


def shared_spans(question: str, answer: str, common: Collection[str]) -> list[tuple[int, int]]:
    """Return the places [start, end) in the answer of words that the question uses too.

    Parameters
    ----------
    common : collection of str
        Words to leave out, see :func:`common_words`.

    Returns
    -------
    list of (int, int)
        Ascending, not touching each other. In scripts without spaces, pairs of characters that both
        texts share, without particles and other pairs of hiragana, which are grammar.
    """
    wanted = set(words(question)) - set(common)
    spans: list[tuple[int, int]] = []
    for start, run, unspaced in runs(answer):
        plain = normalise(run)
        if not unspaced or len(run) == 1:
            if plain in wanted:
                spans.append((start, start + len(run)))
        elif len(plain) == len(run):  # else places in the two do not fit each other
            spans += [
                _without_particles(start + i, "".join(pair))
                for i, pair in enumerate(pairwise(plain))
                if "".join(pair) in wanted and not all("ぁ" <= sign <= "ゟ" for sign in pair)
            ]
    return _joined(spans)


def _without_particles(start: int, pair: str) -> tuple[int, int]:
    """Return the place of a pair of letters without the Japanese particle at either end."""
    return start + (pair[0] in _PARTICLES), start + 2 - (pair[1] in _PARTICLES)


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def in_pieces(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[str, bool]]:
    """Return the text cut at the spans: pieces and whether each is marked; joined, it is whole."""
    pieces, reached = [], 0
    for start, end in spans:
        pieces += [(text[reached:start], False), (text[start:end], True)]
        reached = end
    pieces.append((text[reached:], False))
    return [(piece, marked) for piece, marked in pieces if piece]
