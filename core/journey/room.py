"""Whether a run fits: memory and disk space that it needs against what is free."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from core.journey.probes import ProbeView
from core.journey.tuning_plan import Estimate
from core.messages import N_, Message
from core.tuning.device import MEGABYTE, DeviceInfo, free_graphics_memory_mb, main_memory_mb
from core.workspace.workspace import Workspace


@dataclass(frozen=True)
class Room:
    """What is free on a machine, in MB.

    Attributes
    ----------
    memory_mb, memory_total_mb : float or None
        Of the device that computes; None where it does not say.
    disk_mb : float or None
        Where the workspace lies.
    """

    memory_mb: float | None
    memory_total_mb: float | None
    disk_mb: float | None


@dataclass(frozen=True)
class Shortage:
    """Something of which there is too little.

    Attributes
    ----------
    message : Message
    blocks : bool
        The run cannot end well; otherwise it may, once other programs give way.
    """

    message: Message
    blocks: bool


def room(workspace: Workspace, device: DeviceInfo) -> Room:
    """Look at what is free now, without importing torch."""
    try:
        disk: float | None = shutil.disk_usage(workspace.layout.root).free / MEGABYTE
    except OSError:
        disk = None
    if device.kind == "cuda":
        total = device.memory_gb * 2**30 / MEGABYTE if device.memory_gb else None
        return Room(free_graphics_memory_mb(), total, disk)
    free, total = main_memory_mb()
    return Room(free, total, disk)


def shortages(estimate: Estimate | None, view: ProbeView, free: Room) -> list[Shortage]:
    """Return what there is too little of; empty where a run fits or nothing is known."""
    found = []
    if view.out_of_memory and view.problem is not None:
        found.append(Shortage(view.problem, blocks=True))
    memory = estimate.memory_mb if estimate else None
    if memory is not None and free.memory_total_mb is not None and memory > free.memory_total_mb:
        text = N_(
            "This run needs about {needed} GB of memory, and the machine has {total} GB. Lower the "
            "questions per step or the longest text, or choose a smaller base model."
        )
        found.append(Shortage(_message(text, memory, free.memory_total_mb, "total"), blocks=True))
    elif memory is not None and free.memory_mb is not None and memory > free.memory_mb:
        text = N_(
            "This run needs about {needed} GB of memory, and {free} GB are free now. Close other "
            "programs first, or lower the questions per step."
        )
        found.append(Shortage(_message(text, memory, free.memory_mb, "free"), blocks=False))
    disk = estimate.disk_mb if estimate else None
    if disk is not None and free.disk_mb is not None and disk > free.disk_mb:
        text = N_(
            "This run needs up to {needed} GB of disk space for its saved states, and {free} GB "
            "are free. Delete what you no longer need, or choose a smaller base model."
        )
        found.append(Shortage(_message(text, disk, free.disk_mb, "free"), blocks=True))
    return found


def _message(text: str, needed: float, there: float, name: str) -> Message:
    return Message(text, {"needed": gigabytes(needed), name: gigabytes(there)})


def gigabytes(megabytes: float) -> str:
    """Return a size in GB with two significant digits, for example ``0.35`` or ``12``."""
    value = megabytes / 1000
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
