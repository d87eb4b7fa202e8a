"""Several tunings measured on one validation set, and how sure their differences are.

Each tuning is one setting (a contestant of a race, a share of the data) with one seed. A race and
a data curve are readings of the same experiment. Test questions stay untouched: settings are
chosen by validation questions, the same ones for every model whatever its seed, so that models can
be compared question by question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from core.evaluation.statistics import CONFIDENCE, Estimate, Spread, contrast
from core.evaluation.verdict import MIN_GROUPS, MIN_QUESTIONS
from core.messages import Message
from core.types import QADataset
from core.types.tuning import Measured, TrialResult, ValidationSet

NOTHING, TOO_FEW = "nothing", "too few"  # what can be said before enough was measured
_SEED = 0  # of the sample of a large corpus


@dataclass(frozen=True)
class Experiment:
    """An experiment as far as it came.

    Attributes
    ----------
    validation : ValidationSet or None
        None before the untuned model was measured.
    planned : int
        Tunings to be done in all.
    runs : mapping of setting to mapping of seed to TrialResult
        What is finished; settings without a finished tuning are absent.
    failures : mapping of setting to mapping of seed to Message
        Why a tuning failed or its result cannot be read.
    """

    validation: ValidationSet | None
    planned: int
    runs: Mapping[str, Mapping[int, TrialResult]] = field(default_factory=dict)
    failures: Mapping[str, Mapping[int, Message]] = field(default_factory=dict)

    @property
    def finished(self) -> int:
        """How many tunings are finished."""
        return sum(len(runs) for runs in self.runs.values())

    @property
    def enough(self) -> bool:
        """Whether each regime has as many questions and answer groups as a verdict needs."""
        return self.validation is not None and all(
            len(groups) >= MIN_QUESTIONS and len(set(groups)) >= MIN_GROUPS
            for groups in self.validation.groups.values()
        )

    @property
    def questions(self) -> int:
        """How many validation questions there are."""
        return sum(map(len, self.validation.questions.values())) if self.validation else 0

    @property
    def regimes(self) -> tuple[str, ...]:
        """The regimes that have validation questions."""
        return tuple(self.validation.questions) if self.validation else ()

    def score(self, setting: str) -> Spread:
        """Return nDCG@10 over seeds, mean over regimes."""
        return Spread.of([run.measured.score for run in self.runs[setting].values()])

    def score_in(self, setting: str, regime: str) -> Spread:
        """Return nDCG@10 over seeds in one regime."""
        return Spread.of([run.measured.score_in(regime) for run in self.runs[setting].values()])

    def generality_change(self, setting: str) -> Spread | None:
        """Return the change of Spearman's correlation on general sentence pairs over seeds."""
        before = self.validation.base.generality if self.validation else None
        after = [run.measured.generality for run in self.runs[setting].values()]
        known = [value for value in after if value is not None]
        if before is None or not known:
            return None
        return Spread.of([value - before for value in known])

    def level(self, setting: str) -> Estimate:
        """Return the mean score of a setting, uncertain by questions and seeds."""
        return self._contrast([self._measured(setting)], [1.0])

    def gain(self, setting: str) -> Estimate:
        """Return the difference to the untuned model."""
        assert self.validation is not None
        base = dict.fromkeys(self.runs[setting], self.validation.base)
        return self._contrast([self._measured(setting), base], [1, -1])

    def difference(self, left: str, right: str, confidence: float = CONFIDENCE) -> Estimate | None:
        """Return left minus right on the seeds that both have; None where there are none."""
        pair = [self._measured(left), self._measured(right)]
        shared = [seed for seed in pair[0] if seed in pair[1]]
        if not shared:
            return None
        return self._contrast(
            [{s: system[s] for s in shared} for system in pair], [1, -1], confidence
        )

    def _measured(self, setting: str) -> dict[int, Measured]:
        return {seed: run.measured for seed, run in self.runs.get(setting, {}).items()}

    def _contrast(
        self,
        systems: Sequence[Mapping[int, Measured]],
        weights: Sequence[float],
        confidence: float = CONFIDENCE,
    ) -> Estimate:
        """Return a contrast of systems that were measured with the same seeds."""
        assert self.validation is not None
        seeds = list(systems[0])
        values = {
            regime: np.array([[system[seed].ndcg[regime] for seed in seeds] for system in systems])
            for regime in self.validation.questions
        }
        groups = {regime: np.array(rows) for regime, rows in self.validation.groups.items()}
        return contrast(values, groups, weights, confidence=confidence)


def validation_set(
    dataset: QADataset, folder: Path, kind: str, language: str, should_stop: Callable[[], bool]
) -> ValidationSet:
    """Choose the validation questions of an experiment and measure the untuned model on them.

    Parameters
    ----------
    folder : Path
        Of the untuned model.
    kind : str
        ``cpu``, ``cuda`` or ``mps``: it bounds the corpus.
    language : str
        Of the questions.
    """
    from core.evaluation.generality import everyday_pairs
    from core.tuning.validation import SearchCheck

    questions = SearchCheck.of(dataset, kind, _SEED).questions
    language = everyday_pairs(language).language
    return ValidationSet(
        kind,
        {regime: tuple(rows.tolist()) for regime, rows in questions.items()},
        {r: tuple(dataset.question_group[q].tolist()) for r, q in questions.items()},
        measure(dataset, folder, kind, language, should_stop),
        language,
    )


def measure(
    dataset: QADataset,
    folder: Path,
    kind: str,
    language: str,
    should_stop: Callable[[], bool],
    *,
    answers_by: Path | None = None,
) -> Measured:
    """Measure a model folder on the validation questions and the general sentence pairs.

    Parameters
    ----------
    answers_by : Path or None
        The model that reads the answers, where that is another one.

    Raises
    ------
    Stopped
        Soon after ``should_stop`` says so.
    """
    from core.evaluation.generality import everyday_pairs
    from core.tuning.device import find_device
    from core.tuning.student import QUERY, encode, load_model
    from core.tuning.validation import SearchCheck

    precision = find_device(kind).precision
    check, model = SearchCheck.of(dataset, kind, _SEED), load_model(folder, kind)
    read = partial(encode, model, should_stop=should_stop, precision=precision)
    reader = model if answers_by is None else load_model(answers_by, kind)
    corpus = check.answer_vectors(
        partial(encode, reader, should_stop=should_stop, precision=precision)
    )
    ndcg = {r: tuple(np.round(v, 6).tolist()) for r, v in check.ndcg(read, corpus).items()}
    pairs = everyday_pairs(language)
    return Measured(ndcg, pairs.spearman(lambda texts: read(texts, QUERY)))
