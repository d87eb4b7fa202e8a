"""Question by question: wins and losses, and before and after side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import ComparisonError
from core.evaluation.movements import QuestionChange, answer_moves, wins_and_losses
from core.evaluation.statistics import TIE_MARGIN
from core.evaluation.verdict import REGIME_TEXTS
from core.messages import N_
from core.types import REGIMES, Comparison, QADataset
from pages.parts.errors import guarded, show_error
from pages.parts.free_search import free_search
from pages.parts.page import Context
from pages.parts.side_by_side import side_by_side
from pages.parts.translate import t

_MODE, _PICK = "compare_mode", "compare_pick"
HELD_OUT, TYPED = "held_out", "typed"
_MODES = {HELD_OUT: N_("A held-out question"), TYPED: N_("Your own question")}


@dataclass(frozen=True)
class Kind:
    """What became of a question, and how the list is narrowed to it."""

    title: str
    mark: str
    holds: Callable[[QuestionChange], bool]


KINDS = {
    "lost": Kind(N_("Right answer lost"), "✗", lambda change: change.lost),
    "worse": Kind(N_("Worse"), "↓", lambda change: change.change < -TIE_MARGIN),
    "found": Kind(N_("Right answer found"), "✓", lambda change: change.found),
    "better": Kind(N_("Better"), "↑", lambda change: change.change > TIE_MARGIN),
    "same": Kind(N_("Unchanged"), "=", lambda change: abs(change.change) <= TIE_MARGIN),
}


@st.fragment
@guarded
def question_browser(context: Context, comparison: Comparison, tune_run: str) -> None:
    """Draw the list of held-out questions, and the two result lists of one of them.

    A fragment: looking at another question redraws this part only.
    """
    try:
        changes = wins_and_losses(comparison)
    except ComparisonError as error:
        show_error(error)
        return
    dataset = context.dataset
    _list(dataset, changes, comparison.run_id)
    mode = st.segmented_control(
        t("Look at"),
        list(_MODES),
        default=HELD_OUT,
        format_func=lambda key: t(_MODES[key]),
        key=_MODE,
        required=True,
    )
    if mode == TYPED:
        free_search(context, tune_run)
        return
    by_position = {change.position: change for change in changes}
    if st.session_state.get(_PICK) not in by_position:
        st.session_state.pop(_PICK, None)
    position = st.selectbox(
        t("Question"),
        list(by_position),
        format_func=lambda p: (
            f"{_kind(by_position[p]).mark} {dataset.questions[by_position[p].question]}"
        ),
        key=_PICK,
        help=t("Type to search. Lost right answers come first, then from worse to better."),
    )
    change = by_position[position]
    st.caption(
        t(
            "{kind} · {outcome}: the best right answer was on rank {before}, now it is on rank "
            "{after}.",
            kind=t(REGIME_TEXTS[change.regime].title),
            outcome=t(_kind(change).title),
            before=change.before_rank,
            after=change.after_rank,
        )
    )
    side_by_side(dataset, answer_moves(dataset, comparison, position), f"held_{position}")


def _kind(change: QuestionChange) -> Kind:
    return next(kind for kind in KINDS.values() if kind.holds(change))


def _list(dataset: QADataset, changes: Sequence[QuestionChange], run_id: str) -> None:
    import pandas as pd

    counts = {key: sum(map(kind.holds, changes)) for key, kind in KINDS.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.pills(
            t("Show"),
            [key for key in KINDS if counts[key]],
            format_func=lambda key: f"{KINDS[key].mark} {t(KINDS[key].title)} ({counts[key]})",
            key="wins_filter",
            help=t("All questions where nothing is chosen."),
        )
        regimes = [r for r in REGIMES if any(change.regime == r for change in changes)]
        regime = st.pills(
            t("Kind of question"),
            regimes,
            format_func=lambda key: t(REGIME_TEXTS[key].title),
            key="wins_regime",
        )
    shown = [
        change
        for change in changes
        if (chosen is None or KINDS[chosen].holds(change)) and regime in {None, change.regime}
    ]
    if not shown:
        st.info(t("No question is of this kind."), icon=":material/filter_alt_off:")
        return
    key = f"wins_{run_id}_{chosen}_{regime}"

    def choose() -> None:
        picked = st.session_state[key].selection.rows
        if picked and picked[0] < len(shown):
            st.session_state[_MODE] = HELD_OUT
            st.session_state[_PICK] = shown[picked[0]].position

    st.caption(t("Select a row to see its answers before and after below."))
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(
            {
                "what": [f"{_kind(change).mark} {t(_kind(change).title)}" for change in shown],
                "question": [dataset.questions[change.question] for change in shown],
                "before": [change.before_rank for change in shown],
                "after": [change.after_rank for change in shown],
                "change": [round(change.change, 3) for change in shown],
                "regime": [t(REGIME_TEXTS[change.regime].title) for change in shown],
            }
        ),
        hide_index=True,
        height=280,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        column_config={
            "what": st.column_config.TextColumn(t("What happened"), width=165),
            "question": st.column_config.TextColumn(t("Question"), width=330),
            "before": number(t("Rank before"), width=95, help=_rank_help()),
            "after": number(t("Rank after"), width=90, help=_rank_help()),
            "change": number(
                t("Change"), width=80, help=t("Change of nDCG@10 on this question."), format="%+.3f"
            ),
            "regime": st.column_config.TextColumn(t("Kind of question")),
        },
        alt=t("Held-out questions, lost right answers first, then from worse to better."),
    )


def _rank_help() -> str:
    return t("Rank of the best placed right answer among all answers; 1 is the first.")
