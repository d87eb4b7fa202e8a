"""Which experts there are, and which kind of expert a key stands for.

Nothing here loads a model or imports torch: pages call it on every rerun.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from core.errors import AppError, ExpertError
from core.experts.bundled import PACKAGED
from core.experts.cross_encoder import CROSS_ENCODERS
from core.experts.hub import HUB
from core.experts.lexical import LEXICAL_EXPERTS
from core.experts.local_folder import FOLDER_PREFIX, expert_in_folder
from core.experts.outside.api import ApiExpert
from core.experts.outside.llm import LlmExpert
from core.experts.people import PEOPLE_PREFIX, People
from core.experts.score_file import CLICKS_PREFIX, FILE_PREFIX, ClickScores, UploadedScores
from core.experts.source import ExpertSource
from core.types import QADataset
from core.types.expert_entry import ANY_LANGUAGE
from core.types.scoring import API_PREFIX, LLM_PREFIX
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache

# What the prefix of a key stands for; keys without one are those of the catalogue.
SOURCES: Mapping[str, Callable[[str], ExpertSource]] = {
    FOLDER_PREFIX: lambda key: expert_in_folder(Path(key.removeprefix(FOLDER_PREFIX))),
    FILE_PREFIX: UploadedScores.of_key,
    CLICKS_PREFIX: ClickScores.of_key,
    API_PREFIX: ApiExpert.of_key,
    LLM_PREFIX: LlmExpert.of_key,
    PEOPLE_PREFIX: People.of_key,
}


@cache
def catalogue() -> dict[str, ExpertSource]:
    """Return all built-in experts by key, those that work offline first."""
    return {expert.key: expert for expert in (*PACKAGED, *LEXICAL_EXPERTS, *HUB, *CROSS_ENCODERS)}


def find_entry(key: str) -> ExpertSource:
    """Return the expert of a catalogue key or of a key with a prefix of :data:`SOURCES`.

    Raises
    ------
    ExpertError
        If there is no such expert; the text lists the valid keys.
    ModelUnavailableError
        If a local folder cannot be used, with the reason.
    """
    for prefix, expert_of in SOURCES.items():
        if key.startswith(prefix):
            return expert_of(key)
    try:
        return catalogue()[key]
    except KeyError:
        raise ExpertError(
            "There is no expert called {key}. Choose one of: {known}, or {prefix} and the path "
            "of a sentence-transformers folder.",
            key=key,
            known=", ".join(catalogue()),
            prefix=FOLDER_PREFIX,
        ) from None


def expert_title(key: str) -> str:
    """Return what the user calls an expert; the key itself where it is known no longer."""
    try:
        return find_entry(key).title
    except AppError:
        return key


def default_experts(language: str) -> tuple[str, ...]:
    """Return the keys of the experts to suggest for a language (ISO 639-1), offline ones only."""
    experts = catalogue().values()
    return tuple(e.key for e in experts if {language, ANY_LANGUAGE} & set(e.default_for))


def default_student(language: str) -> str:
    """Return the key of the model to fine-tune by default for a language (ISO 639-1)."""
    experts = list(catalogue().values())
    own = [expert.key for expert in experts if language in expert.student_for]
    return (own or [e.key for e in experts if ANY_LANGUAGE in e.student_for])[0]


SAME_MODEL, SAME_FAMILY = "same model", "same family"
# Parts of names by which publishers call models of one kind, whatever their size.
_FAMILIES = frozenset(("minilm", "mpnet", "e5", "bge", "gte", "ruri"))


def kinship(key: str, student: str) -> str:
    """Return how an expert is related to the model to be tuned: both go wrong in the same places.

    Returns
    -------
    str
        :data:`SAME_MODEL`, :data:`SAME_FAMILY` (by their names) or "".
    """
    if key == student:
        return SAME_MODEL
    own, other = (set(re.split(r"[^a-z0-9]+", expert_title(k).lower())) for k in (key, student))
    return SAME_FAMILY if own & other & _FAMILIES else ""


def estimate_seconds(
    expert: ExpertSource,
    dataset: QADataset,
    models: ModelStore,
    vectors: VectorCache | None = None,
) -> float | None:
    """Return the seconds that scoring a dataset takes, None before anything was measured here.

    Parameters
    ----------
    vectors : VectorCache or None
        What is in it is not read again; None = everything has to be read.

    Returns
    -------
    float or None
        For reading alone, see :func:`estimate_loading`. From the speed of this model when it last
        scored; else from that of the other models, scaled by the catalogue's relative speeds (a
        rough figure: texts differ in length). The middle one of those counts, because one that was
        measured while the machine was busy may be off by ten times; models that read pairs are
        held against each other where there are any.
    """
    workload = expert.workload(dataset)
    if workload and vectors is not None:
        workload = expert.left_to_read(dataset, models, vectors)
        if not workload:
            return 0.0
    speeds, known = models.speeds(), catalogue()
    if expert.key in speeds:
        return workload / speeds[expert.key]
    if not workload:
        return None
    measured = [known[key] for key in speeds if key in known]
    alike = [one for one in measured if one.lists_pairs == expert.lists_pairs] or measured
    if not alike:
        return None
    references = [speeds[one.key] / one.relative_speed for one in alike]
    return workload / (expert.relative_speed * statistics.median(references))


def estimate_loading(expert: ExpertSource, models: ModelStore) -> float | None:
    """Return the seconds until a model is in memory, None before anything was measured here.

    They are paid once, however many texts there are. Of a model that was never loaded: the quickest
    of the others, by size, because whoever came first in a process waited for torch as well.
    """
    own = models.loading_seconds(expert.key)
    if own is not None or not expert.size_mb:
        return own
    known = catalogue()
    rates = [
        seconds / known[key].size_mb
        for key in models.speeds()
        if key in known and known[key].size_mb
        for seconds in (models.loading_seconds(key),)
        if seconds is not None
    ]
    return min(rates) * expert.size_mb if rates else None
