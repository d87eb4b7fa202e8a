"""A table of pairs: what stands in the data, both texts, and figures before and after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.journey.labels import PairSample
from core.reporting.charts.chart import one_line
from core.types import QADataset
from pages.parts.translate import t

SHOWN = 400  # characters of each text that are sent to the browser

Columns = Mapping[str, tuple[Sequence[object] | np.ndarray, Any]]


def pair_table(
    dataset: QADataset,
    sample: PairSample,
    positions: np.ndarray,
    key: str,
    before: Columns,
    after: Columns | None = None,
    **options: Any,
) -> Any:
    """Draw the pairs at some positions of a sample; returns what ``st.dataframe`` returns.

    Parameters
    ----------
    before, after : mapping of str to (values, column configuration)
        Columns on the left and on the right of the texts.
    **options
        More for ``st.dataframe``.
    """
    right = sample.hard_label[positions] > 0
    rows = sample.question_rows[positions], sample.answer_rows[positions]
    texts = st.column_config.TextColumn
    columns = {
        **before,
        "hard": (
            np.where(right, t("right"), t("not right")),
            texts(t("In your data"), width="small"),
        ),
        "question": (
            [one_line(dataset.questions[row], SHOWN) for row in rows[0]],
            texts(t("Question"), width="medium"),
        ),
        "answer": (
            [one_line(dataset.answers[row], SHOWN) for row in rows[1]],
            texts(t("Answer"), width="medium"),
        ),
        **(after or {}),
    }
    return st.dataframe(
        pd.DataFrame({name: values for name, (values, _) in columns.items()}),
        hide_index=True,
        key=key,
        column_config={name: config for name, (_, config) in columns.items()},
        **options,
    )


def label_column(title: str) -> Any:
    """Return how a column of labels from 0 to 100 is drawn."""
    return st.column_config.ProgressColumn(
        title, min_value=0, max_value=100, format="%d", width="small"
    )
