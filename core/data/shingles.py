"""Texts as sets of character n-grams, and the pairs of texts whose sets are nearly the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MAX_CHARACTERS = 2000  # of each text are compared
# How many characters an n-gram has: in Latin and other letters, in Japanese, where a character
# carries about as much as half an English word.
COMPARED = (3, 2)
SOUGHT = (5, 3)  # longer ones are rarer: they find candidates, the short ones are compared
BUCKETS = 1 << 22  # hash values of n-grams; a text has a few hundred, so few meet by chance
LONG = 400  # characters from which on a quarter of the n-grams is enough to find candidates
THIN = 4
RAREST = 24  # n-grams of each text that candidates are found by
WINDOW = 100  # neighbours looked at per n-gram
_BLOCK_CHARACTERS = 4_000_000
_BLOCK_PAIRS = 10_000
_MOST_KEYS = 4_000_000
_MOST_PAIRS = 10_000_000  # templated texts share all but a number: near neighbours then suffice
_CJK = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


def plain_form(text: str) -> str:
    """Fold what does not make another text: case, width, punctuation, spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", folded).split())


def shingle_table(
    texts: Sequence[str], length: tuple[int, int] = COMPARED, thin: int = 1
) -> csr_array:
    """Return which texts have which n-grams, as a 0/1 table [n, ``BUCKETS``].

    Built from code points with numpy, block by block; a column is an n-gram's hash.

    Parameters
    ----------
    length : (int, int)
        Characters per n-gram, in general and where half of the text is Japanese.
    thin : int
        Of texts longer than ``LONG``, keep the n-grams whose hash this number divides.
    """
    from scipy.sparse import csr_array

    texts = [f" {text[:MAX_CHARACTERS]} " for text in texts]
    rows: list[np.ndarray] = []
    codes: list[np.ndarray] = []
    start = 0
    while start < len(texts):
        stop, size = start, 0
        while stop < len(texts) and (stop == start or size + len(texts[stop]) < _BLOCK_CHARACTERS):
            size += len(texts[stop])
            stop += 1
        block_rows, block_codes = _codes(texts[start:stop], length, thin)
        rows.append(block_rows + start)
        codes.append(block_codes)
        start = stop
    row = np.concatenate(rows) if rows else np.empty(0, np.int64)
    code = np.concatenate(codes) if codes else np.empty(0, np.int32)
    start_of_row = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(texts)))])
    data = np.ones(len(row), np.float32)
    return csr_array((data, code, start_of_row), shape=(len(texts), BUCKETS))


def _codes(
    texts: Sequence[str], length: tuple[int, int], thin: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return distinct (row, n-gram hash) of a block of texts, sorted."""
    sizes = np.array([len(text) for text in texts])
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(joined, np.uint32).astype(np.uint64)
    row = np.repeat(np.arange(len(texts)), sizes)
    japanese = np.array([2 * len(_CJK.findall(text)) > len(text) - 2 for text in texts])
    span = np.minimum(np.where(japanese, length[1], length[0]), sizes)[row]
    code = np.zeros(len(points), np.uint64)
    for step in range(max(length)):
        shifted = np.append(points[step:], np.zeros(min(step, len(points)), np.uint64))
        code = (code ^ (code >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        code += np.where(span > step, shifted, np.uint64(0)) * np.uint64(0x9E3779B97F4A7C15)
    code ^= code >> np.uint64(32)
    inside = np.arange(len(points)) + span <= np.cumsum(sizes)[row]
    if thin > 1:
        inside &= (code % np.uint64(thin) == 0) | (sizes <= LONG)[row]
    column = (code[inside] >> np.uint64(8)) % np.uint64(BUCKETS)
    key = np.sort(row[inside] * BUCKETS + column.astype(np.int64))
    # np.unique hashes before it sorts, which takes five times as long on these keys
    key = key[np.concatenate([[True], key[1:] != key[:-1]])] if len(key) else key
    return key // BUCKETS, (key % BUCKETS).astype(np.int32)


def similar_pairs(
    texts: Sequence[str], threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pairs i < j of texts whose n-gram sets have at least this Jaccard similarity.

    All pairs would be too many, so only those are compared that share some of their rarest longer
    n-grams (the idea of prefix filtering: Chaudhuri, Ganti & Kaushik 2006). Where an n-gram is
    in many texts, each is compared with the next ``WINDOW`` of them; sort the texts, and those
    that begin alike are neighbours. What is missed (tests hold it below 2 %) is mostly
    found through a third text, since groups are connected components.

    Parameters
    ----------
    texts : sequence of str
        Distinct, as :func:`plain_form` leaves them, sorted.
    threshold : float in (0, 1]

    Returns
    -------
    first, second : int64 arrays [p]
    similarity : float32 array [p]
    """
    table = shingle_table(texts)
    size = np.diff(table.indptr)
    first, second = _candidates(texts, size, threshold)
    similarity = np.empty(len(first), np.float32)
    for start in range(0, len(first), _BLOCK_PAIRS):
        part = slice(start, start + _BLOCK_PAIRS)
        shared = table[first[part]].multiply(table[second[part]]).sum(axis=1)
        shared = np.asarray(shared, np.float32).reshape(-1)
        similarity[part] = shared / (size[first[part]] + size[second[part]] - shared)
    near = similarity >= threshold - 1e-6
    return first[near], second[near], similarity[near]


def _candidates(
    texts: Sequence[str], size: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of texts of like size that share one in eight of their rarest n-grams."""
    sought = shingle_table(texts, SOUGHT, THIN)
    frequency = np.bincount(sought.indices, minlength=sought.shape[1])
    text = np.repeat(np.arange(len(texts)), np.diff(sought.indptr))
    shared = frequency[sought.indices] > 1  # an n-gram of one text alone finds nothing
    text, token = text[shared], sought.indices[shared]
    used = np.flatnonzero(frequency > 1)
    used = used[np.argsort(frequency[used], kind="stable")]
    rank = np.zeros(BUCKETS, np.int64)
    rank[used] = np.arange(len(used))
    key = np.sort(text * max(1, len(used)) + rank[token])  # per text, rarest first
    text, token = key // max(1, len(used)), key % max(1, len(used))
    count = np.bincount(text, minlength=len(texts))
    place = np.arange(len(text)) - (np.cumsum(count) - count)[text]
    text, token = text[place < RAREST], token[place < RAREST]
    by_token = np.argsort(token, kind="stable")
    text, token = text[by_token], token[by_token]

    n = np.int64(len(texts))
    keys = np.empty(0, np.int64)
    weights = np.empty(0, np.int64)
    waiting: list[np.ndarray] = []
    seen = 0
    at = np.arange(len(token))
    for step in range(1, WINDOW + 1):
        at = at[at + step < len(token)]
        at = at[token[at] == token[at + step]]
        first, second = text[at], text[at + step]
        small, large = np.minimum(size[first], size[second]), np.maximum(size[first], size[second])
        near = small >= threshold * large
        waiting.append(first[near] * n + second[near])
        seen += len(waiting[-1])
        done = step == WINDOW or not len(at) or seen > _MOST_PAIRS
        if done or sum(map(len, waiting)) > _MOST_KEYS:
            keys, weights = _counted(keys, weights, np.concatenate(waiting))
            waiting = []
        if done:
            break
    first, second = keys // n, keys % n
    least = np.minimum(np.minimum(count[first], count[second]), RAREST) // 8
    enough = weights >= np.maximum(least, 1)
    return first[enough], second[enough]


def _counted(
    keys: np.ndarray, weights: np.ndarray, more: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Add up how often each key was seen."""
    new, count = np.unique(more, return_counts=True)
    merged, inverse = np.unique(np.concatenate([keys, new]), return_inverse=True)
    total = np.bincount(inverse, np.concatenate([weights, count]), len(merged))
    return merged, total.astype(np.int64)
