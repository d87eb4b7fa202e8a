"""Tuning runs of a project: what each was told, how far it came, what came out."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from core.documents import from_json
from core.errors import WorkspaceError
from core.jobs.state import CANCELLED, FINISHED, JobView
from core.journey.jobs import TUNE, jobs_of, result_of
from core.journey.tuning_plan import Estimate, estimate_of
from core.messages import Message
from core.tuning.checkpoints import CurvePoint
from core.tuning.device import DeviceInfo
from core.tuning.mixing import SweepPoint
from core.workspace.workspace import Project, Workspace


@dataclass(frozen=True)
class TuningResult:
    """What a run wrote when it ended; fields as in :class:`core.tuning.run.TuningOutcome`."""

    has_model: bool
    best_step: int
    best_score: float | None
    base_score: float | None
    curve: tuple[CurvePoint, ...]
    steps: int
    seconds: float
    stopped_early: bool
    cancelled: bool
    labels_per_s: float
    device: DeviceInfo
    query_side: bool = False
    alpha: float = 1.0
    alpha_sweep: tuple[SweepPoint, ...] = ()
    memory_mb: float | None = None
    failed: bool = False

    @property
    def forgot(self) -> bool:
        """Whether a better model was found but left, for what it forgot."""
        return self.alpha == 0 and bool(self.alpha_sweep)


@dataclass(frozen=True)
class TuningRun:
    """One run as a page shows it.

    Attributes
    ----------
    job : JobView
    recipe : str
        Name of the label recipe it learned from.
    base_model : str
        Catalogue key.
    loss : str
        Key of the loss.
    epochs : int
    result : TuningResult or None
        None while it runs, where it failed, and where the result cannot be read.
    problem : Message or None
        Why the result cannot be read.
    model_gone : bool
        The run ended with a model, but its folder is no longer there.
    """

    job: JobView
    recipe: str
    base_model: str
    loss: str
    epochs: int
    result: TuningResult | None = None
    problem: Message | None = None
    model_gone: bool = False
    estimate: Estimate | None = None

    @property
    def has_model(self) -> bool:
        """Whether there is a model to compare."""
        return self.result is not None and self.result.has_model and not self.model_gone

    def is_of(self, dataset_id: str | None) -> bool:
        """Return True if the run learned from this dataset."""
        return self.job.config.get("dataset_id") == dataset_id


def tuning_runs(project: Project) -> list[TuningRun]:
    """Return the tuning runs of a project, newest first; none that is damaged stops the others."""
    return [read_run(project.workspace, view) for view in jobs_of(project, TUNE)]


def read_run(workspace: Workspace, view: JobView) -> TuningRun:
    """Return one run with its result, or with the reason why that cannot be read."""
    told = view.config.get("tuning", {})
    run = TuningRun(
        view,
        str(view.config.get("recipe_name", "")),
        str(told.get("base_model", "")),
        str(told.get("loss", "")),
        int(told.get("epochs", 0)),
        estimate=estimate_of(view.config),
    )
    if view.state not in {FINISHED, CANCELLED}:
        return run
    folder = workspace.run_folder(view.id)
    if view.state == CANCELLED and not (folder / "result.json").is_file():
        return run  # stopped before anything was learned
    try:
        result = read_result(workspace, view.id)
    except WorkspaceError as error:
        return dataclasses.replace(run, problem=error.message)
    gone = result.has_model and not (folder / "model").is_dir()
    return dataclasses.replace(run, result=result, model_gone=gone)


def read_result(workspace: Workspace, run_id: str) -> TuningResult:
    """Read what a run wrote when it ended; raises WorkspaceError if it is missing or damaged."""
    document = result_of(workspace, run_id)
    known = {field.name for field in dataclasses.fields(TuningResult)}
    return from_json(TuningResult, {key: document[key] for key in known & set(document)})
