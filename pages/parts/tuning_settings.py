"""The expert panel: every setting of a run, made from the words and limits of its definition."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import streamlit as st

from core.tuning.config import TuningConfig, settings
from core.tuning.presets import Preset
from pages.parts.translate import t
from pages.parts.tuning_words import choice_title

_COLUMNS = 3
_ELSEWHERE = frozenset({"base_model"})  # chosen above the panel


def tuning_settings(preset: Preset, base_model: str) -> TuningConfig:
    """Draw the panel and return the config: the preset with what was changed by hand."""
    start = preset.config(base_model=base_model)
    fields = [setting for setting in settings() if setting.name not in _ELSEWHERE]
    changed = [f for f in fields if _value(preset, f, start) != getattr(start, f.name)]
    title = (
        t("Settings for experts · {count} changed", count=len(changed))
        if changed
        else t("Settings for experts")
    )
    # The key keeps the panel open when its title changes.
    with st.expander(title, icon=":material/tune:", key="tuning_settings"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                t(
                    "Every setting starts at the value of the preset {preset}.",
                    preset=t(preset.title),
                )
            )
            if changed and st.button(
                t("Back to the preset"), icon=":material/undo:", type="tertiary"
            ):
                for setting in fields:
                    st.session_state.pop(_key(preset, setting), None)
                st.rerun()
        values: dict[str, Any] = {}
        for first in range(0, len(fields), _COLUMNS):
            columns = st.columns(_COLUMNS, vertical_alignment="bottom")
            for column, setting in zip(columns, fields[first : first + _COLUMNS], strict=False):
                with column:
                    values[setting.name] = _widget(preset, setting, start)
    return dataclasses.replace(start, **values)


def _key(preset: Preset, setting: dataclasses.Field[Any]) -> str:
    return f"setting_{preset.key}_{setting.name}"


def _value(preset: Preset, setting: dataclasses.Field[Any], start: TuningConfig) -> Any:
    value = st.session_state.get(_key(preset, setting))
    return getattr(start, setting.name) if value is None else value


def _widget(preset: Preset, setting: dataclasses.Field[Any], start: TuningConfig) -> Any:
    words, given = setting.metadata, getattr(start, setting.name)
    changed = _value(preset, setting, start) != given
    title_text, help_text = words["title"], words["help"]
    title = t(title_text)
    label = f":blue[:material/edit: **{title}**]" if changed else title
    help_text = t(help_text)
    if changed:
        shown = _words(setting.name, given)
        help_text = f"{help_text} {t('The preset has {value}.', value=shown)}"
    common: dict[str, Any] = {
        "key": _key(preset, setting),
        "help": help_text,
        "persist_state": "session",
    }
    if words["choices"]:
        choices = list(words["choices"])
        return st.selectbox(
            label,
            choices,
            index=choices.index(given),
            format_func=lambda choice: choice_title(setting.name, choice),
            **common,
        )
    if isinstance(given, bool):
        return st.toggle(label, value=given, **common)
    whole = isinstance(given, int)
    kind = int if whole else float
    value = st.number_input(
        label,
        min_value=kind(words["low"]),
        max_value=kind(words["high"]),
        value=given,
        step=1 if whole else _step(given),
        format="%d" if whole else "%g",
        **common,
    )
    return given if value is None else value


def _words(name: str, value: Any) -> str:
    """Return a value as it is written in a sentence."""
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    return choice_title(name, value) if isinstance(value, str) else f"{value:g}"


def _step(value: float) -> float:
    """Return the power of ten that one press of + or − moves a value by."""
    return 10.0 ** math.floor(math.log10(value)) if value > 0 else 0.01
