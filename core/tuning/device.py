"""Which processor computes, and how much memory it has: found with torch, or looked up without.

A page that wants to say what a run will use must not wait for torch: it asks the driver, psutil and
the files of the system.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import platform
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.errors import TuningError
from core.experts.precision import computes_bf16
from core.types.tuning import DeviceInfo
from core.types.tuning_config import ALL_CARDS

MEGABYTE = 1e6
_CGROUP = Path("/sys/fs/cgroup")  # version 2: a container sees its own group here
# What a run leaves to the system, a browser and the app; the least it keeps of a step; and where
# the memory is told that it may count on, for trying out what a smaller machine does.
SPARED_MB, LEAST_ACTIVATIONS_MB = 3000.0, 256.0
FREE_MEMORY_VARIABLE = "TUNING_FREE_MEMORY_MB"
# Less free memory than this, and torch keeps fewer of the programs that it makes for each shape of
# a batch: each run of lengths is a shape of its own, and what is kept grows with every step.
# Tuning MiniLM took 1.46 GB at the usual 1024, 1.38 at 64 and 1.30 at 16 in the same processor time
# (AMD EPYC, fp32); with AMX, whose bf16 has more such programs, 16 to 64 cost 10 to 20% of time.
SHORT_MB = 6000.0
_KEPT_PROGRAMS = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16", "LRU_CACHE_CAPACITY": "16"}
_DRIVER_SECONDS = 3.0  # a graphics driver that hangs must not hang the page


def take(device: DeviceInfo) -> None:
    """Let everything that this process puts on "cuda" from now on lie on the card of a device."""
    if device.index is not None:
        import torch

        torch.cuda.set_device(device.index)


def find_device(device: str = "auto", precision: str = "auto") -> DeviceInfo:
    """Return the best device, or the one asked for.

    Parameters
    ----------
    device : str
        ``auto`` (CUDA, then MPS, then CPU), ``cuda``, ``cuda:N``, ``mps``, ``cpu``, or
        ``cuda_all``: one process per card, of which each finds ``cuda``.
    precision : str
        ``auto`` is bf16 where the device multiplies matrices in it (CUDA cards from Ampere on,
        processors with AMX or AVX-512 BF16, which learn about twice as fast) and fp32 elsewhere.

    Raises
    ------
    TuningError
        If the device asked for is not on this machine, or cannot compute in bf16.
    """
    import torch

    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    present["cpu"] = True
    asked, _, number = ("cuda" if device == ALL_CARDS else device).partition(":")
    kind = next(name for name in present if present[name]) if asked == "auto" else asked
    if not present.get(kind, False):
        raise TuningError(
            "This machine has no {device} device. It has: {present}. Set the device to auto.",
            device=asked,
            present=", ".join(name for name in present if present[name]),
        )
    # Cards before Ampere emulate bf16, which is slower than fp32.
    has_bf16 = kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    has_bf16 |= kind == "cpu" and computes_bf16()
    if precision == "bf16" and not has_bf16:
        raise TuningError(
            "The device {device} cannot compute in bf16. Set the precision to auto.", device=kind
        )
    index = _card(int(number) if number else None) if kind == "cuda" else None
    properties = torch.cuda.get_device_properties(index or 0) if kind == "cuda" else None
    return DeviceInfo(
        name=properties.name if properties else platform.processor() or platform.machine(),
        kind=kind,
        precision="bf16" if has_bf16 and precision != "fp32" else "fp32",
        memory_gb=round(properties.total_memory / 2**30, 1) if properties else None,
        cores=usable_cores(),
        index=index,
    )


def usable_cores() -> int:
    """Return how many processor cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores or 1


def _card(number: int | None) -> int | None:
    """Return torch's number for a card that was asked for, or that the queue gave this process."""
    import torch

    given = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    own = bool(given) and "," not in given
    count = torch.cuda.device_count()
    if own and given.startswith("GPU-") and count > 1:
        # torch had counted all cards before the queue gave this one to the process.
        for place in range(count):
            if str(torch.cuda.get_device_properties(place).uuid) in given:
                return place
    if number is None or (own and count == 1):  # a worker sees nothing but its own card
        return None
    if number >= count:
        raise _no_such_card(number, count)
    return number


def _no_such_card(number: int, count: int) -> TuningError:
    """Return the error for a graphics card that this machine does not have."""
    return TuningError(
        "This machine has no graphics card cuda:{number}. Cards here: {count}, counted from "
        "cuda:0. Set the device to one of them, or to auto.",
        number=number,
        count=count,
    )


def computing_in(precision: str, kind: str) -> AbstractContextManager[object]:
    """Return the context in which a model computes in ``bf16``, or changes nothing (``fp32``)."""
    import torch

    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(kind, torch.bfloat16)


def is_out_of_memory(error: BaseException) -> bool:
    """Return True for torch's error on a GPU, numpy's, and what the CPU and MPS allocators say."""
    import torch

    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        "out of memory" in text or "can't allocate memory" in text
    )


def likely_device() -> DeviceInfo:
    """Return the device that :func:`core.tuning.device.find_device` will probably find.

    Precision is a guess too; the run's result says what was really used.
    """
    card = None if _torch_without_cuda() else _first_graphics_card()
    if card is not None:
        return DeviceInfo(card[0], "cuda", "auto", card[1], usable_cores())
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return DeviceInfo("Apple GPU", "mps", "fp32", None, usable_cores())
    name = platform.processor() or platform.machine()
    return DeviceInfo(name, "cpu", "fp32", None, usable_cores())


def graphics_cards() -> tuple[str, ...]:
    """Return the UUIDs of the NVIDIA cards that torch may use here, () where there are none.

    ``CUDA_VISIBLE_DEVICES`` is heeded; its numbers are taken in the order of nvidia-smi, which is
    CUDA's own where all cards are of one kind.
    """
    if _torch_without_cuda():
        return ()
    lines = _ask_driver("--query-gpu=uuid", "--format=csv,noheader").splitlines()
    cards = tuple(line.strip() for line in lines if line.strip())
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return cards
    named = [name.strip() for name in visible.split(",") if name.strip()]
    found = [
        card
        for name in named
        for number, card in enumerate(cards)
        if name == str(number) or (len(name) > 4 and card.startswith(name))
    ]
    return tuple(dict.fromkeys(found)) or tuple(named)  # parts of cards (MIG) have other names


def devices_here() -> tuple[str, ...]:
    """Return the devices that settings may name on this machine, as far as can be seen."""
    cards = graphics_cards()
    devices = ["auto"]
    if cards or not _torch_without_cuda():
        devices.append("cuda")
    if len(cards) > 1:
        devices += [*(f"cuda:{number}" for number in range(len(cards))), ALL_CARDS]
    if platform.system() == "Darwin":
        devices.append("mps")
    return (*devices, "cpu")


def check_device(device: str) -> None:
    """Raise TuningError where a device that settings name is surely not on this machine."""
    kind, _, number = device.partition(":")
    cards = graphics_cards()
    if number and cards and int(number) >= len(cards):
        raise _no_such_card(int(number), len(cards))
    here = devices_here()
    if kind not in here and not (kind == ALL_CARDS and "cuda" in here):
        raise TuningError(
            "This machine has no {device} device. It has: {present}. Set the device to auto.",
            device=device,
            present=", ".join(name for name in here if name != "auto"),
        )


def _torch_without_cuda() -> bool:
    """Return True if torch was built for processors only, or is told to see no graphics card."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in {"", "-1"}:
        return True
    try:
        return version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return True


def _first_graphics_card() -> tuple[str, float | None] | None:
    """Return name and memory in GiB of the first NVIDIA card, None where there is none."""
    lines = _ask_driver(
        "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"
    ).splitlines()
    name, _, memory = next(iter(lines), "").rpartition(",")
    if not name.strip():
        return None
    mebibytes = memory.strip()
    return name.strip(), round(int(mebibytes) / 1024, 1) if mebibytes.isdigit() else None


def _ask_driver(*question: str) -> str:
    """Return what nvidia-smi answers, "" where there is none or it does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    try:
        return subprocess.run(
            [program, *question],
            capture_output=True,
            text=True,
            timeout=_DRIVER_SECONDS,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def free_graphics_memory_mb() -> float | None:
    """Return the free memory of the first NVIDIA card in MB, None where it cannot be asked."""
    lines = _ask_driver("--query-gpu=memory.free", "--format=csv,noheader,nounits").splitlines()
    free = next(iter(lines), "").strip()
    return int(free) * 2**20 / 1e6 if free.isdigit() else None


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


def free_memory_mb() -> float:
    """Return the main memory that a run may count on, in MB: told by the environment, or free."""
    told = os.environ.get(FREE_MEMORY_VARIABLE, "").strip()
    return float(told) if told.replace(".", "", 1).isdigit() else main_memory_mb()[0]


def spare_memory() -> None:
    """Let torch keep less beside the run where memory is short; call it before torch is loaded.

    What a user has set stays.
    """
    if free_memory_mb() < SHORT_MB:
        for name, value in _KEPT_PROGRAMS.items():
            os.environ.setdefault(name, value)


def give_memory_back() -> None:
    """Give the system back what this process has freed.

    The allocator of Linux keeps it for what comes next: after the steps of a run that is some
    hundred megabytes, beside which a second set of weights would have to find room. Elsewhere
    nothing is done.
    """
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library has no such call
            ctypes.CDLL(None).malloc_trim(0)


def activations_budget_mb(needed: float) -> float:
    """Return how much of a step may be kept in main memory for the way back, in MB.

    Half of what is free beyond what other programs need: all of a step on most machines.

    Parameters
    ----------
    needed : float
        What the run will take besides, in MB.
    """
    return max((free_memory_mb() - SPARED_MB - needed) / 2, LEAST_ACTIVATIONS_MB)


def _file_cache(cgroup: Path) -> float:
    """Return the bytes of cached files, which the system gives up when a program needs them."""
    for line in (cgroup / "memory.stat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file":
            return float(value)
    return 0.0
