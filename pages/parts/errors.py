"""Errors as a user should meet them: what, why, what to do; never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import ParamSpec

import streamlit as st

from core.errors import AppError
from core.messages import Message
from pages.parts.translate import plain, t, tm

log = logging.getLogger(__name__)
P = ParamSpec("P")
_FAILED = "failed_attempt"


def show_error(error: Exception) -> None:
    """Show an error; one that was not foreseen goes to the server's log in full."""
    if isinstance(error, AppError):
        st.error(plain(tm(error.message)), icon=":material/error:")
        return
    log.exception("a page failed", exc_info=error)
    st.error(
        t(
            "Something went wrong on this page ({kind}). Nothing you saved is lost. Reload the "
            "page; if it happens again, the server's log has the details.",
            kind=type(error).__name__,
        ),
        icon=":material/error:",
    )


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show what goes wrong inside instead of ending the page; a rerun is no error and goes on.

    Examples
    --------
    ::

        with errors_shown():
            labels.save_recipe(project, name, recipe, who)
            st.rerun()
    """
    try:
        yield
    except Exception as error:
        show_error(error)


def guarded(draw: Callable[P, None]) -> Callable[P, None]:
    """Make a part of a page show its errors itself.

    For what is below ``st.fragment``: a fragment that is drawn again alone runs outside of the
    page, so that nobody else would catch them.
    """
    return errors_shown()(draw)


def attempt(action: Callable[..., object], *values: object) -> None:
    """Do what a click asks for, before the page is drawn again; see :func:`succeeds`."""
    succeeds(action, *values)


def succeeds(action: Callable[..., object], *values: object) -> bool:
    """Do what a click asks for, before the page is drawn again, and say whether it went well.

    An error is shown by that drawing, see :func:`show_failed_attempt`.
    """
    try:
        action(*values)
    except Exception as error:
        st.session_state[_FAILED] = error
        return False
    return True


def show_failed_attempt() -> None:
    """Show what went wrong with the last click, once."""
    failed = st.session_state.pop(_FAILED, None)
    if failed is not None:
        show_error(failed)


def show_warnings(warnings: Sequence[Message]) -> None:
    """Show what the user should know about a step that went well, in one box."""
    if len(warnings) == 1:
        st.warning(plain(tm(warnings[0])), icon=":material/info:")
    elif warnings:
        st.warning(
            "\n".join(f"- {plain(tm(warning))}" for warning in warnings), icon=":material/info:"
        )
