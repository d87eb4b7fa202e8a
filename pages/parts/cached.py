"""What was worked out once for a content, cached for every later run of a page that shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from pages.parts.translate import language

Made = TypeVar("Made")


def cached(make: Callable[[], Made], kind: str, *content: object) -> Made:
    """Return what ``make`` gives, made once per content and language for all visitors.

    A page runs again at every click, mostly for another reason than the chart it shows: building
    one takes tens of milliseconds, the figures behind it up to seconds.

    Parameters
    ----------
    make : function without arguments
        Its result is shared and must not be changed.
    kind : str
        What is made.
    *content : texts, numbers, None, or tuples of them
        Ids and values that decide on the result: equal content means an equal result.
    """
    result: Made = _cached(kind, content, language(), make)
    return result


@st.cache_resource(max_entries=128, show_spinner=False)
def _cached(kind: str, content: tuple[object, ...], reader: str, _make: Callable[[], Any]) -> Any:
    return _make()
