"""Single pairs: find the doubtful ones, read both texts, correct the label, undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import streamlit as st

from core.journey import labels
from core.messages import N_
from core.types import Override
from pages.parts import session
from pages.parts.errors import show_error
from pages.parts.label_studio import Studio
from pages.parts.page import Context
from pages.parts.translate import moment, plain, t

_SHOWN = 300  # rows sent to the browser; the search box narrows the rest

# What the list can show first; each returns positions in the sample.
ORDERS: Mapping[str, tuple[str, Callable[[Studio], np.ndarray]]] = {
    "suspected": (
        N_("Suspected wrong labels: experts contradict the data"),
        lambda studio: studio.findings.most_suspicious,
    ),
    "disputed": (
        N_("Experts disagree most"),
        lambda studio: studio.findings.most_disputed,
    ),
    "right": (
        N_("Right answers with the lowest label"),
        lambda studio: _sorted(studio.combined, studio.sample.hard_label > 0),
    ),
    "other": (
        N_("Other pairs with the highest label"),
        lambda studio: _sorted(-studio.combined, studio.sample.hard_label == 0),
    ),
}


def _sorted(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    positions = np.flatnonzero(among)
    return positions[np.argsort(values[positions], kind="stable")]


def pair_review(context: Context, studio: Studio) -> None:
    """Draw the list of pairs and, below it, the pair that is open."""
    left, right = st.columns(2)
    with left:
        order = st.selectbox(
            t("Show first"),
            list(ORDERS),
            format_func=lambda key: t(ORDERS[key][0]),
            key="pair_order",
            persist_state="session",
        )
    with right:
        wanted = st.text_input(
            t("Search in both texts"), key="pair_search", persist_state="session"
        )
    positions = _matching(studio, ORDERS[order][1](studio), wanted)
    if not len(positions):
        st.info(
            t("No pair matches. Clear the search, or choose another list.")
            if wanted
            else t("There is no such pair: nothing here needs your attention.")
        )
    else:
        opened = _table(studio, positions)
        _open_pair(context, studio, positions[opened])
    _history(context)


def _matching(studio: Studio, positions: np.ndarray, wanted: str) -> np.ndarray:
    """Return the first positions whose question or answer contains the search text."""
    if not wanted.strip():
        return positions[:_SHOWN]
    needle = wanted.strip().casefold()
    has = [
        np.fromiter((needle in text.casefold() for text in texts), bool, len(texts))
        for texts in (studio.dataset.questions, studio.dataset.answers)
    ]
    rows = studio.sample.question_rows[positions], studio.sample.answer_rows[positions]
    return positions[has[0][rows[0]] | has[1][rows[1]]][:_SHOWN]


def _table(studio: Studio, positions: np.ndarray) -> int:
    """Draw the pairs and return which one is open; the first where none was clicked."""
    sample, dataset = studio.sample, studio.dataset
    by_hand = {(o.question, o.answer): o.value for o in studio.model.overrides}
    questions = [dataset.questions[i] for i in sample.question_rows[positions]]
    answers = [dataset.answers[i] for i in sample.answer_rows[positions]]
    frame = pd.DataFrame(
        {
            "label": (studio.combined[positions] * 100).round(),
            "hard": np.where(sample.hard_label[positions] > 0, t("right"), t("not right")),
            "question": questions,
            "answer": answers,
            "spread": (studio.findings.spread[positions] * 100).round(),
            "by_hand": [by_hand.get(p) is not None for p in zip(questions, answers, strict=True)],
        }
    )
    event = st.dataframe(
        frame,
        hide_index=True,
        height=330,
        on_select="rerun",
        selection_mode="single-row",
        key=f"pairs_{len(positions)}_{positions[0]}",
        column_config={
            "label": st.column_config.ProgressColumn(
                t("Label"), min_value=0, max_value=100, format="%d", width="small"
            ),
            "hard": st.column_config.TextColumn(t("In your data"), width="small"),
            "question": st.column_config.TextColumn(t("Question"), width="medium"),
            "answer": st.column_config.TextColumn(t("Answer"), width="medium"),
            "spread": st.column_config.NumberColumn(
                t("Disagreement"),
                format="%d",
                width="small",
                help=t("How far the experts are apart (0–100)."),
            ),
            "by_hand": st.column_config.CheckboxColumn(t("Set by hand"), width="small"),
        },
    )
    rows = event.selection.rows
    return int(rows[0]) if rows else 0


def _open_pair(context: Context, studio: Studio, position: int) -> None:
    """Show one pair in full with every expert's score, and the form to correct its label."""
    sample, dataset = studio.sample, studio.dataset
    question_row = int(sample.question_rows[position])
    question = dataset.questions[question_row]
    answer = dataset.answers[int(sample.answer_rows[position])]
    with st.container(border=True, key="open_pair"):
        left, right = st.columns([1.4, 1], gap="medium")
        with left:
            row = int(dataset.question_row[question_row])
            st.caption(t("Question (row {row} of your file)", row=row))
            st.text(question)
            st.caption(t("Answer"))
            st.text(answer)
        with right:
            scores = [
                f"{name}: {_points(value)}"
                for name, value in zip(studio.names, studio.calibrated[:, position], strict=True)
            ]
            st.caption(t("What the experts say (0–100)"))
            st.text("\n".join(scores) if scores else t("No expert takes part."))
        _correction(context, studio, position, question, answer)


def _points(value: float) -> str:
    return "–" if np.isnan(value) else f"{value * 100:.0f}"


def _correction(
    context: Context, studio: Studio, position: int, question: str, answer: str
) -> None:
    in_force = next(
        (
            o
            for o in reversed(studio.model.overrides)
            if (o.question, o.answer) == (question, answer)
        ),
        None,
    )
    if in_force is not None and in_force.value is not None:
        st.info(
            t(
                "Set to {value} by {who} on {at}: {reason}",
                value=round(in_force.value * 100),
                who=plain(in_force.who),
                at=moment(in_force.at),
                reason=plain(in_force.reason),
            )
        )
    with st.form(f"correct_{studio.sample.question_rows[position]}_{position}", border=False):
        value = st.slider(
            t("Your label: how well does this answer the question?"),
            0,
            100,
            round(float(studio.combined[position]) * 100),
            format="%d",
        )
        reason = st.text_input(
            t("Why?"), placeholder=t("for example: this answer is about exchanges, not refunds")
        )
        if st.form_submit_button(t("Save this label"), icon=":material/check:"):
            _record(context, question, answer, value / 100, reason)


def _record(context: Context, question: str, answer: str, value: float, reason: str) -> None:
    try:
        labels.override_pair(
            context.workspace, context.project, question, answer, value, session.who(), reason
        )
    except Exception as error:
        show_error(error)
    else:
        st.toast(t("Saved. The charts above already use it."), icon=":material/check:")
        st.rerun()


def _history(context: Context) -> None:
    """Draw every change by hand with who, when and why, and the button that undoes the last."""
    changes: tuple[Override, ...] = labels.overrides(context.workspace, context.project)
    if not changes:
        return
    with st.expander(t("Changes by hand: {count}", count=len(changes)), icon=":material/history:"):
        if st.button(t("Undo the last change"), icon=":material/undo:", key="undo_override"):
            labels.undo_last_override(context.workspace, context.project, session.who())
            st.rerun()
        frame = pd.DataFrame(
            {
                t("When"): [moment(o.at) for o in reversed(changes)],
                t("Who"): [o.who for o in reversed(changes)],
                t("Label"): [
                    t("withdrawn") if o.value is None else str(round(o.value * 100))
                    for o in reversed(changes)
                ],
                t("Why"): [o.reason for o in reversed(changes)],
                t("Question"): [o.question for o in reversed(changes)],
                t("Answer"): [o.answer for o in reversed(changes)],
            }
        )
        st.dataframe(frame, hide_index=True)
