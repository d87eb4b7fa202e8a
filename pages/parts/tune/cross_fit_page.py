"""The view "Test every question": the folds so far, what came out, the form for another one."""

from __future__ import annotations

import streamlit as st

from core.journey.compare import REGIME_TEXTS, signed_effect
from core.journey.cross_fit import (
    CrossFit,
    CrossFitJob,
    cross_fit_so_far,
    cross_fits,
    launch_cross_fit,
)
from core.journey.labels import recipe_in_use
from core.types.rights import START
from pages.parts import session
from pages.parts.deep_links import go_to
from pages.parts.model_titles import model_title
from pages.parts.page import Context, action_bar
from pages.parts.rights import only
from pages.parts.translate import duration, plain, t
from pages.parts.tune.experiment_view import experiment_view, launch
from pages.parts.tune.queue_panel import queue_note
from pages.parts.tune.run_history import history_row, history_table, selected_job
from pages.parts.tune.tuning_estimate import tuning_estimate
from pages.parts.tune.tuning_form import (
    choose_base_model,
    choose_preset,
    choose_settings,
    cross_fit_cost,
)


def cross_fit_page(context: Context) -> None:
    """Draw the view."""
    st.markdown(
        t(
            "With few questions one split proves nothing. Here your questions are divided into "
            "folds, and a model is tuned for each fold without its questions: so every question "
            "is a test question, and the verdict rests on all of them."
        )
    )
    found = cross_fits(context.project)
    shown = selected_job(context, found)
    if shown is None:
        _form(context, first=True)
        return
    _verdict(context, shown)
    with st.expander(t("Test again"), icon=":material/add_circle:"):
        _form(context, first=False)
    if len(found) > 1:
        _history(context, found, shown)


def _form(context: Context, *, first: bool) -> None:
    saved = recipe_in_use(context.project)
    left, right = st.columns(2, gap="large")
    with left:
        entry = choose_base_model(context)
        if saved is not None:
            st.caption(t("**Labels in use:** {name}", name=plain(saved.name)))
    with right:
        preset = choose_preset()
    config = choose_settings(context, entry, preset)
    st.caption(t("One run on the training part of the split:"))
    ready = entry.availability(context.workspace.models).ready
    fits = tuning_estimate(context, config, measure=first and ready)
    st.markdown(cross_fit_cost(context, config))
    queue_note(context, config.device)
    pressed = st.button(
        t("Test every question"),
        key="start_cross_fit",
        type="primary" if first else "secondary",
        icon=":material/grid_view:",
        **only(START, disabled=not fits),
    )
    if pressed:
        launch(lambda: launch_cross_fit(context.project, config, session.who()))


def _verdict(context: Context, one: CrossFitJob) -> None:
    experiment_view(
        context,
        one,
        t("Testing every question"),
        lambda: cross_fit_so_far(context.workspace, one),
        lambda found: _result(context, one, found),
        _folds,
    )
    if one.request is not None and one.job.is_final and not one.is_of(context.project.dataset_id):
        st.info(t("This was measured on earlier data."), icon=":material/history:")


def _result(context: Context, one: CrossFitJob, found: CrossFit) -> None:
    result = one.result
    with st.container(border=True, key="cross_fit_result"):
        if result is not None and result.tune_run:
            st.markdown(
                "##### "
                + t(
                    "Every question was tested by one of {folds} models that had not seen it.",
                    folds=len(found.folds),
                )
            )
            st.markdown(
                t(
                    "The model that you get learned from all questions with the settings that the "
                    "folds agreed on."
                )
            )
        else:
            st.markdown(
                t(
                    "Stopped before every question was tested: there is no verdict. What was done "
                    "is kept; press Resume to go on."
                )
            )
        _folds(found, f"result_{one.job.id}")
        ready = result is not None and result.tune_run and one.is_of(context.project.dataset_id)
        if ready and action_bar(t("Show the verdict")):
            go_to("compare", run=result.tune_run if result else "")


def _folds(found: CrossFit, key: str) -> None:
    """Draw a table of the folds that are done."""
    import pandas as pd

    if not found.folds:
        return
    rows = []
    for fold in found.folds:
        result = fold.result
        row: dict[str, object] = {"fold": str(fold.number)}
        for regime in found.regimes:
            scores = fold.score(regime)
            count = len(result.measured.ndcg.get(regime, ()))
            row[f"{regime}_n"] = count
            row[f"{regime}_before"], row[f"{regime}_after"] = scores or (None, None)
        row["steps"] = t("{best} of {steps}", best=result.best_step, steps=result.planned)
        row["time"] = duration(result.seconds)
        rows.append(row)
    config = st.column_config
    columns = {
        "fold": config.TextColumn(t("Fold"), width="small"),
        "steps": config.TextColumn(t("Kept after step"), width="small"),
        "time": config.TextColumn(t("Time"), width="small"),
    }
    for regime in found.regimes:
        title = t(REGIME_TEXTS[regime].title)
        columns[f"{regime}_n"] = config.NumberColumn(t("{title}: questions", title=title))
        columns[f"{regime}_before"] = config.NumberColumn(t("Before"), format="%.3f", width="small")
        columns[f"{regime}_after"] = config.NumberColumn(t("After"), format="%.3f", width="small")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=f"folds_{key}",
        column_config=columns,
        alt=t("Table of {count} folds that are done.", count=len(rows)),
    )
    gains = [
        t(
            "{title}: {gain} on average over {folds} folds (nDCG@10).",
            title=t(REGIME_TEXTS[regime].title),
            gain=signed_effect(gain.mean),
            folds=gain.count,
        )
        for regime in found.regimes
        if (gain := found.gain(regime)) is not None
    ]
    st.caption("  \n".join(plain(line) for line in gains))


def _history(context: Context, found: list[CrossFitJob], shown: CrossFitJob) -> None:
    st.subheader(t("Earlier verdicts"), anchor=False)
    rows = [
        {
            **history_row(context, found, place, shown),
            "model": model_title(one.request.tuning.base_model) if one.request else "–",
            "recipe": one.request.recipe_name if one.request else "–",
        }
        for place, one in enumerate(found)
    ]
    history_table(
        [one.job.id for one in found],
        rows,
        {
            "number": st.column_config.NumberColumn(t("Run"), width=50),
            "recipe": st.column_config.TextColumn(t("Label recipe")),
        },
        alt=t("Table of {count} cross-fitted verdicts, the newest first.", count=len(found)),
    )
