"""Which processor computes, found by itself."""

from __future__ import annotations

import contextlib
import os
import platform
from contextlib import AbstractContextManager
from dataclasses import dataclass

from core.errors import TuningError
from core.experts.precision import multiplies_bf16
from core.tuning.config import ALL_CARDS


@dataclass(frozen=True)
class DeviceInfo:
    """The device that a run uses.

    Attributes
    ----------
    name : str
        What the maker calls it.
    kind : str
        ``cuda``, ``mps`` or ``cpu``: also the name that torch takes.
    precision : str
        ``bf16`` or ``fp32``.
    memory_gb : float or None
        Memory of a CUDA device in GiB; None elsewhere.
    cores : int
        Processor cores that this process may use.
    index : int or None
        Number that torch has for the card, where not the first one will do.
    """

    name: str
    kind: str
    precision: str
    memory_gb: float | None
    cores: int
    index: int | None = None

    def take(self) -> None:
        """Let everything that this process puts on "cuda" from now on lie on this card."""
        if self.index is not None:
            import torch

            torch.cuda.set_device(self.index)


def find_device(device: str = "auto", precision: str = "auto") -> DeviceInfo:
    """Return the best device, or the one asked for.

    Parameters
    ----------
    device : str
        ``auto`` (CUDA, then MPS, then CPU), ``cuda``, ``cuda:N``, ``mps``, ``cpu``, or
        ``cuda_all``: one process per card, of which each finds ``cuda``.
    precision : str
        ``auto`` is bf16 where the device multiplies matrices in it (CUDA cards from Ampere on,
        processors with AMX, which learn about twice as fast) and fp32 everywhere else.

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
    has_bf16 |= kind == "cpu" and multiplies_bf16()
    if precision == "bf16" and not has_bf16:
        raise TuningError(
            "The device {device} cannot compute in bf16. Set the precision to auto.", device=kind
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    index = _card(int(number) if number else None) if kind == "cuda" else None
    properties = torch.cuda.get_device_properties(index or 0) if kind == "cuda" else None
    return DeviceInfo(
        name=properties.name if properties else platform.processor() or platform.machine(),
        kind=kind,
        precision="bf16" if has_bf16 and precision != "fp32" else "fp32",
        memory_gb=round(properties.total_memory / 2**30, 1) if properties else None,
        cores=cores or 1,
        index=index,
    )


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
        raise no_such_card(number, count)
    return number


def no_such_card(number: int, count: int) -> TuningError:
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
