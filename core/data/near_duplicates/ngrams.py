"""Texts as character n-grams, and which of them are nearly the same, without comparing all pairs.

N-grams are hashed from code points with numpy. Candidates come from MinHash (Broder 1997, "On the
resemblance and containment of documents": the share of equal places in two sketches estimates the
Jaccard similarity of two sets). A sketch is cut into bands; texts with an equal band are compared
(Leskovec, Rajaraman & Ullman, "Mining of Massive Datasets", ch. 3.4). Cost grows with the number of
texts and of the pairs found, not with the number of all pairs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import DataError
from core.hashing import file_sha256
from core.progress import Progress

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_RENSA_VERSION = "0.5.0"
_RENSA_FILES = {  # of the build for Linux x86_64 and Python 3.11
    "__init__.py": "efa326cde5e9fcf70b660034f3b313791f03e9dcc92aa38f3130b694e1f8a113",
    "rensa.cpython-311-x86_64-linux-gnu.so": (
        "ae865e408412f258374d69e459c0aa8bde4df223b323bee25ba85a47ff497c42"
    ),
}
MAX_CHARACTERS = 2000  # of each text are compared
# How many characters an n-gram has: in Latin and other letters, in Japanese, where a character
# carries about as much as half an English word.
COMPARED = (3, 2)
BUCKETS = 1 << 22  # hash values of n-grams; a text has a few hundred, so few meet by chance
_BLOCK_CHARACTERS = 4_000_000
_BLOCK_PAIRS = 10_000
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
_MOST_CHARACTERS = 80_000_000  # sketched at once, 16 bytes each
_MOST_KEYS = 4_000_000
_MOST_SEEN = 40_000_000  # templated texts share all but a number: near neighbours then suffice
_MOST_PAIRS = 10_000_000
_CJK = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_NO_WORD = re.compile(r"[\W_]+")
_ASCII_NO_WORD = {code: " " for code in range(128) if not chr(code).isalnum()}


def plain_form(text: str) -> str:
    """Fold what does not make another text: case, width, punctuation, spaces."""
    if text.isascii():  # the same, several times as fast
        return " ".join(text.lower().translate(_ASCII_NO_WORD).split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_NO_WORD.sub(" ", folded).split())


def _ngram_hashes(
    texts: Sequence[str], length: tuple[int, int] = COMPARED
) -> tuple[np.ndarray, np.ndarray]:
    """Return the hashes of all n-grams, text after text, repeated ones repeatedly."""
    padded = [f" {text[:MAX_CHARACTERS]} " for text in texts]
    sizes = np.array([len(text) for text in padded], np.int64)
    joined = "".join(padded).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(joined, np.uint32).astype(np.uint64)
    points *= np.uint64(0x9E3779B97F4A7C15)
    japanese = np.array(
        [not text.isascii() and 2 * len(_CJK.findall(text)) > len(text) - 2 for text in padded],
        bool,
    )
    spans = np.minimum(np.where(japanese, length[1], length[0]), sizes)
    span = np.repeat(spans, sizes)
    code = np.zeros(len(points), np.uint64)
    for step in range(max(length)):
        code ^= code >> np.uint64(29)
        code *= np.uint64(0xBF58476D1CE4E5B9)
        count = max(len(points) - step, 0)
        shifted = points[step:]
        if len(spans) and spans.min() <= step:  # else all alike, in half the time
            shifted = np.where(span[:count] > step, shifted, np.uint64(0))
        code[:count] += shifted
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
        counts, block = _distinct(*_ngram_hashes(texts[start:stop]))
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


def _band_rows(threshold: float, texts: int) -> int:
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
    rows = _band_rows(threshold, len(texts))
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


@cache
def _rensa() -> Any:
    """Import rensa after comparing its files with those that this version was tested with.

    Raises
    ------
    DataError
        If one was changed. Builds for other machines than the one tested are not known here; with
        ``requirements.lock`` pip compares their archives.
    """
    folder = _rensa_folder()
    for name, sha256 in _RENSA_FILES.items():
        path = folder / name
        if path.is_file() and file_sha256(path) != sha256:
            raise DataError(
                "The file {file} is not the one this version was tested with. Install the right "
                "one with: pip install --force-reinstall rensa=={version}",
                file=str(path),
                version=_RENSA_VERSION,
            )
    return import_module("rensa")


def _rensa_folder() -> Path:
    spec = find_spec("rensa")
    return Path(next(iter(spec.submodule_search_locations or ())) if spec else "")


def _with_company(texts: Sequence[str], rows: int) -> np.ndarray:
    """Return the texts that share a band with any other, int64 [m]; the library sees to it alone.

    Of files too large to be sketched at once, all texts.
    """
    RMinHashLSH = _rensa().RMinHashLSH  # noqa: N806

    if not texts or sum(map(len, texts)) > _MOST_CHARACTERS:
        return np.arange(len(texts))
    bands = PLACES // rows
    index = RMinHashLSH(threshold=0.5, num_perm=bands * rows, num_bands=bands)
    return np.flatnonzero(index.query_duplicate_flags_matrix_one_shot(_digest(texts, bands * rows)))


def _digest(texts: Sequence[str], places: int) -> object:
    RMinHash = _rensa().RMinHash  # noqa: N806
    parts = [_ngram_hashes(texts[low:high], SKETCHED) for low, high in _blocks(texts, len(texts))]
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


def similar_pairs(
    texts: Sequence[str], threshold: float, stretch: Progress | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pairs i < j of texts whose n-gram sets have at least this Jaccard similarity.

    MinHash says which pairs are worth a look, their similarity is then worked out exactly: what
    is returned is right, and what is missed (tests hold it below 2 %) is mostly found through a
    third text, since groups are connected components.

    Parameters
    ----------
    texts : sequence of str
        Distinct, as :func:`core.data.near_duplicates.ngrams.plain_form` leaves them, sorted.
    threshold : float in (0, 1]
    stretch : Progress, optional
        To tell how far it is.

    Returns
    -------
    first, second : int64 arrays [p]
    similarity : float32 array [p]
    """
    stretch = stretch or Progress()
    first, second = likely_pairs(texts, threshold, stretch.part(0.0, 0.7))
    involved, place = np.unique(np.concatenate([first, second]), return_inverse=True)
    table = ngram_table([texts[i] for i in involved.tolist()])
    left, right = place[: len(first)], place[len(first) :]
    similarity = similarities(table, left, table, right, stretch.part(0.7, 1.0))
    near = similarity >= threshold - 1e-6
    return first[near], second[near], similarity[near]


def similarities(
    here: csr_array,
    rows: np.ndarray,
    there: csr_array,
    others: np.ndarray,
    stretch: Progress | None = None,
) -> np.ndarray:
    """Return the Jaccard similarity of pairs of rows of two tables of n-grams, float32 [p].

    Parameters
    ----------
    rows, others : int arrays [p]
        Of ``here`` and of ``there``.
    """
    sizes, lengths = np.diff(here.indptr), np.diff(there.indptr)
    similarity = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _BLOCK_PAIRS):
        one, other = rows[start : start + _BLOCK_PAIRS], others[start : start + _BLOCK_PAIRS]
        shared = np.asarray(here[one].multiply(there[other]).sum(axis=1), np.float32).reshape(-1)
        similarity[start : start + len(one)] = shared / (sizes[one] + lengths[other] - shared)
        if stretch is not None:
            stretch.reached(start / len(rows))
    return similarity
