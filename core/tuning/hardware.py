"""A look at the machine without importing torch, for a page that wants to say what it will use."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version

from core.errors import TuningError
from core.tuning.config import ALL_CARDS
from core.tuning.device import DeviceInfo, no_such_card

_QUERY = ("--query-gpu=name,memory.total", "--format=csv,noheader,nounits")
_SECONDS = 3.0  # a graphics driver that hangs must not hang the page


def likely_device() -> DeviceInfo:
    """Return the device that :func:`core.tuning.device.find_device` will probably find.

    Precision is a guess too; the run's result says what was really used.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = None if _torch_without_cuda() else _first_graphics_card()
    if found is not None:
        return DeviceInfo(found[0], "cuda", "auto", found[1], cores or 1)
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return DeviceInfo("Apple GPU", "mps", "fp32", None, cores or 1)
    name = platform.processor() or platform.machine()
    return DeviceInfo(name, "cpu", "fp32", None, cores or 1)


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
    found = ["auto"]
    if cards or not _torch_without_cuda():
        found.append("cuda")
    if len(cards) > 1:
        found += [*(f"cuda:{number}" for number in range(len(cards))), ALL_CARDS]
    if platform.system() == "Darwin":
        found.append("mps")
    return (*found, "cpu")


def check_device(device: str) -> None:
    """Raise TuningError where a device that settings name is surely not on this machine."""
    kind, _, number = device.partition(":")
    cards = graphics_cards()
    if number and cards and int(number) >= len(cards):
        raise no_such_card(int(number), len(cards))
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
    lines = _ask_driver(*_QUERY).splitlines()
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
            [program, *question], capture_output=True, text=True, timeout=_SECONDS, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def free_graphics_memory_mb() -> float | None:
    """Return the free memory of the first NVIDIA card in MB, None where it cannot be asked."""
    lines = _ask_driver("--query-gpu=memory.free", "--format=csv,noheader,nounits").splitlines()
    free = next(iter(lines), "").strip()
    return int(free) * 2**20 / 1e6 if free.isdigit() else None
