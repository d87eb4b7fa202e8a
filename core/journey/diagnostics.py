"""What a comparison looks at besides search quality: shape of the vectors, other sets, speed.

Measured in the comparison job and kept in its run folder, so that pages only read.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.data.mteb_task import load_mteb_task, mteb_is_installed as mteb_is_installed
from core.documents import from_json, to_json
from core.errors import AppError, DataError
from core.evaluation.cost import EncodingCost as EncodingCost
from core.evaluation.examination import (
    Examination as Examination,
    ExaminationFigures,
    Searcher as Searcher,
    SetResult as SetResult,
    TextMap,
    TunedPair,
    measure_costs,
    search_difference,
    shape_and_map,
)
from core.evaluation.geometry import (
    SHAPE_MEASURES as SHAPE_MEASURES,
    ShapeChange as ShapeChange,
)
from core.jobs.folder import RunFolder
from core.journey.compare_systems import ComparedSystems, encoders, is_query_side
from core.messages import N_, Message
from core.progress import Progress
from core.types import (
    QADataset,
    Reporter,
)
from core.types.expert_entry import DOCUMENT
from core.types.project import GeneralitySet
from core.workspace.workspace import Project, Workspace

_KEY = "examination"  # in the result of a comparison
_MAP = "map."
_MAPPED = ("before", "after", "questions", "answers")
BEIR, MTEB = "beir", "mteb"


def examine(
    systems: ComparedSystems,
    sets: Sequence[GeneralitySet],
    titles: tuple[str, str],
    experts: Sequence[str],
    report: Reporter,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Measure everything and return a JSON document and arrays for the run folder.

    Parameters
    ----------
    titles : (before, after)
    experts : sequence of str
        Their speed is measured too, where they are embedding models of this machine.
    """
    began, pair = time.monotonic(), systems.pair
    report.progress(0.0, Message(N_("Looking at the shape of the vectors")))
    shape, text_map = shape_and_map(pair, systems.dataset)
    results = _measure_sets(systems.workspace, pair, sets, Progress(report, 0.1, 0.7))
    report.progress(0.7, Message(N_("Measuring how fast the models are on this machine")))
    costs = measure_costs(pair, systems.dataset, titles, experts, Progress(report, 0.7, 1.0))
    figures = ExaminationFigures(
        shape,
        results,
        tuple(costs),
        round(time.monotonic() - began, 2),
        text_map.explained if text_map else None,
    )
    arrays = {
        f"{_MAP}{name}": np.ascontiguousarray(getattr(text_map, name))
        for name in (_MAPPED if text_map else ())
    }
    return {_KEY: to_json(figures)}, arrays


def load_examination(workspace: Workspace, compare_run: str) -> Examination:
    """Read what a comparison found besides search quality; empty for one made without it.

    Raises
    ------
    WorkspaceError
        If the run folder cannot be read.
    """
    from core.workspace.files import read_tensors

    folder = RunFolder(workspace.run_folder(compare_run))
    document = folder.read_result().get(_KEY)
    if not isinstance(document, dict):
        return Examination()
    figures = from_json(ExaminationFigures, document)
    arrays = {} if figures.explained is None else read_tensors(folder.arrays)
    if figures.explained is None or f"{_MAP}before" not in arrays:
        return Examination(**vars(figures))
    before, after, questions, answers = (arrays[_MAP + name] for name in _MAPPED)
    drawn = TextMap(before, after, questions, answers, figures.explained)
    return Examination(**vars(figures), map=drawn)


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
    name = name.strip()
    if not name or not mteb_is_installed():
        load_mteb_task(name)
    added = GeneralitySet(MTEB, name)
    _add(project, added, who)
    return added


def _add(project: Project, added: GeneralitySet, who: str) -> None:
    present = generality_sets(project)
    if any((known.kind, known.name) == (added.kind, added.name) for known in present):
        raise DataError(
            "There is already a set named {name}. Take that one off first, or rename the new one.",
            name=added.name,
        )
    project.state.generality_sets = (*present, added)
    project.note("generality set added", who, asdict(added))


def remove_set(project: Project, name: str, who: str) -> None:
    """Take a set off; comparisons that measured it keep their figures."""
    others = tuple(known for known in generality_sets(project) if known.name != name)
    project.state.generality_sets = others
    project.note("generality set removed", who, {"name": name})


def _measure_sets(
    workspace: Workspace, pair: TunedPair, sets: Sequence[GeneralitySet], report: Reporter
) -> tuple[SetResult, ...]:
    """Search every set with both models; one that fails is reported with its reason."""
    results = []
    for i, wanted in enumerate(sets):
        part = Progress(report, i / len(sets), (i + 1) / len(sets))
        part.progress(0.0, Message(N_("Searching in the set {name}"), {"name": wanted.name}))
        result = SetResult(wanted.name, wanted.kind, wanted.questions, wanted.documents, None)
        try:
            dataset = (
                load_mteb_task(wanted.name)
                if wanted.kind == MTEB
                else workspace.load_dataset(wanted.dataset_id)
            )
            difference = search_difference(pair, dataset, part)
        except AppError as error:
            results.append(replace(result, failure=error.message))
        else:
            result = replace(result, questions=len(dataset.questions), difference=difference)
            results.append(replace(result, documents=len(dataset.answers)))
    return tuple(results)


def searcher(workspace: Workspace, dataset: QADataset, tune_run: str) -> Searcher:
    """Return a searcher for a tuned run; answers come from the cache where they are there.

    Raises
    ------
    ModelUnavailableError
        If a model's files are missing.
    """
    from core.experts.encoders import encode_cached

    folder = RunFolder(workspace.run_folder(tune_run))
    before, after = encoders(workspace, folder)
    beside = before if is_query_side(folder) else after
    left, right = (
        encode_cached(encoder, dataset.answers, DOCUMENT, workspace.vectors)
        for encoder in (before, beside)
    )
    return Searcher(before, after, left, right)
