"""Judge results: pools for open questions, a link for the room, agreement, and into the data."""

from __future__ import annotations

import streamlit as st

from core.journey.people import asking
from core.journey.people.asking import FAIR, GOOD, JudgingProgress
from core.messages import N_
from core.reporting.charts.chart import one_line
from core.types.asked_rounds import (
    JUDGE,
    PARTLY,
    RIGHT_ANSWER,
    TAKEN_IN,
    WRONG_ANSWER,
    AskRound,
)
from core.types.rights import CHANGE, DECIDE
from pages.parts import session
from pages.parts.data.ask_rounds import (
    choose_use,
    invitation,
    is_closed,
    remember_taken,
)
from pages.parts.errors import errors_shown, guarded, show_failed_attempt
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import t

_COLUMNS = 300  # letters of a text in a table
_WORDS = {RIGHT_ANSWER: N_("right"), PARTLY: N_("partly right"), WRONG_ANSWER: N_("wrong")}


def judging(context: Context) -> None:
    """Draw the round that runs, what people say in one that is closed, or the start of one."""
    show_failed_attempt()
    rounds = asking.rounds(context.project, JUDGE)
    newest = rounds[0] if rounds else None
    if newest is not None and not is_closed(context, newest):
        left, right = st.columns([1, 2], gap="large")
        with left:
            invitation(context, newest, "judge")
        with right:
            _live(context, newest)
        return
    if newest is not None and TAKEN_IN not in asking.steps_of(context.project, newest):
        _outcome(context, newest)
        with st.expander(t("Start another round"), icon=":material/add:"):
            _start(context)
        return
    st.markdown(
        t(
            "**Let people judge results for open questions.** The first answers of every system "
            "are pooled and shown one at a time, without saying who found them. A question whose "
            "right answer is known teaches far more than an open one."
        )
    )
    _start(context)


def _start(context: Context) -> None:
    count = len(context.dataset.open_rows)
    if not count:
        st.info(
            t(
                "There are no open questions. Add a search log under “Open questions” first: a "
                "file with a column of questions."
            ),
            icon=":material/inbox:",
        )
        return
    cells = st.columns(3)
    most = min(asking.MOST_QUESTIONS, count)
    questions = cells[0].number_input(
        t("Questions to judge"),
        1,
        most,
        min(asking.QUESTIONS, most),
        key="judge_questions",
        help=t(
            "What decides most comes first: where systems disagree, what is asked often, and not "
            "twice about the same thing."
        ),
    )
    depth = cells[1].number_input(
        t("First answers of each system"), 1, asking.MOST_DEPTH, asking.DEPTH, key="judge_depth"
    )
    wanted = cells[2].number_input(
        t("People for each question"),
        1,
        20,
        asking.JUDGES,
        key="judge_wanted",
        help=t("With two or more the app can say how far people agree."),
    )

    def start() -> None:
        asking.start_judging(
            context.project,
            session.who(),
            questions=int(questions),
            depth=int(depth),
            wanted=int(wanted),
        )

    if st.button(
        t("Open a round"),
        type="primary",
        icon=":material/qr_code_2:",
        key="judge_start",
        **only(DECIDE),
    ):
        with errors_shown():
            with st.spinner(t("Searching with every system …"), show_time=True):
                start()
            st.rerun()


@st.fragment(run_every="3s")
@guarded
def _live(context: Context, round_: AskRound) -> None:
    """Draw how far the judging is; it looks again by itself."""
    state = asking.judging_progress(context.project, round_)
    _figures(round_, state)
    st.caption(t("Pooled: {systems}.", systems=", ".join(t(title) for title in round_.systems)))


def _figures(round_: AskRound, state: JudgingProgress) -> None:
    st.progress(
        state.pairs / max(state.of, 1),
        text=t("{pairs} of {of} pairs judged", pairs=state.pairs, of=state.of),
    )
    cells = [*st.columns(2), *st.columns(2)]
    cells[0].metric(
        t("Questions done"),
        f"{state.complete} / {len(round_.rows)}",  # as in the round of questions
        border=True,
    )
    cells[1].metric(t("People"), state.people, border=True)
    cells[2].metric(
        t("Disputed pairs"),
        state.disputed,
        help=t("Somebody says right, somebody says wrong."),
        border=True,
    )
    found = state.agreement
    cells[3].metric(
        t("Agreement (alpha)"),
        "–" if found is None else f"{found.alpha:.2f}",
        help=t(
            "Krippendorff's alpha: 1 = people always say the same, 0 = as chance would have it. "
            "Rely on 0.8 and more, be careful from 0.667 on."
        ),
        border=True,
    )
    if found is None:
        st.caption(t("Agreement shows as soon as two people have judged the same pairs."))
        return
    words = t("People agree well") if found.alpha >= GOOD else t("People agree fairly")
    if found.alpha < FAIR:
        words = t("People hardly agree: talk about what counts as right")
    interval = t(
        "between {low} and {high}, from {pairs} pairs",
        low=f"{found.low:.2f}",
        high=f"{found.high:.2f}",
        pairs=found.pairs,
    )
    st.caption(f"{words} ({interval}).")


def _outcome(context: Context, round_: AskRound) -> None:
    state = asking.judging_progress(context.project, round_)
    if not state.found:
        st.info(t("Nobody judged anything in this round."), icon=":material/inbox:")
        return
    _figures(round_, state)
    dataset = session.dataset_of(round_.dataset_id)
    listed = sorted(state.found, key=lambda pair: (not pair.disputed, pair.place, -pair.mean))
    st.dataframe(
        {
            t("Question"): [
                one_line(dataset.questions[round_.rows[p.place]], _COLUMNS) for p in listed
            ],
            t("Answer"): [one_line(dataset.answers[p.answer], _COLUMNS) for p in listed],
            t("People say"): [t(_WORDS[p.word]) for p in listed],
            t("Voices"): [p.voices for p in listed],
            t("Disputed"): [p.disputed for p in listed],
        },
        hide_index=True,
        height=320,
        column_config={
            t("Question"): st.column_config.TextColumn(width="medium"),
            t("Answer"): st.column_config.TextColumn(width="large"),
        },
        key=f"judge_outcome_{round_.id}",
    )
    use = choose_use("judge", asking.TO_LEARN)
    if use != asking.TO_LEARN:
        st.caption(
            t(
                "Answers outside of the pools stay unjudged. Beside nDCG, the page Compare then "
                "shows judged-only nDCG and bpref (All systems, “Questions with judged answers”)."
            )
        )
    if st.button(
        t("Take the judged questions in"),
        type="primary",
        icon=":material/playlist_add:",
        key="judge_take",
        **only(CHANGE),
    ):
        with errors_shown():
            with st.spinner(t("Saving the data"), show_time=True):
                account = asking.take_in_judged(context.project, round_, session.who(), use=use)
                remember_taken(account)
            st.rerun()
