"""Questions written from answers by patterns or a language model: looked at, taken in and out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np

from core.asking.model_writer import plan_writing, write_with_model
from core.asking.writer import (
    FOUND_AMONG as FOUND_AMONG,
    LANGUAGES as LANGUAGES,
    MOST_OF_ANSWER as MOST_OF_ANSWER,
    distinct,
    round_trip,
    with_written,
    without_written,
    write_from_answers,
    written_in as written_in,
)
from core.data.checks import guess_language
from core.errors import DataError, ExpertError, WorkspaceError
from core.experts.catalogue import find_entry
from core.experts.source import ScoringContext
from core.jobs.folder import RunFolder
from core.journey.data import go_on_with, import_report
from core.journey.experts import suggested_experts
from core.journey.jobs import (
    FINISHED,
    IN_BACKGROUND,
    WRITE,
    JobView,
    Start,
    jobs_of,
    launch_job,
    outcome_of,
    workspace_of,
)
from core.journey.projects import scored_experts
from core.journey.sending import agreed_to, behind_apis
from core.labels.model import LabelModel
from core.messages import N_, Message
from core.progress import Progress, Reporter
from core.types import LabelRecipe, QADataset, Rows
from core.types.rights import CHANGE, SEND, START
from core.types.scoring import ChatConnection, SendPlan
from core.types.written import (
    PATTERNS as PATTERNS,
    STYLES as STYLES,
    WriteRequest,
    WriteResult,
    WrittenQuestion as WrittenQuestion,
)
from core.workspace.workspace import Project, Workspace, asks

_KEPT = "written.jsonl"  # in the run folder: what a language model wrote so far
_LOST = 200  # questions that failed the round trip which are kept to be shown
_WRITING_SHARE = 0.6  # of a job in which a model writes


@asks(SEND)
def writing_plan(
    project: Project, dataset: QADataset, connection: ChatConnection, most: int = MOST_OF_ANSWER
) -> SendPlan:
    """Return what a language model would be sent to write from all answers; asks nobody."""
    return plan_writing(connection, dataset, most)


@asks(START)
def launch_writing(
    project: Project,
    who: str,
    *,
    most: int = MOST_OF_ANSWER,
    connection: ChatConnection | None = None,
    agreed: Sequence[SendPlan] = (),
    environment: Mapping[str, str] | None = None,
    start: Start = IN_BACKGROUND,
) -> str:
    """Start a job that writes questions from the answers of the project's data; its run id.

    Parameters
    ----------
    most : int
        Questions of one answer, 1 to 20.
    connection : ChatConnection or None
        The model that writes; None = patterns of the language, without any model.
    agreed : sequence of SendPlan
        What the user agreed to send.
    environment : mapping or None
        Keys of APIs for the worker, where this process's environment does not hold them.

    Raises
    ------
    DataError
        If the project has no data, or the number is out of range.
    ExpertError
        If texts would be sent that nobody agreed to.
    """
    if project.dataset_id is None:
        raise DataError("There are no data yet. Upload questions with their answers first.")
    if not 1 <= most <= 20:
        raise DataError("From an answer 1 to 20 questions are written; {most} is not.", most=most)
    if connection is not None:
        project.demand(SEND)
        plan = plan_writing(connection, project.load_dataset(), most)
        agreed_to(project, [plan], agreed, who, environment)
    asked = WriteRequest(project.dataset_id, most, (connection,) if connection else ())
    return launch_job(project, WRITE, asked, who, environment, start)


def write_step(folder: RunFolder, request: WriteRequest, report: Reporter) -> WriteResult:
    """Worker step: write, and keep what leads the experts back to its answer."""
    workspace = workspace_of(folder)
    dataset = workspace.load_dataset(request.dataset_id)
    project = workspace.project(folder.job().project_id)
    if request.llm:
        part = Progress(report, 0.0, _WRITING_SHARE)
        kept = folder.root / _KEPT
        raw = write_with_model(
            *(dataset, request.llm[0], os.environ, kept, part), most=request.most
        )
        candidates, begun = distinct(dataset, raw), _WRITING_SHARE
    else:
        report.progress(0.0, Message(N_("Writing questions from the answers")))
        language = guess_language([*dataset.questions, *dataset.answers])
        candidates, begun = write_from_answers(dataset, language, most=request.most), 0.05
    experts = round_trip_experts(workspace, dataset, scored_experts(project))
    found = leads_back(workspace, dataset, candidates, experts, Progress(report, begun, 1.0))
    written = tuple(one for one, good in zip(candidates, found.tolist(), strict=True) if good)
    lost = tuple(one for one, good in zip(candidates, found.tolist(), strict=True) if not good)
    return WriteResult(
        dataset.id, written, lost[:_LOST], len(lost), len(dataset.answers), tuple(experts)
    )


def round_trip_experts(
    workspace: Workspace, dataset: QADataset, scored: Sequence[str]
) -> list[str]:
    """Return the experts that look for the answers: those in use that read all texts here.

    Experts behind servers are left out, whom nobody asked to read more, and those that score a
    list of pairs, which cannot search. Where none is in use, the suggested ones look.
    """
    away = set(behind_apis(scored))
    local = [key for key in scored if key not in away and not find_entry(key).lists_pairs]
    return local or list(suggested_experts(workspace, dataset))


def leads_back(
    workspace: Workspace,
    dataset: QADataset,
    candidates: Sequence[WrittenQuestion],
    experts: Sequence[str],
    report: Reporter,
) -> np.ndarray:
    """Return for which written questions the experts together find the answer, bool [n].

    Raises
    ------
    ExpertError
        If no expert could read the questions.
    """
    from core.experts.expert_scores import score_dataset

    if not candidates:
        return np.zeros(0, bool)
    whole = with_written(dataset, candidates)
    context = ScoringContext(workspace.models, workspace.vectors, workspace.score_files)
    scoring = score_dataset(whole, experts, context, report)
    if not scoring.scores:
        raise ExpertError(
            "No expert could score the data. The first reason: {reason}",
            reason=str(next(iter(scoring.failures.values()))),
        )
    recipe = LabelRecipe(tuple(scores.expert for scores in scoring.scores), blend=0.0)
    rows = np.arange(len(dataset.questions), len(whole.questions), dtype=np.int32)
    return round_trip(LabelModel.fit(whole, scoring.scores, recipe), rows)


def newest_writing(project: Project) -> JobView | None:
    """Return the newest job that wrote from the present data, None where there is none."""
    jobs = jobs_of(project, WRITE)
    return next((job for job in jobs if job.dataset_id == project.dataset_id), None)


def written_result(project: Project, job: JobView) -> WriteResult:
    """Return what a finished job wrote; raises WorkspaceError if it did not finish."""
    if job.state != FINISHED:
        raise WorkspaceError("The job {run} has not finished.", run=job.id)
    result: WriteResult = outcome_of(RunFolder(project.workspace.run_folder(job.id)))
    return result


@asks(CHANGE)
def take_written(
    project: Project, result: WriteResult, who: str, styles: Sequence[str] = tuple(STYLES)
) -> QADataset:
    """Give the project's data the questions that were written; marked as such, never tested.

    The project goes on with another version of its data. Vectors are kept per text, so that
    scoring it reads only what is new.

    Parameters
    ----------
    styles : sequence of str
        Only these are taken.

    Raises
    ------
    DataError
        If the data changed since the questions were written, or none is left to take.
    """
    dataset = project.load_dataset()
    if dataset.id != result.dataset_id:
        raise DataError(
            "The data changed since these questions were written. Write them anew, which reads "
            "only what is new."
        )
    chosen = distinct(dataset, [one for one in result.written if one.style in styles])
    if not chosen:
        raise DataError("None of the written questions can be taken: choose at least one style.")
    after = with_written(dataset, chosen)
    go_on_with(project, dataset, after, import_report(project.workspace, dataset.id), who)
    project.note("written questions taken", who, {"questions": len(chosen)})
    return after


@asks(CHANGE)
def remove_written(project: Project, who: str, rows: Rows | None = None) -> QADataset:
    """Take written questions out of the project's data again, and return what is left.

    Parameters
    ----------
    rows : int array or None
        Their rows; None = all: the data are again as they were before.
    """
    dataset = project.load_dataset()
    left = without_written(dataset, rows)
    go_on_with(project, dataset, left, import_report(project.workspace, dataset.id), who)
    gone = len(dataset.written_rows) - len(left.written_rows)
    project.note("written questions removed", who, {"questions": gone})
    return left
