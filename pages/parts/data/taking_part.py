"""What somebody sees who came by the link of a round: one answer at a time, and nothing else."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Literal

import streamlit as st

from core.errors import AppError
from core.journey.people import asking
from core.journey.people.asking import JudgingTask
from core.journey.projects import Project
from core.types import QADataset
from core.types.asked_rounds import (
    CANNOT_JUDGE,
    CLOSED,
    COLLECT,
    PARTLY,
    RIGHT_ANSWER,
    WRONG_ANSWER,
    AskRound,
)
from core.types.judgements import WITHDRAWN
from pages.parts import session
from pages.parts.errors import attempt, guarded, show_error, show_failed_attempt
from pages.parts.invitation import way_back
from pages.parts.sign_in import BROWSER, JOIN, ME, signed_in_name
from pages.parts.translate import plain, t

_SCROLLS_FROM, _HEIGHT = 420, 260  # letters of an answer, and pixels of its box from there on
_MOST_LETTERS = 300  # of a question, as customers write them
_MARK = " #"  # before what tells two people of one name apart


def taking_part() -> None:
    """Draw the round of the link: writing questions or judging results."""
    try:
        project, round_ = asking.round_of_link(session.workspace(), st.query_params.get(JOIN, ""))
        ended = CLOSED in asking.steps_of(project, round_)
    except AppError as error:
        show_error(error)
        return
    collects = round_.kind == COLLECT
    st.header(t("How would you ask?") if collects else t("Right or wrong?"), anchor=False)
    person = _person(round_.id)
    if ended:
        _over(project)
    elif not person:
        _ask_name(collects)
    elif collects:
        _collect(project, round_, person)
    else:
        _judge(project, round_, person)


def _person(round_id: str) -> str:
    """Return who takes part, "" where nobody said; two people of one name count as two.

    A name that this browser remembers (from a vote, for example) was never told apart from others.
    The sign that it gets is the same whenever this browser comes to this round.
    """
    person = session.given_name()
    if not person or signed_in_name() is not None or _name_of(person) != person:
        return person
    browser = st.context.cookies.get(BROWSER) or secrets.token_hex(8)
    sign = hashlib.sha256(f"{round_id}\0{browser}\0{person}".encode()).hexdigest()[:4]
    return _told_apart(person, sign)


def _told_apart(name: str, sign: str) -> str:
    known = f"{name}{_MARK}{sign}"
    st.session_state["who"] = st.query_params[ME] = known
    return known


def _ask_name(collects: bool) -> None:
    if collects:
        st.markdown(
            t(
                "You will see answers, one at a time. Write how a customer would ask for each, in "
                "their own words: a question, keywords, or a complaint."
            )
        )
    else:
        st.markdown(
            t(
                "You will see a question and one answer at a time. Say whether the answer is "
                "right, partly right or wrong for this question. Where it comes from is not shown."
            )
        )

    def keep() -> None:
        name = " ".join(str(st.session_state.get("join_name") or "").split())[:60]
        if name:
            _told_apart(name, secrets.token_hex(2))

    with st.form("join", border=False):
        st.text_input(t("Your name"), key="join_name", max_chars=60)
        label = t("Begin")
        st.form_submit_button(label, type="primary", width="stretch", key="join_go", on_click=keep)


def _name_of(person: str) -> str:
    """Return what somebody typed as their name."""
    return re.sub(rf"{_MARK}[0-9a-f]{{4}}$", "", person)


def _over(project: Project) -> None:
    st.info(t("This round is closed. Thank you for taking part!"), icon=":material/celebration:")
    _back(project)


def _back(project: Project) -> None:
    """Offer the way back; who came with a name keeps it there."""

    def keep_name() -> None:
        if signed_in_name() is None:
            st.session_state["who"] = _name_of(session.given_name())

    way_back(project, JOIN, ME, key="join_leave", first=keep_name)


def _foot(project: Project, person: str, keys: str) -> None:
    st.caption(t("You take part as {name}.", name=plain(_name_of(person))) + " " + keys)
    with st.container(horizontal=True):
        if signed_in_name() is None:

            def forget() -> None:
                st.session_state["who"] = ""
                st.query_params.pop(ME, None)

            label = t("I am somebody else")
            st.button(label, type="tertiary", key="join_other", on_click=forget)
        _back(project)


def _text_box(title: str, text: str, key: str) -> None:
    tall: int | Literal["content"] = _HEIGHT if len(text) > _SCROLLS_FROM else "content"
    with st.container(border=True, key=key, height=tall, gap="xsmall"):
        st.caption(title)
        st.markdown(plain(text))


def _dataset(round_: AskRound) -> QADataset:
    return session.dataset_of(round_.dataset_id)


@st.fragment
@guarded
def _collect(project: Project, round_: AskRound, person: str) -> None:
    """Draw one answer with the field; sending redraws this part of the page only."""
    show_failed_attempt()
    skips = f"skipped_{round_.id}"
    skipped: frozenset[int] = st.session_state.get(skips, frozenset())
    task = asking.collecting_task(project, round_, person, skipped)
    st.caption(
        t("{own} by you · {all} by everybody", own=task.own, all=task.everybody),
        text_alignment="right",
    )
    if task.place is None:
        st.success(t("You have been through all answers. Thank you!"), icon=":material/done_all:")
    else:
        place = task.place
        answer = _dataset(round_).answers[round_.rows[place]]
        _text_box(t("An answer that customers look for"), answer, "asked_answer")

        def send() -> None:
            text = str(st.session_state.get("written") or "").strip()
            if text:
                # Of the text, too: whoever types on while the page is drawn loses nothing.
                token = hashlib.sha256(f"{marked}\0{text}".encode()).hexdigest()[:32]
                attempt(asking.write_question, project, round_, place, person, text, token)

        marked = asking.new_token()
        with st.form("write", clear_on_submit=True, border=False):
            st.text_input(
                t("How would a customer ask for this? In their words, not in those of the answer."),
                key="written",
                max_chars=_MOST_LETTERS,
            )
            st.form_submit_button(
                t("Send, next answer"),
                type="primary",
                icon=":material/send:",
                width="stretch",
                key="write_send",
                on_click=send,
            )
    with st.container(horizontal=True):
        if task.place is not None:

            def skip(place: int) -> None:
                st.session_state[skips] = skipped | {place}

            label = t("Skip this answer")
            st.button(
                label,
                type="tertiary",
                icon=":material/skip_next:",
                key=f"write_skip_{task.place}",
                on_click=skip,
                args=(task.place,),
            )
        st.button(
            t("Take my last question back"),
            type="tertiary",
            icon=":material/undo:",
            key="write_back",
            disabled=not task.last,
            on_click=attempt,
            args=(asking.take_question_back, project, round_, person, task.last),
        )
    _foot(project, person, t("Enter sends the question and shows the next answer."))


@st.fragment
@guarded
def _judge(project: Project, round_: AskRound, person: str) -> None:
    """Draw one pair; a key or a touch redraws this part of the page only."""
    show_failed_attempt()
    task = asking.next_judgement(project, round_, person)
    st.progress(
        task.done / max(round_.pairs, 1),
        text=t(
            "{own} by you · {done} of {all} pairs judged by somebody",
            own=task.given,
            done=task.done,
            all=round_.pairs,
        ),
    )
    if task.place < 0:
        st.success(t("Nothing is left to judge for you. Thank you!"), icon=":material/done_all:")
    else:
        dataset = _dataset(round_)
        _text_box(t("Question"), dataset.questions[round_.rows[task.place]], "judged_question")
        title = t("Answer {number} of {of} for this question", number=task.number, of=task.of)
        _text_box(title, dataset.answers[task.answer], "judged_answer")
        _words(project, round_, task, person)
    last = task.last or (-1, -1)
    with st.container(horizontal=True):
        st.button(
            t("Back: change my last one"),
            type="tertiary",
            icon=":material/undo:",
            key="judge_back",
            shortcut="Z",
            disabled=task.last is None,
            on_click=attempt,
            args=(asking.judge, project, round_, *last, person, WITHDRAWN, asking.new_token()),
        )
    _foot(project, person, t("Keys: 1 right, 2 partly, 3 wrong, 0 cannot say, Z back."))


def _words(project: Project, round_: AskRound, task: JudgingTask, person: str) -> None:
    choices = (
        (RIGHT_ANSWER, t("Right"), ":material/check:", "1"),
        (PARTLY, t("Partly"), ":material/contrast:", "2"),
        (WRONG_ANSWER, t("Wrong"), ":material/close:", "3"),
    )
    token = asking.new_token()
    given = (asking.judge, project, round_, task.place, task.answer, person)
    with st.container(horizontal=True, gap="small", key="judge_words"):
        for word, label, icon, key in choices:
            st.button(
                label,
                icon=icon,
                type="primary" if word == RIGHT_ANSWER else "secondary",
                width="stretch",
                shortcut=key,
                key=f"judge_{word}_{task.place}_{task.number}",
                on_click=attempt,
                args=(*given, word, token),
            )
    st.button(
        t("I cannot say"),
        type="tertiary",
        shortcut="0",
        key=f"judge_pass_{task.place}_{task.number}",
        on_click=attempt,
        args=(*given, CANNOT_JUDGE, token),
    )
