"""Comments on one question, and the report of a label that looks wrong."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.journey import decisions
from core.journey.compare import AnswerMove
from core.journey.decisions import LONGEST
from core.types import QADataset
from core.types.judgements import BAD_LABEL, COMMENT, SETTLED, QuestionNote
from pages.parts import session
from pages.parts.compare.side_by_side import shortened
from pages.parts.errors import attempt, show_failed_attempt, succeeds
from pages.parts.page import Context
from pages.parts.translate import moment, plain, t

_LENGTH = 100  # letters of an answer in the choice


def question_notes(context: Context, question: int, moves: Sequence[AnswerMove]) -> None:
    """Draw what people wrote about a question, and the two ways to add to it.

    Parameters
    ----------
    question : int
        Row of the dataset.
    moves : sequence of AnswerMove
        Answers of both lists, of which any may be judged wrongly.
    """
    show_failed_attempt()
    text = context.dataset.questions[question]
    written = decisions.notes_on(context.project, text)
    for note in written:
        st.markdown(_said(note))
    left, right = st.columns(2)
    with left, st.popover(t("Comment"), icon=":material/comment:", width="stretch"):
        _comment(context, question, text)
    with right, st.popover(t("Mark as bad label"), icon=":material/flag:", width="stretch"):
        _report(context, question, moves)


def _said(note: QuestionNote) -> str:
    values = {"who": plain(note.who), "at": moment(note.at), "note": plain(note.text)}
    values["answer"] = plain(shortened(note.answer, _LENGTH))
    words = {
        COMMENT: t("{who}, {at}: {note}", **values),
        BAD_LABEL: t("{who}, {at}, doubts the label of “{answer}”: {note}", **values),
        SETTLED: t("{who}, {at}, settled the doubt about “{answer}”.", **values),
    }
    icons = {COMMENT: "comment", BAD_LABEL: "flag", SETTLED: "check"}
    return f":material/{icons[note.kind]}: {words[note.kind]}"


def _comment(context: Context, row: int, question: str) -> None:
    key = f"comment_{row}"

    def keep() -> None:
        said = st.session_state.get(key) or ""
        if succeeds(decisions.add_comment, context.project, question, said, session.who()):
            st.session_state[key] = ""

    st.text_area(t("Your comment"), key=key, max_chars=LONGEST)
    st.button(t("Keep"), key="comment_keep", icon=":material/save:", on_click=keep)


def _report(context: Context, question: int, moves: Sequence[AnswerMove]) -> None:
    dataset = context.dataset
    right = [int(answer) for answer in dataset.right_answers(question)]
    choices = list(dict.fromkeys([*right, *(move.answer for move in moves)]))
    answer = st.selectbox(
        t("Which answer is judged wrongly?"),
        choices,
        format_func=lambda a: _option(dataset, a, a in right),
        key=f"report_answer_{question}",
    )
    reason = st.text_input(
        t("What is wrong?"), key=f"report_reason_{question}_{answer}", max_chars=LONGEST
    )
    pair = dataset.questions[question], dataset.answers[answer]
    place = context.project, pair
    open_reports = decisions.reported_pairs(context.project)
    with st.container(horizontal=True):
        st.button(
            t("Report"),
            key="report_keep",
            icon=":material/flag:",
            disabled=not reason.strip(),
            on_click=attempt,
            args=(decisions.report_label, *place, reason, session.who()),
        )
        if pair in open_reports:
            st.button(
                t("Take the report back"),
                key="report_settle",
                icon=":material/undo:",
                type="tertiary",
                on_click=attempt,
                args=(decisions.settle_report, *place, session.who()),
            )
    st.caption(
        t(
            "The pair goes to the Labels page, list “Reported on the Compare page”. The verdict "
            "stays as it is; correct your file and import it again for a fair new test."
        )
    )


def _option(dataset: QADataset, answer: int, right: bool) -> str:
    text = shortened(dataset.answers[answer], _LENGTH)
    return (
        t("right in your data: {answer}", answer=text)
        if right
        else t("not right in your data: {answer}", answer=text)
    )
