"""Generality: everyday language, other fields (BEIR sets, mteb tasks), and the α-curve."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from core.journey import compare
from core.journey.compare import WORDS, GeneralitySet, SetResult, mteb_is_installed, sentence
from core.reporting.charts.comparison_charts import alpha_chart
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.charts import show_chart
from pages.parts.compare.comparison_job import Compared, examination_of
from pages.parts.errors import attempt, guarded, show_failed_attempt
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import plain, t, tm


def generality_view(seen: Compared) -> None:
    """Draw what tuning did to search outside of the user's own field."""
    _alpha(seen)
    st.subheader(t("Search in other fields"), anchor=False)
    st.markdown(
        t(
            "A model tuned on your data may forget others. Add any set in BEIR format (zip with "
            "corpus.jsonl, queries.jsonl and qrels): the next comparison measures it before and "
            "after."
        )
    )
    results = examination_of(seen).sets
    if results:
        _results(results)
    _sets(seen.context, {result.name for result in results})


def _alpha(seen: Compared) -> None:
    result = seen.run.result
    if result is None:
        return  # the run folder is gone; the comparison still stands
    chart = alpha_chart(result.alpha_sweep, result.alpha, t)
    if chart is None:
        return
    st.subheader(t("Own field against everyday language"), anchor=False)
    st.markdown(
        t(
            "The tuned weights can be mixed with the old ones: α = 0 is the old model, α = 1 the "
            "tuned one. The ring marks the mix that was kept; it was chosen on validation "
            "questions, not on the questions of the verdict."
        )
    )
    show_chart(chart, key="alpha_chart")


def _results(results: tuple[SetResult, ...]) -> None:
    import pandas as pd

    rows = []
    for result in results:
        if result.failure is not None:
            st.warning(
                plain(t("{name}: {reason}", name=result.name, reason=tm(result.failure))),
                icon=":material/block:",
            )
        if result.difference is None:
            continue
        difference = result.difference
        rows.append(
            {
                t("Set"): result.name,
                t("Questions"): result.questions,
                t("Documents"): result.documents,
                t("Before (nDCG@10)"): round(difference.before, 3),
                t("After (nDCG@10)"): round(difference.after, 3),
                t("Difference"): round(difference.difference, 3),
                t("Low (95 %)"): round(difference.low, 3),
                t("High (95 %)"): round(difference.high, 3),
                t("Verdict"): t(WORDS[difference.word]),
            }
        )
        st.markdown(
            plain(t("{name}: {verdict}", name=result.name, verdict=tm(sentence(difference))))
        )
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, key="generality_sets")


@st.fragment
@guarded
def _sets(context: Context, measured: set[str]) -> None:
    """Draw the sets of the project and the ways to add one."""
    show_failed_attempt()
    present = compare.generality_sets(context.project)
    for added in present:
        _present(context, added, added.name in measured)
    with st.expander(t("Add a set"), icon=":material/add:", expanded=not present):
        file = st.file_uploader(
            t("BEIR set as a zip"), type=["zip"], key="generality_upload", **only(CHANGE)
        )
        st.caption(
            t(
                "Both models read every document once; thousands of documents take minutes on a "
                "processor without a graphics card. The set stays on this machine."
            )
        )
        if file is not None:
            st.button(
                t("Add this set"),
                key="generality_add",
                icon=":material/add:",
                on_click=lambda: attempt(
                    compare.add_beir_set,
                    context.project,
                    file.getvalue(),
                    PurePath(file.name).stem[:80],
                    session.who(),
                ),
                **only(CHANGE),
            )
        if not mteb_is_installed():
            st.caption(
                t(
                    "Tasks of the MTEB benchmark can be added where the Python package mteb is "
                    "installed on the server (requirements-mteb.txt); here it is not."
                )
            )
            return
        name = st.text_input(
            t("Retrieval task of MTEB"),
            key="generality_mteb",
            placeholder="SciFact",
            help=t(
                "By its name on the MTEB leaderboard, such as SciFact, FiQA2018 or "
                "JaqketRetrieval. Its data are downloaded from the model hub once, when a "
                "comparison measures it; without the hub, the same data can be added as a BEIR zip."
            ),
        )
        st.button(
            t("Add this task"),
            key="generality_mteb_add",
            icon=":material/add:",
            on_click=lambda: attempt(
                compare.add_mteb_task,
                context.project,
                name,
                session.who(),
            ),
            **only(CHANGE, disabled=not name.strip()),
        )


def _present(context: Context, added: GeneralitySet, measured: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        size = (
            t(
                "{questions} questions, {documents} documents",
                questions=added.questions,
                documents=added.documents,
            )
            if added.questions
            else t("fetched when it is measured")
        )
        state = t("measured") if measured else t("measured when you press “Compare again”")
        st.markdown(f"**{plain(added.name)}** · {size} · {state}", width="stretch")
        st.button(
            t("Take off"),
            key=f"generality_remove_{added.kind}_{added.name}",
            icon=":material/close:",
            type="tertiary",
            on_click=attempt,
            args=(compare.remove_set, context.project, added.name, session.who()),
            **only(CHANGE),
        )
