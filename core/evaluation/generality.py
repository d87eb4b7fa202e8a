"""Does a tuned model still understand everyday language? Graded similarity before and after.

A probe is a list of sentence pairs with a similarity from 0 (unrelated) to 5 (same meaning), given
by people. A model is judged by Spearman's rank correlation of its cosines with those grades, as in
the semantic textual similarity tasks (Cer et al. 2017, arXiv:1708.00055).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import ComparisonError, DataError
from core.evaluation.statistics import CONFIDENCE
from core.types import Generality

COLUMNS = ("sentence1", "sentence2", "score")
MIN_PAIRS = 20
RESAMPLES = 2_000  # ranking each resample costs more than a mean; ends are steady to about 0.002
CHUNK = 500  # resamples ranked at once
LANGUAGES = ("en", "ja")  # of the pairs that come with this product
_SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"

Encode = Callable[[Sequence[str]], np.ndarray]  # texts to vectors [n, d]


@dataclass(frozen=True, eq=False)
class SentencePairs:
    """Sentence pairs with a graded similarity.

    Attributes
    ----------
    left, right : tuple of str, n long
    scores : float64 array [n] in [0, 5]
    language : str
        ISO 639-1.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    scores: np.ndarray
    language: str = ""

    def cosines(self, encode: Encode) -> np.ndarray:
        """Return a model's cosines float64 [n]; both sides are encoded alike."""
        return cosines(encode(self.left), encode(self.right))

    def spearman(self, encode: Encode) -> float:
        """Return how well a model's order of the pairs agrees with people's, in [-1, 1]."""
        return spearman(self.cosines(encode), self.scores)


def everyday_pairs(language: str) -> SentencePairs:
    """Return the pairs that come with this product in a language, in English where it has none."""
    known = language if language in LANGUAGES else "en"
    return read_pairs(_SAMPLES / f"general_similarity_{known}.csv", known)


def read_pairs(path: Path, language: str = "") -> SentencePairs:
    """Read sentence pairs from a UTF-8 CSV file with the columns sentence1, sentence2, score.

    Raises
    ------
    DataError
        If a column is missing, a score is not a number, or there are under ``MIN_PAIRS`` pairs.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise DataError(
                "The sentence pairs in {name} lack the column {missing}. Needed are: {needed}.",
                name=path.name,
                missing=", ".join(missing),
                needed=", ".join(COLUMNS),
            )
        rows = list(enumerate(reader, start=2))
    scores = []
    for number, row in rows:
        try:
            scores.append(float(row["score"]))
        except (TypeError, ValueError):
            scores.append(np.nan)
        if not np.isfinite(scores[-1]):
            raise DataError(
                "Row {row} of {name} has the score {score}, which is not a number. Correct it.",
                row=number,
                name=path.name,
                score=str(row["score"]),
            )
    if len(rows) < MIN_PAIRS:
        raise DataError(
            "{name} has {found} sentence pairs; at least {needed} are needed for a steady "
            "correlation. Add pairs.",
            name=path.name,
            found=len(rows),
            needed=MIN_PAIRS,
        )
    return SentencePairs(
        tuple(row["sentence1"] for _, row in rows),
        tuple(row["sentence2"] for _, row in rows),
        np.array(scores),
        language,
    )


def cosines(left_vectors: np.ndarray, right_vectors: np.ndarray) -> np.ndarray:
    """Return cosines float64 [n] of aligned vectors [n, d]; 0 where a vector is all zeros."""
    left, right = left_vectors.astype(np.float64), right_vectors.astype(np.float64)
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    products = (left * right).sum(axis=1)
    return np.divide(products, norms, out=np.zeros(len(left)), where=norms > 0)


def spearman(similarities: np.ndarray, scores: np.ndarray) -> float:
    """Return Spearman's rank correlation in [-1, 1]; 0 where one side is constant."""
    return float(_spearman_rows(similarities[None], scores[None])[0])


def generality(
    before: np.ndarray,
    after: np.ndarray,
    scores: np.ndarray,
    language: str,
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> Generality:
    """Compare two models on one probe, with a paired bootstrap interval over its pairs.

    Parameters
    ----------
    before, after : float arrays [n]
        Cosines of base and tuned, see :func:`cosines`.
    scores : float array [n]
        Grades given by people.
    language : str
        Of the probe, for example ``en``.
    """
    if not len(before) == len(after) == len(scores):
        raise ComparisonError(
            "The sentence pairs do not line up: {before} similarities before, {after} after, "
            "{scores} scores.",
            before=len(before),
            after=len(after),
            scores=len(scores),
        )
    rng = np.random.default_rng(seed)
    drops = []
    for start in range(0, resamples, CHUNK):
        picks = rng.integers(0, len(scores), (min(CHUNK, resamples - start), len(scores)))
        picked = scores[picks]
        drops.append(_spearman_rows(after[picks], picked) - _spearman_rows(before[picks], picked))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(drops), [tail, 1 - tail])
    return Generality(
        language=language,
        pairs=len(scores),
        before=spearman(before, scores),
        after=spearman(after, scores),
        low=float(low),
        high=float(high),
    )


def _spearman_rows(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of each row of two tables [r, n] as float64 array [r]."""
    from scipy.stats import rankdata

    x, y = (rankdata(table, axis=1) for table in (left, right))
    x -= x.mean(axis=1, keepdims=True)
    y -= y.mean(axis=1, keepdims=True)
    norms = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    return np.divide((x * y).sum(axis=1), norms, out=np.zeros(len(x)), where=norms > 0)
