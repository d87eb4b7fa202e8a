"""Before and after on held-out questions: the job and its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.errors import ComparisonError, WorkspaceError
from core.evaluation.verdict import BASE as BASE
from core.evaluation.verdict import TUNED as TUNED
from core.evaluation.verdict import intervals as intervals
from core.evaluation.verdict import present_regimes as present_regimes
from core.evaluation.verdict import sentence as sentence
from core.experts.catalogue import find_entry
from core.experts.source import QUERY
from core.jobs.folder import RunFolder
from core.jobs.state import FINISHED
from core.journey.compare_systems import ArmChoice, collect_arms, encoders
from core.journey.diagnostics import examine, generality_sets
from core.journey.jobs import COMPARE, IN_BACKGROUND, Start, jobs_of, launch_job, workspace_of
from core.messages import N_, Message
from core.progress import Progress
from core.types import Comparison, Generality, QADataset, Reporter
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
    choice: ArmChoice | None = None,
    start: Start = IN_BACKGROUND,
) -> str:
    """Start a job that compares a tuned model with its base; returns the run id.

    Parameters
    ----------
    experts : sequence of str
        Catalogue keys of experts that are compared too.
    choice : ArmChoice or None
        Everything else that is compared too; its experts are not read.
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
    arms = asdict(choice or ArmChoice())
    del arms["experts"]
    config = {
        "dataset_id": project.dataset_id,
        "tune_run": tune_run,
        "experts": list(experts),
        "arms": arms,
        "base_model": tuned.read_request()["config"]["tuning"]["base_model"],
    }
    return launch_job(project, COMPARE, config, who, start=start)


def compare_step(folder: RunFolder, request: Mapping[str, Any], report: Reporter) -> dict[str, Any]:
    """Worker step: encode, search, measure, judge."""
    from core.evaluation.systems import to_files
    from core.workspace.files import write_tensors

    workspace = workspace_of(folder)
    config = request["config"]
    dataset = workspace.load_dataset(config["dataset_id"])
    tuned = RunFolder(workspace.run_folder(config["tune_run"]))
    choice = ArmChoice.of(config)
    comparison = run_comparison(
        workspace,
        dataset,
        config["base_model"],
        tuned,
        choice,
        Progress(report, 0.0, 0.7),
    )
    document, arrays = to_files(comparison)
    if choice.examined:
        more, more_arrays = examine(
            workspace,
            dataset,
            generality_sets(workspace.project(str(request["project_id"]))),
            encoders(workspace, config["base_model"], tuned),
            (find_entry(config["base_model"]).title, TUNED_TITLE),
            config["experts"],
            Progress(report, 0.7, 1.0),
        )
        document, arrays = document | more, arrays | more_arrays
    write_tensors(folder.arrays, arrays)
    return document


def run_comparison(
    workspace: Workspace,
    dataset: QADataset,
    base_model: str,
    tuned: RunFolder,
    choice: ArmChoice,
    report: Reporter,
) -> Comparison:
    """Compare base, tuned, keyword search and whatever else was chosen on the held-out questions.

    A system that fails is absent, with the reason; base and tuned must be there.
    """
    from core.evaluation.systems import compare

    arms = collect_arms(workspace, dataset, base_model, tuned, choice, Progress(report, 0.0, 0.65))
    report.progress(0.65, Message(N_("Checking that everyday language is still understood")))
    general = measure_generality(workspace, dataset, arms.before, arms.after, report)
    return compare(
        dataset,
        arms.found,
        run_id=tuned.root.name,
        seed=_SEED,
        report=Progress(report, 0.75, 1.0),
        generality=general,
        absent=arms.absent,
    )


def measure_generality(
    workspace: Workspace, dataset: QADataset, before: Encoder, after: Encoder, report: Reporter
) -> list[Generality]:
    """Return how well everyday language is understood before and after, in the data's language."""
    from core.data.checks import guess_language
    from core.evaluation.generality import everyday_pairs, generality
    from core.experts.encoders import encode_cached

    pairs = everyday_pairs(guess_language(dataset.questions))
    part = Progress(report, 0.65, 0.7)

    def cosines_of(encoder: Encoder) -> np.ndarray:
        # Similar sentences are compared like with like: both sides as queries.
        cache = workspace.vectors
        return pairs.cosines(lambda texts: encode_cached(encoder, texts, QUERY, cache, part))

    old, new = cosines_of(before), cosines_of(after)
    return [generality(old, new, pairs.scores, language=pairs.language, seed=_SEED)]


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


def newest_comparison(project: Project, tune_run: str) -> str | None:
    """Return the run id of the newest finished comparison of a tuned model on the present data."""
    return next(
        (
            job.id
            for job in jobs_of(project, COMPARE)
            if job.state == FINISHED
            and job.config.get("tune_run") == tune_run
            and job.config.get("dataset_id") == project.dataset_id
        ),
        None,
    )
