"""Texts as character n-grams: folded, hashed from code points with numpy, as sparse sets."""

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
BUCKETS = 1 << 22  # hash values of n-grams; a text has a few hundred, so few meet by chance
_BLOCK_CHARACTERS = 4_000_000
_CJK = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_NO_WORD = re.compile(r"[\W_]+")
_ASCII_NO_WORD = {code: " " for code in range(128) if not chr(code).isalnum()}


def plain_form(text: str) -> str:
    """Fold what does not make another text: case, width, punctuation, spaces."""
    if text.isascii():  # the same, several times as fast
        return " ".join(text.lower().translate(_ASCII_NO_WORD).split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_NO_WORD.sub(" ", folded).split())


def ngram_hashes(
    texts: Sequence[str], length: tuple[int, int] = COMPARED
) -> tuple[np.ndarray, np.ndarray]:
    """Return the hashes of all n-grams, text after text, repeated ones repeatedly.

    Parameters
    ----------
    length : (int, int)
        Characters per n-gram, in general and where half of the text is Japanese.

    Returns
    -------
    hashes : uint64 array [m]
    counts : int64 array [n]
        N-grams of each text, one or more.
    """
    padded = [f" {text[:MAX_CHARACTERS]} " for text in texts]
    sizes = np.array([len(text) for text in padded], np.int64)
    joined = "".join(padded).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(joined, np.uint32).astype(np.uint64)
    japanese = np.array(
        [not text.isascii() and 2 * len(_CJK.findall(text)) > len(text) - 2 for text in padded],
        bool,
    )
    spans = np.minimum(np.where(japanese, length[1], length[0]), sizes)
    span = np.repeat(spans, sizes)
    code = np.zeros(len(points), np.uint64)
    for step in range(max(length)):
        shifted = np.append(points[step:], np.zeros(min(step, len(points)), np.uint64))
        code = (code ^ (code >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        code += np.where(span > step, shifted, np.uint64(0)) * np.uint64(0x9E3779B97F4A7C15)
    code ^= code >> np.uint64(32)
    left = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(points))
    return code[span <= left], sizes - spans + 1


def ngram_table(texts: Sequence[str]) -> csr_array:
    """Return which texts have which n-grams, as a 0/1 table [n, ``BUCKETS``].

    Built block by block; a column is an n-gram's hash.
    """
    from scipy.sparse import csr_array

    rows: list[np.ndarray] = []
    columns: list[np.ndarray] = []
    start = 0
    while start < len(texts):
        stop, size = start, 0
        while stop < len(texts) and (stop == start or size + len(texts[stop]) < _BLOCK_CHARACTERS):
            size += min(len(texts[stop]), MAX_CHARACTERS)
            stop += 1
        counts, block = _distinct(*ngram_hashes(texts[start:stop]))
        rows.append(counts)
        columns.append(block)
        start = stop
    count = np.concatenate(rows) if rows else np.empty(0, np.int64)
    column = np.concatenate(columns) if columns else np.empty(0, np.int32)
    begin = np.concatenate([[0], np.cumsum(count)])
    data = np.ones(len(column), np.float32)
    return csr_array((data, column, begin), shape=(len(texts), BUCKETS))


def _distinct(code: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return per text how many n-grams are distinct, and their columns, ascending per text."""
    column = (code >> np.uint64(8)) % np.uint64(BUCKETS)
    row = np.repeat(np.arange(len(counts)), counts)
    key = np.sort(row * BUCKETS + column.astype(np.int64))
    # np.unique hashes before it sorts, which takes five times as long on these keys
    key = key[np.concatenate([[True], key[1:] != key[:-1]])] if len(key) else key
    return np.bincount(key // BUCKETS, minlength=len(counts)), (key % BUCKETS).astype(np.int32)
