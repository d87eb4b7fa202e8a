"""Search in other fields before and after: BEIR sets that the user adds, and mteb tasks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import AppError, DataError
from core.messages import N_, Message
from core.progress import Progress
from core.types import Difference, QADataset, Reporter
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.project import GeneralitySet as GeneralitySet
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.experts.encoders import Encoder

BEIR, MTEB = "beir", "mteb"
_SEED = 0


@dataclass(frozen=True)
class SetResult:
    """nDCG@10 of both models on one set, or why there is none.

    Attributes
    ----------
    difference : Difference or None
    failure : Message or None
        Why it could not be measured.
    """

    name: str
    kind: str
    questions: int
    documents: int
    difference: Difference | None
    failure: Message | None = None


def generality_sets(project: Project) -> tuple[GeneralitySet, ...]:
    """Return the sets of a project in the order in which they were added."""
    return project.state.generality_sets


def add_beir_set(project: Project, source: Path | bytes, name: str, who: str) -> GeneralitySet:
    """Keep a BEIR folder, or the bytes of its ZIP, as a generality set; raises DataError if bad."""
    from core.data.beir import read_for_evaluation

    dataset = read_for_evaluation(source, name)
    project.workspace.save_dataset(dataset, {"file": name, "format": BEIR})
    added = GeneralitySet(BEIR, name, dataset.id, len(dataset.questions), len(dataset.answers))
    _add(project, added, who)
    return added


def add_mteb_task(project: Project, name: str, who: str) -> GeneralitySet:
    """Ask for an mteb task to be measured; raises DataError where mteb is not installed."""
    from core.journey.mteb_tasks import load_mteb_task, mteb_is_installed

    name = name.strip()
    if not name or not mteb_is_installed():
        load_mteb_task(name)
    added = GeneralitySet(MTEB, name)
    _add(project, added, who)
    return added


def _add(project: Project, added: GeneralitySet, who: str) -> None:
    present = generality_sets(project)
    if any((one.kind, one.name) == (added.kind, added.name) for one in present):
        raise DataError(
            "There is already a set named {name}. Take that one off first, or rename the new one.",
            name=added.name,
        )
    project.state.generality_sets = (*present, added)
    project.note("generality set added", who, asdict(added))


def remove_set(project: Project, name: str, who: str) -> None:
    """Take a set off; comparisons that measured it keep their figures."""
    kept = tuple(one for one in generality_sets(project) if one.name != name)
    project.state.generality_sets = kept
    project.note("generality set removed", who, {"name": name})


def measure_sets(
    workspace: Workspace,
    sets: tuple[GeneralitySet, ...],
    before: Encoder,
    after: Encoder,
    report: Reporter,
) -> tuple[SetResult, ...]:
    """Search every set with both models; one that fails is reported with its reason."""
    results = []
    for i, one in enumerate(sets):
        part = Progress(report, i / len(sets), (i + 1) / len(sets))
        said = Message(N_("Searching in the set {name}"), {"name": one.name})
        part.progress(0.0, said)
        try:
            results.append(_measured(workspace, one, before, after, part))
        except AppError as error:
            results.append(
                SetResult(one.name, one.kind, one.questions, one.documents, None, error.message)
            )
    return tuple(results)


def _measured(
    workspace: Workspace, one: GeneralitySet, before: Encoder, after: Encoder, report: Reporter
) -> SetResult:
    from core.journey.mteb_tasks import load_mteb_task

    dataset = (
        load_mteb_task(one.name) if one.kind == MTEB else workspace.load_dataset(one.dataset_id)
    )
    difference = search_difference(workspace, dataset, before, after, report)
    return SetResult(one.name, one.kind, len(dataset.questions), len(dataset.answers), difference)


def search_difference(
    workspace: Workspace, dataset: QADataset, before: Encoder, after: Encoder, report: Reporter
) -> Difference:
    """Return nDCG@10 of both models on all questions of a set, with the verdict's statistics."""
    from core.evaluation.comparison import compare
    from core.evaluation.systems import EncodedSystem
    from core.evaluation.verdict import BASE, TUNED
    from core.experts.encoders import encode_cached

    arms = []
    for place, (name, encoder) in enumerate(((BASE, before), (TUNED, after))):
        half = Progress(report, place / 2, (place + 1) / 2)
        questions = encode_cached(
            encoder, dataset.questions, QUERY, workspace.vectors, Progress(half, 0.0, 0.2)
        )
        answers = encode_cached(
            encoder, dataset.answers, DOCUMENT, workspace.vectors, Progress(half, 0.2, 1.0)
        )
        arms.append(EncodedSystem(name, name, name, encoder.fingerprint, questions, answers))
    from core.types import UNSEEN, SilentReporter

    found = compare(dataset, arms, run_id="", seed=_SEED, report=SilentReporter())
    difference = found.difference(UNSEEN)
    assert difference is not None  # both arms are there, and every question has a right answer
    return difference
