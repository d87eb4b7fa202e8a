"""The view "Would more data help?": the curve, what it says, the form for another one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import AppError
from core.jobs.state import JobView
from core.journey.data_curve import MOST_DRAWS, SHARES, curve_seconds, launch_curve
from core.journey.data_curve_result import DataCurve
from core.journey.data_curves import CurveJob, curve_result, data_curves
from core.journey.labels import recipe_in_use
from core.reporting.charts.chart import Chart
from core.reporting.charts.tuning_charts import data_curve_chart
from pages.parts import session
from pages.parts.charts import show_chart
from pages.parts.deep_links import RUN
from pages.parts.errors import show_error
from pages.parts.job_card import job_card
from pages.parts.model_titles import model_title
from pages.parts.page import Context
from pages.parts.translate import duration, moment, plain, t, tm
from pages.parts.tune.data_curve_words import curve_lines
from pages.parts.tune.queue_panel import queue_note
from pages.parts.tune.tuning_estimate import tuning_estimate
from pages.parts.tune.tuning_form import choose_base_model, choose_preset, choose_settings

_USUAL_DRAWS = 2


def data_curve_page(context: Context) -> None:
    """Draw the view."""
    st.markdown(
        t(
            "The same run with a quarter, half, three quarters and all of your training questions "
            "shows whether collecting more would make search better."
        )
    )
    found = data_curves(context.project)
    shown = _selected(context, found)
    if shown is None:
        _form(context, first=True)
        return
    _curve(context, shown)
    with st.expander(t("Measure again"), icon=":material/add_circle:"):
        _form(context, first=False)
    if len(found) > 1:
        _history(found, shown)


def _selected(context: Context, found: Sequence[CurveJob]) -> CurveJob | None:
    linked = st.query_params.get(RUN)
    present = context.project.dataset_id
    newest = (one for one in found if one.is_of(present) or not one.job.is_final)
    return next((one for one in found if one.job.id == linked), next(newest, None))


def _form(context: Context, *, first: bool) -> None:
    saved = recipe_in_use(context.project)
    left, right = st.columns(2, gap="large")
    with left:
        entry = choose_base_model(context)
        draws = st.slider(
            t("Draws (repeats)"),
            1,
            MOST_DRAWS,
            _USUAL_DRAWS,
            key="curve_draws",
            persist_state="session",
            help=t(
                "Each draw leaves out other answers and trains with other random numbers. One "
                "alone cannot tell a trend from luck; two or more can."
            ),
        )
        if saved is not None:
            st.caption(t("**Labels in use:** {name}", name=plain(saved.name)))
    with right:
        preset = choose_preset()
    config = choose_settings(context, entry, preset)
    st.caption(t("One run with all data:"))
    ready = entry.availability(context.workspace.models).ready
    fits = tuning_estimate(context, config, measure=first and ready)
    st.caption(t("All runs together:"))
    with st.container(border=True):
        columns = st.columns(2)
        columns[0].metric(t("Runs"), draws * len(SHARES))
        seconds = curve_seconds(context.workspace, context.dataset, config, draws)
        known = seconds is not None
        columns[1].metric(
            t("Time"), t("≈ {time}", time=duration(seconds)) if known else t("unknown")
        )
        st.caption(
            t(
                "Answers are left out with all their questions, as if they had not been "
                "collected yet. Models are not kept."
            )
        )
    queue_note(context, config.device)
    pressed = st.button(
        t("Measure"),
        type="primary" if first else "secondary",
        icon=":material/trending_up:",
        disabled=not fits,
    )
    if pressed:
        try:
            run_id = launch_curve(context.project, config, draws, session.who())
        except Exception as error:
            show_error(error)
        else:
            st.query_params[RUN] = run_id
            st.rerun()


def _curve(context: Context, one: CurveJob) -> None:
    if one.problem is not None:
        st.error(plain(tm(one.problem)), icon=":material/error:")
        return
    final = one.job.is_final
    if final:
        try:
            found = curve_result(context.workspace, one)
        except AppError as error:
            show_error(error)
        else:
            with st.container(border=True, key="curve_result"):
                _result(found, one.job.id)

    def live(job: JobView) -> None:
        if job.is_final:
            return
        so_far = curve_result(context.workspace, one)
        if so_far.points:
            chart = _chart(so_far)
            st.plotly_chart(
                chart.figure,
                key=f"live_{job.id}",
                alt=tm(chart.summary),
                config={"displayModeBar": False},
            )
        st.caption(t("{done} of {runs} runs are done.", done=so_far.finished, runs=so_far.runs))

    job_card(one.job.id, t("Would more data help?"), live=live)
    if final and not one.is_of(context.project.dataset_id):
        st.info(t("This was measured on earlier data."), icon=":material/history:")


def _result(found: DataCurve, job_id: str) -> None:
    first, *rest = curve_lines(found)
    st.markdown(f"##### {first}")
    for line in rest:
        st.markdown(line)
    if found.points:
        show_chart(_chart(found), key=f"curve_{job_id}")
        assert found.ruler is not None
        st.caption(
            t(
                "Bars: one standard deviation over draws. Measured on {questions} validation "
                "questions; the test questions stay untouched.",
                questions=sum(len(rows) for rows in found.ruler.questions.values()),
            )
        )
    if found.failures:
        st.warning(
            t(
                "Failed runs, left out of the figures: {count}. {reason}",
                count=len(found.failures),
                reason=plain(tm(next(iter(found.failures.values())))),
            ),
            icon=":material/warning:",
        )


def _chart(found: DataCurve) -> Chart:
    assert found.ruler is not None
    lines = {"mean": [point.score for point in found.points]}
    for regime in found.ruler.questions:
        lines[regime] = [point.regimes[regime] for point in found.points]
    questions = [point.questions for point in found.points]
    return data_curve_chart(questions, lines, found.ruler.base.score, t)


def _history(found: Sequence[CurveJob], shown: CurveJob) -> None:
    names = {
        one.job.id: t(
            "{at} · {model}",
            at=moment(one.job.created_at),
            model=model_title(one.request.tuning.base_model) if one.request else "–",
        )
        for one in found
    }
    keys = list(names)
    picked = st.selectbox(
        t("Earlier measurements"),
        keys,
        index=keys.index(shown.job.id),
        format_func=names.__getitem__,
        key=f"curves_{len(keys)}_{shown.job.id}",
    )
    if picked != shown.job.id:
        st.query_params[RUN] = picked
        st.rerun()
