"""A file while it is read: in a thread of its own, with progress, a way to stop it, and an end.

Reading goes on when the page is drawn again or left. It is stopped by its button, by another file
in its place, and when the browser tab is closed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import Stopped
from core.messages import N_, Message
from core.progress import Reporter, SilentReporter
from pages.parts.translate import plain, t, tm

Made = TypeVar("Made")

_READ = "files_read"
_MOST_KEPT = 6  # files, with what was read of them
_LOOK_EVERY_S = 0.2
_AT_ONCE_S = 0.5  # most files are read by then: no bar flashes up
_TAB_GRACE_S = 30.0  # a connection that breaks off for a moment is no closed tab
_READING = N_("Reading the file …")


@dataclass(eq=False)
class RunningStep(SilentReporter):
    """A step in a thread: what it tells, and how it ended.

    Attributes
    ----------
    fraction : float in [0, 1]
    message : Message
        What is being done.
    result : object
        What came of it.
    error : Exception or None
        Why it failed; ``Stopped`` if somebody stopped it.
    done : Event
        Set at the end, however it ends.
    stop : Event
        Set to stop it.
    """

    fraction: float = 0.0
    message: Message = field(default_factory=lambda: Message(_READING))
    result: Any = None
    error: Exception | None = None
    done: Event = field(default_factory=Event)
    stop: Event = field(default_factory=Event)
    tab_is_open: Callable[[], bool] = lambda: True
    begun: float = field(default_factory=time.monotonic)

    def progress(self, fraction: float, message: Message) -> None:
        """Keep it for whoever looks."""
        self.fraction, self.message = fraction, message

    def should_stop(self) -> bool:
        """Say whether nobody wants it any more."""
        return self.stop.is_set() or not self.tab_is_open()


def begin(work: Callable[[Reporter], object], message: Message | None = None) -> RunningStep:
    """Start a step in a thread of its own.

    Parameters
    ----------
    work : callable
        Gets a reporter that says when to stop.
    message : Message or None
        What is being done until the step says more.
    """
    running = RunningStep(tab_is_open=_tab_watch())
    if message is not None:
        running.message = message

    def follow() -> None:
        try:
            running.result = work(running)
        except Exception as error:  # shown on the page: a thread has nobody else to tell
            running.error = error
        finally:
            running.done.set()

    Thread(target=follow, name="reading", daemon=True).start()
    return running


def _tab_watch() -> Callable[[], bool]:
    """Return what tells whether the browser tab that is drawn now is still open."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    seen = time.monotonic()

    def is_open() -> bool:
        nonlocal seen
        if runtime.exists() and runtime.get_instance().is_active_session(context.session_id):
            seen = time.monotonic()
        return time.monotonic() - seen < _TAB_GRACE_S

    return is_open


def watch(running: RunningStep, key: str, stop: str, said: str = "") -> None:
    """Show how far a step is until it ends, with a button that stops it.

    Parameters
    ----------
    key : str
        Of the button.
    stop : str
        What the button says.
    said : str
        Below the bar.
    """
    if running.done.wait(_AT_ONCE_S):
        return
    place = st.empty()
    with place.container():
        bar = st.progress(0.0)
        if said:
            st.caption(said)
        st.button(stop, icon=":material/stop_circle:", key=key, on_click=running.stop.set)
        while not running.done.wait(_LOOK_EVERY_S):
            told = t(
                "{what} ({seconds} s)",
                what=tm(running.message),
                seconds=round(time.monotonic() - running.begun),
            )
            bar.progress(min(1.0, running.fraction), text=plain(told))
    place.empty()


def read_upload(
    file: UploadedFile,
    kind: str,
    step: Callable[[bytes, str, Reporter], Made],
    *choices: object,
) -> Made | None:
    """Return what a step reads from an uploaded file, read once however often the page is drawn.

    Parameters
    ----------
    kind : str
        Of upload field; another file in the same field stops the reading of the one before.
    step : callable
        Gets content, file name and a reporter.
    *choices
        What it is read with besides: other choices read it anew.

    Returns
    -------
    object or None
        None if somebody stopped it; the page says so.

    Raises
    ------
    Exception
        Why it cannot be read, the same at every drawing.
    """
    known: dict[tuple[object, ...], RunningStep] = st.session_state.setdefault(_READ, {})
    key = (kind, file.file_id, *choices)
    for other in [other for other in known if other[0] == kind and other != key]:
        if not known[other].done.is_set():
            known.pop(other).stop.set()
    if key not in known:
        for oldest in list(known)[: max(0, len(known) - _MOST_KEPT + 1)]:
            known.pop(oldest).stop.set()
        content = file.getvalue()
        known[key] = begin(lambda report: step(content, file.name, report))
    running = known[key]
    watch(running, f"stop_{kind}", t("Stop reading"))
    if isinstance(running.error, Stopped):
        st.info(
            t("Reading {name} was stopped. Nothing was kept.", name=plain(file.name)),
            icon=":material/stop_circle:",
        )
        st.button(t("Read it after all"), key=f"again_{kind}", on_click=_forget, args=(key,))
        return None
    if running.error is not None:
        raise running.error
    result: Made = running.result
    return result


def _forget(key: tuple[object, ...]) -> None:
    st.session_state[_READ].pop(key, None)


def stop_reading(kind: str) -> None:
    """Stop what is still read from a field that holds no file any more."""
    known: dict[tuple[object, ...], RunningStep] = st.session_state.get(_READ, {})
    for key in [key for key in known if key[0] == kind]:
        known.pop(key).stop.set()
