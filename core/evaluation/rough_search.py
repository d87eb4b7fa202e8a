"""Search many questions in many answers: roughly first, then exactly what can be among the best.

Scoring 10,000 questions × 100,000 answers exactly means 770 billion multiplications in double
precision, and putting each row in order. Here all pairs are scored in a short number format, the
error of which is bounded; only the few answers that the bound cannot rule out are scored exactly.
So the result is that of the exact search, whatever the processor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.exact_search import LOWEST, Ranking, listed_keys, rank_all, scores_of_keys
from core.experts.precision import multiplies_bf16

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

CELLS = 50_000_000  # rough scores held at once: 100 MB in bf16
QUESTIONS = 512  # of a block; with the tile below, a product stays in the processor's cache
TILE, GROUP = 4096, 16  # answers multiplied at once; answers of which only the best is looked at
COLUMNS = 32  # questions whose scores with all answers are looked through at a time
MOST_PER_QUESTION = 40  # candidates per place of the list, above which exact search is cheaper


@dataclass(frozen=True, eq=False)
class Block:
    """Some questions with the answers that can be among their best.

    Attributes
    ----------
    rows : slice
        Of the questions.
    question, answer : int64 arrays [c]
        Candidates: question counted from the start of the block, ascending, and answer row. None
        of the best ``depth`` answers is missing.
    scores : RoughScores
        Of all answers.
    """

    rows: slice
    question: np.ndarray
    answer: np.ndarray
    scores: RoughScores


class RoughScores:
    """Rough scores of a block of questions with all answers.

    What is scored is ``q · (a - mean of a)``: less by the same amount for all answers of a
    question, so that the order stays, and smaller, so that the error is.

    Attributes
    ----------
    scores : Tensor [n_a, padded to whole tiles; b]
        In the short format; -inf beyond the last answer.
    best : Tensor [groups, b]
        Largest score of each group of answers: every ``TILE / GROUP``-th of a tile.
    error : float64 array [b]
        No score is off by more than this, its own rounding excepted.
    """

    def __init__(self, answers: RoughAnswers, questions: np.ndarray, scores: Tensor) -> None:
        import torch

        self.answers, self.scores = answers, scores
        left = torch.from_numpy(np.ascontiguousarray(questions, np.float32))
        short = left.to(answers.short.dtype)
        lost = torch.linalg.vector_norm(left - short.float(), dim=1).double().numpy()
        length = torch.linalg.vector_norm(left, dim=1).double().numpy()
        # |q·a - q'·a'| ≤ |q - q'| |a| + |q'| |a - a'|, and sums in fp32 (Higham 2002, section 3.1)
        summing = questions.shape[1] * 2.0**-24
        self.error = (
            lost * answers.longest
            + (length + lost) * answers.most_lost
            + summing * length * answers.longest
        )
        self.shift = questions.astype(np.float64) @ answers.mean.astype(np.float64)
        parts = []
        for start in range(0, len(scores), TILE):
            tile = scores[start : start + TILE]
            torch.mm(answers.short[start : start + TILE], short.T, out=tile)
            if start + TILE > answers.count:
                tile[answers.count - start :] = -torch.inf
            parts.append(tile.view(GROUP, TILE // GROUP, -1).amax(0))
        self.best = torch.cat(parts)

    def candidates(self, depth: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Return (question, answer) that can be among the best, None if they are too many."""
        import torch

        best = self.best.T.contiguous()  # [b, groups]
        kept = min(depth, best.shape[1])
        # As many groups have a best score of at least this, hence as many answers.
        least = torch.topk(best, kept).values[:, -1].double().numpy()
        if kept < depth:
            least[:] = -np.inf
        floor = torch.from_numpy(least - self._room(least)).to(torch.float32)
        question, group = torch.nonzero(best >= floor[:, None], as_tuple=True)
        if len(question) * GROUP > CELLS // 4:
            return None
        tile = torch.div(group, TILE // GROUP, rounding_mode="floor")
        first = tile * TILE + group % (TILE // GROUP)
        rows = first[:, None] + torch.arange(GROUP) * (TILE // GROUP)
        values = self.scores[rows, question[:, None]]
        pair, slot = torch.nonzero(
            (values >= floor[question][:, None]) & (rows < self.answers.count), as_tuple=True
        )
        if len(pair) > MOST_PER_QUESTION * depth * len(floor):
            return None
        return question[pair].numpy(), rows[pair, slot].numpy()

    def near(
        self, questions: np.ndarray, scores: np.ndarray
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return how many answers certainly score above a value, and the rows of the doubtful.

        Parameters
        ----------
        questions : int array [m]
            Counted from the start of the block.
        scores : float array [m]
            One value for each of them.

        Returns
        -------
        int64 array [m], list of m int64 arrays
        """
        import torch

        shifted = scores - self.shift[questions]
        # the value itself was rounded to fp32
        room = self._room(shifted, questions) + np.abs(scores) * 2.0**-23
        above: list[int] = []
        doubtful: list[np.ndarray] = []
        for start in range(0, len(questions), COLUMNS):
            part = slice(start, start + COLUMNS)
            chosen = torch.from_numpy(np.asarray(questions[part], np.int64))
            table = self.scores[: self.answers.count].index_select(1, chosen).T.contiguous().float()
            middle, half = (torch.from_numpy(x[part])[:, None] for x in (shifted, room))
            better = table > (middle + half).float()
            near = table >= (middle - half).float()
            above += better.sum(dim=1).tolist()
            doubtful += [torch.nonzero(row)[:, 0].numpy() for row in near & ~better]
        return np.array(above, np.int64), doubtful

    def _room(self, score: np.ndarray, questions: np.ndarray | None = None) -> np.ndarray:
        """Return what two scores near these values can differ by at most, float64."""
        error = self.error if questions is None else self.error[questions]
        size = np.where(np.isfinite(score), np.abs(score), 0)
        return 2.1 * (error + size * self.answers.rounding)


class RoughAnswers:
    """All answers in a short number format, made once for all questions.

    Parameters
    ----------
    answers : float32 array [n_a, d]
    bf16 : bool or None
        Whether to round to bf16; None does where the processor multiplies it by itself.

    Attributes
    ----------
    short : Tensor [n_a, padded to whole tiles; d]
        Less their mean.
    longest, most_lost : float
        Largest length of an answer, and of what the short format cuts off it.
    rounding : float
        Relative error of one rounded score.
    """

    def __init__(self, answers: np.ndarray, bf16: bool | None = None) -> None:
        import torch

        if bf16 is None:
            bf16 = multiplies_bf16()
        self.count = len(answers)
        self.mean = answers.mean(axis=0, dtype=np.float64).astype(np.float32)
        kind = torch.bfloat16 if bf16 else torch.float32
        self.rounding = 2.0**-8 if bf16 else 2.0**-24
        padded = -(-self.count // TILE) * TILE
        self.short = torch.zeros((padded, answers.shape[1]), dtype=kind)
        longest = most_lost = 0.0
        for start in range(0, self.count, TILE):
            part = torch.from_numpy(answers[start : start + TILE] - self.mean)
            short = part.to(kind)
            self.short[start : start + len(part)] = short
            longest = max(longest, float(torch.linalg.vector_norm(part, dim=1).max()))
            lost = torch.linalg.vector_norm(part - short.float(), dim=1)
            most_lost = max(most_lost, float(lost.max()))
        # taking the mean away rounds to fp32 once
        self.longest, self.most_lost = longest, most_lost + longest * 2.0**-23

    def blocks(
        self, questions: np.ndarray, depth: int, block: int | None = None
    ) -> Iterator[Block | slice]:
        """Yield the questions block by block; a bare slice where exact search is cheaper."""
        import torch

        step = block or min(QUESTIONS, max(1, CELLS // len(self.short)))
        scores = torch.empty((len(self.short), step), dtype=self.short.dtype)
        for start in range(0, len(questions), step):
            rows = slice(start, min(start + step, len(questions)))
            count = rows.stop - rows.start
            if count < step:
                scores = torch.empty((len(self.short), count), dtype=self.short.dtype)
            rough = RoughScores(self, questions[rows], scores)
            candidates = rough.candidates(depth)
            yield rows if candidates is None else Block(rows, *candidates, rough)


def rank_many(
    questions: np.ndarray,
    answers: np.ndarray,
    depth: int,
    right: csr_array | None,
    block: int | None,
) -> Ranking:
    """Return what :func:`core.evaluation.search.rank` does: the same lists, sooner."""
    ranking = Ranking.blank(len(questions), depth, ranked=right is not None)
    kept = min(depth, len(answers))
    for block_or_rows in RoughAnswers(answers).blocks(questions, kept, block):
        if isinstance(block_or_rows, Block):
            rows = block_or_rows.rows
            _rank_block(block_or_rows, questions[rows], answers, kept, right, ranking)
            continue
        rows = block_or_rows  # too many answers are nearly as good as the best
        judged = None if right is None else right[rows]
        exact = rank_all(questions[rows], answers, depth, judged, None)
        ranking.top_answers[rows] = exact.top_answers
        ranking.top_scores[rows] = exact.top_scores
        if ranking.right_rank is not None and exact.right_rank is not None:
            ranking.right_rank[rows] = exact.right_rank
    return ranking


def _rank_block(
    block: Block,
    questions: np.ndarray,
    answers: np.ndarray,
    kept: int,
    right: csr_array | None,
    ranking: Ranking,
) -> None:
    """Score a block's candidates exactly and write the best into the ranking."""
    candidates = _side_by_side(block.question, block.answer, len(questions))
    scores = score_listed(questions, answers, candidates)
    keys = listed_keys(scores, candidates, len(answers))
    order = np.argsort(keys, axis=1)[:, ::-1][:, :kept]
    ranking.top_answers[block.rows, :kept] = np.take_along_axis(candidates, order, axis=1)
    ranking.top_scores[block.rows, :kept] = np.take_along_axis(scores, order, axis=1)
    if ranking.right_rank is not None and right is not None:
        listed = np.take_along_axis(keys, order, axis=1)
        ranks = _right_rank_listed(questions, answers, right[block.rows], listed, block.scores)
        ranking.right_rank[block.rows] = ranks


def _right_rank_listed(
    questions: np.ndarray,
    answers: np.ndarray,
    right: csr_array,
    listed: np.ndarray,
    rough: RoughScores,
) -> np.ndarray:
    """Return ranks int32 [b] of the best placed right answer, from lists and rough scores.

    Parameters
    ----------
    listed : int64 array [b, depth]
        Keys of the best answers, falling.
    """
    table = right.tocoo()
    positive = table.data > 0
    row, column = table.row[positive], table.col[positive]
    best = np.full(len(questions), LOWEST)
    if len(row):
        by_row = np.argsort(row, kind="stable")
        known = _side_by_side(row[by_row], column[by_row], len(questions))
        scores = score_listed(questions, answers, known)
        best = listed_keys(scores, known, len(answers)).max(axis=1)
    ranks = (listed > best[:, None]).sum(axis=1) + 1
    below = np.flatnonzero((ranks > listed.shape[1]) & (best > LOWEST))
    # Not in its list: count the answers that are better.
    above, doubtful = rough.near(below, scores_of_keys(best[below]).astype(np.float64))
    for place, count, near in zip(below.tolist(), above.tolist(), doubtful, strict=True):
        listing = near[None].astype(np.int32)
        scores = score_listed(questions[[place]], answers, listing)
        better = listed_keys(scores, listing, len(answers)) > best[place]
        ranks[place] = count + int(better.sum()) + 1
    return np.where(best == LOWEST, 0, ranks).astype(np.int32)


def score_listed(questions: np.ndarray, answers: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Score listed answers exactly: summed in float64, rounded once, as :func:`rank` does.

    Parameters
    ----------
    questions, answers : float32 arrays [b, d], [n_a, d]
    listed : int32 array [b, k]
        Answer rows per question; -1 = none.

    Returns
    -------
    float32 array [b, k]
        -inf beside -1.
    """
    import torch

    scores = np.full(listed.shape, -np.inf, np.float32)
    if not scores.size:
        return scores
    table = torch.from_numpy(np.ascontiguousarray(answers))
    asked = torch.from_numpy(questions.astype(np.float64))
    # One question at a time: its answers stay in the cache between the steps, which a batch of
    # questions does not; that took four times as long.
    for row, wanted in enumerate(listed):
        there = wanted >= 0
        chosen = table[torch.from_numpy(wanted[there])].double()
        scores[row, there] = torch.mv(chosen, asked[row]).float().numpy()
    return scores


def _side_by_side(question: np.ndarray, answer: np.ndarray, count: int) -> np.ndarray:
    """Return answer rows int32 [count, most], -1 where a question has fewer.

    Parameters
    ----------
    question, answer : int arrays [c]
        ``question`` ascending.
    """
    sizes = np.bincount(question, minlength=count)
    table = np.full((count, int(sizes.max(initial=0))), -1, np.int32)
    table[question, np.arange(len(question)) - (np.cumsum(sizes) - sizes)[question]] = answer
    return table
