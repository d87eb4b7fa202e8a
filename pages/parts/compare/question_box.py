"""The question box: one's own question, or a win or a loss by one click, before and now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.errors import ComparisonError
from core.journey.compare import (
    AnswerMove,
    QuestionChange,
    Searcher,
    answer_moves,
    searcher,
    telling_examples,
    wins_and_losses,
)
from core.reporting.charts.chart import one_line
from core.types import Comparison, QADataset
from pages.parts import session
from pages.parts.cached import cached
from pages.parts.compare.comparison_job import Compared
from pages.parts.compare.side_by_side import side_by_side
from pages.parts.compare.two_lists import two_lists
from pages.parts.compare.verdict import verdict_hero
from pages.parts.errors import guarded, show_error
from pages.parts.translate import plain, t

TYPED = "compare_typed"
_DEPTH = 20  # answers that a typed question is searched for
_COLUMNS = 64  # of a question on its button

# A field that is seen from the back of a room, and questions that take one line each.
_STYLE = """<style>
.st-key-question_box [data-testid="stTextInput"] input { font-size: 20px; height: 44px; }
.st-key-question_box [data-testid="stTextInput"] > div { height: 46px; }
.st-key-question_box button p {
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; font-size: 14px;
}
</style>"""


@st.fragment
@guarded
def verdict_and_question(seen: Compared) -> None:
    """Draw verdict, field, examples and, for the question that is asked, both lists.

    A fragment: another question redraws this part only. While one is asked the verdict is brief, so
    that all of it fits one screen.
    """
    comparison, dataset = seen.comparison, seen.context.dataset
    verdict_hero(comparison, brief=bool((st.session_state.get(TYPED) or "").strip()))
    st.html(_STYLE)
    with st.container(key="question_box", gap="xsmall"):
        typed = st.text_input(
            t("Your question"),
            key=TYPED,
            persist_state="session",
            placeholder=t("Ask a question of your own, as a customer would, and press Enter"),
            icon=":material/search:",
            max_chars=2000,
            label_visibility="collapsed",
        )
        _examples(dataset, comparison)
    question = (typed or "").strip()
    if not question:
        return
    found = _found(seen, question)
    if found is None:
        return
    two_lists(dataset, found.moves, "asked", found.places)
    if found.places is None:
        st.caption(t("This question is not in your data, so no answer is marked as right."))
    full = st.expander(
        t("The first ten in full, with scores"),
        icon=":material/format_list_numbered:",
        key="asked_in_full",
        on_change="rerun",
    )
    if full.open:
        with full:
            side_by_side(dataset, found.moves, "typed", question)


def _examples(dataset: QADataset, comparison: Comparison) -> None:
    """Draw three wins and one loss; a click asks the question."""
    try:
        wins, loss = cached(
            lambda: telling_examples(comparison, wins_and_losses(comparison)),
            "telling",
            comparison.id,
        )
    except ComparisonError:
        return  # without base or tuned nothing was won or lost
    examples = [
        *((":green[▲]", win) for win in wins),
        *((":red[▼]", one) for one in (loss,) if one),
    ]
    if not examples:
        return
    columns = st.columns(len(examples), gap="small")
    for column, (sign, change) in zip(columns, examples, strict=True):
        asked = dataset.questions[change.question]
        column.button(
            f"{sign} {plain(one_line(asked, _COLUMNS), inside=True)}",
            key=f"example_{change.position}",
            width="stretch",
            on_click=_ask,
            args=(asked,),
            help=_outcome(change),
        )


def _outcome(change: QuestionChange) -> str:
    ranks = {"before": change.before_rank, "after": change.after_rank}
    if change.change > 0:
        return t("A win: the right answer was in place {before}, now it is in {after}.", **ranks)
    return t("A loss: the right answer was in place {before}, now it is in {after}.", **ranks)


def _ask(question: str) -> None:
    st.session_state[TYPED] = question


@dataclass(frozen=True)
class Found:
    """Both lists of a question, and where its best right answer is; None = nobody knows."""

    moves: Sequence[AnswerMove]
    places: tuple[int | None, int | None] | None


def _found(seen: Compared, question: str) -> Found | None:
    """Return what both models find; None where they cannot be asked, which is said then.

    A held-out question is answered from the comparison: at once, and by the very model that was
    judged on it.
    """
    dataset, comparison = seen.context.dataset, seen.comparison
    try:
        changes = cached(lambda: wins_and_losses(comparison), "wins", comparison.id)
        change = next((c for c in changes if dataset.questions[c.question] == question), None)
        if change is not None:
            moves = answer_moves(dataset, comparison, change.position)
            return Found(moves, (change.before_rank, change.after_rank))
        with st.spinner(t("Loading the two models …")):
            models = _searcher(str(seen.context.workspace.layout.root), dataset.id, seen.run.job.id)
        right = _known(dataset, question)
        moves = models.search(question, right, depth=_DEPTH)
    except Exception as error:
        show_error(error)
        return None
    ranks = [(move.before_rank, move.after_rank) for move in moves if move.right]
    before, after = (
        min((rank for rank in side if rank is not None), default=None)
        for side in (zip(*ranks, strict=True) if ranks else ((), ()))
    )
    return Found(moves, (before, after) if len(right) else None)


@st.cache_resource(max_entries=4, show_spinner=False)
def _searcher(root: str, dataset_id: str, tune_run: str) -> Searcher:
    workspace = session.workspace()
    models = searcher(workspace, workspace.load_dataset(dataset_id), tune_run)
    models.warm_up()
    return models


def _known(dataset: QADataset, question: str) -> np.ndarray:
    """Return the right answers where the very question is in the data, else none."""
    try:
        return dataset.right_answers(dataset.questions.index(question))
    except ValueError:
        return np.empty(0, np.int32)
