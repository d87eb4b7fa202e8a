"""An import while it runs: in a thread of its own, so that leaving the page does not end it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.journey import data
from core.messages import N_, Message
from pages.parts.page import Context
from pages.parts.reading import RunningStep, begin, watch
from pages.parts.translate import t


def _key(context: Context) -> str:
    return f"import_{context.project.id}"


def running_import(context: Context) -> RunningStep | None:
    """Return the import that was started here and whose end nobody has seen yet."""
    return st.session_state.get(_key(context))


def forget_import(context: Context) -> None:
    """Forget an import that has ended: its end is seen."""
    running = running_import(context)
    if running is not None and running.done.is_set():
        del st.session_state[_key(context)]


def start_import(context: Context, content: bytes, filename: str, **options: Any) -> RunningStep:
    """Begin to import a file.

    Parameters
    ----------
    **options
        As for :func:`core.journey.data.import_file`.
    """
    running = begin(
        lambda report: data.import_file(
            *(context.project, content, filename), report=report, **options
        ),
        Message(N_("Checking every row")),
    )
    st.session_state[_key(context)] = running
    return running


def watch_import(context: Context, running: RunningStep) -> Exception | None:
    """Show how far an import is until it ends; return why it failed, if it did."""
    watch(
        running,
        "stop_import",
        t("Stop the import"),
        t("You may look at other pages meanwhile: the import goes on."),
    )
    forget_import(context)
    return running.error
