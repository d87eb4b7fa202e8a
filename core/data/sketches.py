"""Texts that are probably nearly the same, found by MinHash without comparing all pairs.

Broder (1997), "On the resemblance and containment of documents": the share of equal places in two
sketches estimates the Jaccard similarity of two sets. A sketch is cut into bands; texts with an
equal band are compared (Leskovec, Rajaraman & Ullman, "Mining of Massive Datasets", ch. 3.4). Cost
grows with the number of texts and of the pairs found, not with the number of all pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from core.data.ngrams import ngram_hashes
from core.progress import Progress

# Characters per n-gram in general and in Japanese: one more than are compared. The rarer, longer
# ones make fewer chance candidates, and a text that differs in a few places keeps most of them.
SKETCHED = (4, 3)
PLACES = 252  # of a sketch: divisible by most numbers up to 12, so that bands use them all
# Up to how many texts a band has how many places. Chance candidates grow with the square of the
# texts, and each further place makes them about six times as rare, but misses a few pairs more.
BAND_ROWS = ((40_000, 4), (100_000, 5))
MOST_BAND_ROWS = 6
SURE = 0.9  # chance of a pair just at the threshold, its differences scattered, to be a candidate
WINDOW = 100  # neighbours looked at per band where very many texts share it
SEED = 1
_BLOCK_TEXTS = 8_000  # the library hands sketches over as lists: 252 numbers per text
_BLOCK_CHARACTERS = 4_000_000
_MOST_CHARACTERS = 80_000_000  # sketched at once, 16 bytes each
_MOST_KEYS = 4_000_000
_MOST_SEEN = 40_000_000  # templated texts share all but a number: near neighbours then suffice
_MOST_PAIRS = 10_000_000


def band_rows(threshold: float, texts: int) -> int:
    """Return how many places a band has; fewer where pairs at the threshold would be missed.

    A pair with Jaccard similarity s of the sketched n-grams shares one of b bands of r places
    with probability 1 − (1 − s^r)^b. Scattered differences that leave ``threshold`` of n-grams of
    n characters damage (n + 1) / n as many of those one character longer.
    """
    longer = SKETCHED[0] / (SKETCHED[0] - 1)
    lost = min(1.0, longer * (1 - threshold) / (1 + threshold))
    similarity = (1 - lost) / (1 + lost)
    most = next((rows for limit, rows in BAND_ROWS if texts <= limit), MOST_BAND_ROWS)
    for rows in range(most, 1, -1):
        if 1 - (1 - similarity**rows) ** (PLACES // rows) >= SURE:
            return rows
    return 1


def likely_pairs(
    texts: Sequence[str], threshold: float, stretch: Progress | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs first < second that are probably at least this similar, ascending.

    Where very many texts share a band, each is taken with the next ``WINDOW`` of them; sort the
    texts, and those that begin alike are neighbours. The same texts give the same pairs on every
    machine.

    Parameters
    ----------
    texts : sequence of str
    threshold : float in (0, 1]
        Jaccard similarity of n-grams that are one character shorter than ``SKETCHED``.
    stretch : Progress, optional
        To tell how far it is.

    Returns
    -------
    first, second : int64 arrays [p]
    """
    stretch = stretch or Progress()
    rows = band_rows(threshold, len(texts))
    chosen = _with_company(texts, rows)
    stretch.reached(0.3)
    hashes = np.empty((len(chosen), PLACES // rows), np.uint64)
    for low, high, sketch in _sketches([texts[i] for i in chosen.tolist()]):
        hashes[low:high] = _band_hashes(sketch, rows)
        stretch.reached(0.3 + 0.5 * high / len(chosen))
    member, bucket = _buckets(hashes)
    keys = _neighbours(chosen[member], bucket, len(texts))
    stretch.reached(1.0)
    return keys // max(1, len(texts)), keys % max(1, len(texts))


def _with_company(texts: Sequence[str], rows: int) -> np.ndarray:
    """Return the texts that share a band with any other, int64 [m]; the library sees to it alone.

    Of files too large to be sketched at once, all texts.
    """
    from rensa import RMinHashLSH

    if not texts or sum(map(len, texts)) > _MOST_CHARACTERS:
        return np.arange(len(texts))
    bands = PLACES // rows
    index = RMinHashLSH(threshold=0.5, num_perm=bands * rows, num_bands=bands)
    return np.flatnonzero(index.query_duplicate_flags_matrix_one_shot(_digest(texts, bands * rows)))


def _digest(texts: Sequence[str], places: int) -> object:
    from rensa import RMinHash

    parts = [ngram_hashes(texts[low:high], SKETCHED) for low, high in _blocks(texts, len(texts))]
    tokens = np.concatenate([codes for codes, _ in parts])
    sizes = np.concatenate([counts for _, counts in parts])
    del parts
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint64)
    return RMinHash.digest_matrix_from_flat_token_hashes(tokens, offsets, places, SEED)


def _sketches(texts: Sequence[str]) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield sketches uint64 [high − low, ``PLACES``] of blocks of texts."""
    for low, high in _blocks(texts, _BLOCK_TEXTS):
        rows = _digest(texts[low:high], PLACES).to_rows()  # type: ignore[attr-defined]
        yield low, high, np.array(rows, np.uint64)


def _blocks(texts: Sequence[str], most: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of at most ``most`` texts and about ``_BLOCK_CHARACTERS`` characters."""
    start = size = 0
    for at, text in enumerate(texts):
        if at > start and (at - start >= most or size + len(text) > _BLOCK_CHARACTERS):
            yield start, at
            start, size = at, 0
        size += len(text)
    if start < len(texts):
        yield start, len(texts)


def _band_hashes(sketch: np.ndarray, rows: int) -> np.ndarray:
    """Return one number per band, uint64 [m, bands]."""
    bands = sketch.shape[1] // rows
    places = sketch[:, : bands * rows].reshape(len(sketch), bands, rows)
    result = np.zeros((len(sketch), bands), np.uint64)
    for step in range(rows):
        result = (result ^ (result >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        result += places[:, :, step]
    return result


def _buckets(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return texts that share a band, bucket by bucket: their rows and bucket numbers, int64."""
    members, buckets, count = [], [], 0
    for band in range(hashes.shape[1]):
        order = np.argsort(hashes[:, band], kind="stable")
        value = hashes[order, band]
        fresh = np.concatenate([[True], value[1:] != value[:-1]])[: len(order)]
        shared = ~fresh | ~np.concatenate([fresh[1:], [True]])[: len(order)]
        number = np.cumsum(fresh[shared])
        members.append(order[shared])
        buckets.append(number + count)
        count += int(number[-1]) if len(number) else 0
    return np.concatenate(members), np.concatenate(buckets)


def _neighbours(text: np.ndarray, bucket: np.ndarray, n: int) -> np.ndarray:
    """Return first · n + second of texts in one bucket, distinct, ascending, int64."""
    keys = np.empty(0, np.int64)
    waiting: list[np.ndarray] = []
    seen = 0
    at = np.arange(len(text))
    for step in range(1, WINDOW + 1):
        at = at[at + step < len(text)]
        at = at[bucket[at] == bucket[at + step]]
        one, other = text[at], text[at + step]
        waiting.append(np.minimum(one, other) * np.int64(n) + np.maximum(one, other))
        seen += len(at)
        done = step == WINDOW or not len(at) or seen > _MOST_SEEN
        if done or sum(map(len, waiting)) > _MOST_KEYS:
            keys = np.sort(np.concatenate([keys, *waiting]))
            keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)]]
            waiting = []
        if done or len(keys) > _MOST_PAIRS:
            break
    return keys
