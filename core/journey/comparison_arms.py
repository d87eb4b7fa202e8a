"""Which systems a comparison is made of, and how each is brought to its result lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from core.documents import from_json
from core.errors import AppError, ComparisonError
from core.evaluation.verdict import BASE, TUNED
from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder
from core.journey.experts import load_expert_scores
from core.journey.model_arms import (
    ALPHA_PREFIX,
    RUN_PREFIX,
    alpha_arm,
    encoders,
    model_arm,
    other_run,
    tuned_arm,
)
from core.journey.run_files import RunFile, run_file_arm
from core.messages import N_, Message
from core.progress import Progress
from core.types import ExpertScores, QADataset, Reporter
from core.types.expert_entry import LEXICAL
from core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from core.evaluation.systems import EncodedSystem, ListedSystem, System
    from core.experts.encoders import Encoder

BM25 = "bm25"
HYBRID_PREFIX = "hybrid:"
HYBRID_TITLES = {
    BASE: N_("Hybrid: BM25 + base model"),
    TUNED: N_("Hybrid: BM25 + tuned model"),
}


@dataclass(frozen=True)
class ArmChoice:
    """What is compared beside base, tuned and keyword search.

    Attributes
    ----------
    experts : tuple of str
        Catalogue keys.
    runs : tuple of str
        Other tuning runs of the project.
    alphas : tuple of float in (0, 1]
        Other mixes of base and tuned model, see :mod:`core.tuning.mixing`; 1 = unmixed.
    hybrids : tuple of ``base`` or ``tuned``
        Which of them is also fused with keyword search.
    run_files : tuple of RunFile
        Uploaded result lists.
    examined : bool
        Whether the shape of the vectors and the speed of the models are measured as well.
    """

    experts: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    alphas: tuple[float, ...] = ()
    hybrids: tuple[str, ...] = (BASE, TUNED)
    run_files: tuple[RunFile, ...] = ()
    examined: bool = True

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> ArmChoice:
        """Read the choice of a comparison's request; what it does not name takes its default."""
        return from_json(cls, {"experts": config["experts"], **config.get("arms", {})})


@dataclass(eq=False)
class Arms:
    """What takes part and what is missing.

    Attributes
    ----------
    found : list of EncodedSystem or ListedSystem
        ``base`` and ``tuned`` first.
    absent : dict of arm name to Message
    before, after : Encoder
        Of base and tuned.
    """

    before: Encoder
    after: Encoder
    found: list[System] = field(default_factory=list)
    absent: dict[str, Message] = field(default_factory=dict)

    def add(self, name: str, make: Callable[[], System]) -> None:
        """Add a system; one that fails is absent, with the reason."""
        try:
            self.found.append(make())
        except AppError as error:
            self.absent[name] = error.message

    def named(self, name: str) -> System | None:
        """Return the system of that name, None where it is absent."""
        return next((arm for arm in self.found if arm.name == name), None)


def collect_arms(
    workspace: Workspace,
    dataset: QADataset,
    base_model: str,
    tuned: RunFolder,
    choice: ArmChoice,
    report: Reporter,
) -> Arms:
    """Bring every chosen system to vectors or result lists.

    Base and tuned must be there; any other that fails is absent, with the reason.

    Raises
    ------
    AppError
        If base or tuned cannot be had.
    """
    before, after = encoders(workspace, base_model, tuned)
    arms = Arms(before, after)
    steps = 2 + len(choice.alphas) + len(choice.runs)
    parts = (Progress(report, i / steps, (i + 1) / steps) for i in range(steps))
    title = find_entry(base_model).title
    arms.found.append(model_arm(workspace, dataset, BASE, title, BASE, before, next(parts)))
    arms.found.append(tuned_arm(workspace, dataset, TUNED, N_("Tuned model"), tuned, next(parts)))
    for key in dict.fromkeys((BM25, *choice.experts)):
        if key != base_model:  # it is the base arm already
            arms.add(key, partial(expert_arm, workspace, dataset, key))
    for run, part in zip(choice.runs, parts, strict=False):
        arms.add(f"{RUN_PREFIX}{run}", partial(other_run, workspace, dataset, run, part))
    for alpha, part in zip(choice.alphas, parts, strict=False):
        make = partial(alpha_arm, workspace, dataset, base_model, tuned, alpha, part)
        arms.add(f"{ALPHA_PREFIX}{alpha:g}", make)
    for kept in choice.run_files:
        arms.add(kept.title, partial(run_file_arm, workspace, dataset, kept))
    for name in choice.hybrids:
        arms.add(f"{HYBRID_PREFIX}{name}", partial(hybrid_arm, dataset, arms, name))
    return arms


def expert_arm(workspace: Workspace, dataset: QADataset, key: str) -> EncodedSystem:
    """Return an expert as a system to compare; raises AppError if it has not scored all answers."""
    from core.evaluation.systems import EncodedSystem

    entry = find_entry(key)
    if entry.family == LEXICAL:
        from core.experts.expert_scores import score_dataset
        from core.experts.source import ScoringContext

        context = ScoringContext(workspace.models, workspace.vectors)
        result = score_dataset(dataset, [key], context)
        (scores,) = result.scores
    else:
        (scores,) = load_expert_scores(workspace, dataset, [key])
    if not isinstance(scores, ExpertScores):
        raise ComparisonError(
            "{title} has scored a list of pairs only and cannot search all answers, so it is not "
            "compared.",
            title=entry.title,
        )
    kind = "lexical" if entry.family == LEXICAL else "expert"
    return EncodedSystem(
        key, entry.title, kind, scores.fingerprint, scores.question_matrix, scores.answer_matrix
    )


def hybrid_arm(dataset: QADataset, arms: Arms, name: str) -> ListedSystem:
    """Return keyword search and a model fused into one list.

    Raises
    ------
    ComparisonError
        If one of the two is absent.
    """
    import numpy as np

    from core.evaluation.search import FUSION_DEPTH, K, fuse
    from core.evaluation.systems import ListedSystem, held_out_rows
    from core.hashing import content_id

    words, model = arms.named(BM25), arms.named(name)
    if words is None or model is None:
        raise ComparisonError(
            "Keyword search and a model are needed for a hybrid, and one of them is absent."
        )
    rows = held_out_rows(dataset)
    depth = min(FUSION_DEPTH, len(dataset.answers))
    left, right = (arm.ranking(dataset, rows, depth) for arm in (words, model))
    # An answer that shares no word with the question was not found by keyword search.
    listed = np.where(left.top_scores > 0, left.top_answers, -1)
    fused = fuse([listed, right.top_answers], depth)
    print_ = content_id([words.fingerprint, model.fingerprint, f"rrf {K} {FUSION_DEPTH}"])
    full = f"{HYBRID_PREFIX}{name}"
    return ListedSystem(
        full, HYBRID_TITLES[name], "hybrid", print_, fused.top_answers, fused.top_scores
    )
