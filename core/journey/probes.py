"""Where the short measurements of a machine lie, and what they say."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from core.documents import from_json
from core.errors import WorkspaceError
from core.hashing import document_id
from core.jobs.folder import DISCARD, RunFolder
from core.jobs.launch import follow, is_locked
from core.jobs.state import CANCELLED, FAILED, FINISHED, INTERRUPTED, JobView
from core.messages import N_, Message
from core.tuning.config import TuningConfig
from core.tuning.device import DeviceInfo
from core.tuning.probe import Probe
from core.workspace.workspace import Workspace

# Settings that change neither the time of a step nor the memory it takes.
WITHOUT_EFFECT = frozenset(
    {
        *("epochs", "learning_rate", "warmup_share", "weight_decay", "infonce_share", "seed"),
        *("student_temperature", "teacher_temperature", "evaluations_per_epoch", "patience"),
        "false_negative_margin",
    }
)
KILLED = Message(
    N_(
        "The short measurement was ended from outside, most often because memory did not suffice. "
        "Try fewer questions per step, or a smaller model."
    )
)


def probe_key(dataset_id: str, config: TuningConfig, device: DeviceInfo) -> str:
    """Return the name under which a measurement is kept, 16 hex digits.

    It holds for one machine and device, one dataset (the length of its texts) and the settings
    that matter: base model, batch, length and whatever else is not in ``WITHOUT_EFFECT``.
    """
    told = {name: value for name, value in asdict(config).items() if name not in WITHOUT_EFFECT}
    machine = [platform.node(), device.kind, device.name, str(device.memory_gb), device.cores]
    return document_id({"dataset": dataset_id, "machine": machine, "settings": told})


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
