"""What a tuning run is given: data, labels, settings, and what it measures itself by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.hashing import content_id
from core.tuning.data_rules import reading_of
from core.tuning.losses import LOSSES
from core.tuning.regularisers import wanted_neutral
from core.tuning.student import folder_fingerprint
from core.tuning.taught import TaughtQuestions
from core.types import Labels, QADataset, Rows
from core.types.tuning import AgreedEnd, WatchedQuestions
from core.types.tuning_config import TuningConfig


@dataclass(frozen=True, eq=False)
class CheckedQuestions:
    """The questions by which a run measures itself in one regime.

    Attributes
    ----------
    asked : int32 array [n]
        Rows of validation questions that somebody asked.
    written : int32 array [m]
        Rows of questions that were written from answers which nothing learns from; empty where
        enough were asked. Together they count at most as much as those that were asked.
    """

    asked: Rows
    written: Rows

    def mean(self, measure: Callable[[Rows], float]) -> float:
        """Return the weighted mean of a measure that gives the mean of questions."""
        if not len(self.written):
            return measure(self.asked)
        share = self._written_weight / (len(self.asked) + self._written_weight)
        return (1 - share) * measure(self.asked) + share * measure(self.written)

    @property
    def count(self) -> float:
        """How many questions of equal weight would tell as much: (Σw)² / Σw² (Kish 1965)."""
        weight = self._written_weight
        squares = len(self.asked) + (weight**2 / len(self.written) if weight else 0)
        return float((len(self.asked) + weight) ** 2 / squares)

    @property
    def _written_weight(self) -> int:
        return min(len(self.asked), len(self.written))


ExpertsSearch = Callable[[Sequence[Rows], Rows], float]
"""Rows of questions, one array per regime, and rows of answers to mean nDCG@10 over regimes."""

EncodeTexts = Callable[[Sequence[str]], np.ndarray]
"""Texts to unit vectors [n, d]."""


Evaluate = Callable[[Rows, np.ndarray, Rows, np.ndarray], float]
"""How well questions find their answers: rows and unit vectors of questions, then of the corpus."""


@dataclass(frozen=True)
class GeneralityCheck:
    """How well a model still understands everyday language.

    Attributes
    ----------
    measure : callable
        ``measure(encode)`` with ``encode(texts) → unit vectors [n, d]`` returns a figure of which
        more is better, for example Spearman's correlation with people's grades.
    limit : float
        Largest loss against the base model that is accepted.
    """

    measure: Callable[[EncodeTexts], float]
    limit: float


@dataclass(frozen=True, eq=False)
class TuningTask:
    """One tuning: what is learned by which model, and where it is written.

    Attributes
    ----------
    labels : Labels
        Its ``id``, where it has one, is part of the identity of the run.
    base_folder : Path
        The model that is tuned.
    folder : Path
        The run folder. Saved states lie in ``checkpoints``; they stay until the caller has
        written down what came out, so that a kill in between costs nothing. The tuned model, a
        plain sentence-transformers folder, lies in ``model``.
    evaluate : Evaluate or None
        Called per regime with the rows that it gets vectors for; None = mean nDCG@10.
    hard_negatives : int32 array [n_q, p] or None
        Wrong answers per question of the dataset, -1 = none; None mines them with the base model.
    answer_labels : Labels or None
        How alike two answers are, rows of the answers on both sides; see
        :mod:`core.tuning.batches`. Dropped where the settings make no use of them.
    generality : GeneralityCheck or None
        What the model kept must not lose; None lets search quality alone decide.
    strongest_teacher : callable or None
        How well the best expert searches by itself; where not clearly better than the base model,
        ``answer_labels`` are not learned from. None = they are trusted.
    neutral : sequence of str
        Everyday sentences, related ones side by side, in the language of the questions; see
        :mod:`core.tuning.regularisers`. Dropped where the settings make no use of them.
    prompts : mapping of ``query`` and ``document`` to text, or None
        What the model is to read before each text, where its folder does not say it; it is saved
        with the model. None = as the folder says.
    end : AgreedEnd or None
        Where the run ends without validation questions, as runs on parts of the data agreed; None
        lets validation choose.
    taught : TaughtQuestions or None
        Questions that learn from the experts alone. Dropped where the settings make no use of them.
    answer_vectors : float32 array [n_a, d] or None
        Where answers keep their vectors and these are known; None = the base model reads them.
    watched : WatchedQuestions or None
        What was shown of the same run before it was stopped.
    show : callable or None
        Takes, at every check, a few validation questions as they are answered now.

    Raises
    ------
    TuningError
        If the settings ask for more neutral sentences than there are.
    """

    dataset: QADataset
    labels: Labels
    base_folder: Path
    config: TuningConfig
    folder: Path
    evaluate: Evaluate | None = None
    hard_negatives: np.ndarray | None = None
    answer_labels: Labels | None = None
    generality: GeneralityCheck | None = None
    strongest_teacher: ExpertsSearch | None = None
    neutral: Sequence[str] = ()
    prompts: Mapping[str, str] | None = None
    end: AgreedEnd | None = None
    taught: TaughtQuestions | None = None
    answer_vectors: np.ndarray | None = None
    watched: WatchedQuestions | None = None
    show: Callable[[WatchedQuestions], None] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "neutral", wanted_neutral(self.config, self.neutral))
        if not _learns_from_answers(self.config):
            object.__setattr__(self, "answer_labels", None)
        if not _learns_from_experts_alone(self.config, self.taught):
            object.__setattr__(self, "taught", None)

    @property
    def max_length(self) -> int:
        """Word pieces that are read of a text."""
        return reading_of(self.config, self.dataset).length

    @property
    def checkpoints(self) -> Path:
        """Where the saved states lie."""
        return self.folder / "checkpoints"

    @property
    def model(self) -> Path:
        """Where the tuned model lies in the end."""
        return self.folder / "model"

    def run_id(self, device_kind: str) -> str:
        """Return the hash of all that decides the weights: a state of another run never fits."""
        words = [self.config.id, self.dataset.id, _id(self.labels), device_kind]
        words += [_id(self.answer_labels), *self.neutral]
        words += [self.taught.id] if self.taught is not None else []
        words += [f"{role}={text}" for role, text in sorted((self.prompts or {}).items())]
        words += [f"end {self.end.share} {self.end.alpha}"] if self.end else []
        return content_id([*words, folder_fingerprint(self.base_folder)])


def _learns_from_answers(config: TuningConfig) -> bool:
    """Return True if how alike answers are changes what is learned."""
    wanted = config.neighbourhoods_per_batch > 0 and config.neighbourhood_weight > 0
    return wanted and LOSSES[config.loss].uses_labels and not config.answers_stay


def _learns_from_experts_alone(config: TuningConfig, taught: TaughtQuestions | None) -> bool:
    """Return True if questions learn from the experts' labels alone, open ones or known ones."""
    if taught is None or not LOSSES[config.loss].uses_labels:
        return False
    dealt = len(taught.open_rows) > 0 and config.open_share > 0
    open_ = (dealt or len(taught.pooled_rows) > 0) and config.open_weight > 0
    return open_ or config.teach_known_weight > 0


def _id(labels: Labels | None) -> str:
    return str(getattr(labels, "id", ""))
