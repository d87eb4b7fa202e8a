"""What the keys of models, losses and other choices of a run are called."""

from __future__ import annotations

import streamlit as st

from core.errors import AppError
from core.experts.catalogue import find_entry
from core.experts.source import ANY_LANGUAGE, CatalogueEntry
from core.messages import N_
from core.tuning.device import DeviceInfo
from core.tuning.losses import LOSSES
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
_LANGUAGES = {
    "en": N_("English"),
    "ja": N_("Japanese"),
    ANY_LANGUAGE: N_("about 50 to 100 languages"),
}


def model_title(key: str) -> str:
    """Return what a base model is called; the key where it is no longer known."""
    try:
        return find_entry(key).title
    except AppError:
        return key


def loss_title(key: str) -> str:
    """Return what a loss is called; the key where it is not known."""
    return t(LOSSES[key].title) if key in LOSSES else key


def choice_title(setting: str, choice: str) -> str:
    """Return what a choice of a setting is called."""
    if setting == "loss":
        return loss_title(choice)
    if setting == "device" and choice.startswith("cuda:"):
        number = choice.partition(":")[2]
        return t("NVIDIA graphics card {number} (CUDA)", number=number)
    named = _CHOICES.get((setting, choice))
    return t(named) if named else choice


def language_title(code: str) -> str:
    """Return what a language is called; the code where there is no word."""
    return t(_LANGUAGES[code]) if code in _LANGUAGES else code


def languages_of(entry: CatalogueEntry) -> str:
    """Return the languages of a model in words; codes where there is no word."""
    words = [language_title(code) for code in entry.languages]
    return ", ".join(words) or t("languages not stated")


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


@st.cache_data(ttl=600, show_spinner=False)
def devices_to_choose() -> tuple[str, ...]:
    """Return the devices that settings may name here, without importing torch."""
    from core.tuning.device import devices_here

    return devices_here()


@st.cache_data(ttl=600, show_spinner=False)
def this_device() -> DeviceInfo:
    """Return the device that a run will probably use, without importing torch."""
    from core.tuning.device import likely_device

    return likely_device()
