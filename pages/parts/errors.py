"""Errors as a user should meet them: what, why, what to do; never a traceback."""

from __future__ import annotations

import logging

import streamlit as st

from core.errors import AppError
from pages.parts.translate import plain, t, tm

log = logging.getLogger(__name__)


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
