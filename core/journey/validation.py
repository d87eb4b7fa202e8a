"""A model on the validation questions: what recipes are chosen by. Test questions stay untouched.

The questions and the corpus are the same for every model that is measured, whatever its seed, so
that models can be compared question by question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from core.evaluation.verdict import MIN_GROUPS, MIN_QUESTIONS
from core.experts.catalogue import find_entry
from core.types import QADataset, Reporter
from core.workspace.workspace import Workspace

_SEED = 0  # of the sample of a large corpus


@dataclass(frozen=True)
class Measured:
    """One model.

    Attributes
    ----------
    ndcg : mapping of regime to nDCG@10 per validation question
        In the order of :attr:`Ruler.questions`.
    generality : float or None
        Spearman correlation on general sentence pairs; None where it cannot be measured.
    """

    ndcg: dict[str, tuple[float, ...]]
    generality: float | None = None

    @property
    def score(self) -> float:
        """Mean over regimes of the mean nDCG@10."""
        return float(np.mean([np.mean(values) for values in self.ndcg.values()]))


@dataclass(frozen=True)
class Ruler:
    """What every model of a job is measured on.

    Attributes
    ----------
    kind : str
        Of the device the job began on: it bounds the corpus.
    questions, groups : mapping of regime to rows and answer groups of the validation questions
    base : Measured
        The untuned model.
    language : str
        Of the general sentence pairs.
    """

    kind: str
    questions: dict[str, tuple[int, ...]]
    groups: dict[str, tuple[int, ...]]
    base: Measured
    language: str = "en"

    @property
    def enough(self) -> bool:
        """Whether each regime has as many questions and answer groups as a verdict needs."""
        return all(
            len(groups) >= MIN_QUESTIONS and len(set(groups)) >= MIN_GROUPS
            for groups in self.groups.values()
        )


def make_ruler(
    workspace: Workspace, dataset: QADataset, base_model: str, kind: str, report: Reporter
) -> Ruler:
    """Choose the questions and measure the untuned model.

    Parameters
    ----------
    kind : str
        ``cpu``, ``cuda`` or ``mps``.
    """
    from core.data.checks import guess_language
    from core.evaluation.generality import everyday_pairs
    from core.tuning.validation import SearchCheck

    chosen = SearchCheck.of(dataset, kind, _SEED)
    language = everyday_pairs(guess_language(dataset.questions)).language
    folder = find_entry(base_model).folder(workspace.models)
    return Ruler(
        kind,
        {regime: tuple(rows.tolist()) for regime, rows in chosen.questions.items()},
        {r: tuple(dataset.question_group[q].tolist()) for r, q in chosen.questions.items()},
        measure(dataset, folder, kind, language, report.should_stop),
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
    from core.evaluation.measures import ndcg_at_10
    from core.evaluation.search import rank
    from core.tuning.device import find_device
    from core.tuning.student import QUERY, encode, load_model
    from core.tuning.validation import SearchCheck

    precision = find_device(kind).precision
    chosen, model = SearchCheck.of(dataset, kind, _SEED), load_model(folder, kind)
    read = partial(encode, model, should_stop=should_stop, precision=precision)
    reader = model if answers_by is None else load_model(answers_by, kind)
    corpus = chosen.answer_vectors(
        partial(encode, reader, should_stop=should_stop, precision=precision)
    )
    ndcg = {}
    for regime, rows in chosen.questions.items():
        texts = [dataset.questions[row] for row in rows]
        vectors = read(texts, QUERY)
        top = rank(vectors, corpus, 10).top_answers
        values = ndcg_at_10(dataset, rows, top, chosen.answer_rows)
        ndcg[regime] = tuple(np.round(values, 6).tolist())
    pairs = everyday_pairs(language)
    return Measured(ndcg, pairs.spearman(lambda texts: read(texts, QUERY)))
