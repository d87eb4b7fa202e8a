"""Keyword search as an expert, and the words of a text in any script.

BM25 and character n-gram TF-IDF are kept as two sparse tables whose product is the table of scores,
like the vectors of an embedding expert. They learn word frequencies from the answers only: those
are known in advance, questions are not.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from core.experts.source import ExpertSource, LiveScore, ScoringContext
from core.hashing import content_id
from core.messages import N_, Message
from core.types import ExpertScores, QADataset, Reporter
from core.types.expert_entry import ANY_LANGUAGE, BUNDLED, LEXICAL, Availability
from core.workspace.modelstore import ModelStore

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Tables = tuple[csr_array, csr_array]

# Scripts written without spaces: kana, CJK ideographs, Thai, Lao, Burmese, Khmer.
UNSPACED = (
    "\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"
)
# \w leaves out the vowel signs of Indic and Arabic scripts, which would cut their words apart.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0ddf"
_RUN = re.compile(
    f"(?P<unspaced>[{UNSPACED}]+)|(?:(?![{UNSPACED}_])[\\w{_MARKS}])+"
    f"(?:['’](?:(?![{UNSPACED}_])[\\w{_MARKS}])+)*"
)

_HIRAGANA = re.compile("[\u3041-\u309f]{2,}")
_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def normalise(text: str) -> str:
    """Return a text in NFKC and lower case: full-width and half-width letters become equal."""
    return unicodedata.normalize("NFKC", text).casefold()


def words(text: str) -> list[str]:
    """Return the tokens of a text.

    Words where a script separates them. Where it does not, no dictionary is needed: pairs of
    neighbouring characters, as in Lucene's CJK analyzer, and single ideographs, which are words
    themselves; hiragana, mostly grammar, in threes. (BM25 on our Japanese sample, nDCG@10: pairs
    alone 0.48, with ideographs 0.59, with hiragana in threes 0.60.)
    """
    tokens: list[str] = []
    for match in _RUN.finditer(normalise(text)):
        run = match.group()
        tokens += [run] if match.group("unspaced") is None or len(run) == 1 else _pieces(run)
    return tokens


def runs(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield start, letters and “written without spaces” of every run of letters in a raw text."""
    for match in _RUN.finditer(text):
        yield match.start(), match.group(), match.group("unspaced") is not None


def _pieces(run: str) -> list[str]:
    """Return the tokens of at least two characters of a script without spaces."""
    pairs = ["".join(pair) for pair in pairwise(run)]
    tokens = [pair for pair in pairs if not _HIRAGANA.fullmatch(pair)]
    tokens += _IDEOGRAPH.findall(run)
    for stretch in _HIRAGANA.findall(run):
        tokens += [stretch[i : i + 3] for i in range(max(len(stretch) - 2, 1))]
    return tokens


def is_unspaced(texts: list[str] | tuple[str, ...]) -> bool:
    """Return True if at least a third of the letters belong to scripts without spaces."""
    sample = normalise(" ".join(texts))
    letters = sum(character.isalpha() for character in sample)
    unspaced = len(re.findall(f"[{UNSPACED}]", sample))
    return unspaced * 3 >= max(letters, 1)


K1, B = 1.5, 0.75
WORD_EDGES = ("char_wb", (3, 4))  # n-grams inside words, where words are separated
RUNNING = ("char", (1, 2))  # n-grams of running text, where they are not
_SIDES = ("questions", "answers")


@dataclass(frozen=True, eq=False)
class Bm25Index:
    """BM25 weights of the words of answers, ready for questions.

    Attributes
    ----------
    column : dict of word to int
        A word that is in no answer has no column.
    weights : csr_array [n_a, v], float32
    """

    column: dict[str, int]
    weights: csr_array

    @classmethod
    def of(cls, answers: Sequence[str]) -> Bm25Index:
        """Weigh the words of the answers."""
        import bm25s
        from scipy.sparse import csc_array, csr_array

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # its import sets DEBUG
        answer_words = [words(text) for text in answers]
        column = {w: i for i, w in enumerate(sorted({w for ws in answer_words for w in ws}))}
        if not column:  # bm25s divides by the mean length
            return cls(column, csr_array((len(answers), 0), dtype=np.float32))
        index = bm25s.BM25(k1=K1, b=B, method="lucene")
        ids = [[column[word] for word in tokens] for tokens in answer_words]
        index.index((ids, column), create_empty_token=False, show_progress=False)
        parts = tuple(index.scores[name] for name in ("data", "indices", "indptr"))
        weights = csc_array(parts, shape=(len(answers), len(column)))
        return cls(column, csr_array(weights, dtype=np.float32))

    def counts(self, questions: Sequence[str]) -> csr_array:
        """Return how often each known word is in each question, csr_array [n_q, v], float32."""
        from scipy.sparse import csr_array

        rows: list[int] = []
        columns: list[int] = []
        for row, text in enumerate(questions):
            known = [self.column[word] for word in words(text) if word in self.column]
            columns += known
            rows += [row] * len(known)
        shape = (len(questions), len(self.column))
        return csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)


def bm25_tables(questions: Sequence[str], answers: Sequence[str]) -> Tables:
    """Return counts of question words and BM25 weights of answer words.

    Parameters
    ----------
    questions : sequence of str, n_q long
    answers : sequence of str, n_a long

    Returns
    -------
    csr_array [n_q, v] and csr_array [n_a, v], float32
        ``Q @ A.T`` are the scores of ``bm25s.BM25.get_scores``; a word that is in no answer has
        no column.
    """
    index = Bm25Index.of(answers)
    return index.counts(questions), index.weights


def tfidf_tables(questions: Sequence[str], answers: Sequence[str]) -> Tables:
    """Return TF-IDF weights of character n-grams, rows of length 1 (or 0: nothing in common).

    Returns
    -------
    csr_array [n_q, v] and csr_array [n_a, v], float32
    """
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import TfidfVectorizer

    analyzer, sizes = RUNNING if is_unspaced(tuple(answers)) else WORD_EDGES
    vectorizer = TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=sizes,
        preprocessor=normalise,
        sublinear_tf=True,
        dtype=np.float32,
    )
    try:
        weights = vectorizer.fit_transform(answers)
    except ValueError:  # "empty vocabulary": no answer has a single n-gram
        empty = csr_array((len(questions), 0), dtype=np.float32)
        return empty, csr_array((len(answers), 0), dtype=np.float32)
    return csr_array(vectorizer.transform(questions)), csr_array(weights)


@dataclass(frozen=True, kw_only=True)
class LexicalExpert(ExpertSource):
    """A way to compare texts without a model.

    Attributes
    ----------
    formula : str
        LaTeX.
    source : str
    settings : str
        Everything that decides the scores; the fingerprint is made from it.
    tables : function (questions, answers) → two csr_array [n_q, v], [n_a, v], float32
    """

    family: str = LEXICAL
    languages: tuple[str, ...] = (ANY_LANGUAGE,)
    trainable: bool = False
    default_for: tuple[str, ...] = (ANY_LANGUAGE,)
    formula: str
    source: str
    settings: str
    tables: Callable[[Sequence[str], Sequence[str]], Tables]

    @property
    def fingerprint(self) -> str:
        """Hash of the settings."""
        return content_id([self.settings])

    def availability(self, models: ModelStore | None = None) -> Availability:
        """Return that it is at hand."""
        return Availability(True, BUNDLED, Message(N_("On this machine, needs no model.")))

    def score(self, dataset: QADataset, context: ScoringContext, report: Reporter) -> int:
        """Make the tables, for these very texts, unless they are in the cache."""
        if self.recall(dataset, context) is not None:
            return 0
        arrays: dict[str, np.ndarray] = {}
        tables = self.tables(dataset.questions, dataset.answers)
        for side, table in zip(_SIDES, tables, strict=True):
            arrays[f"{side}.data"] = table.data.astype(np.float32)
            arrays[f"{side}.indices"] = table.indices.astype(np.int64)
            arrays[f"{side}.indptr"] = table.indptr.astype(np.int64)
            arrays[f"{side}.shape"] = np.array(table.shape, np.int64)
        context.vectors.put_matrices(self.fingerprint, _texts_id(dataset), arrays)
        return len(dataset.questions) + len(dataset.answers)

    def recall(self, dataset: QADataset, context: ScoringContext) -> ExpertScores | None:
        """Return the sparse tables from the cache."""
        from scipy.sparse import csr_array, get_index_dtype

        arrays = context.vectors.get_matrices(self.fingerprint, _texts_id(dataset))
        if arrays is None:
            return None
        tables = []
        for side in _SIDES:
            shape, data = tuple(arrays[f"{side}.shape"].tolist()), np.array(arrays[f"{side}.data"])
            # 32 bits where they suffice: products of tables then move half the memory.
            width = get_index_dtype(maxval=max(len(data), *shape))
            places = (arrays[f"{side}.{part}"].astype(width) for part in ("indices", "indptr"))
            tables.append(csr_array((data, *places), shape=shape))
        return ExpertScores(self.key, self.fingerprint, dataset.id, *tables)

    def read_unseen(
        self,
        known: Sequence[str],
        new: Sequence[str],
        answers: Sequence[str],
        context: ScoringContext,
        report: Reporter,
        *,
        most_seconds: float,
    ) -> ExpertScores:
        """Return the tables of these very texts; seconds for a hundred thousand of them."""
        tables = self.tables([*known, *new], answers)
        return ExpertScores(self.key, self.fingerprint, "", *tables)

    def live(self, dataset: QADataset, context: ScoringContext) -> LiveScore | None:
        """Return the score of two texts among the answers of the dataset.

        An answer that the dataset lacks is counted as one more: it has its share in how rare words
        are and how long answers are on average.
        """
        answers = list(dataset.answers)
        place = {text: row for row, text in enumerate(answers)}

        def score(question: str, answer: str) -> float:
            known = place.get(answer)
            among = answers if known is not None else [*answers, answer]
            left, right = self.tables([question], among)
            row = len(answers) if known is None else known
            return float((left @ right[[row]].T).toarray()[0, 0])

        return score


def _texts_id(dataset: QADataset) -> str:
    return content_id([*dataset.questions, "\x00", *dataset.answers])


LEXICAL_EXPERTS = (
    LexicalExpert(
        key="bm25",
        title="BM25",
        meaning=N_(
            "Classic keyword search: counts shared words, rare words count more. It knows no "
            "synonyms; a model that does not beat it is not worth its cost."
        ),
        licence="MIT",
        relative_speed=100.0,
        formula=(
            r"\sum_{w \in q} \ln\left(1 + \frac{N - n_w + 0.5}{n_w + 0.5}\right) "
            r"\frac{f_{w,a}}{f_{w,a} + k_1 (1 - b + b \, |a| / \overline{|a|})}"
        ),
        source="Robertson & Zaragoza 2009; the variant of Lucene as in bm25s",
        settings=f"bm25 lucene k1={K1} b={B} words v1",
        tables=bm25_tables,
    ),
    LexicalExpert(
        key="tfidf",
        title="TF-IDF",
        meaning=N_(
            "Compares short runs of letters (character n-grams), so it forgives typos and word "
            "endings; like BM25 it knows no synonyms."
        ),
        licence="BSD-3-Clause",
        relative_speed=50.0,
        formula=r"\cos(q, a), \quad (1 + \ln f_g) \left(\ln \frac{1 + N}{1 + n_g} + 1\right)",
        source="scikit-learn TfidfVectorizer on character n-grams",
        settings=f"tfidf {WORD_EDGES} {RUNNING} sublinear v1",
        tables=tfidf_tables,
    ),
)
