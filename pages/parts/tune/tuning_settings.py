"""The expert panel: every setting of a run, made from the words and limits of its definition.

Settings can be taken out as a file, and put in again.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

import streamlit as st

from core.errors import AppError, TuningError
from core.journey.tune import settings_in
from core.messages import N_, Message
from core.tuning.presets import PRESETS, Preset, suits, to_document
from core.types.tuning_config import TuningConfig, settings
from pages.parts.translate import plain, t, tm
from pages.parts.tune.tuning_words import choice_title, devices_to_choose

_COLUMNS = 3
_ELSEWHERE = frozenset({"base_model", "trim_vocabulary"})  # chosen above the panel
_GROUPS = (
    (
        N_("What is learned"),
        (
            *("loss", "infonce_share", "false_negative_margin"),
            *("teacher_temperature", "student_temperature", "query_side", "answer_model"),
            *("neighbourhood_weight", "neighbourhood_temperature"),
            *("spare_unasked", "guard_regimes"),
            *("interpolation", "stay_close", "orthogonal"),
        ),
    ),
    (
        N_("What meets in one step"),
        (
            *("questions_per_batch", "right_answers_per_question", "hard_negatives_per_question"),
            *("neighbourhoods_per_batch", "neighbours", "neighbourhood_columns"),
            "max_length",
        ),
    ),
    (
        N_("Questions without a known answer"),
        (
            *("open_weight", "open_share", "candidates_per_question"),
            *("taught_temperature", "teach_known_weight"),
            *("whole_corpus", "borrow_answers"),
        ),
    ),
    (
        N_("How long and how fast"),
        (
            *("epochs", "learning_rate", "usual_steps"),
            *("warmup_share", "weight_decay", "dropout"),
            *("evaluations_per_epoch", "patience"),
        ),
    ),
    (
        N_("Machine and repeatability"),
        ("device", "precision", "chunk_size", "lora_rank", "seed"),
    ),
)
# Known questions meet all answers, too, where they learn from the experts alone.
_ONLY_OPEN = frozenset({"open_weight", "open_share", "borrow_answers"})
_FURTHER = N_("Further settings")
# What only concerns models that compute: word-vector models look words up and add them.
_NOT_STATIC = frozenset(
    {"max_length", "weight_decay", "dropout", "precision", "chunk_size", "lora_rank"}
)
_FILE = "settings_file"
_SAID = "settings_file_said"  # what came of the last file: None = taken


def tuning_settings(
    preset: Preset,
    base_model: str,
    *,
    static: bool,
    has_open: bool,
    dataset_id: str | None,
    models: Collection[str],
    readers: Sequence[str] = (),
    trimmed: bool = False,
) -> TuningConfig:
    """Draw the panel and return the config: the preset with what was changed by hand.

    Parameters
    ----------
    static : bool
        The base model only looks word vectors up: settings without effect on it are left out.
    has_open : bool
        The data have open questions: without any, what concerns them alone is left out.
    dataset_id, models
        Of the choice of the base model above: which one it belongs to, and what can be chosen.
    readers : sequence of str
        Keys of the models that could read the answers instead of the tuned one.
    trimmed : bool
        Whether the base model keeps only the words of the data's languages.
    """
    start = preset.config(base_model=base_model)
    fields = [setting for setting in settings() if setting.name not in _ELSEWHERE]
    if static:
        fields = [setting for setting in fields if setting.name not in _NOT_STATIC]
    if not has_open:
        fields = [setting for setting in fields if setting.name not in _ONLY_OPEN]
    changed = [f for f in fields if _value(preset, f, start) != getattr(start, f.name)]
    title = (
        t("Settings for experts · {count} changed", count=len(changed))
        if changed
        else t("Settings for experts")
    )
    values: dict[str, Any] = {}
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
                    st.session_state.pop(_key(preset, setting, start), None)
                st.rerun()
        if static:
            st.caption(
                t(
                    "This model looks the vectors of words up and adds them, so that it needs no "
                    "limit of length, no weight decay, no number format, no chunks and no adapter: "
                    "these settings are left out."
                )
            )
        for group, members in _grouped(fields):
            st.markdown(f"**{t(group)}**")
            switches = [member for member in members if isinstance(member.default, bool)]
            boxes = [member for member in members if member not in switches]
            for first in range(0, len(boxes), _COLUMNS):
                columns = st.columns(_COLUMNS, vertical_alignment="bottom")
                row = boxes[first : first + _COLUMNS]
                for column, setting in zip(columns, row, strict=False):
                    with column:
                        values[setting.name] = _widget(preset, setting, start, readers)
            for setting in switches:  # their words stand beside them and need the room
                values[setting.name] = _widget(preset, setting, start, readers)
        config = dataclasses.replace(start, **values, trim_vocabulary=trimmed)
        _settings_files(config, models, lambda taken: fill_settings(taken, dataset_id))
    return config


def changed_settings(preset: str, config: TuningConfig) -> int:
    """Return how many settings differ from the preset."""
    start = PRESETS[preset].config(base_model=config.base_model)
    return sum(getattr(config, one.name) != getattr(start, one.name) for one in settings())


def _grouped(
    fields: Sequence[dataclasses.Field[Any]],
) -> list[tuple[str, list[dataclasses.Field[Any]]]]:
    """Return titles with their settings; what is in no group comes last, so that none is lost."""
    known = {setting.name: setting for setting in fields}
    groups = [
        (title, [known.pop(name) for name in names if name in known]) for title, names in _GROUPS
    ]
    return [group for group in [*groups, (_FURTHER, list(known.values()))] if group[1]]


def fill_settings(config: TuningConfig, dataset_id: str | None) -> None:
    """Make the form show these settings; call it before the form is drawn, as a callback is."""
    fields = [setting for setting in settings() if setting.name not in _ELSEWHERE]

    def changes(preset: Preset) -> list[dataclasses.Field[Any]]:
        start = preset.config(base_model=config.base_model)
        return [f for f in fields if getattr(config, f.name) != getattr(start, f.name)]

    nearest = min(PRESETS.values(), key=lambda preset: len(changes(preset)))
    changed = changes(nearest)
    for setting in fields:
        st.session_state.pop(_key(nearest, setting, config), None)
        if setting in changed:
            st.session_state[_key(nearest, setting, config)] = getattr(config, setting.name)
    st.session_state["tune_preset"] = nearest.key
    st.session_state[f"tune_model_{dataset_id}"] = config.base_model
    st.session_state[trim_key(dataset_id)] = config.trim_vocabulary


def trim_key(dataset_id: str | None) -> str:
    """Name the switch that keeps only the words of the data's languages."""
    return f"trim_vocabulary_{dataset_id}"


def _key(preset: Preset, setting: dataclasses.Field[Any], start: TuningConfig) -> str:
    """Name a widget: kept with another base model, unless the setting starts elsewhere there."""
    own = f"_{start.base_model}" if setting.name in suits(start.base_model) else ""
    return f"setting_{preset.key}_{setting.name}{own}"


def _value(preset: Preset, setting: dataclasses.Field[Any], start: TuningConfig) -> Any:
    value = st.session_state.get(_key(preset, setting, start))
    return getattr(start, setting.name) if value is None else value


def _widget(
    preset: Preset,
    setting: dataclasses.Field[Any],
    start: TuningConfig,
    readers: Sequence[str],
) -> Any:
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
        "key": _key(preset, setting, start),
        "help": help_text,
        "persist_state": "session",
    }
    offered = _offered(setting, readers)
    if offered:
        chosen = _value(preset, setting, start)  # settings from elsewhere may name another device
        choices = list(dict.fromkeys([*offered, chosen, given]))
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


def _offered(setting: dataclasses.Field[Any], readers: Sequence[str]) -> Sequence[str]:
    """Return what a setting can be chosen from, () where it is typed or switched."""
    if setting.name == "device":
        return devices_to_choose()
    if setting.name == "answer_model":
        return ("", *readers)
    return setting.metadata["choices"] or ()


def _words(name: str, value: Any) -> str:
    """Return a value as it is written in a sentence."""
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    return choice_title(name, value) if isinstance(value, str) else f"{value:g}"


def _step(value: float) -> float:
    """Return the power of ten that one press of + or − moves a value by."""
    return 10.0 ** math.floor(math.log10(value)) if value > 0 else 0.01


def _settings_files(
    config: TuningConfig, models: Collection[str], fill: Callable[[TuningConfig], None]
) -> None:
    """Draw the two buttons.

    Parameters
    ----------
    models : collection of str
        Base models that can be chosen here.
    fill : callable
        Puts settings into the form; called before the form is drawn again.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            t("Export settings"),
            to_document(config),
            "tuning-settings.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
            help=t("All settings as a JSON file: to keep, to share, or for the command line."),
        )
        with st.popover(t("Import settings"), icon=":material/upload:"):
            st.markdown(t("Choose a file that was exported here (JSON)."))
            st.file_uploader(
                t("Settings file"),
                type=["json"],
                key=_FILE,
                on_change=lambda: _take(models, fill),
                label_visibility="collapsed",
            )
    if _SAID in st.session_state:
        said = st.session_state[_SAID]
        if isinstance(said, Message):
            st.error(plain(tm(said)), icon=":material/error:")
        else:
            st.success(
                t("The settings of the file {name} are in the form now.", name=plain(said)),
                icon=":material/check_circle:",
            )


def _take(models: Collection[str], fill: Callable[[TuningConfig], None]) -> None:
    file = st.session_state.get(_FILE)
    if file is None:  # removed again
        st.session_state.pop(_SAID, None)
        return
    try:
        config = settings_in(file.getvalue(), file.name)
        if config.base_model not in models:
            raise TuningError(
                "The settings name the base model {model}, which cannot be tuned here. Change it "
                "in the file to one of: {known}.",
                model=config.base_model[:200],
                known=", ".join(models),
            )
    except AppError as error:
        st.session_state[_SAID] = error.message
        return
    fill(config)
    st.session_state[_SAID] = str(file.name)
