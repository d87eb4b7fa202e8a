"""Collect questions: a link for the room, a live wall, the review, and into the data."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from core.journey.people import asking
from core.journey.people.asking import FLAGS
from core.messages import N_n
from core.reporting.charts.chart import one_line
from core.types.asked_rounds import COLLECT, TAKEN_IN, AskRound
from core.types.rights import CHANGE, DECIDE
from pages.parts import session
from pages.parts.data.ask_rounds import (
    choose_use,
    invitation,
    is_closed,
    remember_taken,
)
from pages.parts.errors import attempt, errors_shown, guarded, show_failed_attempt
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import plain, t

_WALL, _COLUMNS = 24, 300  # newest questions on the wall, and letters of a text in a table


def collecting(context: Context) -> None:
    """Draw the round that runs, the review of one that is closed, or the start of one."""
    show_failed_attempt()
    rounds = asking.rounds(context.project, COLLECT)
    newest = rounds[0] if rounds else None
    if newest is not None and not is_closed(context, newest):
        _running(context, newest)
        return
    if newest is not None and TAKEN_IN not in asking.steps_of(context.project, newest):
        _review(context, newest)
        with st.expander(t("Start another round"), icon=":material/add:"):
            _start(context)
        return
    st.markdown(
        t(
            "**Ask colleagues how customers would ask.** They open a link or scan a code, see one "
            "answer at a time, and type. Their wording is what a model learns most from."
        )
    )
    _start(context)


def _start(context: Context) -> None:
    left, right = st.columns(2)
    count = len(context.dataset.answers)
    left.number_input(
        t("Answers to ask about"),
        1,
        min(asking.MOST_ANSWERS, count),
        min(asking.ANSWERS, count),
        key="collect_answers",
        help=t("Those with the fewest questions so far, drawn by chance among equals."),
    )
    right.number_input(
        t("Questions wanted for each"),
        1,
        100,
        asking.PER_ANSWER,
        key="collect_wanted",
        help=t("Answers that have as many come last; nobody is stopped from writing more."),
    )

    def start() -> None:
        # Read now: a number that was typed just before the click comes with it.
        answers, wanted = (int(st.session_state[f"collect_{k}"]) for k in ("answers", "wanted"))
        asking.start_collecting(context.project, session.who(), answers=answers, wanted=wanted)

    st.button(
        t("Open a round"),
        type="primary",
        icon=":material/qr_code_2:",
        key="collect_start",
        on_click=attempt,
        args=(start,),
        **only(DECIDE),
    )


def _running(context: Context, round_: AskRound) -> None:
    left, right = st.columns([1, 2], gap="large")
    with left:
        invitation(context, round_, "collect")
    with right:
        _live(context, round_)


@st.fragment(run_every="2s")
@guarded
def _live(context: Context, round_: AskRound) -> None:
    """Draw counts and the wall; it looks again by itself."""
    given = asking.written(context.project, round_)
    counts = Counter(entry.place for entry in given)
    enough = sum(counts[place] >= round_.wanted for place in range(len(round_.rows)))
    cells = st.columns(3)
    cells[0].metric(t("Questions"), len(given), border=True)
    cells[1].metric(t("People"), len({entry.person for entry in given}), border=True)
    cells[2].metric(
        t("Answers done"),
        f"{enough} / {len(round_.rows)}",  # the words of a language would be cut at 1280 px
        help=t("Answers with {count} questions or more.", count=round_.wanted),
        border=True,
    )
    dataset = session.dataset_of(round_.dataset_id)
    st.dataframe(
        {
            t("Answer"): [one_line(dataset.answers[row], _COLUMNS) for row in round_.rows],
            t("Questions"): [counts[place] for place in range(len(round_.rows))],
        },
        hide_index=True,
        height=180,
        column_config={
            t("Answer"): st.column_config.TextColumn(width="large"),
            t("Questions"): st.column_config.ProgressColumn(
                width=180,
                format="%d",
                min_value=0,
                max_value=max(round_.wanted, *counts.values(), 1),
            ),
        },
        key="collect_counts",
    )
    if not given:
        st.caption(t("The questions appear here as they are written."))
    with st.container(horizontal=True, gap="small", key="collect_wall"):
        for entry in given[: -_WALL - 1 : -1]:
            with st.container(border=True, width="content", gap=None):
                st.markdown(plain(one_line(entry.text, 120)))


def _review(context: Context, round_: AskRound) -> None:
    found = asking.review(context.project, round_)
    if not found:
        st.info(t("Nobody wrote a question in this round."), icon=":material/inbox:")
        return
    st.markdown(
        t(
            N_n(
                "**{count} question came.** Take out what is no customer's "
                "question. What is nearly the answer's own words teaches nothing; "
                "personal data are masked where you take them.",
                "**{count} questions came.** Take out what is no customer's "
                "question. What is nearly the answer's own words teaches nothing; "
                "personal data are masked where you take them.",
            ),
            count=len(found),
        )
    )
    dataset = session.dataset_of(round_.dataset_id)
    edited = st.data_editor(
        {
            t("Take"): [not one.flags for one in found],
            t("Question"): [one_line(one.entry.text, _COLUMNS) for one in found],
            t("Look at"): [", ".join(t(FLAGS[flag]) for flag in one.flags) for one in found],
            t("Answer"): [one_line(dataset.answers[one.entry.answer], _COLUMNS) for one in found],
            t("By"): [one.entry.person for one in found],
        },
        hide_index=True,
        height=min(38 + 35 * len(found), 420),
        disabled=[t("Question"), t("Look at"), t("Answer"), t("By")],
        column_config={
            t("Take"): st.column_config.CheckboxColumn(width=60),
            t("Question"): st.column_config.TextColumn(width="large"),
            t("Look at"): st.column_config.TextColumn(width=180),
        },
        key=f"collect_review_{round_.id}",
    )
    take = [bool(value) for value in list(edited[t("Take")])]  # type: ignore[call-overload]
    chosen = [one.entry.token for one, taken in zip(found, take, strict=True) if taken]
    use = choose_use("collect", asking.WHERE_IT_FITS)
    if st.button(
        t(N_n("Take in {count} question", "Take in {count} questions"), count=len(chosen)),
        type="primary",
        icon=":material/playlist_add:",
        key="collect_take",
        **only(CHANGE, disabled=not chosen),
    ):
        with errors_shown():
            with st.spinner(t("Saving the data"), show_time=True):
                remember_taken(
                    asking.take_in_questions(
                        context.project, round_, chosen, session.who(), use=use
                    )
                )
            st.rerun()
