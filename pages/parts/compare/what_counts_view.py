"""What counts in this business: weights of questions, and questions that have to succeed."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.evaluation.measures import MAIN_METRIC, METRICS, SUCCESS
from core.journey.compare import (
    REGIME_TEXTS,
    WORDS,
    by_what_counts,
    must_find_sentence,
    set_what_counts,
)
from core.messages import N_n
from core.types import Comparison, QADataset
from core.types.comparison import Counted, WhatCounts
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.cached import cached
from pages.parts.compare.comparison_job import Compared
from pages.parts.errors import errors_shown
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import plain, t, tm

MOST_SHOWN = 50  # most answers that a screen of results shows


def with_what_counts(context: Context, comparison: Comparison) -> Comparison:
    """Return the comparison by what counts; unchanged where the data cannot say."""
    with errors_shown():
        return replace(
            comparison,
            counted=cached(
                lambda: by_what_counts(context.project, comparison, context.dataset).counted,
                "counted",
                comparison.id,
                repr(context.project.state.what_counts),
            ),
        )
    return comparison


def what_counts_lines(counted: Counted, dataset: QADataset) -> None:
    """Say under the verdict what changes with weights, and which must-find questions fail."""
    for difference in counted.differences:
        if difference.metric == MAIN_METRIC:
            said = t(
                "{regime}, weighted by what questions count: {word}, {before} before, {after} "
                "after ({low} to {high}); the {questions} questions are worth {effective} equal "
                "ones.",
                regime=t(REGIME_TEXTS[difference.regime].title),
                word=t(WORDS[difference.word]).lower(),
                before=f"{difference.before:.3f}",
                after=f"{difference.after:.3f}",
                low=f"{difference.low:+.3f}",
                high=f"{difference.high:+.3f}",
                questions=difference.questions,
                effective=round(difference.effective_questions),
            )
            st.markdown(f":material/balance: {plain(said)}")
    if counted.must_find:
        icon = ":material/warning:" if counted.missed else ":material/check_circle:"
        st.markdown(f"{icon} {plain(tm(must_find_sentence(counted)))}")
        lost = [dataset.questions[found.question] for found in counted.lost]
        if lost:
            st.caption(plain(t("Lost: {questions}", questions=" · ".join(lost[:5]))))


def what_counts_view(seen: Compared) -> None:
    """Draw the verdict by what counts in full, and let the user say what counts."""
    dataset, counted = seen.context.dataset, seen.comparison.counted
    _weighted(counted)
    _must_find(counted, dataset)
    _settings(seen, dataset)


def _weighted(counted: Counted) -> None:
    import pandas as pd

    st.subheader(t("By weight"), anchor=False)
    if not counted.differences:
        st.info(
            t(
                "All compared questions weigh the same, so the weighted verdict is the plain one. "
                "Give the data a column with counts or money, or weigh categories below."
            ),
            icon=":material/balance:",
        )
        return
    titles = {MAIN_METRIC: METRICS[MAIN_METRIC].title_in(t)}
    success = (SUCCESS @ counted.within).title_in(t)
    st.dataframe(
        pd.DataFrame(
            [
                {
                    t("Questions"): t(REGIME_TEXTS[d.regime].title),
                    t("Measure"): titles.get(d.metric, success),
                    t("Before"): round(d.before, 3),
                    t("After"): round(d.after, 3),
                    t("Difference"): f"{d.difference:+.3f} ({d.low:+.3f} – {d.high:+.3f})",
                    t("Verdict"): t(WORDS[d.word]),
                    t("Worth equal questions"): f"{d.effective_questions:.0f} / {d.questions}",
                }
                for d in counted.differences
            ]
        ),
        hide_index=True,
        key="weighted_differences",
    )


def _must_find(counted: Counted, dataset: QADataset) -> None:
    import pandas as pd

    st.subheader(t("Must-find questions"), anchor=False)
    if counted.must_find:
        said = {True: t("found"), False: t("missed")}
        st.markdown(plain(tm(must_find_sentence(counted))))
        rows = sorted(counted.must_find, key=lambda f: (f.after <= counted.within, -f.after))
        st.dataframe(
            pd.DataFrame(
                {
                    t("Question"): [dataset.questions[f.question] for f in rows],
                    t("Before"): [said[f.before <= counted.within] for f in rows],
                    t("Rank before"): [f.before for f in rows],
                    t("After"): [said[f.after <= counted.within] for f in rows],
                    t("Rank after"): [f.after for f in rows],
                }
            ),
            hide_index=True,
            key="must_find_results",
        )
    else:
        st.caption(
            t("Questions whose search has to succeed: name them below, or mark them in your data.")
        )
    if counted.unjudged:
        texts = [dataset.questions[row] for row in counted.unjudged]
        said_why = t(
            N_n(
                "{count} must-find question is not held out, so this comparison "
                "cannot judge it: {questions}",
                "{count} must-find questions are not held out, so this comparison "
                "cannot judge them: {questions}",
            ),
            count=len(texts),
            questions=" · ".join(texts[:5]),
        )
        st.info(plain(said_why), icon=":material/info:")


def _settings(seen: Compared, dataset: QADataset) -> None:
    project = seen.context.project
    kept = project.state.what_counts or WhatCounts()
    st.subheader(t("What counts for you"), anchor=False)
    with st.form("what_counts"):
        within = st.number_input(
            t("Answers that your search page shows"),
            1,
            MOST_SHOWN,
            min(kept.within, MOST_SHOWN),
            help=t("A must-find question succeeds if a right answer is among them."),
        )
        asked = {dataset.questions[row] for row in dataset.judged_rows}
        listed = st.text_area(
            t("Must-find questions, one per line, as in your data"),
            "\n".join(kept.must_find),
            height=120,
        )
        weights = _category_weights(dataset, dict(kept.category_weights))
        saved = st.form_submit_button(t("Save what counts"), **only(CHANGE))
    if not saved:
        return
    lines = tuple(dict.fromkeys(filter(None, map(str.strip, (listed or "").splitlines()))))
    unknown = [line for line in lines if line not in asked]
    if unknown:
        st.error(
            plain(
                t(
                    "These lines are no question of the data, so nothing was saved: {lines}. Copy "
                    "the questions as they stand in your file.",
                    lines=" · ".join(unknown[:5]),
                )
            )
        )
        return
    with errors_shown():
        set_what_counts(project, WhatCounts(int(within), lines, weights), session.who())
        st.rerun()


def _category_weights(dataset: QADataset, kept: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """Let the user weigh categories; () where the data have none."""
    import pandas as pd

    categories = sorted({name for name in dataset.attributes.get("category", ()) if name})
    if not categories:
        return ()
    edited = st.data_editor(
        pd.DataFrame(
            {"category": categories, "weight": [kept.get(name, 1.0) for name in categories]}
        ),
        hide_index=True,
        key="category_weights",
        column_config={
            "category": st.column_config.TextColumn(t("Category"), disabled=True),
            "weight": st.column_config.NumberColumn(
                t("Counts"), min_value=0.01, max_value=1000.0, step=0.5, required=True
            ),
        },
    )
    pairs = zip(edited["category"].tolist(), edited["weight"].tolist(), strict=True)
    return tuple((name, float(weight)) for name, weight in pairs if weight != 1)
