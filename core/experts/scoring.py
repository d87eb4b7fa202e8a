"""Let experts score a dataset, and get their scores back without asking them again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.errors import AppError, ExpertError, Stopped
from core.experts.adapters import Expert, find_expert
from core.experts.catalogue import expert_title
from core.experts.listed import find_listed, is_listed
from core.messages import N_, Message
from core.progress import Progress
from core.types import ExpertScores, PairScores, QADataset, Reporter, SilentReporter
from core.workspace.modelstore import ModelStore
from core.workspace.scorefiles import ScoreFiles
from core.workspace.vectors import VectorCache

_FALLBACK = "bm25"


@dataclass(frozen=True)
class ScoringResult:
    """What came of letting experts score a dataset.

    Attributes
    ----------
    scores : tuple of PairScores
        Of the experts that succeeded, in the order asked for.
    failures : mapping of expert to Message
        Why an expert is absent.
    seconds : mapping of expert to float
    encoded : mapping of expert to int
        Texts (of a cross-encoder: pairs) that had to be read; 0 = all were in the cache.
    """

    scores: tuple[PairScores, ...]
    failures: Mapping[str, Message]
    seconds: Mapping[str, float]
    encoded: Mapping[str, int]


def score_dataset(
    dataset: QADataset,
    expert_keys: Sequence[str],
    *,
    store: ModelStore,
    cache: VectorCache,
    files: ScoreFiles | None = None,
    report: Reporter | None = None,
    device: str | None = None,
    clock: Callable[[], float] = time.monotonic,
    extra: Mapping[str, Expert] | None = None,
) -> ScoringResult:
    """Let experts score a dataset, one after the other; one that fails does not stop the others.

    Experts that score a list of pairs come last: the others propose which pairs are worth it.

    Parameters
    ----------
    expert_keys : sequence of str
        Catalogue keys, ``local:<path>`` or ``file:<name>``.
    files : ScoreFiles or None
        Where uploaded scores lie.
    device : str or None
        None takes the fastest there is.
    extra : mapping of key to Expert, or None
        Experts that no catalogue knows.

    Raises
    ------
    Stopped
        If the reporter was asked to stop; what was encoded is kept.
    """
    report = report or SilentReporter()
    scores: dict[str, PairScores] = {}
    failures: dict[str, Message] = {}
    seconds: dict[str, float] = {}
    encoded: dict[str, int] = {}
    asked = list(dict.fromkeys(expert_keys))
    keys = sorted(asked, key=_comes_last)
    for number, key in enumerate(keys):
        part = Progress(report, number / len(keys), (number + 1) / len(keys))
        part.progress(0.0, Message(N_("{title} is getting ready"), {"title": expert_title(key)}))
        began = clock()
        try:
            if is_listed(key):
                listed = find_listed(key, store, files, device, clock)
                others = _proposing(dataset, scores, store, cache)
                encoded[key] = listed.score(dataset, others, cache, part)
            else:
                expert = find_expert(key, store, device, clock, extra)
                encoded[key] = expert.represent(dataset.questions, dataset.answers, cache, part)
            scores[key] = load_scores(
                dataset, key, store=store, cache=cache, files=files, extra=extra
            )
        except Stopped:
            raise
        except AppError as error:
            failures[key] = error.message
        except Exception as error:  # out of memory, a broken package: the others can still score
            text = N_("The expert {title} failed: {reason}. The other experts are not affected.")
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
            failures[key] = Message(text, {"title": expert_title(key), "reason": reason})
        if key in failures:
            report.warning(failures[key])
        seconds[key] = clock() - began
    report.progress(1.0, Message(N_("Experts that have scored: {count}"), {"count": len(scores)}))
    ordered = tuple(scores[key] for key in asked if key in scores)
    return ScoringResult(ordered, failures, seconds, encoded)


def _comes_last(key: str) -> bool:
    try:
        return is_listed(key)
    except AppError:
        return False  # the reason is told when its turn comes


def _proposing(
    dataset: QADataset, scores: Mapping[str, PairScores], store: ModelStore, cache: VectorCache
) -> list[PairScores]:
    """Return the experts that have scored all pairs; BM25, which takes seconds, if none has."""
    full = [one for key, one in scores.items() if not is_listed(key)]
    if full:
        return full
    expert = find_expert(_FALLBACK, store)
    expert.represent(dataset.questions, dataset.answers, cache, SilentReporter())
    return [load_scores(dataset, _FALLBACK, store=store, cache=cache)]


def load_scores(
    dataset: QADataset,
    key: str,
    *,
    store: ModelStore,
    cache: VectorCache,
    files: ScoreFiles | None = None,
    extra: Mapping[str, Expert] | None = None,
) -> PairScores:
    """Return an expert's scores from the cache; never loads a model or imports torch.

    Raises
    ------
    ExpertError
        If there is no such expert, or it has not scored all texts of this dataset.
    """
    if is_listed(key):
        found = find_listed(key, store, files).recall(dataset, cache)
        if found is None:
            raise _not_scored(key)
        return found
    expert = find_expert(key, store, extra=extra)
    tables = expert.recall(dataset.questions, dataset.answers, cache)
    if tables is None:
        raise _not_scored(key)
    fingerprint = expert.fingerprint()
    assert fingerprint is not None  # tables were found under it
    return ExpertScores(key, fingerprint, dataset.id, tables.questions, tables.answers)


def _not_scored(key: str) -> ExpertError:
    return ExpertError(
        "The expert {key} has not scored this data yet. Start scoring on the Experts page.",
        key=key,
    )
