"""Charts and small pictures as every page shows them: summary, table, and what the signs mean."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import streamlit as st

from core.reporting.charts.chart import Chart, in_ink
from core.reporting.charts.pictures import MARKS, hundred_dots
from core.types import OfHundred
from pages.parts.translate import plain, t, tm

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def page_theme() -> str:
    """Return ``light`` or ``dark``, as the visitor's page is drawn."""
    return st.context.theme.type or "light"


def readable(chart: Chart) -> Figure:
    """Return the figure of a chart with its texts in the page's own text colour."""
    return _readable(chart, st.get_option(f"theme.{page_theme()}.textColor"))


@lru_cache(maxsize=256)
def _readable(chart: Chart, colour: str) -> Figure:
    """Return the figure, made once per chart and theme: a page runs again at every click."""
    return in_ink(chart.figure, colour)


def show_chart(chart: Chart, key: str) -> None:
    """Draw a chart with its summary as text alternative and its numbers as a table."""
    figure, bare = readable(chart), {"displayModeBar": False}
    st.plotly_chart(figure, key=key, alt=tm(chart.summary), config=bare)
    show_numbers(chart, key)


def show_numbers(chart: Chart, key: str) -> None:
    """Draw the summary and the table of a chart, folded away."""
    with st.expander(t("The numbers behind this chart"), icon=":material/table_chart:"):
        st.caption(plain(tm(chart.summary)))
        st.dataframe(chart.table, hide_index=True, key=f"{key}_table")


def show_hundred(found: OfHundred, width: int = 132) -> None:
    """Draw a hundred customers as dots, ``width`` pixels wide; :func:`hundred_words` belongs by."""
    picture = hundred_dots(found)
    st.image(picture.svg, width=width, alt=tm(picture.summary))


def hundred_words(found: OfHundred) -> str:
    """Return in one line what each kind of dot means and how many there are; Markdown."""
    return " ".join(
        f":{mark.colour}[{mark.sign}] {t(mark.title, count=getattr(found, mark.part))}".replace(
            " ", "\u00a0"
        )
        for mark in MARKS
    )
