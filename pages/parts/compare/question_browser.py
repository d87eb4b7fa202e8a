"""Questions that were won or lost, one by one, with what people say about them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.errors import ComparisonError
from core.journey import decisions
from core.journey.compare import (
    REGIME_TEXTS,
    TIE_MARGIN,
    AnswerMove,
    QuestionChange,
    answer_moves,
    wins_and_losses,
)
from core.journey.data import find_questions
from core.journey.decisions import LONGEST
from core.messages import N_
from core.reporting.charts.chart import one_line
from core.types import REGIMES, Comparison, QADataset
from core.types.judgements import BAD_LABEL, COMMENT, SETTLED, QuestionNote
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.cached import cached
from pages.parts.compare.side_by_side import side_by_side
from pages.parts.compare.two_lists import two_lists
from pages.parts.deep_links import filter_in_address
from pages.parts.errors import attempt, guarded, show_error, show_failed_attempt, succeeds
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import moment, plain, shortened, t, unbroken

_PAGE = 200  # questions sent to the browser at once, each as much as fits into a line
_COLUMNS = 300
_PICK = "compare_pick"
_HEIGHT = 430  # pixels of the list: it stands beside the two lists of one question
_LENGTH = 100  # letters of an answer in the choice


@st.fragment
@guarded
def question_browser(context: Context, comparison: Comparison) -> None:
    """Draw the list of held-out questions, and beside it the two result lists of one of them.

    A fragment: looking at another question redraws this part only.
    """
    try:
        changes = cached(lambda: wins_and_losses(comparison), "wins", comparison.id)
    except ComparisonError as error:
        show_error(error)
        return
    dataset = context.dataset
    every = filtered(dataset, changes)
    left, right = st.columns([0.42, 0.58], gap="medium")
    with left:
        listed = _list(dataset, every, len(changes), comparison.run_id) or changes[:_PAGE]
    with right:
        change = _choice(dataset, comparison, changes, listed)
        moves = answer_moves(dataset, comparison, change.position)
        two_lists(dataset, moves, "held_out", (change.before_rank, change.after_rank))
        question_notes(context, change.question, moves)
    _texts(dataset, change.question)
    full = st.expander(
        t("The first ten in full, with scores"),
        icon=":material/format_list_numbered:",
        key="held_out_in_full",
        on_change="rerun",
    )
    if full.open:
        with full:
            side_by_side(
                dataset, moves, f"held_{change.position}", dataset.questions[change.question]
            )


def _choice(
    dataset: QADataset,
    comparison: Comparison,
    changes: Sequence[QuestionChange],
    listed: Sequence[QuestionChange],
) -> QuestionChange:
    """Draw the choice of a question, and say what became of it."""
    by_position = {change.position: change for change in changes}
    if st.session_state.get(_PICK) not in by_position:
        st.session_state.pop(_PICK, None)
    offered = [change.position for change in listed]
    picked = st.session_state.get(_PICK)

    def words(p: int) -> str:
        change = by_position[p]
        asked = one_line(dataset.questions[change.question], _COLUMNS)
        # Cross-fitted, a question is there once per regime: the browser tells options by words.
        regime = f" · {t(REGIME_TEXTS[change.regime].title)}" if comparison.folds else ""
        return f"{_kind_of(change).mark} {asked}{regime}"

    position = st.selectbox(
        t("Question"),
        offered if picked is None or picked in offered else [picked, *offered],
        format_func=words,
        key=_PICK,
        help=t("The questions of the list; search there to find another one."),
    )
    change = by_position[position]
    st.caption(
        t(
            "{kind} · {outcome}: the best right answer was on rank {before}, now it is on rank "
            "{after}.",
            kind=t(REGIME_TEXTS[change.regime].title),
            outcome=t(_kind_of(change).title),
            before=change.before_rank,
            after=change.after_rank,
        )
    )
    return change


def _texts(dataset: QADataset, question: int) -> None:
    """Draw the question and its right answers in full, folded away."""
    with st.expander(t("Question and right answers in full"), icon=":material/article:"):
        st.caption(t("Question (row {row} of your file)", row=int(dataset.question_row[question])))
        st.text(unbroken(dataset.questions[question]))
        for answer in dataset.right_answers(question):
            st.caption(t("Answer, right according to your data"))
            st.text(unbroken(dataset.answers[int(answer)]))


def _list(
    dataset: QADataset, every: Sequence[QuestionChange], count: int, run_id: str
) -> Sequence[QuestionChange]:
    """Draw one page of the list and return its questions.

    Parameters
    ----------
    every : sequence of QuestionChange
        Those that the filters let through.
    count : int
        All there are.
    """
    import pandas as pd

    if not every:
        st.info(t("No question is of this kind."), icon=":material/filter_alt_off:")
        return ()
    pages = math.ceil(len(every) / _PAGE)
    # Another list starts on its first page, and rows that moved keep no selection made elsewhere.
    of_list = f"wins_{run_id}_{hash(tuple(change.position for change in every))}"
    page = st.session_state.get(f"{of_list}_page", 1) if pages > 1 else 1
    shown = every[(page - 1) * _PAGE : page * _PAGE]
    key = f"{of_list}_{page}"

    def choose() -> None:
        picked = st.session_state[key].selection.rows
        if picked and picked[0] < len(shown):
            st.session_state[_PICK] = shown[picked[0]].position

    categories = dataset.attributes.get("category", ())
    st.caption(
        t(
            "{count} of {all} questions. Select a row to see its answers beside the list.",
            count=len(every),
            all=count,
        )
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(
            {
                "what": [_kind_of(change).mark for change in shown],
                "question": [
                    one_line(dataset.questions[change.question], _COLUMNS) for change in shown
                ],
                "before": [change.before_rank for change in shown],
                "after": [change.after_rank for change in shown],
                "change": [round(change.change, 3) for change in shown],
                "regime": [t(REGIME_TEXTS[change.regime].title) for change in shown],
                "category": [categories[change.question] if categories else "" for change in shown],
            }
        ),
        hide_index=True,
        height=_HEIGHT,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        column_config={
            "what": st.column_config.TextColumn(
                "", width=30, help=t("What happened: the signs are those of the filters above.")
            ),
            "question": st.column_config.TextColumn(t("Question"), width=190),
            "before": number(t("Rank before"), width=95, help=_rank_help()),
            "after": number(t("Rank after"), width=90, help=_rank_help()),
            "change": number(
                t("Change"), width=80, help=t("Change of nDCG@10 on this question."), format="%+.3f"
            ),
            "regime": st.column_config.TextColumn(t("Kind of question")),
            "category": st.column_config.TextColumn(t("Category")) if categories else None,
        },
        alt=t("Held-out questions, what became of each, and the ranks of its right answer."),
    )
    if pages > 1:
        st.pagination(pages, key=f"{of_list}_page", width="stretch")
    return shown


def _rank_help() -> str:
    return t("Rank of the best placed right answer among all answers; 1 is the first.")


@dataclass(frozen=True)
class Kind:
    """What became of a question, and how the list is narrowed to it."""

    title: str
    mark: str
    holds: Callable[[QuestionChange], bool]


# Each question is of one kind, the first that holds: counts add up, several may be chosen.
KINDS = {
    "lost": Kind(N_("Right answer lost"), "✗", lambda change: change.lost),
    "worse": Kind(N_("Worse"), "↓", lambda change: change.change < -TIE_MARGIN),
    "found": Kind(N_("Right answer found"), "✓", lambda change: change.found),
    "better": Kind(N_("Better"), "↑", lambda change: change.change > TIE_MARGIN),
    "same": Kind(N_("Unchanged"), "=", lambda change: True),
}


@dataclass(frozen=True)
class Order:
    """One order of the list."""

    title: str
    key: Callable[[QuestionChange], tuple[float, ...]]


def _telling(change: QuestionChange) -> tuple[float, ...]:
    """Sort losses before gains, and each kind from its strongest case."""
    return list(KINDS.values()).index(_kind_of(change)), -abs(change.change), -change.before_rank


ORDERS = {
    "telling": Order(N_("Losses first, each kind from its strongest case"), _telling),
    "gains": Order(N_("Largest gains first"), lambda change: (-change.change, -change.before_rank)),
    "after": Order(N_("Worst rank now first"), lambda change: (-change.after_rank,)),
    "file": Order(N_("As in your file"), lambda change: (change.question,)),
}


def _kind_of(change: QuestionChange) -> Kind:
    """Return what became of a question."""
    return next(kind for kind in KINDS.values() if kind.holds(change))


def filtered(dataset: QADataset, changes: Sequence[QuestionChange]) -> list[QuestionChange]:
    """Draw the filters and return the questions that pass, in the order asked for."""
    kinds = [_kind_of(change) for change in changes]
    counts = {key: kinds.count(kind) for key, kind in KINDS.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.pills(
            t("Show"),
            [key for key in KINDS if counts[key]],
            selection_mode="multi",
            format_func=lambda key: f"{KINDS[key].mark} {t(KINDS[key].title)} ({counts[key]})",
            key="wins_filter",
            on_change=filter_in_address("shown", "wins_filter", KINDS, several=True),
            help=t("Choose one or several; all questions where nothing is chosen."),
        )
        regimes = [r for r in REGIMES if any(change.regime == r for change in changes)]
        regime = st.pills(
            t("Kind of question"),
            regimes,
            format_func=lambda key: t(REGIME_TEXTS[key].title),
            key="wins_regime",
            on_change=filter_in_address("kind", "wins_regime", regimes),
        )
    wanted = [KINDS[key] for key in chosen or ()]
    shown = [
        change
        for change, kind in zip(changes, kinds, strict=True)
        if (not wanted or kind in wanted) and regime in {None, change.regime}
    ]
    search, category, order = st.columns([1.2, 1, 1.2])
    shown = _with_words(dataset, shown, search)
    shown = _of_category(dataset, changes, shown, category)
    key = order.selectbox(
        t("Order"),
        list(ORDERS),
        format_func=lambda key: t(ORDERS[key].title),
        key="wins_order",
        on_change=filter_in_address("order", "wins_order", ORDERS),
    )
    return sorted(shown, key=ORDERS[key].key)


def _with_words(
    dataset: QADataset, shown: list[QuestionChange], place: st.delta_generator.DeltaGenerator
) -> list[QuestionChange]:
    words = place.text_input(
        t("Search in question and right answer"), key="wins_words", max_chars=200
    )
    if not words.strip():
        return shown
    matching = set(find_questions(dataset, words, dataset.judged_rows).tolist())
    return [change for change in shown if change.question in matching]


def _of_category(
    dataset: QADataset,
    changes: Sequence[QuestionChange],
    shown: list[QuestionChange],
    place: st.delta_generator.DeltaGenerator,
) -> list[QuestionChange]:
    every = dataset.attributes.get("category", ())
    names = sorted({str(every[c.question]) for c in changes if every and every[c.question]})
    chosen = place.selectbox(
        t("Category"),
        names,
        index=None,
        placeholder=t("all") if names else t("not in your data"),
        disabled=not names,
        key="wins_category",
        on_change=filter_in_address("category", "wins_category", names),
    )
    if chosen is None:
        return shown
    return [change for change in shown if str(every[change.question]) == chosen]


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
    st.button(t("Keep"), key="comment_keep", icon=":material/save:", on_click=keep, **only(CHANGE))


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
    key = f"report_reason_{question}_{answer}"
    reason = st.text_input(t("What is wrong?"), key=key, max_chars=LONGEST)
    pair = dataset.questions[question], dataset.answers[answer]
    place = context.project, pair
    open_reports = decisions.reported_pairs(context.project)

    def report() -> None:  # what was typed last comes with the click
        decisions.report_label(*place, st.session_state[key], session.who())

    with st.container(horizontal=True):
        st.button(
            t("Report"),
            key="report_keep",
            icon=":material/flag:",
            on_click=attempt,
            args=(report,),
            **only(CHANGE, disabled=not reason.strip()),
        )
        if pair in open_reports:
            st.button(
                t("Take the report back"),
                key="report_settle",
                icon=":material/undo:",
                type="tertiary",
                on_click=attempt,
                args=(decisions.settle_report, *place, session.who()),
                **only(CHANGE),
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
