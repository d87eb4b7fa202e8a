"""Let experts score a dataset, and get their scores back without asking them again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.errors import AppError, ExpertError, Stopped
from core.experts.adapters import find_expert
from core.experts.progress import Part
from core.messages import N_, Message
from core.types import ExpertScores, QADataset, Reporter, SilentReporter
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache


@dataclass(frozen=True)
class ScoringResult:
    """What came of letting experts score a dataset.

    Attributes
    ----------
    scores : tuple of ExpertScores
        Of the experts that succeeded, in the order asked for.
    failures : mapping of expert to Message
        Why an expert is absent.
    seconds : mapping of expert to float
    encoded : mapping of expert to int
        Texts that had to be read; 0 = all were in the cache.
    """

    scores: tuple[ExpertScores, ...]
    failures: Mapping[str, Message]
    seconds: Mapping[str, float]
    encoded: Mapping[str, int]


def score_dataset(
    dataset: QADataset,
    expert_keys: Sequence[str],
    *,
    store: ModelStore,
    cache: VectorCache,
    report: Reporter | None = None,
    device: str | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> ScoringResult:
    """Let experts score a dataset, one after the other; one that fails does not stop the others.

    Parameters
    ----------
    expert_keys : sequence of str
        Catalogue keys or ``local:<path>``.
    device : str or None
        None takes the fastest there is.

    Raises
    ------
    Stopped
        If the reporter was asked to stop; what was encoded is kept.
    """
    report = report or SilentReporter()
    scores: list[ExpertScores] = []
    failures: dict[str, Message] = {}
    seconds: dict[str, float] = {}
    encoded: dict[str, int] = {}
    keys = list(dict.fromkeys(expert_keys))
    for number, key in enumerate(keys):
        part = Part(report, number / len(keys), (number + 1) / len(keys))
        part.progress(0.0, Message(N_("Expert {key} is preparing"), {"key": key}))
        began = clock()
        try:
            expert = find_expert(key, store, device, clock)
            encoded[key] = expert.represent(dataset.questions, dataset.answers, cache, part)
            scores.append(load_scores(dataset, key, store=store, cache=cache))
        except Stopped:
            raise
        except AppError as error:
            failures[key] = error.message
        except Exception as error:  # out of memory, a broken package: the others can still score
            text = N_("The expert {key} failed: {reason}. The other experts are not affected.")
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
            failures[key] = Message(text, {"key": key, "reason": reason})
        if key in failures:
            report.warning(failures[key])
        seconds[key] = clock() - began
    report.progress(1.0, Message(N_("{count} experts have scored"), {"count": len(scores)}))
    return ScoringResult(tuple(scores), failures, seconds, encoded)


def load_scores(
    dataset: QADataset, key: str, *, store: ModelStore, cache: VectorCache
) -> ExpertScores:
    """Return an expert's scores from the cache; never loads a model or imports torch.

    Raises
    ------
    ExpertError
        If there is no such expert, or it has not scored all texts of this dataset.
    """
    expert = find_expert(key, store)
    tables = expert.recall(dataset.questions, dataset.answers, cache)
    if tables is None:
        raise ExpertError(
            "The expert {key} has not scored this data yet. Start scoring on the Experts page.",
            key=key,
        )
    fingerprint = expert.fingerprint()
    assert fingerprint is not None  # tables were found under it
    return ExpertScores(key, fingerprint, dataset.id, tables.questions, tables.answers)
