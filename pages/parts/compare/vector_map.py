"""The map: questions and answers before and after in two dimensions, and the shape in figures."""

from __future__ import annotations

import streamlit as st

from core.journey.compare import SHAPE_MEASURES, Examination, ShapeChange
from core.reporting.charts.comparison_charts import map_chart
from core.types import CROSS_FIT
from pages.parts.cached import cached
from pages.parts.charts import show_chart
from pages.parts.compare.comparison_job import Compared, examination_of
from pages.parts.translate import t, tm


def vector_map(seen: Compared) -> None:
    """Draw the map and the four figures of a comparison."""
    examined = examination_of(seen)
    if not examined.shape:
        st.info(
            t("This comparison was made without a map. Test every question again to see it.")
            if seen.comparison.way == CROSS_FIT
            else t("This comparison was made without a map. Compare again to see it."),
            icon=":material/refresh:",
        )
        return
    _picture(seen, examined)
    _figures(examined.shape)


def _picture(seen: Compared, examined: Examination) -> None:
    if examined.map is None:
        st.caption(
            t("The two models have vectors of different length, so there is no common picture.")
        )
        return
    dataset, place = seen.context.dataset, examined.map
    st.markdown(
        t(
            "Every point is a question or an answer; points that lie near each other are alike to "
            "the model. Both pictures use the same projection (PCA, fitted once on both models "
            "together), so a point that moved was moved by tuning."
        )
    )
    questions = [dataset.questions[q] for q in place.questions]
    answers = [dataset.answers[a] for a in place.answers]
    chart = cached(
        lambda: map_chart(place.before, place.after, questions, answers, t),
        "map",
        seen.comparison.id,
    )
    show_chart(chart, key="vector_map")
    st.caption(
        t(
            "The two dimensions hold {share} of the variation; the rest does not show, so trust "
            "the figures below more than the picture. Drawn: {questions} held-out questions and "
            "{answers} of {all} answers.",
            share=f"{place.explained:.0%}",
            questions=len(place.questions),
            answers=len(place.answers),
            all=len(dataset.answers),
        )
    )


def _figures(shape: tuple[ShapeChange, ...]) -> None:
    st.markdown(f"##### {t('The shape of the vectors')}")
    for column, change in zip(st.columns(len(shape)), shape, strict=True):
        measure = SHAPE_MEASURES[change.measure]
        digits = 1 if change.measure == "effective_rank" else 3
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{t(measure.title)}**", help=t(measure.meaning))
            st.metric(
                t(measure.title),
                _number(change.after, digits),
                delta=f"{change.after - change.before:+.{digits}f}",
                delta_color="off",
                label_visibility="collapsed",
            )
            st.caption(
                t(
                    "before {before}; change {low} to {high} (95 %)",
                    before=_number(change.before, digits),
                    low=_number(change.low, digits),
                    high=_number(change.high, digits),
                )
            )
            st.markdown(tm(change.sentence))


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")
