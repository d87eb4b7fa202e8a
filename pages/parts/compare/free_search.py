"""A question typed by hand, searched by the model before and after tuning."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.journey.diagnostics import Searcher, searcher
from core.types import QADataset
from pages.parts import session
from pages.parts.compare.side_by_side import side_by_side
from pages.parts.errors import show_error
from pages.parts.page import Context
from pages.parts.translate import t


@st.cache_resource(max_entries=4, show_spinner=False)
def _searcher(root: str, dataset_id: str, tune_run: str) -> Searcher:
    workspace = session.workspace()
    found = searcher(workspace, workspace.load_dataset(dataset_id), tune_run)
    found.warm_up()
    return found


def free_search(context: Context, tune_run: str) -> None:
    """Ask for a question and show what both models find."""
    typed = st.text_input(
        t("Your question"),
        key="compare_typed",
        persist_state="session",
        placeholder=t("Type a question as a customer would, then press Enter"),
        max_chars=2000,
    )
    question = (typed or "").strip()
    if not question:
        st.caption(
            t("Both models search all answers. The first search takes a few seconds longer.")
        )
    dataset = context.dataset
    try:
        # Also before anything was typed: the models load while the question is being written.
        with st.spinner(t("Loading the two models …")):
            models = _searcher(str(context.workspace.layout.root), dataset.id, tune_run)
        if not question:
            return
        known = _known(dataset, question)
        moves = models.search(question, known, depth=20)
    except Exception as error:
        show_error(error)
        return
    if not len(known):
        st.caption(t("This question is not in your data, so no answer is marked as right."))
    side_by_side(dataset, moves, "typed", question)


def _known(dataset: QADataset, question: str) -> np.ndarray:
    """Return the right answers where the very question is in the data, else none."""
    try:
        return dataset.right_answers(dataset.questions.index(question))
    except ValueError:
        return np.empty(0, np.int32)
