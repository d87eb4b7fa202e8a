"""Before and after on held-out questions: the job, its result, and what else is looked at."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.mteb_task import load_mteb_task, mteb_is_installed as mteb_is_installed
from core.data.table import file_title
from core.documents import from_json, to_json
from core.errors import AppError, ComparisonError, DataError, WorkspaceError
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
from core.evaluation.geometry import SHAPE_MEASURES as SHAPE_MEASURES, ShapeChange as ShapeChange
from core.evaluation.movements import (
    SHOWN as SHOWN,
    AnswerMove as AnswerMove,
    QuestionChange as QuestionChange,
    answer_moves as answer_moves,
    common_words as common_words,
    in_pieces as in_pieces,
    shared_spans as shared_spans,
    telling_examples as telling_examples,
    wins_and_losses as wins_and_losses,
)
from core.evaluation.of_hundred import (
    headline as headline,
    meaning as meaning,
    of_hundred as of_hundred,
    span_text as span_text,
    verdict_summary,
)
from core.evaluation.slices import SLICERS as SLICERS
from core.evaluation.statistics import (
    TIE_MARGIN as TIE_MARGIN,
    questions_needed as questions_needed,
)
from core.evaluation.verdict import (
    GENERALITY_LIMIT as GENERALITY_LIMIT,
    KEPT as KEPT,
    LOST as LOST,
    MIN_GROUPS as MIN_GROUPS,
    MIN_QUESTIONS as MIN_QUESTIONS,
    REGIME_TEXTS as REGIME_TEXTS,
    UNSURE as UNSURE,
    WORDS as WORDS,
    contrasts as contrasts,
    effect_text as effect_text,
    generality_state as generality_state,
    intervals as intervals,
    present_regimes as present_regimes,
    sentence as sentence,
    signed_effect as signed_effect,
    untested_text as untested_text,
    way_text as way_text,
)
from core.evaluation.what_counts import (
    counted_lines as counted_lines,
    must_find_sentence as must_find_sentence,
)
from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder
from core.jobs.state import JobView
from core.journey.compare_systems import ComparedSystems, encoders, is_query_side, tune_request
from core.journey.jobs import (
    COMPARE,
    IN_BACKGROUND,
    Start,
    jobs_of,
    launch_job,
    project_of,
    request_of,
    workspace_of,
)
from core.journey.projects import has_verdict, is_judged as is_judged, summary_file
from core.journey.uploads import read_apart
from core.messages import N_, Message
from core.progress import Progress
from core.types import CompareRequest, Comparison, QADataset, Reporter, SystemChoice
from core.types.comparison import WhatCounts
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.project import GeneralitySet
from core.types.rights import CHANGE, START
from core.workspace.files import write_json
from core.workspace.project_state import ProjectState
from core.workspace.workspace import Project, Workspace, asks

if TYPE_CHECKING:
    import numpy as np

    from core.evaluation.systems import Tested
    from core.experts.encoders import Encoder

_KEY = "examination"  # in the result of a comparison
_MAP = "map."
_MAPPED = ("before", "after", "questions", "answers")
BEIR, MTEB = "beir", "mteb"
TUNED_TITLE = N_("Tuned model")
_SEED = 0


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


@asks(CHANGE)
def add_beir_set(
    project: Project, source: Path | bytes, name: str, who: str, report: Reporter | None = None
) -> GeneralitySet:
    """Keep a BEIR folder, or the bytes of its ZIP, as a generality set; raises DataError if bad."""
    from core.data.beir import read_for_evaluation

    name = file_title(name)
    dataset = read_apart(read_for_evaluation, source, name, name=name, report=report)
    project.workspace.save_dataset(dataset, {"file": name, "format": BEIR})
    added = GeneralitySet(BEIR, name, dataset.id, len(dataset.questions), len(dataset.answers))
    _add(project, added, who)
    return added


@asks(CHANGE)
def add_mteb_task(project: Project, name: str, who: str) -> GeneralitySet:
    """Ask for an mteb task to be measured; raises DataError where mteb is not installed."""
    name = name.strip()
    if not name or not mteb_is_installed():
        load_mteb_task(name)
    added = GeneralitySet(MTEB, name)
    _add(project, added, who)
    return added


def _add(project: Project, added: GeneralitySet, who: str) -> None:
    def with_added(present: tuple[GeneralitySet, ...]) -> tuple[GeneralitySet, ...]:
        if any((known.kind, known.name) == (added.kind, added.name) for known in present):
            raise DataError(
                "There is already a set named {name}. Take that one off first, or rename the new "
                "one.",
                name=added.name,
            )
        return (*present, added)

    project.state.change(ProjectState.generality_sets, with_added)
    project.note("generality set added", who, asdict(added))


@asks(CHANGE)
def remove_set(project: Project, name: str, who: str) -> None:
    """Take a set off; comparisons that measured it keep their figures."""
    project.state.change(
        ProjectState.generality_sets,
        lambda known: tuple(other for other in known if other.name != name),
    )
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


@asks(START)
def launch_comparison(
    project: Project,
    tune_run: str,
    experts: Sequence[str],
    who: str,
    choice: SystemChoice | None = None,
    start: Start = IN_BACKGROUND,
) -> str:
    """Start a job that compares a tuned model with its base; returns the run id.

    Parameters
    ----------
    experts : sequence of str
        Catalogue keys of experts that are compared too.
    choice : SystemChoice or None
        Everything else that is compared too.
    start : callable
        See :func:`core.journey.jobs.launch_job`.

    Raises
    ------
    ComparisonError
        If the run left no model.
    """
    tuned = RunFolder(project.workspace.run_folder(tune_run))
    if not tuned.model.is_dir():
        raise ComparisonError(
            "The run {run} left no model to compare. Resume it or start another one.", run=tune_run
        )
    if tune_request(tuned).from_cross_fit:
        raise ComparisonError(
            "This model learned from every question, so none is left to compare it on. Its verdict "
            "comes from the folds: start another cross-fitted verdict to measure again."
        )
    base_model = tune_request(tuned).tuning.base_model
    request = CompareRequest(
        project.dataset_id or "", tune_run, base_model, tuple(experts), choice or SystemChoice()
    )
    return launch_job(project, COMPARE, to_json(request), who, start=start)


def compare_step(folder: RunFolder, asked: CompareRequest, report: Reporter) -> dict[str, Any]:
    """Worker step: encode, search, judge; then what costs as long and decides nothing."""
    workspace = workspace_of(folder)
    systems = ComparedSystems.of(
        workspace, workspace.load_dataset(asked.dataset_id), asked.tune_run
    )
    if has_verdict(folder):  # resumed: only what came after the verdict is missing
        return _with_examination(folder, asked, systems, folder.read_result(), Progress(report))
    systems.collect(asked.experts, asked.arms, Progress(report, 0.0, 0.3))
    return write_comparison(folder, asked, systems, Progress(report, 0.3, 1.0))


def write_comparison(
    folder: RunFolder,
    asked: CompareRequest,
    systems: ComparedSystems,
    report: Progress,
    tested: Tested | None = None,
) -> dict[str, Any]:
    """Measure the collected systems, write the arrays into a run folder, return the document.

    The verdict is in the folder before speed and shape of the vectors are measured.

    Parameters
    ----------
    tested : Tested or None
        The questions, where they are not those of the dataset's split.
    """
    from core.evaluation.systems import to_files
    from core.workspace.files import write_tensors

    found = compared(systems, report.part(0.0, 0.45), tested)
    document, arrays = to_files(found)
    write_json(summary_file(folder), to_json(verdict_summary(found)))
    write_tensors(folder.arrays, arrays)
    if not asked.arms.examined:
        return document
    if folder.is_valid():  # the place of a cross-fitted verdict is not a run yet
        folder.write_result(document)
    return _with_examination(folder, asked, systems, document, report.part(0.45, 1.0))


def _with_examination(
    folder: RunFolder,
    asked: CompareRequest,
    systems: ComparedSystems,
    document: dict[str, Any],
    report: Reporter,
) -> dict[str, Any]:
    """Measure what the verdict does not rest on, and add it to a comparison that is written."""
    from core.workspace.files import read_tensors, write_tensors

    if not asked.arms.examined or _KEY in document:
        return document
    more, arrays = examine(
        systems,
        generality_sets(project_of(folder)),
        (find_entry(asked.base_model).title, TUNED_TITLE),
        asked.experts,
        report,
    )
    write_tensors(folder.arrays, read_tensors(folder.arrays) | arrays)
    return document | more


def compared(
    systems: ComparedSystems, report: Reporter, tested: Tested | None = None
) -> Comparison:
    """Compare the collected systems on the held-out questions, or on those that are ``tested``.

    A system that fails is absent, with the reason; base and tuned must be there.
    """
    from core.data.checks import guess_language
    from core.evaluation.generality import everyday_pairs, generality
    from core.evaluation.systems import compare
    from core.experts.encoders import encode_cached

    report.progress(0.0, Message(N_("Checking that everyday language is still understood")))
    pairs = everyday_pairs(guess_language(systems.dataset.questions))
    cache, part = systems.workspace.vectors, Progress(report, 0.0, 0.3)

    def cosines_of(encoder: Encoder) -> np.ndarray:
        # Similar sentences are compared like with like: both sides as queries.
        return pairs.cosines(lambda texts: encode_cached(encoder, texts, QUERY, cache, part))

    before, after = cosines_of(systems.before), cosines_of(systems.after)
    return compare(
        systems.dataset,
        systems.present,
        run_id=systems.tuned.root.name,
        seed=_SEED,
        report=Progress(report, 0.3, 1.0),
        generality=[generality(before, after, pairs.scores, language=pairs.language, seed=_SEED)],
        absent=systems.absent,
        tested=tested,
    )


def load_comparison(workspace: Workspace, run_id: str) -> Comparison:
    """Read a finished comparison; raises WorkspaceError if its files are damaged."""
    from core.evaluation.systems import from_files
    from core.workspace.files import read_tensors

    folder = RunFolder(workspace.run_folder(run_id))
    document = folder.read_result()
    try:
        arrays = read_tensors(folder.arrays)
    except (OSError, ValueError) as error:
        raise WorkspaceError(
            "The results in {file} cannot be read: {reason}. The file was deleted or damaged; run "
            "the comparison again.",
            file=str(folder.arrays),
            reason=str(error),
        ) from error
    found = from_files(document, arrays)
    if not summary_file(folder).is_file():  # of an earlier version
        with suppress(OSError):
            write_json(summary_file(folder), to_json(verdict_summary(found)))
    return found


def by_what_counts(
    project: Project, comparison: Comparison, dataset: QADataset | None = None
) -> Comparison:
    """Return the comparison with its verdict by weight and its must-find questions.

    Parameters
    ----------
    dataset : QADataset or None
        Where it is at hand already; else it is loaded.

    Raises
    ------
    WorkspaceError
        If the data are missing or damaged.
    """
    from core.evaluation.what_counts import counted

    if dataset is None:
        dataset = project.workspace.load_dataset(comparison.dataset_id)
    wanted = project.state.what_counts or WhatCounts()
    return replace(comparison, counted=counted(comparison, dataset, wanted))


@asks(CHANGE)
def set_what_counts(project: Project, wanted: WhatCounts, who: str) -> None:
    """Keep what counts beyond the plain mean.

    Raises
    ------
    ComparisonError
        If a weight is not above 0, or no answer is looked at.
    """
    bad = [name for name, weight in wanted.category_weights if not 0 < weight < math.inf]
    if bad or wanted.within < 1:
        raise ComparisonError(
            "A weight must be a number above 0 and at least one answer must be looked at; not so: "
            "{names}.",
            names=", ".join(bad) or wanted.within,
        )
    project.state.what_counts = wanted
    project.note("what counts", who, to_json(wanted))


def comparison_stamp(workspace: Workspace, run_id: str) -> tuple[int, ...]:
    """Return what changes whenever the files of a comparison do; costs no reading."""
    return RunFolder(workspace.run_folder(run_id)).stamp()


def comparisons_of(project: Project, tune_run: str) -> list[JobView]:
    """Return the comparisons of a tuned model on the present data, the newest first."""
    views = []
    for view in jobs_of(project, COMPARE):
        try:
            asked: CompareRequest = request_of(view)
        except WorkspaceError:
            continue  # nobody can tell what a damaged one compared
        if (asked.tune_run, asked.dataset_id) == (tune_run, project.dataset_id):
            views.append(view)
    return views


def newest_comparison(project: Project, tune_run: str) -> str | None:
    """Return the run id of the newest comparison of a tuned model that has its verdict."""
    judged = (view for view in comparisons_of(project, tune_run) if is_judged(project, view))
    return next((view.id for view in judged), None)
