"""The race view: the race that is shown, the form for another one, the history."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.journey.experiments import (
    MOST_RUNS,
    MOST_SEEDS,
    Race,
    contestants,
    launch_race,
    plan_race,
    races,
    racing_recipes,
    soft_losses,
)
from core.journey.labels import recipe_in_use
from core.types.recipes import SavedRecipe
from core.types.rights import START
from core.types.tuning import KEEP, WINNER_MODEL, Contestant
from core.types.tuning_config import TuningConfig
from pages.parts import session
from pages.parts.model_titles import loss_title, model_title
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import duration, plain, t
from pages.parts.tune.experiment_view import launch
from pages.parts.tune.queue_panel import queue_note
from pages.parts.tune.race_view import contestant_title, race_view
from pages.parts.tune.run_history import history_row, history_table, selected_job
from pages.parts.tune.tuning_estimate import tuning_estimate
from pages.parts.tune.tuning_form import choose_base_model, choose_preset, choose_settings

_USUAL_SEEDS = 3
_USUAL_LOSSES = ("kl", "mse")


def race_page(context: Context) -> None:
    """Draw the view."""
    st.markdown(
        t(
            "Several label recipes and learning goals run against each other on the same "
            "questions, each several times. The table says which is best, and whether that may be "
            "luck."
        )
    )
    found = races(context.project)
    shown = selected_job(context, found)
    if shown is None:
        _form(context, first=True)
    else:
        race_view(context, shown)
        with st.expander(t("Start another race"), icon=":material/add_circle:"):
            _form(context, first=False)
    if found:
        _history(context, found, shown)


def _history(context: Context, found: Sequence[Race], shown: Race | None) -> None:
    st.subheader(t("History of races"), anchor=False)
    rows = []
    for place, race in enumerate(found):
        request = race.request
        rows.append(
            {
                **history_row(context, found, place, shown),
                "model": model_title(request.tuning.base_model) if request else None,
                "contestants": len(request.contestants) if request else None,
                "seeds": len(request.seeds) if request else None,
            }
        )
    number = st.column_config.NumberColumn
    history_table(
        [one.job.id for one in found],
        rows,
        {
            "number": number(t("Race"), width=60),
            "contestants": number(t("Contestants")),
            "seeds": number(t("Runs per contestant")),
        },
        alt=t("Table of {count} races, the newest first.", count=len(found)),
    )


def _form(context: Context, *, first: bool) -> None:
    """Draw the form with its start button.

    Parameters
    ----------
    first : bool
        Whether this is the first race, so that starting it is the page's next action.
    """
    left, right = st.columns(2, gap="large")
    with left:
        chosen = _recipes(context)
        losses = _losses()
        seeds = st.slider(
            t("Runs per contestant (seeds)"),
            1,
            MOST_SEEDS,
            _USUAL_SEEDS,
            key="race_seeds",
            persist_state="session",
            help=t(
                "Every run is a bit lucky or unlucky. Several runs with different random numbers "
                "show how much, so that luck is not taken for skill. Three are usual."
            ),
        )
    with right:
        entry = choose_base_model(context)
        preset = choose_preset()
    config = choose_settings(context, entry, preset)
    keep = st.radio(
        t("Tuned models to keep on disk"),
        list(KEEP),
        index=list(KEEP).index(WINNER_MODEL),
        format_func=lambda key: t(KEEP[key]),
        key="race_keep",
        horizontal=True,
        persist_state="session",
    )
    everyone = contestants(chosen, losses)
    _who(everyone)
    st.caption(t("One run:"))
    ready = entry.availability(context.workspace.models).ready
    fits = tuning_estimate(context, config, measure=first and ready)
    st.caption(t("All runs together:"))
    runs = _what_it_takes(context, config, everyone, seeds, str(keep))
    if runs > MOST_RUNS:
        st.error(
            t("{runs} runs are more than {most}. Choose fewer.", runs=runs, most=MOST_RUNS),
            icon=":material/error:",
        )
    queue_note(context, config.device)
    pressed = st.button(
        t("Start the race"),
        type="primary" if first else "secondary",
        icon=":material/flag:",
        **only(START, disabled=runs > MOST_RUNS or not fits),
    )
    if pressed:
        given = (config, chosen, losses, seeds, session.who())
        launch(lambda: launch_race(context.project, *given, keep=str(keep)))


def _recipes(context: Context) -> list[SavedRecipe]:
    saved = {recipe.id: recipe for recipe in racing_recipes(context.project)}
    used = recipe_in_use(context.project)
    chosen = st.multiselect(
        t("Label recipes"),
        list(saved),
        default=[used.id] if used is not None and used.id in saved else [],
        format_func=lambda key: saved[key].name,
        key=f"race_recipes_{context.project.id}_{context.project.dataset_id}",
        persist_state="session",
        help=t("Saved recipes of this project whose experts have scored the present data."),
        placeholder=t("Choose"),
    )
    return [saved[key] for key in chosen if key in saved]


def _losses() -> list[str]:
    known = soft_losses()
    chosen = st.multiselect(
        t("Learning goals (losses)"),
        known,
        default=[key for key in _USUAL_LOSSES if key in known],
        format_func=loss_title,
        key="race_losses",
        persist_state="session",
        help=t("Each recipe runs with each of these."),
        placeholder=t("Choose"),
    )
    return [key for key in chosen if key in known]


def _who(everyone: tuple[Contestant, ...]) -> None:
    soft = [plain(contestant_title(one)) for one in everyone if not one.baseline]
    hard = [plain(contestant_title(one)) for one in everyone if one.baseline]
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f"**{t('Who takes part')}**")
        if soft:
            st.markdown("\n".join(f"- {name}" for name in soft))
        else:
            st.caption(t("No recipe or no learning goal is chosen: only the baselines run."))
        st.caption(
            t(
                "Always there, for comparison: {names}, and the untuned model.",
                names=", ".join(hard),
            )
        )


def _what_it_takes(
    context: Context,
    config: TuningConfig,
    everyone: tuple[Contestant, ...],
    seeds: int,
    keep: str,
) -> int:
    found = plan_race(context.workspace, context.dataset, config, everyone, seeds, keep)
    with st.container(border=True, key="what_the_race_takes"):
        columns = st.columns(4)
        columns[0].metric(t("Contestants"), found.contestants)
        columns[1].metric(
            t("Runs"), found.runs, help=t("Contestants × runs per contestant, one after another.")
        )
        known = found.seconds is not None
        columns[2].metric(
            t("Time"),
            t("≈ {time}", time=duration(found.seconds)) if known else t("unknown"),
            help=t("From earlier runs on this machine; runs that end early make it shorter."),
        )
        columns[3].metric(
            t("Disk"),
            t("≤ {size} MB", size=f"{found.disk_mb:,}"),
            help=t(
                "At most, while the race goes on. A kept model takes {size} MB.",
                size=found.model_mb,
            ),
        )
    return found.runs
