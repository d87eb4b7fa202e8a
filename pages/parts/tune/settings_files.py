"""Take the settings of a run out as a file, and put such a file in."""

from __future__ import annotations

from collections.abc import Callable, Collection

import streamlit as st

from core.errors import AppError, TuningError
from core.messages import Message
from core.tuning.config import TuningConfig
from core.tuning.presets import from_document, to_document
from pages.parts.translate import plain, t, tm

_FILE = "settings_file"
_SAID = "settings_file_said"  # what came of the last file: None = taken


def settings_files(
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
        config = from_document(file.getvalue())
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
