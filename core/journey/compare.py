"""Before and after on held-out questions: the job and its result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.documents import to_json
from core.errors import ComparisonError, WorkspaceError
from core.evaluation.movements import (
    SHOWN as SHOWN,
    AnswerMove as AnswerMove,
    QuestionChange as QuestionChange,
    answer_moves as answer_moves,
    common_words as common_words,
    in_pieces as in_pieces,
    shared_spans as shared_spans,
    wins_and_losses as wins_and_losses,
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
)
from core.evaluation.what_counts import (
    counted_lines as counted_lines,
    must_find_sentence as must_find_sentence,
)
from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder
from core.jobs.state import FINISHED, JobView
from core.journey.compare_systems import ComparedSystems, tune_request
from core.journey.diagnostics import examine, generality_sets
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
from core.messages import N_, Message
from core.progress import Progress
from core.types import CompareRequest, Comparison, QADataset, Reporter, SystemChoice
from core.types.comparison import WhatCounts
from core.types.expert_entry import QUERY
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    import numpy as np

    from core.experts.encoders import Encoder

TUNED_TITLE = N_("Tuned model")
_SEED = 0


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
    base_model = tune_request(tuned).tuning.base_model
    request = CompareRequest(
        project.dataset_id or "", tune_run, base_model, tuple(experts), choice or SystemChoice()
    )
    return launch_job(project, COMPARE, to_json(request), who, start=start)


def compare_step(folder: RunFolder, asked: CompareRequest, report: Reporter) -> dict[str, Any]:
    """Worker step: encode, search, measure, judge."""
    from core.evaluation.systems import to_files
    from core.workspace.files import write_tensors

    workspace = workspace_of(folder)
    systems = ComparedSystems.of(
        workspace, workspace.load_dataset(asked.dataset_id), asked.tune_run
    )
    systems.collect(asked.experts, asked.arms, Progress(report, 0.0, 0.45))
    document, arrays = to_files(compared(systems, Progress(report, 0.45, 0.7)))
    if asked.arms.examined:
        more, more_arrays = examine(
            systems,
            generality_sets(project_of(folder)),
            (find_entry(asked.base_model).title, TUNED_TITLE),
            asked.experts,
            Progress(report, 0.7, 1.0),
        )
        document, arrays = document | more, arrays | more_arrays
    write_tensors(folder.arrays, arrays)
    return document


def compared(systems: ComparedSystems, report: Reporter) -> Comparison:
    """Compare the collected systems on the held-out questions.

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
    return from_files(document, arrays)


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
    """Return the run id of the newest finished comparison of a tuned model on the present data."""
    finished = (view for view in comparisons_of(project, tune_run) if view.state == FINISHED)
    return next((view.id for view in finished), None)
