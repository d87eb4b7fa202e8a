"""One tuning run: its job with live curves, and what came out."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.journey.compare import comparisons_of, launch_comparison
from core.journey.jobs import JobView
from core.journey.projects import scored_experts
from core.journey.tune import TuningRun, gigabytes, watched_questions
from core.reporting.charts.chart import Chart
from core.reporting.charts.tuning_charts import learning_curve, machine_chart, rising_line
from core.types.rights import START, may
from core.types.tuning import TuningEstimate, TuningResult, WatchedQuestion
from pages.parts import session
from pages.parts.cached import cached
from pages.parts.charts import readable, show_chart
from pages.parts.deep_links import go_to
from pages.parts.errors import errors_shown
from pages.parts.job_card import job_card
from pages.parts.model_titles import loss_title, model_title
from pages.parts.page import Context, action_bar
from pages.parts.translate import duration, plain, shortened, t, tm
from pages.parts.tune.tuning_words import clock, device_words

_LETTERS = 200  # of its texts; what does not fit into two lines is cut by the page
_ANSWERS = 3  # first answers of the example that is shown while a run learns


def tuning_run(context: Context, run: TuningRun) -> None:
    """Draw one run, going on or ended, with its next action."""
    if run.result is not None:
        _result(context, run, run.result)
    kept = None if run.result is None else run.result.best_step
    job_card(run.job, _title(run), live=lambda job: _curves(job, kept))
    if run.problem is not None and run.job.error is None:  # a job that failed says why itself
        st.error(plain(tm(run.problem)), icon=":material/error:")
    if run.model_gone:
        st.error(
            t(
                "The folder of the tuned model is gone, so this run can no longer be compared. "
                "Start another run with the same settings, or restore the folder from a backup."
            ),
            icon=":material/error:",
        )
    elif run.job.is_final and not run.is_of(context.project.dataset_id):
        st.info(
            t("This run learned from earlier data, so it cannot be compared on the present data."),
            icon=":material/history:",
        )


def _title(run: TuningRun) -> str:
    return t(
        "Tuning {model} on the labels {recipe}",
        model=model_title(run.base_model),
        recipe=run.recipe,
    )


def _curves(job: JobView, kept: int | None) -> None:
    """Draw the curves so far; while the job runs this is redrawn every second.

    ``kept``: the step of the state that a finished run kept.
    """
    if not job.metrics:
        return
    said = repr(job.metrics)  # hashed whole: the curves of a resumed run may change in the middle
    chart = cached(lambda: learning_curve(job.metrics, t, kept), "learning curve", said, kept)
    machine = cached(lambda: machine_chart(job.metrics, t), "machine", said)
    if job.is_final:
        show_chart(chart, key=f"curves_{job.id}")
        with st.expander(t("Learning rate, pace and memory"), icon=":material/speed:"):
            _draw(machine, f"machine_{job.id}")
            st.caption(tm(machine.summary))
        return
    last: dict[str, Any] = {}
    for values in job.metrics:
        last |= values
    left, right = st.columns(2, gap="large")
    with left:
        _rising(job, said)
    with right:
        _example(job)
    with st.expander(t("Advanced"), icon=":material/speed:", key=f"advanced_{job.id}"):
        _engineering(last)
        _draw(chart, f"curves_{job.id}")
        _draw(machine, f"machine_{job.id}")


def _draw(chart: Chart, key: str) -> None:
    st.plotly_chart(
        readable(chart), key=key, alt=tm(chart.summary), config={"displayModeBar": False}
    )


def _rising(job: JobView, said: str) -> None:
    """Draw the one line of a run that is going on: right answers in the first place."""
    if not any("first" in values for values in job.metrics):
        return
    chart = cached(lambda: rising_line(job.metrics, t), "rising line", said)
    st.markdown(
        f"**{tm(chart.summary)}**",
        help=t(
            "Validation questions choose the best moment; the run never learns from them. The "
            "verdict uses other questions. The field's measure, nDCG@10, is behind Advanced."
        ),
    )
    _draw(chart, f"rising_{job.id}")


def _example(job: JobView) -> None:
    """Draw a validation question as it is answered now, with its right answer on the way up."""
    watched = watched_questions(session.workspace(), job.id)
    shown = watched.livelier
    if shown is None:
        return
    dataset, now = session.dataset_of(job.dataset_id), shown.moments[-1]
    right = set(dataset.right_answers(shown.row).tolist())
    rows = [(place, row) for place, row in enumerate(now.answers, 1) if place <= _ANSWERS]
    if now.place is not None and now.place > _ANSWERS:
        rows.append((now.place, now.answers[now.place - 1]))
    with st.container(border=True, gap="xsmall", key=f"live_example_{job.id}"):
        st.caption(
            t("An example question"),
            help=t(
                "Of {count} validation questions whose right answer the base model does not put "
                "first, the one that has climbed most. No test question is ever shown here.",
                count=len(watched.questions),
            ),
        )
        st.markdown(f"**{plain(shortened(dataset.questions[shown.row], _LETTERS))}**")
        st.markdown(_climb(shown))
        for place, row in rows:
            mark = ":green[:material/check_circle:] " if row in right else ""
            kind = "right" if row in right else "other"
            with st.container(key=f"example_row_{kind}_{place}"):
                answer = plain(shortened(dataset.answers[row], _LETTERS), inside=True)
                st.markdown(f"**{place}**&ensp;{mark}{answer}")


def _climb(shown: WatchedQuestion) -> str:
    """Say where the right answer stands, and where it stood before learning."""
    before, now = shown.moments[0].place, shown.moments[-1].place
    if now is None:
        return t("Its right answer is not among the first ten yet.")
    if before == now:
        return t("Its right answer is at place {now}, as before.", now=now)
    rose = before is None or now < before
    icon = ":green[:material/arrow_upward:]" if rose else ":material/arrow_downward:"
    if before is None:
        text = t(
            "Its right answer is at place {now}; before, it was not among the first ten.", now=now
        )
        return f"{icon} {text}"
    text = t(
        "Its right answer is at place {now}; before, it was at {before}.", now=now, before=before
    )
    return f"{icon} {text}"


def _engineering(last: dict[str, Any]) -> None:
    """Draw the latest numbers of a run that is going on."""
    columns = st.columns(3)
    columns[0].metric(t("Loss"), f"{last['loss']:.3f}" if "loss" in last else "–")
    speed = f"{last['labels_per_s']:,.0f}" if "labels_per_s" in last else "–"
    columns[1].metric(t("Labels per second"), speed)
    memory = t("{size} GB", size=gigabytes(last["memory_mb"])) if "memory_mb" in last else "–"
    columns[2].metric(t("Memory"), memory)


def _result(context: Context, run: TuningRun, result: TuningResult) -> None:
    with st.container(border=True, key="tuning_result"):
        told = run.request
        delivered = told is not None and bool(told.from_cross_fit)
        st.markdown(f"##### {_delivered(result) if delivered else _sentence(result)}")
        if result.base_score is not None and result.best_score is not None:
            columns = st.columns(4)
            meaning = t(
                "Right answers near the top (nDCG@10) on validation questions, which chose the "
                "best moment. The verdict uses other questions: see Compare."
            )
            gain = result.best_score - result.base_score
            columns[0].metric(t("Validation before"), f"{result.base_score:.3f}", help=meaning)
            columns[1].metric(
                t("Validation after"),
                f"{result.best_score:.3f}",
                delta=f"{gain:+.3f}" if abs(gain) >= 0.0005 else None,
                help=meaning,
            )
            steps = t("{best} of {steps}", best=result.best_step, steps=result.steps)
            columns[2].metric(t("Kept after step"), steps)
            columns[3].metric(t("Time"), duration(result.seconds))
        st.caption(
            t(
                "Ran on {device} · learning goal: {loss} · {speed} labels per second",
                device=plain(device_words(result.device)),
                loss=loss_title(run.loss),
                speed=f"{result.labels_per_s:,.0f}",
            )
        )
        if result.alpha_sweep and not result.forgot:
            st.caption(_mixture(result))
        if result.trimmed is not None:
            st.caption(f":material/content_cut: {tm(result.trimmed.message())}")
        if run.estimate is not None:
            st.caption(_foretold(run.estimate, result))
        comparable = run.has_model and run.is_of(context.project.dataset_id)
        if comparable and action_bar(t("Compare before and after")):
            _compare(context, run)


def _compare(context: Context, run: TuningRun) -> None:
    """Go to the comparison of a run; start it where nothing did, if the visitor may."""
    if not comparisons_of(context.project, run.job.id) and may(session.role(), START):
        with errors_shown():
            experts = scored_experts(context.project)
            launch_comparison(context.project, run.job.id, experts, session.who())
    go_to("compare", run=run.job.id)


def _mixture(result: TuningResult) -> str:
    """Say which mixture with the base model was kept, and why."""
    if result.alpha == 1:
        return t("All of what was learned was kept: no mixture with the base model did better.")
    return t(
        "A mixture was kept: {share} of what was learned, the rest is the base model "
        "(interpolation α = {alpha}). It did best on validation questions without forgetting "
        "everyday language.",
        share=f"{result.alpha:.0%}",
        alpha=f"{result.alpha:g}",
    )


def _foretold(said: TuningEstimate, result: TuningResult) -> str:
    """Say what was estimated before the start and what it really took."""
    values = {
        "said": clock(said.seconds),
        "low": clock(said.low),
        "high": clock(said.high),
        "took": clock(result.seconds),
    }
    parts = [
        t("Estimated {said} ({low} to {high}), took {took}.", **values)
        if result.steps >= said.steps
        else t(
            "Estimated {said} ({low} to {high}) for all {steps} steps; took {took} for {done}.",
            **values,
            steps=said.steps,
            done=result.steps,
        )
    ]
    if said.memory_mb is not None and result.memory_mb is not None:
        parts.append(
            t(
                "Memory: estimated {said} GB, took at most {took} GB.",
                said=gigabytes(said.memory_mb),
                took=gigabytes(result.memory_mb),
            )
        )
    return " ".join(parts)


def _delivered(result: TuningResult) -> str:
    """Say what the model is that a cross-fitted verdict delivered."""
    if result.is_base:
        return t(
            "Most folds found nothing better than the base model, so its weights were kept "
            "unchanged."
        )
    return t(
        "Learned from all questions, with the settings that the folds agreed on. Its verdict is on "
        "the Compare page."
    )


def _sentence(result: TuningResult) -> str:
    """Say in one sentence what came out."""
    if not result.has_model:
        return t("Stopped before anything better than the base model was found; nothing was kept.")
    if result.base_score is None or result.best_score is None:
        return t(
            "The model after the last step was kept; there were no validation questions to choose "
            "by."
        )
    values = {"before": f"{result.base_score:.3f}", "after": f"{result.best_score:.3f}"}
    if result.forgot:
        return t(
            "This run found a model that searches better on validation questions ({learned} "
            "instead of {before}), but it forgot too much everyday language, so the base model's "
            "weights were kept unchanged.",
            **values,
            learned=f"{result.alpha_sweep[-1].score:.3f}",
        )
    if result.best_step == 0 and result.two_models:
        return t(
            "No moment of this run searched better than the two models as they were joined "
            "({before}), so these were kept.",
            **values,
        )
    if result.best_step == 0:
        return t(
            "No moment of this run searched better than the base model ({before}), so its weights "
            "were kept unchanged.",
            **values,
        )
    if result.failed:
        return t(
            "The run broke off; the best model until then was kept. Search quality on validation "
            "questions went from {before} to {after}.",
            **values,
        )
    if result.cancelled:
        return t(
            "Stopped on request; the best model so far was kept. Search quality on validation "
            "questions went from {before} to {after}.",
            **values,
        )
    if result.stopped_early:
        return t(
            "Done, and ended early because nothing improved any more. Search quality on validation "
            "questions went from {before} to {after}.",
            **values,
        )
    return t(
        "Done. Search quality on validation questions went from {before} to {after}.", **values
    )
