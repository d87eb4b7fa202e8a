"""Cross-encoders: models that read question and answer together and give one number per pair.

The raw score is the model's raw output (logit), without a sigmoid: a sigmoid squeezes everything a
model is sure of towards 0 or 1, where float32 and the percentile calibration cannot tell pairs
apart any more. The order of pairs is the same with and without it; calibration does the scaling.

Not all pairs are read, which would be questions times answers (METHOD §1): what teaches most are
the right answers, the answers that other experts take for right, and a few random ones as a measure
of "certainly not".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from core.errors import ExpertError, Stopped
from core.experts.encoders import ENOUGH_TO_MEASURE, FETCHING, LOOKED_AT
from core.experts.encoding import (
    Coming,
    PairPace,
    arriving,
    fetch,
    growing_chunks,
    length_batches,
    load_with,
    token_estimates,
)
from core.experts.folders import ModelFolder, read_cross_encoder
from core.experts.hub import HubRepository
from core.experts.models import ModelExpert
from core.experts.source import LiveScore, ScoringContext
from core.hashing import text_key
from core.messages import N_
from core.progress import Progress
from core.types import ListedScores, PairScores, QADataset, Reporter, Rows, SilentReporter
from core.types.expert_entry import ANY_LANGUAGE, CROSS_ENCODER
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


_BLOCK = 256  # questions per score block: 256 x 5,000 answers are 5 MB of float32


@dataclass(frozen=True)
class CandidateSettings:
    """How many pairs per question are listed.

    Attributes
    ----------
    top : int >= 0
        Answers per question that the other experts together rank best.
    random : int >= 0
        Random answers per question.
    disputed : int >= 0
        Answers per question, beside the best ranked, on which the other experts differ most.
    seed : int
        Seed of the random answers.
    """

    top: int = 20
    random: int = 3
    seed: int = 0
    disputed: int = 0

    def expected(self, dataset: QADataset) -> int:
        """Return about how many pairs :func:`candidate_pairs` lists: a little more, never less."""
        rows = dataset.seen_rows
        right = int(np.isin(dataset.right_question, rows).sum())
        most = min(self.top + self.disputed + self.random, len(dataset.answers))
        return min(len(rows) * most + right, len(rows) * len(dataset.answers))


def candidate_pairs(
    dataset: QADataset, scores: Sequence[PairScores], settings: CandidateSettings
) -> tuple[Rows, Rows]:
    """List the pairs to score: the best ranked, all right and some random ones, each once.

    No expert is asked about held-out test questions here.

    Parameters
    ----------
    scores : sequence of PairScores
        Experts that have scored all pairs. The answers of a question are ordered by the best rank
        that any of them gives, ties by expert, then by answer row, so that each expert proposes
        about the same number.

    Returns
    -------
    question_rows, answer_rows : int32 arrays [m]
        Sorted by question, then answer. The same arguments list the same pairs.
    """
    rows = dataset.seen_rows.astype(np.int64)
    n_answers = len(dataset.answers)
    judged = np.isin(dataset.right_question, rows)
    right = dataset.right_question[judged].astype(np.int64) * n_answers
    proposed = [right + dataset.right_answer[judged]]
    top = min(settings.top, n_answers)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        if top and scores:
            proposed.append(_best(block, scores, n_answers, top))
        if settings.disputed and len(scores) > 1:
            proposed.append(_disputed(block, scores, n_answers, settings.disputed))
    rng = np.random.default_rng(settings.seed)
    drawn = rng.integers(0, n_answers, (len(rows), settings.random))
    proposed.append((rows[:, None] * n_answers + drawn).ravel())
    keys = np.unique(np.concatenate(proposed))
    return (keys // n_answers).astype(np.int32), (keys % n_answers).astype(np.int32)


def _best(rows: Rows, scores: Sequence[PairScores], n_answers: int, top: int) -> np.ndarray:
    """Return keys of the ``top`` answers per question by their best rank with any expert."""
    answers = np.arange(n_answers, dtype=np.int32)
    never = np.int32(top * len(scores))
    place = np.full((len(rows), n_answers), never, np.int32)
    ranks = np.arange(top, dtype=np.int32)
    for number, expert in enumerate(scores):
        raw = expert.block(rows, answers)
        raw = np.where(np.isnan(raw), -np.inf, raw)
        order = np.argsort(-raw, axis=1, kind="stable")[:, :top]
        known = np.take_along_axis(raw, order, axis=1) > -np.inf
        own = np.where(known, ranks * len(scores) + number, never)
        better = np.minimum(np.take_along_axis(place, order, axis=1), own)
        np.put_along_axis(place, order, better, axis=1)
    best = np.argsort(place, axis=1, kind="stable")[:, :top]
    proposed = np.take_along_axis(place, best, axis=1) < never
    return (rows[:, None] * n_answers + best)[proposed]


_RANKS = 10  # of an expert that count as its opinion on which answers are good


def _disputed(rows: Rows, scores: Sequence[PairScores], n_answers: int, count: int) -> np.ndarray:
    """Return keys of the answers per question that one expert ranks high and another does not.

    The spread of 1 / rank over the experts, 0 beyond the first ten; answers that all see alike are
    left out.
    """
    answers = np.arange(n_answers, dtype=np.int32)
    high = np.zeros((len(rows), n_answers), np.float32)
    low = np.full((len(rows), n_answers), np.inf, np.float32)
    for expert in scores:
        raw = expert.block(rows, answers)
        order = np.argsort(-np.where(np.isnan(raw), -np.inf, raw), axis=1, kind="stable")
        worth = np.zeros((len(rows), n_answers), np.float32)
        ranks = 1 / np.arange(1, min(_RANKS, n_answers) + 1, dtype=np.float32)
        np.put_along_axis(worth, order[:, : len(ranks)], ranks[None], axis=1)
        high, low = np.maximum(high, worth), np.minimum(low, worth)
    spread = high - low
    most = np.argsort(-spread, axis=1, kind="stable")[:, :count]
    differ = np.take_along_axis(spread, most, axis=1) > 0
    return (rows[:, None] * n_answers + most)[differ]


Pair = tuple[str, str]
Predict = Callable[[Sequence[Pair]], np.ndarray]

_FIRST_CHUNK, _LARGEST_CHUNK = 32, 8192  # pairs


@dataclass(frozen=True, kw_only=True)
class CrossEncoderExpert(ModelExpert):
    """A model that reads pairs; it scores a list of candidate pairs and is silent on all others.

    Attributes
    ----------
    candidates : CandidateSettings
        Which pairs are listed.
    """

    family: str = CROSS_ENCODER
    trainable: bool = False
    lists_pairs: ClassVar[bool] = True
    not_asked: ClassVar[str] = N_(
        "{title} was not asked: it reads every pair of question and answer, which takes long."
    )
    candidates: CandidateSettings = field(default_factory=CandidateSettings)

    @staticmethod
    def read(path: Path) -> ModelFolder:
        """Return what the folder of a cross-encoder says."""
        return read_cross_encoder(path)

    def workload(self, dataset: QADataset) -> int:
        """Return the number of pairs."""
        return self.candidates.expected(dataset)

    def left_to_read(self, dataset: QADataset, models: ModelStore, vectors: VectorCache) -> int:
        """Return the number of pairs of its last list that have no score; all without a list."""
        fingerprint = self.fingerprint(models)
        listed = vectors.get_matrices(fingerprint, dataset.id) if fingerprint else None
        if fingerprint is None or listed is None:
            return self.workload(dataset)
        rows, columns = np.array(listed["question_rows"]), np.array(listed["answer_rows"])
        step = max(1, len(rows) // LOOKED_AT)
        keys = pair_keys(_texts(dataset, rows[::step], columns[::step]))
        _, is_there = vectors.get(fingerprint, keys)
        return round(float((~is_there).mean()) * len(rows)) if len(is_there) else 0

    def score(self, dataset: QADataset, context: ScoringContext, report: Reporter) -> int:
        """List candidates with the help of the other experts, and score what is not in the cache.

        Returns
        -------
        int
            Number of pairs that the model had to read.

        Raises
        ------
        Stopped
            If the reporter was asked to stop; finished chunks are kept.
        """
        clock, cache = context.clock, context.vectors
        watch, start = context.stopwatch, 0.0
        with watch.loading(clock):
            if self.present_folder(context.models) is None:
                start = FETCHING
            folder = self.files.fetch(self, context.models, Progress(report, 0, start))
        report = Progress(report, start, 1)
        fingerprint = self.fingerprint(context.models)
        assert fingerprint is not None  # the folder is here
        rows, columns = candidate_pairs(dataset, context.proposing, self.candidates)
        model: list[CrossEncoder] = []

        def predict(pairs: Sequence[Pair]) -> np.ndarray:
            if not model:
                with watch.loading(clock):
                    model.append(load_cross_encoder(folder, context.device, self.max_length))
            return predict_with(model[0], pairs, report)

        began, loaded = clock(), watch.seconds
        pairs = _texts(dataset, rows, columns)
        count = fill_pairs(predict, fingerprint, pairs, cache, report, clock)
        loading = watch.seconds - loaded
        seconds = clock() - began - loading
        if count >= ENOUGH_TO_MEASURE and seconds > 0:
            device = model[0].device.type
            context.models.record_speed(self.key, device, count / seconds, loading)
        # Replaces the list of an earlier panel: scores follow from the panel, not from history.
        arrays = {"question_rows": rows, "answer_rows": columns}
        cache.put_matrices(fingerprint, dataset.id, arrays)
        return count

    def recall(self, dataset: QADataset, context: ScoringContext) -> ListedScores | None:
        """Return the listed pairs and their scores from the cache."""
        cache, fingerprint = context.vectors, self.fingerprint(context.models)
        listed = cache.get_matrices(fingerprint, dataset.id) if fingerprint else None
        if fingerprint is None or listed is None:
            return None
        rows, columns = np.array(listed["question_rows"]), np.array(listed["answer_rows"])
        values, is_there = cache.get(fingerprint, pair_keys(_texts(dataset, rows, columns)))
        if not is_there.all():
            return None
        values = values.reshape(len(rows))
        return ListedScores(self.key, fingerprint, dataset.id, rows, columns, values)

    def live(self, dataset: QADataset, context: ScoringContext) -> LiveScore | None:
        """Return the model's raw output for two texts."""
        folder = self.present_folder(context.models)
        if folder is None:
            return None
        made: list[CrossEncoder] = []

        def score(question: str, answer: str) -> float:
            if not made:
                made.append(load_cross_encoder(folder, context.device, self.max_length))
            return float(predict_with(made[0], [(question, answer)], SilentReporter())[0])

        return score


def pair_keys(pairs: Sequence[Pair]) -> np.ndarray:
    """Return the cache keys of pairs of texts, uint8 [n, 16]."""
    joined = b"".join(text_key(answer, question) for question, answer in pairs)
    return np.frombuffer(joined, np.uint8).reshape(-1, 16)


def fill_pairs(
    predict: Predict,
    fingerprint: str,
    pairs: Sequence[Pair],
    cache: VectorCache,
    report: Reporter,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Score the pairs that are not in the cache, and keep the scores; returns how many.

    Raises
    ------
    Stopped
        If the reporter was asked to stop; finished chunks are kept.
    ExpertError
        If the model gives numbers that are not finite.
    """
    # Sorted by length, so that a chunk holds pairs of like length and its batches pad little.
    distinct = sorted(set(pairs), key=lambda pair: (len(pair[0]) + len(pair[1]), pair))
    _, is_there = cache.get(fingerprint, pair_keys(distinct))
    missing = [distinct[i] for i in np.flatnonzero(~is_there)]
    pace = PairPace([len(question) + len(answer) for question, answer in missing], report, clock)
    for part in growing_chunks(len(missing), _FIRST_CHUNK, _LARGEST_CHUNK, clock):
        if report.should_stop():
            raise Stopped
        chunk = missing[part]
        scores = np.asarray(predict(chunk), np.float32).reshape(len(chunk), 1)
        if not np.isfinite(scores).all():
            raise ExpertError(
                "The model gave numbers that are not finite for {count} of {total} pairs. Its "
                "weights may be damaged; choose another model or fetch it again.",
                count=int((~np.isfinite(scores)).sum()),
                total=len(chunk),
            )
        cache.put(fingerprint, pair_keys(chunk), scores)
        pace.done(part.stop)
    return len(missing)


def load_cross_encoder(
    folder: Path, device: str | None = None, max_length: int | None = None
) -> CrossEncoder:
    """Load a cross-encoder: local files, safetensors, no foreign code.

    Parameters
    ----------
    device : str or None
        None takes the fastest there is.
    max_length : int or None
        Tokens read of a pair; None = what the folder says.

    Raises
    ------
    ModelUnavailableError
        If the folder is refused.
    ExpertError
        If its files cannot be loaded.
    """
    length = read_cross_encoder(folder).max_length
    from sentence_transformers import CrossEncoder

    model = load_with(CrossEncoder, folder, device)
    limits = [limit for limit in (max_length, length) if limit]
    if limits:
        model.max_seq_length = min(limits)
    return model


def predict_with(model: CrossEncoder, pairs: Sequence[Pair], report: Reporter) -> np.ndarray:
    """Return the raw outputs of a model for pairs, float32 [n]; stops between batches."""
    from torch.nn import Identity

    def begin(rows: np.ndarray) -> Coming:
        batch = [pairs[row] for row in rows]
        outputs = model.predict(
            batch,
            batch_size=len(batch),
            show_progress_bar=False,
            activation_fn=Identity(),
            convert_to_tensor=True,
        )
        return fetch(outputs.float())

    scores = np.empty(len(pairs), np.float32)
    tokens = token_estimates([" ".join(pair) for pair in pairs], model.max_seq_length)
    batches = length_batches(tokens, model.device.type)
    given = arriving(map(begin, batches), model.device.type)
    for rows in batches:
        if report.should_stop():
            raise Stopped
        scores[rows] = next(given)
    return scores


def _texts(dataset: QADataset, rows: np.ndarray, columns: np.ndarray) -> list[Pair]:
    return [
        (dataset.questions[row], dataset.answers[column])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


CROSS_ENCODERS = (
    CrossEncoderExpert(
        key="ms-marco-MiniLM-L6-v2",
        meaning=N_(
            "English model that reads question and answer together (cross-encoder): more exact, "
            "but it scores the most likely pairs only."
        ),
        max_length=512,
        size_mb=91,
        relative_speed=0.6,
        files=HubRepository("cross-encoder/ms-marco-MiniLM-L6-v2"),
    ),
    CrossEncoderExpert(
        key="bge-reranker-v2-m3",
        meaning=N_(
            "Large model for about 100 languages that reads question and answer together "
            "(cross-encoder) and scores the most likely pairs only; a GPU is advised."
        ),
        languages=(ANY_LANGUAGE,),
        max_length=512,
        size_mb=2271,
        relative_speed=0.02,
        files=HubRepository("BAAI/bge-reranker-v2-m3"),
    ),
)
