"""Which pairs people should rate next: where the experts disagree most."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from core.labels.pair_sample import RIGHT, PairSample

BATCH = 40
ONE_QUESTION = 2  # most pairs of one question in a batch and kind: ratings should be spread out


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
