"""How much memory this process takes, and how much there is; psutil looks, torch is not needed."""

from __future__ import annotations

import sys
from pathlib import Path

MEGABYTE = 1e6
_CGROUP = Path("/sys/fs/cgroup")  # version 2: a container sees its own group here


def used_mb(kind: str) -> float:
    """Return the memory that this process takes on a device now, in MB.

    Parameters
    ----------
    kind : str
        ``cuda`` and ``mps``: what torch has reserved there, which is what other programs miss;
        ``cpu``: resident memory of the process.
    """
    if kind == "cuda":
        import torch

        return torch.cuda.memory_reserved() / MEGABYTE
    if kind == "mps":
        import torch

        return torch.mps.driver_allocated_memory() / MEGABYTE
    import psutil

    return psutil.Process().memory_info().rss / MEGABYTE


def peak_mb(kind: str) -> float:
    """Return the most memory that this process took on a device so far, in MB."""
    if kind == "cuda":
        import torch

        return torch.cuda.max_memory_reserved() / MEGABYTE
    if kind == "mps":
        return used_mb(kind)  # torch keeps no peak there, and rarely gives memory back
    return max(_peak_resident_mb(), used_mb(kind))


def _peak_resident_mb() -> float:
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / MEGABYTE
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / MEGABYTE  # bytes there, KiB here


def main_memory_mb(cgroup: Path = _CGROUP) -> tuple[float, float]:
    """Return free and total main memory in MB, within the limit of a container.

    Parameters
    ----------
    cgroup : Path
        Where the limit of the container stands, if there is one.
    """
    import psutil

    memory = psutil.virtual_memory()
    free, total = float(memory.available), float(memory.total)
    try:
        limit = float((cgroup / "memory.max").read_text())
        taken = float((cgroup / "memory.current").read_text())
        given_back = _file_cache(cgroup)
    except (OSError, ValueError):  # no container, or "max": no limit
        return free / MEGABYTE, total / MEGABYTE
    total = min(total, limit)
    return min(free, max(limit - taken + given_back, 0.0)) / MEGABYTE, total / MEGABYTE


def _file_cache(cgroup: Path) -> float:
    """Return the bytes of cached files, which the system gives up when a program needs them."""
    for line in (cgroup / "memory.stat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file":
            return float(value)
    return 0.0
