"""An import while it runs: in a thread of its own, so that leaving the page does not end it."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import streamlit as st

from core.journey import data
from core.messages import N_, Message
from core.types import SilentReporter
from pages.parts.page import Context
from pages.parts.translate import plain, t, tm

_LOOK_EVERY_S = 0.2


@dataclass
class RunningImport(SilentReporter):
    """What an import tells, and how it ended.

    Attributes
    ----------
    fraction : float in [0, 1]
    message : Message
        What is being done.
    error : Exception or None
        Why it failed.
    done : Event
        Set at the end, however it ends.
    """

    fraction: float = 0.0
    message: Message = field(default_factory=lambda: Message(N_("Checking every row")))
    error: Exception | None = None
    done: Event = field(default_factory=Event)

    def progress(self, fraction: float, message: Message) -> None:
        """Keep it for whoever looks."""
        self.fraction, self.message = fraction, message


def _key(context: Context) -> str:
    return f"import_{context.project.id}"


def running_import(context: Context) -> RunningImport | None:
    """Return the import that was started here and whose end nobody has seen yet."""
    return st.session_state.get(_key(context))


def forget_import(context: Context) -> None:
    """Forget an import that has ended: its end is seen."""
    running = running_import(context)
    if running is not None and running.done.is_set():
        del st.session_state[_key(context)]


def start_import(context: Context, content: bytes, filename: str, **options: Any) -> RunningImport:
    """Begin to import a file.

    Parameters
    ----------
    **options
        As for :func:`core.journey.data.import_file`.
    """
    running = RunningImport()

    def work() -> None:
        try:
            data.import_file(
                *(context.project, content, filename),
                report=running,
                **options,
            )
        except Exception as error:  # shown on the page: a thread has nobody else to tell
            running.error = error
        finally:
            running.done.set()

    st.session_state[_key(context)] = running
    Thread(target=work, name="import", daemon=True).start()
    return running


def watch_import(context: Context, running: RunningImport) -> Exception | None:
    """Show how far an import is until it ends; return why it failed, if it did."""
    bar = st.progress(0.0)
    st.caption(t("You may look at other pages meanwhile: the import goes on."))
    while not running.done.wait(_LOOK_EVERY_S):
        bar.progress(min(1.0, running.fraction), text=plain(tm(running.message)))
    bar.progress(1.0)
    forget_import(context)
    return running.error
