"""Let experts score a dataset, and get their scores back without asking them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from traceback import clear_frames

from core.errors import AppError, ExpertError, Stopped, first_line
from core.experts.catalogue import expert_title, find_entry
from core.experts.encoding import give_back_memory
from core.experts.source import ExpertSource, ScoringContext, Stopwatch
from core.messages import N_, Message
from core.progress import Progress
from core.types import PairScores, QADataset, Reporter, SilentReporter

_FALLBACK = "bm25"


@dataclass(frozen=True)
class DatasetScores:
    """What came of letting experts score a dataset.

    Attributes
    ----------
    scores : tuple of PairScores
        Of the experts that succeeded, in the order asked for.
    failures : mapping of expert to Message
        Why an expert is absent.
    seconds : mapping of expert to float
        Reading alone.
    loading : mapping of expert to float
        Seconds until the model was in memory, fetching included: paid once, whatever is read.
    encoded : mapping of expert to int
        Texts (of a cross-encoder: pairs) that had to be read; 0 = all were in the cache.
    """

    scores: tuple[PairScores, ...]
    failures: Mapping[str, Message]
    seconds: Mapping[str, float]
    encoded: Mapping[str, int]
    loading: Mapping[str, float] = field(default_factory=dict)


def score_dataset(
    dataset: QADataset,
    expert_keys: Sequence[str],
    context: ScoringContext,
    report: Reporter | None = None,
) -> DatasetScores:
    """Let experts score a dataset, one after the other; one that fails does not stop the others.

    Experts that score a list of pairs come last: the others propose which pairs are worth it.

    Raises
    ------
    Stopped
        If the reporter was asked to stop; what was encoded is kept.
    """
    report = report or SilentReporter()
    scores: dict[str, PairScores] = {}
    failures: dict[str, Message] = {}
    seconds: dict[str, float] = {}
    loading: dict[str, float] = {}
    encoded: dict[str, int] = {}
    asked = list(dict.fromkeys(expert_keys))
    keys = sorted(asked, key=_lists_pairs)
    for number, key in enumerate(keys):
        part = Progress(report, number / len(keys), (number + 1) / len(keys))
        part.progress(0.0, Message(N_("{title} is getting ready"), {"title": expert_title(key)}))
        began = context.clock()
        context = replace(context, stopwatch=Stopwatch())
        try:
            expert = _expert(key, context)
            if expert.lists_pairs:
                context = replace(context, proposing=_proposing(dataset, scores, context))
            encoded[key] = expert.score(dataset, context, part)
            scores[key] = load_scores(dataset, key, context)
        except Stopped as stopped:
            clear_frames(stopped.__traceback__)  # the model, which its frames would hold
            raise
        except AppError as error:
            failures[key] = error.message
        except Exception as error:  # out of memory, a broken package: the others can still score
            text = N_("The expert {title} failed: {reason}. The other experts are not affected.")
            reason = first_line(error)
            failures[key] = Message(text, {"title": expert_title(key), "reason": reason})
        finally:
            give_back_memory()  # the next one may need it, and so may whoever shares the card
        if key in failures:
            report.warning(failures[key])
        loading[key] = context.stopwatch.seconds
        seconds[key] = context.clock() - began - loading[key]
    report.progress(1.0, Message(N_("Experts that have scored: {count}"), {"count": len(scores)}))
    ordered = tuple(scores[key] for key in asked if key in scores)
    return DatasetScores(ordered, failures, seconds, encoded, loading)


def load_scores(dataset: QADataset, key: str, context: ScoringContext) -> PairScores:
    """Return an expert's scores from the cache; never loads a model or imports torch.

    Raises
    ------
    ExpertError
        If there is no such expert, or it has not scored all texts of this dataset.
    """
    scores = _expert(key, context).recall(dataset, context)
    if scores is None:
        raise ExpertError(
            "The expert {key} has not scored this data yet. Start scoring on the Experts page.",
            key=key,
        )
    return scores


def _expert(key: str, context: ScoringContext) -> ExpertSource:
    return context.apis.get(key) or find_entry(key)


def _lists_pairs(key: str) -> bool:
    try:
        return find_entry(key).lists_pairs
    except AppError:
        return False  # the reason is told when its turn comes


def _proposing(
    dataset: QADataset, scores: Mapping[str, PairScores], context: ScoringContext
) -> list[PairScores]:
    """Return the experts that have scored all pairs; BM25, which takes seconds, if none has."""
    complete = [scored for key, scored in scores.items() if not _lists_pairs(key)]
    if complete:
        return complete
    find_entry(_FALLBACK).score(dataset, context, SilentReporter())
    return [load_scores(dataset, _FALLBACK, context)]
