"""What the choices of a run's settings are called, and the devices there are."""

from __future__ import annotations

import streamlit as st

from core.journey.jobs import cluster_devices
from core.journey.tune import devices_here, likely_device
from core.messages import N_
from core.types.tuning import DeviceInfo
from pages.parts.model_titles import loss_title, model_title
from pages.parts.translate import t

_CHOICES = {
    ("device", "auto"): N_("Found at the start (auto)"),
    ("device", "cuda"): N_("NVIDIA graphics card (CUDA)"),
    ("device", "cuda_all"): N_("All NVIDIA graphics cards (CUDA)"),
    ("device", "mps"): N_("Apple graphics chip (MPS)"),
    ("device", "cpu"): N_("Processor (CPU)"),
    ("precision", "auto"): N_("Suits the device (auto)"),
    ("precision", "fp32"): N_("32 bits (fp32)"),
    ("precision", "bf16"): N_("16 bits (bf16)"),
    ("interpolation", "search"): N_("Measured, the best is kept"),
    ("interpolation", "off"): N_("Off: all of what was learned"),
}


def choice_title(setting: str, choice: str) -> str:
    """Return what a choice of a setting is called."""
    if setting == "loss":
        return loss_title(choice)
    if setting == "answer_model":
        return model_title(choice) if choice else t("The tuned model itself")
    if setting == "device" and choice.startswith("cuda:"):
        number = choice.partition(":")[2]
        return t("NVIDIA graphics card {number} (CUDA)", number=number)
    named = _CHOICES.get((setting, choice))
    return t(named) if named else choice


def device_words(device: DeviceInfo) -> str:
    """Return a device in words: kind, name, memory or cores."""
    if device.kind == "cpu":
        return t("processor (CPU), {cores} cores", cores=device.cores)
    if device.memory_gb:
        return t("{name} ({memory} GB)", name=device.name, memory=f"{device.memory_gb:.0f}")
    return device.name


def clock(seconds: float) -> str:
    """Return a time span to the second, so that two can be compared: ``40 s``, ``2:10``."""
    whole = round(seconds)
    if whole < 60:
        return t("{seconds} s", seconds=f"{seconds:.1f}" if seconds < 10 else whole)
    hours, minutes = divmod(whole // 60, 60)
    tail = f"{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
    return f"{hours}:{tail}" if hours else tail


def devices_to_choose() -> tuple[str, ...]:
    """Return the devices that settings may name: of the cluster, or of this machine."""
    return cluster_devices() or _devices_here()


@st.cache_data(ttl=600, show_spinner=False)
def _devices_here() -> tuple[str, ...]:
    """Return the devices of this machine, without importing torch."""
    return devices_here()


@st.cache_data(ttl=600, show_spinner=False)
def this_device() -> DeviceInfo:
    """Return the device that a run will probably use, without importing torch."""
    return likely_device()
