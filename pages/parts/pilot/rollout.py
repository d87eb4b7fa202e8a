"""Into a company's search: running costs, smaller forms, and the sheet that says how."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import AppError
from core.journey.jobs import FINISHED
from core.journey.pilot import rollout
from core.journey.pilot.rollout import RunningPrices
from core.types.model_registry import ModelVersion
from core.types.pilot_events import PilotPlan
from core.types.rights import CHANGE, EXPORT_FILES, START
from pages.parts import session
from pages.parts.errors import attempt, guarded, show_error
from pages.parts.job_card import job_card
from pages.parts.made_file import MadeFile, file_name
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import language, plain, t, tm


def rollout_of_model(context: Context, _plan: PilotPlan | None) -> None:
    """Draw what it takes to put the champion into a search, and what that costs."""
    champion = rollout.champion_to_deploy(context.project)
    if champion is None:
        st.info(
            t(
                "No tuned model is in use yet. Take one into use on Compare, or make a version "
                "champion under Versions: then this part says how it gets into your search."
            ),
            icon=":material/rocket_launch:",
        )
        return
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, key="running_costs", height="stretch"):
        _costs(context, champion)
    with right, st.container(border=True, key="small_forms", height="stretch"):
        _forms(context, champion)
    _sheet(context)


@st.fragment
@guarded
def _costs(context: Context, champion: ModelVersion) -> None:
    project = context.project
    st.markdown(f"##### :material/payments: {t('What running it costs')}")
    kept = rollout.prices_of(project)
    first, second = st.columns(2)
    first.number_input(
        t("Price of an hour of the machine"), 0.0, None, kept.machine_hour, key="price_hour"
    )
    second.text_input(t("Currency"), kept.currency, max_chars=8, key="price_currency")
    first.number_input(
        t("Searches a month"), 0, None, kept.searches_per_month, key="price_searches"
    )
    second.number_input(
        t("New indexes a year"), 0, None, kept.reindexes_per_year, key="price_indexes"
    )
    first.number_input(
        t("Retrainings a year"), 0, None, kept.retrainings_per_year, key="price_training"
    )
    prices = _typed_prices()
    found = rollout.costs_of(project, champion, prices)
    if found is None:
        st.info(
            t("The speed of this model was not measured. Compare it again to see its costs."),
            icon=":material/refresh:",
        )
        return
    money = plain(prices.currency)
    st.dataframe(
        pd.DataFrame(
            {
                t("What"): [
                    t("1,000 searches"),
                    t("Reading the index anew"),
                    t("One retraining"),
                    t("A month"),
                ],
                prices.currency or t("Cost"): [
                    f"{value:.4f}"
                    for value in (
                        found.thousand_searches,
                        found.reindex,
                        found.retraining,
                        found.month,
                    )
                ],
            }
        ),
        hide_index=True,
        key="running_costs_table",
    )
    st.caption(
        t(
            "From the speed that was measured here: {reindex:.1f} s to read all answers, "
            "{training:.0f} s for the training run. A machine that waits costs too and is not in "
            "these figures ({currency}).",
            reindex=found.reindex_seconds,
            training=found.retraining_seconds,
            currency=money,
        )
    )

    def keep() -> None:  # what was typed last comes with the click
        rollout.keep_prices(project, _typed_prices(), session.who())

    if prices != kept:
        st.button(
            t("Keep these prices"),
            key="prices_keep",
            on_click=attempt,
            args=(keep,),
            **only(CHANGE),
        )


def _typed_prices() -> RunningPrices:
    names = ("hour", "currency", "searches", "indexes", "training")
    hour, currency, searches, indexes, training = (
        st.session_state[f"price_{name}"] for name in names
    )
    return RunningPrices(hour, searches, indexes, training, currency)


def _forms(context: Context, champion: ModelVersion) -> None:
    project, run = context.project, champion.arm.run
    st.markdown(f"##### :material/compress: {t('Smaller forms')}")
    st.markdown(
        t(
            "The same model in eight bits, and as plain word vectors: smaller and faster, each "
            "measured on your held-out questions beside the model itself."
        )
    )
    job = rollout.smaller_job(project, run)
    if job is not None and job.state != FINISHED:
        job_card(job, t("Making smaller forms"))
    for form in rollout.small_forms(project, run):
        st.markdown(f"**{t(rollout.FORM_TITLES[form.key])}**")
        st.markdown(plain(tm(form.message())))
        if form.failure is None:
            _download(context, run, form)
    if job is None or job.is_final:
        st.button(
            t("Make and measure them") if job is None else t("Measure them again"),
            icon=":material/compress:",
            key="smaller_start",
            on_click=attempt,
            args=(rollout.launch_smaller, project, run, session.who()),
            **only(START),
        )


def _download(context: Context, run: str, form: rollout.SmallForm) -> None:
    project = context.project
    MadeFile(
        key=f"form_{form.key}",
        path=rollout.form_archive(project, run, form.key, language()),
        make=t("Pack this form"),
        again=t("Pack it again"),
        working=t("Packing the model …"),
        download=t("Download it ({size})"),
        name=file_name(project.name, f"-{form.key}.zip"),
        mime="application/zip",
    ).show(lambda: rollout.write_form_zip(project, run, form, language()))


def _sheet(context: Context) -> None:
    if not context.project.may(EXPORT_FILES):
        return
    try:
        facts = rollout.deployment_of(context.project, language())
    except AppError as error:
        show_error(error)
        return
    sheet = rollout.deployment_sheet(facts, language())
    title = t("Deployment sheet: {project}", project=context.project.name)
    with st.container(border=True, key="deployment_sheet"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"##### :material/description: {t('Deployment sheet')}", width="stretch")
            for ending, made in (
                ("md", sheet),
                ("html", rollout.deployment_page(sheet, title)),
            ):
                st.download_button(
                    t("Download as {format}", format=ending.upper()),
                    made,
                    file_name=f"{facts.index}.{ending}",
                    on_click="ignore",
                    icon=":material/download:",
                    key=f"deployment_{ending}",
                )
        with st.expander(t("Read it here")):
            st.html(rollout.deployment_body(sheet))
