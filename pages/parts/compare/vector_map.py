"""The map: questions and answers before and after in two dimensions, and the shape in figures."""

from __future__ import annotations

import streamlit as st

from core.journey.diagnostics import SHAPE_MEASURES, Examination, ShapeChange, TextMap
from core.reporting.charts.chart import Chart
from core.reporting.charts.comparison_charts import map_chart
from core.types import QADataset
from pages.parts.charts import show_chart
from pages.parts.compare.comparison_job import Compared, examination_of
from pages.parts.translate import language, t, tm


def vector_map(seen: Compared) -> None:
    """Draw the map and the four figures of a comparison."""
    found = examination_of(seen)
    if not found.shape:
        st.info(
            t("This comparison was made without a map. Compare again to see it."),
            icon=":material/refresh:",
        )
        return
    _picture(seen, found)
    _figures(found.shape)


def _picture(seen: Compared, found: Examination) -> None:
    if found.map is None:
        st.caption(
            t("The two models have vectors of different length, so there is no common picture.")
        )
        return
    dataset, place = seen.context.dataset, found.map
    st.markdown(
        t(
            "Every point is a question or an answer; points that lie near each other are alike to "
            "the model. Both pictures use the same projection (PCA, fitted once on both models "
            "together), so a point that moved was moved by tuning."
        )
    )
    show_chart(_chart(seen.comparison.id, language(), place, dataset), key="vector_map")
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


@st.cache_resource(max_entries=8, show_spinner=False)
def _chart(comparison_id: str, reader: str, _map: TextMap, _dataset: QADataset) -> Chart:
    return map_chart(
        _map.before,
        _map.after,
        [_dataset.questions[q] for q in _map.questions],
        [_dataset.answers[a] for a in _map.answers],
        t,
    )


def _figures(shape: tuple[ShapeChange, ...]) -> None:
    st.markdown(f"##### {t('The shape of the vectors')}")
    for column, one in zip(st.columns(len(shape)), shape, strict=True):
        measure = SHAPE_MEASURES[one.measure]
        digits = 1 if one.measure == "effective_rank" else 3
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{t(measure.title)}**", help=t(measure.meaning))
            st.metric(
                t(measure.title),
                _number(one.after, digits),
                delta=f"{one.after - one.before:+.{digits}f}",
                delta_color="off",
                label_visibility="collapsed",
            )
            st.caption(
                t(
                    "before {before}; change {low} to {high} (95 %)",
                    before=_number(one.before, digits),
                    low=_number(one.low, digits),
                    high=_number(one.high, digits),
                )
            )
            st.markdown(tm(one.sentence))


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")
