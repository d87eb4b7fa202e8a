"""What came of an import: figures, how the questions are used, what to look at, the texts."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import WorkspaceError
from core.journey import data
from core.journey.data import FoundRows, findings
from core.journey.experts import scoring_report
from core.messages import Message, N_n
from core.reporting.charts.chart import one_line
from core.reporting.charts.data_charts import split_picture
from core.types import CROSS_FIT, SPLIT
from core.types.rights import CHANGE
from core.types.sufficiency import (
    LEARN_TITLES,
    NO,
    PROVE_TITLES,
    WITH_TEACHER,
    YES,
    Sufficiency,
)
from pages.parts.cached import cached
from pages.parts.charts import show_chart
from pages.parts.data.ask_rounds import show_taken
from pages.parts.data.browser import browse
from pages.parts.data.collecting import collecting
from pages.parts.data.erasing import erase_texts
from pages.parts.data.judging import judging
from pages.parts.data.open_questions import open_questions
from pages.parts.data.personal_data import personal_data
from pages.parts.data.written import written_questions
from pages.parts.errors import show_warnings
from pages.parts.page import Context, tab_bar
from pages.parts.receipt import show_receipt
from pages.parts.rights import only
from pages.parts.translate import plain, t, tm

_TAB_NAMES = ("texts", "open", "written", "collect", "judge", "look", "set-aside", "erase")
_LISTED, _COLUMNS = 300, 300  # rows sent to the browser, and how much of each text


def overview(context: Context, replacing: str) -> None:
    """Draw what a project's data are.

    Parameters
    ----------
    replacing : str
        Name of the session value that opens the upload again.

    Raises
    ------
    WorkspaceError
        If the dataset is damaged.
    """
    dataset = context.dataset
    report, found, aside = cached(
        lambda: _account(context, dataset.id),
        "import",
        *data.import_stamp(context.workspace, dataset.id),
    )
    try:
        scoring = scoring_report(context.project)
    except WorkspaceError:  # the page Experts says so
        scoring = None
    allowed = data.what_data_allow(dataset, scoring)
    data.keep_what_data_allow(context.project, allowed)
    _allowed(allowed)
    show_receipt()
    show_taken()  # above the tabs: with other data these are drawn anew
    personal_data(context)
    _figures(report.get("summary", {}))
    if count := len(dataset.wrong_question):
        st.caption(
            t(
                N_n(
                    "{count} pair is known to be wrong. Tuning shows a model this "
                    "answer beside the right ones, so that it learns to tell them "
                    "apart.",
                    "{count} pairs are known to be wrong. Tuning shows a model these "
                    "answers beside the right ones, so that it learns to tell them "
                    "apart.",
                ),
                count=f"{count:,}",
            )
        )
    _actions(replacing)
    show_warnings([Message.from_json(warning) for warning in report.get("warnings", ())])
    _split(dataset.split_counts(), take_turns=allowed.prove == CROSS_FIT)
    texts, opened, written, collect, judge, look, left_out, erase = tab_bar(
        "data_tabs",
        [
            t("Questions and answers"),
            t("Open questions ({count})", count=len(dataset.open_rows)),
            t("Written questions ({count})", count=len(dataset.written_rows)),
            t("Collect questions"),
            t("Judge results"),
            t("Worth a look ({count})", count=len(found)),
            t("Rows set aside ({count})", count=len(aside)),
            t("Erase texts"),
        ],
        _TAB_NAMES,
    )
    with texts:
        browse(dataset)
    with opened:
        open_questions(context)
        _logs(report)
    with written:
        written_questions(context)
    for tab, draw in ((collect, collecting), (judge, judging)):
        if tab.open:  # what looks again by itself does so only where it is seen
            with tab:
                draw(context)
    with look:
        _worth_a_look(found)
    with left_out:
        _set_aside(aside)
    with erase:
        erase_texts(context)


def _logs(report: dict[str, Any]) -> None:
    """Draw what became of the files whose questions are open questions now."""
    for account in data.open_accounts(report):
        with st.expander(t("What became of {file}", file=plain(account.file))):
            st.markdown("\n".join(f"- {plain(tm(told))}" for told in data.open_told(account)))


def _allowed(found: Sufficiency) -> None:
    """Draw whether the data are enough, and what would help most."""
    colours = {YES: "green", SPLIT: "green", CROSS_FIT: "green", WITH_TEACHER: "orange"}
    words = ((LEARN_TITLES[found.learn], found.learn), (PROVE_TITLES[found.prove], found.prove))
    with st.container(border=True, key="allowed", gap="xsmall"):
        line = [f":{colours.get(word, 'red')}[**{plain(t(title))}**]" for title, word in words]
        st.markdown(" · ".join(line))
        st.caption(f"{plain(tm(found.learn_text))} {plain(tm(found.prove_text))}")
        with st.expander(t("What would help most"), icon=":material/lightbulb:"):
            _helps(found)


def _helps(found: Sufficiency) -> None:
    if found.helps:
        sources = dict.fromkeys(plain(tm(one.then.data)) for one in found.helps)
        measured = t(
            "Measured elsewhere; on your data it will differ, and the comparison tells. {sources}",
            sources=" ".join(sources),
        )
        title = t(
            "What would help most, by the gain in nDCG@10 (with things as they are: {now})",
            now=plain(data.gain_text(found.helps[0].now.gain)),
        )
        st.markdown(f"**{title}**", help=measured)
        st.markdown("\n".join(f"- {plain(tm(one.text))}" for one in found.helps))
        return
    if found.learn == NO:
        text = t("More questions and answers: with so few there is nothing to compare.")
    else:
        text = t(
            "Nothing in particular. *Would more data help?* on the page Tune measures what further "
            "questions would bring."
        )
    st.markdown(text)


def _account(
    context: Context, dataset_id: str
) -> tuple[dict[str, Any], list[FoundRows], list[tuple[int, Message, str, str]]]:
    """Return what the import reported, what is worth a look, and the rows that were not taken."""
    report = data.import_report(context.workspace, dataset_id)
    return report, findings(report), data.set_aside_rows(report)


def _figures(summary: dict[str, Any]) -> None:
    cells = st.columns(5)
    figures = (
        (t("Questions"), summary.get("questions"), t("Different questions.")),
        (t("Answers"), summary.get("answers"), t("Different answers: what a search can find.")),
        (
            t("Answer groups"),
            summary.get("groups"),
            t("The same or nearly the same answers with all their questions count as one group."),
        ),
        (
            t("Rows taken"),
            summary.get("rows_taken"),
            t("Rows of your file that are used; repeated ones count here too."),
        ),
        (
            t("Rows set aside"),
            summary.get("rows_set_aside"),
            t("Rows that cannot be used. The last tab below says why, row by row."),
        ),
    )
    for cell, (title, value, meaning) in zip(cells, figures, strict=True):
        cell.metric(title, "–" if value is None else value, help=meaning, border=True)


def _actions(replacing: str) -> None:
    with st.container(horizontal=True):
        if st.button(t("Replace the data"), icon=":material/upload_file:", **only(CHANGE)):
            st.session_state[replacing] = True
            st.rerun()


def _split(counts: dict[str, tuple[int, int]], *, take_turns: bool) -> None:
    st.subheader(t("What is learned from, and what is kept for the test"), anchor=False)
    if take_turns:
        st.markdown(
            t(
                "With so few questions the verdict does not rest on one split: every question "
                "takes its turn as a test question (cross-fitting). This is the split of a single "
                "run."
            )
        )
    chart = cached(lambda: split_picture(counts, t), "split", tuple(counts.items()))
    show_chart(chart, key="split")
    known, unseen = st.columns(2)
    known.markdown(
        t(
            "**Known answers, new wording:** the answer was met in training, but with other "
            "questions. This is what happens when customers ask about something you already "
            "have, in their own words."
        )
    )
    unseen.markdown(
        t(
            "**Unseen answers:** neither the answer nor any question for it was met in training. "
            "This is what happens when you add new answers after training."
        )
    )


def _worth_a_look(found: list[FoundRows]) -> None:
    if not found:
        st.success(
            t(
                "Nothing stands out: no repetitions, contradictions, personal data, or texts that "
                "are too short or too long."
            ),
            icon=":material/check_circle:",
        )
    for first in range(0, len(found), 2):
        for cell, one in zip(st.columns(2), found[first : first + 2], strict=False):
            with cell, st.container(border=True, gap="xsmall", height="stretch"):
                _found(one)


def _found(one: FoundRows) -> None:
    icon = ":material/warning:" if one.serious else ":material/info:"
    st.markdown(f"{icon} **{plain(tm(one.title))}**")
    st.markdown(plain(tm(one.meaning)))
    if one.rows:
        rows = ", ".join(" = ".join(map(str, together)) for together in one.rows)
        st.caption(t("Rows in your file: {rows}", rows=rows))


def _set_aside(aside: list[tuple[int, Message, str, str]]) -> None:
    if not aside:
        st.success(t("Every row could be used."), icon=":material/check_circle:")
        return
    st.markdown(
        t(
            "These rows are not used. Row numbers are those of your own file. Correct them there "
            "and replace the data, or go on without them."
        )
    )
    listed = [
        (row, tm(reason), one_line(question, _COLUMNS), one_line(answer, _COLUMNS))
        for row, reason, question, answer in aside[:_LISTED]
    ]
    if len(aside) > _LISTED:
        st.caption(
            t(
                "The first {shown} of {count} rows are listed; the CSV has all of them in full.",
                shown=_LISTED,
                count=f"{len(aside):,}",
            )
        )
    columns = (t("Row"), t("Reason"), t("Question"), t("Answer"))
    st.dataframe(
        {name: [row[i] for row in listed] for i, name in enumerate(columns)},
        hide_index=True,
        column_config={t("Reason"): st.column_config.TextColumn(width=260)},
        key="set_aside",
    )
    st.download_button(
        t("Download as CSV"),
        lambda: data.set_aside_download([(row, tm(why), q, a) for row, why, q, a in aside]),
        file_name="rows_set_aside.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
