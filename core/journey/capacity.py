"""What a tuning run will take: earlier runs, short measurements and free space are looked up."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from core.documents import from_json
from core.errors import WorkspaceError
from core.jobs.folder import DISCARD, RunFolder
from core.jobs.launch import follow, is_locked
from core.jobs.state import CANCELLED, FAILED, FINISHED, INTERRUPTED, JobView
from core.journey.jobs import TUNE, outcome_of, request_of
from core.messages import N_, Message
from core.tuning.device import (
    MEGABYTE,
    devices_here as devices_here,
    free_graphics_memory_mb,
    likely_device as likely_device,
    main_memory_mb,
)
from core.tuning.estimate import (
    OTHER_MODEL as OTHER_MODEL,
    PROBED as PROBED,
    SAME_MODEL as SAME_MODEL,
    SAME_RUN as SAME_RUN,
    FreeCapacity as FreeCapacity,
    MeasuredRun,
    TuningPlan as TuningPlan,
    gigabytes as gigabytes,
    planned,
    probe_key,
    shortages as shortages,
)
from core.tuning.probe import Probe
from core.types import QADataset
from core.types.tuning import DeviceInfo, TuneRequest, TuningResult
from core.types.tuning_config import TuningConfig
from core.workspace.workspace import Workspace

_RUNS_LOOKED_AT = 20
KILLED = Message(
    N_(
        "The short measurement was ended from outside, most often because memory did not suffice. "
        "Try fewer questions per step, or a smaller model."
    )
)


def plan(workspace: Workspace, dataset: QADataset, config: TuningConfig) -> TuningPlan:
    """Return what a run with this config will take."""
    key = probe_key(dataset.id, config, likely_device())
    return planned(dataset, config, key, _runs(workspace), view_probe(workspace, key).probe)


def _runs(workspace: Workspace) -> list[MeasuredRun]:
    """Return the last finished runs, newest first."""
    runs = sorted(
        (file.parent for file in workspace.layout.runs.glob(f"{TUNE}-*/result.json")),
        key=lambda folder: folder.name,  # an id begins with the time of its launch
        reverse=True,
    )
    measured = []
    for folder in map(RunFolder, runs[:_RUNS_LOOKED_AT]):
        try:
            request: TuneRequest = request_of(folder)
            result: TuningResult = outcome_of(folder)
        except WorkspaceError:
            continue  # a damaged run tells nothing
        pace = result.steps / result.seconds if result.seconds else 0.0
        if pace > 0:
            config, key = request.tuning, request.estimate_key
            speed = pace * config.questions_per_batch
            measured.append(MeasuredRun(config.base_model, key, speed, pace))
    return measured


@dataclass(frozen=True)
class ProbeView:
    """What is known of one measurement.

    Attributes
    ----------
    job : JobView or None
        None before it was started.
    probe : Probe or None
        What it measured.
    problem : Message or None
        Why it measured nothing.
    out_of_memory : bool
        It failed because memory did not suffice: so would the run.
    """

    key: str
    job: JobView | None = None
    probe: Probe | None = None
    problem: Message | None = None
    out_of_memory: bool = False

    @property
    def going_on(self) -> bool:
        """Whether it is being measured right now."""
        return self.job is not None and not self.job.is_final


def probe_folder(workspace: Workspace, key: str) -> RunFolder:
    """Return the folder of a measurement."""
    return RunFolder(workspace.layout.probes / Path(key).name)


def view_probe(workspace: Workspace, key: str) -> ProbeView:
    """Return what is known of a measurement; a damaged one counts as never made."""
    folder = probe_folder(workspace, key)
    try:
        job = follow(folder)
        if job.state == CANCELLED:
            return ProbeView(key)
        if job.state != FINISHED:
            problem = {FAILED: job.error, INTERRUPTED: KILLED}.get(job.state)
            return ProbeView(key, job, problem=problem)
        document = folder.read_result()
        if "out_of_memory" in document:
            problem = Message.from_json(document["out_of_memory"])
            return ProbeView(key, job, problem=problem, out_of_memory=True)
        return ProbeView(key, job, from_json(Probe, document))
    except WorkspaceError:
        return ProbeView(key)


def probes_going_on(workspace: Workspace) -> list[RunFolder]:
    """Return the measurements that are being made now."""
    root = workspace.layout.probes
    folders = [RunFolder(path) for path in sorted(root.iterdir())] if root.is_dir() else []
    return [folder for folder in folders if is_locked(folder)]


def end_probes(workspace: Workspace) -> None:
    """Ask all measurements to stop: a run needs the device."""
    for folder in probes_going_on(workspace):
        folder.request_stop(DISCARD)


def free_capacity(workspace: Workspace, device: DeviceInfo) -> FreeCapacity:
    """Look at what is free now, without importing torch."""
    try:
        disk: float | None = shutil.disk_usage(workspace.layout.root).free / MEGABYTE
    except OSError:
        disk = None
    if device.kind == "cuda":
        total = device.memory_gb * 2**30 / MEGABYTE if device.memory_gb else None
        return FreeCapacity(free_graphics_memory_mb(), total, disk)
    free, total = main_memory_mb()
    return FreeCapacity(free, total, disk)
