"""A model on the validation questions: what recipes are chosen by. Test questions stay untouched.

The questions and the corpus are the same for every model that is measured, whatever its seed, so
that models can be compared question by question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    from core.tuning.validation import ValidationSet

    chosen = ValidationSet.of(dataset, kind, _SEED)
    guessed = guess_language(dataset.questions)
    language = guessed if guessed in {"en", "ja"} else "en"
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
    from core.evaluation.generality import cosines, load_probe, spearman
    from core.evaluation.metrics import METRICS, ideal_grades, ranked_grades
    from core.evaluation.retrieval import rank
    from core.journey.comparing import PROBES
    from core.tuning.device import find_device
    from core.tuning.encoding import QUERY, encode, load_model
    from core.tuning.validation import ValidationSet

    precision = find_device(kind).precision
    chosen, model = ValidationSet.of(dataset, kind, _SEED, precision), load_model(folder, kind)
    reader = model if answers_by is None else load_model(answers_by, kind)
    corpus = chosen.answer_vectors(reader, should_stop)
    ndcg = {}
    for regime, rows in chosen.questions.items():
        texts = [dataset.questions[row] for row in rows]
        vectors = encode(model, texts, QUERY, should_stop, precision)
        relevance = dataset.relevance[rows][:, chosen.answer_rows]
        top = rank(vectors, corpus, 10).top_answers
        values = METRICS["ndcg@10"].values(ranked_grades(relevance, top), ideal_grades(relevance))
        ndcg[regime] = tuple(np.round(values, 6).tolist())
    probe = load_probe(PROBES[language])
    sides = [
        encode(model, texts, QUERY, should_stop, precision) for texts in (probe.left, probe.right)
    ]
    return Measured(ndcg, spearman(cosines(*sides), probe.scores))
