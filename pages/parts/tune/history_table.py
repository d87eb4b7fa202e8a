"""A table of runs, the newest first; a click on a row shows that run, and the link says which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.parts.deep_links import RUN
from pages.parts.translate import t


def history_table(
    ids: Sequence[str], rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Any], alt: str
) -> None:
    """Draw the table.

    Parameters
    ----------
    ids : sequence of str
        Run ids, one per row.
    rows : sequence of mappings
        Cells by column; ``shown``, ``when``, ``state``, ``model`` and ``time`` are known here.
    columns : mapping of column to its configuration
        All others.
    """
    import pandas as pd

    # A new run shifts the rows: the key follows, so that no selection points at the wrong one.
    key = f"runs_{len(ids)}_{ids[0]}"

    def choose() -> None:
        picked = st.session_state[key].selection.rows
        if picked and picked[0] < len(ids):
            st.query_params[RUN] = ids[picked[0]]

    text = st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(list(rows)),
        hide_index=True,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        placeholder="–",
        column_config={
            "shown": text("", width=30),
            "when": text(t("When")),
            "state": text(t("State")),
            "model": text(t("Base model")),
            "time": text(t("Time"), width="small"),
            **columns,
        },
        alt=alt,
    )
