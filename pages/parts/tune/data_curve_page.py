"""The view "Would more data help?": the curve, what it says, the form for another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.journey.experiments import (
    FALLING,
    LEVEL,
    MORE,
    MOST_DRAWS,
    NOTHING,
    RISING,
    SMALL_GAIN,
    TOO_FEW,
    UNCLEAR,
    CurveJob,
    DataCurve,
    curve_result,
    curve_seconds,
    data_curves,
    launch_curve,
)
from core.journey.labels import recipe_in_use
from core.messages import N_, N_n
from core.reporting.charts.chart import Chart
from core.reporting.charts.tuning_charts import data_curve_chart
from core.types.rights import START
from core.types.tuning import SHARES
from pages.parts import session
from pages.parts.charts import readable, show_chart
from pages.parts.deep_links import RUN
from pages.parts.model_titles import model_title
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import duration, moment, plain, t, tm
from pages.parts.tune.experiment_view import difference, experiment_view, launch
from pages.parts.tune.queue_panel import queue_note
from pages.parts.tune.run_history import selected_job
from pages.parts.tune.tuning_estimate import tuning_estimate
from pages.parts.tune.tuning_form import choose_base_model, choose_preset, choose_settings

_USUAL_DRAWS = 2
# What the curve says, in sentences; "cannot be told" is one of them.
_WORDS: Mapping[str, str] = {
    RISING: N_(
        "Yes, more data would probably help: the curve still rises. The second half of your "
        "questions brought {gain}."
    ),
    LEVEL: N_(
        "More data of the same kind would hardly help: the curve has levelled off. The second "
        "half of your questions brought {gain}, less than {small} in any case."
    ),
    FALLING: N_(
        "The second half of your questions made search worse ({gain}). Look for contradictions "
        "in the data before you collect more."
    ),
    UNCLEAR: N_(
        "It cannot be told: the second half of your questions brought {gain}, which may be luck. "
        "More draws or more validation questions may tell."
    ),
    TOO_FEW: N_n(
        "It cannot be told: {questions} validation question is too few. "
        "Add questions, or give validation a larger share.",
        "It cannot be told: {questions} validation questions are too few. "
        "Add questions, or give validation a larger share.",
        by="questions",
    ),
    NOTHING: N_("It cannot be told yet: the runs with half and with all of the data are needed."),
}


def data_curve_page(context: Context) -> None:
    """Draw the view."""
    st.markdown(
        t(
            "The same run with a quarter, half, three quarters and all of your training questions "
            "shows whether collecting more would make search better."
        )
    )
    found = data_curves(context.project)
    shown = selected_job(context, found)
    if shown is None:
        _form(context, first=True)
        return
    _curve(context, shown)
    with st.expander(t("Measure again"), icon=":material/add_circle:"):
        _form(context, first=False)
    if len(found) > 1:
        _history(found, shown)


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
        **only(START, disabled=not fits),
    )
    if pressed:
        launch(lambda: launch_curve(context.project, config, draws, session.who()))


def _curve(context: Context, one: CurveJob) -> None:
    def live(so_far: DataCurve, key: str) -> None:
        if so_far.points:
            chart, plain_bar = _chart(so_far), {"displayModeBar": False}
            st.plotly_chart(readable(chart), key=key, alt=tm(chart.summary), config=plain_bar)

    experiment_view(
        context,
        one,
        t("Would more data help?"),
        lambda: curve_result(context.workspace, one),
        lambda found: _result(found, one.job.id),
        live,
    )
    older = not one.is_of(context.project.dataset_id)
    if one.request is not None and one.job.is_final and older:
        st.info(t("This was measured on earlier data."), icon=":material/history:")


def _result(found: DataCurve, job_id: str) -> None:
    with st.container(border=True, key="curve_result"):
        first, *rest = _lines(found)
        st.markdown(f"##### {first}")
        for line in rest:
            st.markdown(line)
        if found.points:
            show_chart(_chart(found), key=f"curve_{job_id}")
            st.caption(
                t(
                    "Bars: one standard deviation over draws. Measured on {questions} validation "
                    "questions; the test questions stay untouched.",
                    questions=found.experiment.questions,
                )
            )
        failures = [m for draws in found.experiment.failures.values() for m in draws.values()]
        if failures:
            st.warning(
                t(
                    "Failed runs, left out of the figures: {count}. {reason}",
                    count=len(failures),
                    reason=plain(tm(failures[0])),
                ),
                icon=":material/warning:",
            )


def _chart(found: DataCurve) -> Chart:
    validation = found.experiment.validation
    assert validation is not None
    lines = {"mean": [point.score for point in found.points]}
    for regime in validation.questions:
        lines[regime] = [point.regimes[regime] for point in found.points]
    questions = [point.questions for point in found.points]
    return data_curve_chart(questions, lines, validation.base.score, t)


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


def _lines(found: DataCurve) -> list[str]:
    """Return the answer, then what more questions would bring, as markdown lines."""
    values: dict[str, object] = {
        "small": f"{SMALL_GAIN:g}",
        "questions": found.experiment.questions,
    }
    if found.doubling is not None:
        values["gain"] = difference(found.doubling, signed=True)
    lines = [t(_WORDS[found.word], **values)]
    if found.doubling is None:
        return lines
    gain = found.gain_of_more()
    if gain is None:
        lines.append(
            t(
                N_n(
                    "What {count} more question would bring cannot be told.",
                    "What {count} more questions would bring cannot be told.",
                ),
                count=MORE,
            )
        )
    elif found.word == LEVEL:
        lines.append(
            t(
                "{count} more training questions of the same kind would bring about {gain} "
                "(nDCG@10).",
                count=MORE,
                gain=difference(gain, signed=True),
            )
        )
    else:
        lines.append(
            t(
                "{count} more training questions of the same kind would bring at most about "
                "{gain} (nDCG@10): curves like this flatten out.",
                count=MORE,
                gain=difference(gain, signed=True),
            )
        )
    return lines
