"""Which devices a job has to wait for."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import Any

from core.jobs.tickets import Need
from core.journey.running import TUNE, is_queued
from core.tuning.config import ALL_CARDS


def need_of(request: Mapping[str, Any]) -> Need | None:
    """Return what a job needs to start; None for the kinds that wait for nothing.

    Raises
    ------
    TuningError
        If its settings name a device that is not on this machine.
    """
    from core.tuning.hardware import check_device

    if not is_queued(str(request.get("kind"))):
        return None
    check_device(device_told(request.get("config", {})))
    slots = slots_for(device_told(request.get("config", {})))
    return Need(slots, cards_together(request), environment=_pinned)


def cards_together(request: Mapping[str, Any]) -> int:
    """Return how many graphics cards a job computes on at once; 1 also where there is none."""
    config = request.get("config", {})
    together = request.get("kind") == TUNE and device_told(config) == ALL_CARDS
    return len(slots_for(ALL_CARDS)) if together else 1


def device_told(config: Mapping[str, Any]) -> str:
    """Return the device that a job's settings ask for, ``auto`` where they say nothing."""
    for settings in (config.get("tuning"), config):
        if isinstance(settings, Mapping) and settings.get("device"):
            return str(settings["device"])
    return "auto"


def slots_for(device: str) -> tuple[str, ...]:
    """Return the devices of this machine that a setting allows, found without importing torch.

    Parameters
    ----------
    device : str
        ``auto``, ``cuda``, ``cuda:N``, ``cuda_all``, ``mps`` or ``cpu``.

    Returns
    -------
    tuple of str
        A graphics card by its UUID, which is its own in the whole world; another device with the
        name of the machine, because machines of a cluster may share one workspace.
    """
    from core.tuning.hardware import graphics_cards

    kind, _, number = device.partition(":")
    if kind in {"auto", "cuda", ALL_CARDS}:
        cards = graphics_cards()
        if number and cards:
            return cards[int(number) :][:1] or (f"{device}@{platform.node()}",)  # not here
        if cards:
            return cards
    if kind == "auto":
        apple = platform.system() == "Darwin" and platform.machine() == "arm64"
        kind = "mps" if apple else "cpu"
    return (f"{kind}@{platform.node()}",)


def pinned_to(device: str) -> Mapping[str, str]:
    """Return what the environment of a process has to say that is to use one numbered card."""
    return _pinned(slots_for(device)) if ":" in device else {}


def _pinned(slots: Sequence[str]) -> Mapping[str, str]:
    """Let the worker see only its own cards, so that none of its libraries takes another one."""
    cards = [slot for slot in slots if "@" not in slot]
    return {"CUDA_VISIBLE_DEVICES": ",".join(cards)} if cards else {}
