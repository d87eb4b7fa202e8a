"""What a tuning run is told: recipe, base model, preset, expert panel; and what it will take."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from core.errors import AppError
from core.journey.compare import REGIME_TEXTS
from core.journey.cross_fit import (
    CROSS_FIT,
    ENOUGH_QUESTIONS,
    SPLIT,
    cross_fit_seconds,
    fold_count,
    launch_cross_fit,
    tested_in_split,
    verdict_way,
)
from core.journey.labels import recipe_in_use
from core.journey.tune import (
    ExpertSource,
    Trimmed,
    language_of_questions,
    languages_to_keep,
    launch_tuning,
    models_for_answers,
    models_to_tune,
    only_looks_words_up,
    open_in_run,
    plan,
    plans,
    suggested_model,
    trim_offer,
    what_data_decide,
)
from core.labels.rules import RULES
from core.messages import N_n
from core.tuning.presets import PRESETS
from core.types.recipes import SavedRecipe
from core.types.tuning_config import TuningConfig
from pages.parts import session
from pages.parts.deep_links import link_parameters, page_of
from pages.parts.model_titles import language_title, languages_of, model_title
from pages.parts.page import Context
from pages.parts.translate import duration, plain, t, tm
from pages.parts.tune.experiment_view import launch
from pages.parts.tune.queue_panel import start_button
from pages.parts.tune.tuning_estimate import run_figures, run_fits
from pages.parts.tune.tuning_settings import changed_settings, trim_key, tuning_settings

_CHANGED = N_n(
    "Under Advanced, {count} setting differs from {preset}.",
    "Under Advanced, {count} settings differ from {preset}.",
)
_PRESET, _USUAL = "tune_preset", "balanced"


def tuning_form(context: Context, *, first: bool, going_on: int = 0, measure: bool = True) -> None:
    """Draw the form with its start button.

    Parameters
    ----------
    first : bool
        Whether this is the first run, so that starting it is the page's next action.
    going_on : int
        Runs of this project that start, wait or compute: the next one joins the queue.
    measure : bool
        Whether to measure shortly what the run will take: somebody looks at the form.
    """
    cards, below = st.container(), st.container()
    # What is chosen in here decides what the cards say, so it is drawn before them.
    with st.expander(t("Advanced"), icon=":material/tune:", key=f"tune_advanced_{first}"):
        saved = recipe_in_use(context.project)
        if saved is not None:
            _recipe(saved)
        left, right = st.columns(2, gap="large")
        with left:
            entry = choose_base_model(context)
        preset = preset_in_use()
        config = choose_settings(context, entry, preset)
        with right:
            way = _choose_way(context, config)
        ready = entry.availability(context.workspace.models)
        measure = measure and ready.ready and not going_on
        found = run_figures(context, config, measure=measure)
    with cards:
        configs = {key: one.config(base_model=entry.key) for key, one in PRESETS.items()}
        choose_preset(_times(context, configs | {preset: config}, way, measure=measure))
    with below:
        _what_runs(entry, saved, way, tm(ready.message))
        static = only_looks_words_up(entry, context.workspace)
        _what_data_decide(context, config, static=static)
        if changed := changed_settings(preset, config):
            title = t(PRESETS[preset].title)
            st.caption(f":material/edit: {t(_CHANGED, count=changed, preset=title)}")
        fits = run_fits(context, config, found, measure=measure)
    pressed = start_button(context, config.device, first=first, going_on=going_on, fits=fits)
    if pressed:
        start = launch_cross_fit if way == CROSS_FIT else partial(launch_tuning, then_compare=True)
        launch(lambda: start(context.project, config, session.who()))


def _times(
    context: Context, configs: Mapping[str, TuningConfig], way: str, *, measure: bool
) -> dict[str, str]:
    """Return in words what each preset will take on this machine with these data."""
    found = plans(context.workspace, context.dataset, list(configs.values()))
    unknown = t("Time is being measured …") if measure else t("Time not known yet")
    times = {}
    for key, one in zip(configs, found, strict=True):
        seconds = one.seconds
        if seconds is not None and way == CROSS_FIT:
            seconds = cross_fit_seconds(context.dataset, one)
        times[key] = t("≈ {time}", time=duration(seconds)) if seconds else unknown
    return times


def _what_runs(entry: ExpertSource, saved: SavedRecipe | None, way: str, here: str) -> None:
    """Say in one line what is started: the labels, the model, and how it is judged."""
    text = (
        t("Learns from the labels **{labels}** with {model}; afterwards every question is tested.")
        if way == CROSS_FIT
        else t("Learns from the labels **{labels}** with {model}, then is compared by itself.")
    )
    name = plain(saved.name) if saved is not None else "–"
    st.caption(f"{text.format(labels=name, model=plain(entry.full_title))} {plain(here)}")


def _what_data_decide(context: Context, config: TuningConfig, *, static: bool) -> None:
    """Say what a run decides by what the data are, on request."""
    told = what_data_decide(context.workspace, context.dataset, config, static=static)
    if told:
        with st.popover(t("What your data decide"), icon=":material/rule:", type="tertiary"):
            st.markdown("\n".join(f"- {plain(tm(rule))}" for rule in told))


def _choose_way(context: Context, config: TuningConfig) -> str:
    """Draw how the verdict will be reached, with what it costs; the rule chooses first."""
    dataset_id = context.project.dataset_id
    dataset = context.dataset
    suggested = verdict_way(dataset)
    titles = {CROSS_FIT: t("Test every question (cross-fitting)"), SPLIT: t("Test one split")}
    chosen = st.segmented_control(
        t("How will the verdict be reached?"),
        list(titles),
        default=suggested,
        format_func=lambda way: (
            f"{titles[way]} · {t('suggested')}" if way == suggested else titles[way]
        ),
        key=f"verdict_way_{dataset_id}",
        persist_state="session",
        required=True,
        width="stretch",
    )
    way = chosen if chosen in titles else suggested
    counts = " · ".join(
        t("{regime}: {count}", regime=t(REGIME_TEXTS[regime].title), count=count)
        for regime, count in tested_in_split(dataset).items()
    )
    if way == CROSS_FIT:
        st.caption(cross_fit_cost(context, config))
    else:
        st.caption(
            t(
                "One run. The test part of the split decides: {counts} questions. Suggested where "
                "each has at least {enough}.",
                counts=counts or "–",
                enough=ENOUGH_QUESTIONS,
            )
        )
    return way


def cross_fit_cost(context: Context, config: TuningConfig) -> str:
    """Return what a cross-fitted verdict does and takes, as a sentence."""
    dataset = context.dataset
    try:
        runs = fold_count(dataset) + 1
    except AppError as error:
        return plain(tm(error.message))
    seconds = cross_fit_seconds(dataset, plan(context.workspace, dataset, config))
    values = {"runs": runs, "folds": runs - 1, "questions": len(dataset.judged_rows)}
    if seconds is None:
        return t(
            "{runs} runs: {folds} models, each tuned without the questions it is tested on, judge "
            "all {questions} questions; the last run learns from all of them and is the model you "
            "get.",
            **values,
        )
    return t(
        "{runs} runs, ≈ {time} together: {folds} models, each tuned without the questions it is "
        "tested on, judge all {questions} questions; the last run learns from all of them and is "
        "the model you get.",
        **values,
        time=duration(seconds),
    )


def choose_settings(context: Context, entry: ExpertSource, preset: str) -> TuningConfig:
    """Draw the expert panel; the same settings in every form of the page."""
    config = tuning_settings(
        PRESETS[preset],
        entry.key,
        static=only_looks_words_up(entry, context.workspace),
        has_open=len(context.dataset.open_rows) > 0,
        dataset_id=context.project.dataset_id,
        models=[one.key for one in models_to_tune(context.project)],
        readers=models_for_answers(context.project, entry.key),
        trimmed=_trimming(context, entry.key) is not None
        and bool(st.session_state.get(trim_key(context.project.dataset_id), False)),
    )
    _open_use(context, config)
    return config


def _open_use(context: Context, config: TuningConfig) -> None:
    """Say how many open questions a run learns from; nothing where the data have none."""
    if not len(context.dataset.open_rows):
        return
    use = open_in_run(context.dataset, config)
    values = {"count": f"{use.count:,}", "known": f"{use.known:,}", "taken": f"{use.per_pass:,}"}
    if not use.per_pass:
        text = t(
            N_n(
                "With these settings the {count} open question (without a known "
                "answer) is not learned from.",
                "With these settings none of the {count} open questions (without a "
                "known answer) is learned from.",
            )
        )
    elif use.per_pass == use.count:
        text = t(
            "Each pass learns from all {count} open questions (without a known answer), by the "
            "experts' labels alone, beside {known} questions with a known answer. Weight of each "
            "beside these: {weight}."
        )
    else:
        text = t(
            "Each pass learns from {taken} of {count} open questions (without a known answer), by "
            "the experts' labels alone, beside {known} questions with a known answer; they take "
            "turns. Weight of each beside these: {weight}."
        )
    if use.per_pass and config.guard_regimes:
        text += " " + t(
            "A run leaves them out where no expert searches clearly better than the base model."
        )
    st.caption(f":material/help: {text.format(**values, weight=f'{config.open_weight:g}')}")


def _recipe(saved: SavedRecipe) -> None:
    recipe = saved.recipe
    rule = t(RULES[recipe.rule].title) if recipe.rule in RULES else recipe.rule
    names = ", ".join(model_title(key) for key in recipe.experts) or t("no experts")
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(t("**Labels in use:** {name}", name=plain(saved.name)))
            st.caption(
                t(
                    "{rule} · experts: {names} · share of your own right answers: {blend}",
                    rule=plain(rule),
                    names=plain(names),
                    blend=f"{recipe.blend:.0%}",
                )
            )
        st.page_link(
            page_of("labels"),
            label=t("Change on the Labels page"),
            icon=":material/edit:",
            query_params=link_parameters(),
        )


def choose_base_model(context: Context) -> ExpertSource:
    """Draw the choice of the model to tune; the same choice in every form of the page."""
    entries = {entry.key: entry for entry in models_to_tune(context.project)}
    root = str(context.workspace.layout.root)
    suggested, language = _suggested(context.project.dataset_id or "", root)
    ready = {key: entry.availability(context.workspace.models) for key, entry in entries.items()}

    def words(key: str) -> str:
        entry = entries[key]
        size = t("{size} MB", size=entry.size_mb)
        parts = [entry.full_title, languages_of(entry), size]
        if key == suggested:
            parts.append(t("suggested"))
        if not ready[key].ready:
            parts.append(t("to be downloaded"))
        return " · ".join(parts)

    keys = list(entries)
    chosen = st.selectbox(
        t("Base model"),
        keys,
        index=keys.index(suggested) if suggested in keys else 0,
        format_func=words,
        key=f"tune_model_{context.project.dataset_id}",  # other data may need another model
        persist_state="session",
        help=t("The model that is tuned; the result has its size and speed."),
    )
    entry = entries[chosen]
    if language in {"en", "ja"} and not entry.speaks(language):
        st.warning(
            t(
                "This model was not made for {language}, the language of your questions. It may "
                "learn little from them: take the suggested one unless you want to compare.",
                language=language_title(language),
            ),
            icon=":material/translate:",
        )
    mark = ":green[:material/check_circle:]" if ready[chosen].ready else ":material/cloud_download:"
    st.caption(f"{t(entry.meaning)}  \n{mark} {plain(tm(ready[chosen].message))}")
    if entry.licence and entry.commercial_use:
        st.caption(t("Licence: {licence}", licence=plain(entry.licence)))
    else:
        st.caption(
            t("Licence not known here or not for commercial use: check it before you use it."),
        )
    _choose_trimming(context, entry)
    return entry


def _choose_trimming(context: Context, entry: ExpertSource) -> None:
    """Draw the choice to keep only the words of the data's languages, where that saves much."""
    left = _trimming(context, entry.key)
    if left is None:
        return
    st.checkbox(
        t(
            "Keep only the words of your languages: {whole} MB → about {size} MB",
            whole=f"{left.before_mb:.0f}",
            size=f"{left.size_mb:.0f}",
        ),
        key=trim_key(context.project.dataset_id),
        persist_state="session",
        help=t(
            "The base model knows {before} words and pieces of words in many languages; about "
            "{tokens} of them stay. Texts in your languages are read exactly as before, which is "
            "measured before learning begins and told in the result. It takes about half a minute, "
            "once.",
            before=f"{left.before:,}",
            tokens=f"{left.tokens:,}",
        ),
    )
    given = context.project.dataset_id or "", str(context.workspace.layout.root)
    names = [language_title(code) for code in _languages(*given)]
    st.caption(
        t(
            "Found in your data: {languages}. Texts in other languages would be read letter by "
            "letter, or not at all: leave this off if such questions may come.",
            languages=", ".join(names),
        )
    )


def _trimming(context: Context, key: str) -> Trimmed | None:
    workspace = context.workspace
    return _offer(context.project.dataset_id or "", key, str(workspace.layout.root))


@st.cache_data(max_entries=32, show_spinner=False)
def _offer(dataset_id: str, key: str, root: str) -> Trimmed | None:
    """Return what would be left of a model: its words are gone through once."""
    return trim_offer(session.workspace(), key, session.dataset_of(dataset_id))


@st.cache_data(max_entries=32, show_spinner=False)
def _languages(dataset_id: str, root: str) -> tuple[str, ...]:
    """Return the languages of the data: each text is gone through once."""
    return languages_to_keep(session.dataset_of(dataset_id))


@st.cache_data(max_entries=32, show_spinner=False)
def _suggested(dataset_id: str, root: str) -> tuple[str, str]:
    """Return the suggested model and the language of the questions."""
    dataset = session.dataset_of(dataset_id)
    return suggested_model(dataset), language_of_questions(dataset)


def preset_in_use() -> str:
    """Return the preset that is chosen, also before its choice is drawn."""
    chosen = st.session_state.get(_PRESET)
    return chosen if chosen in PRESETS else _USUAL


def choose_preset(times: Mapping[str, str] | None = None) -> str:
    """Draw the presets as cards; the same choice in every form of the page.

    Parameters
    ----------
    times : mapping of preset to text or None
        What each will take, in the reader's language.
    """
    said = [f"**{times[key]}**  \n" if times else "" for key in PRESETS]
    chosen = st.radio(
        t("How thorough?"),
        list(PRESETS),
        index=list(PRESETS).index(_USUAL),
        format_func=lambda key: t(PRESETS[key].title),
        captions=[time + t(one.meaning) for time, one in zip(said, PRESETS.values(), strict=True)],
        key=_PRESET,
        persist_state="session",
        horizontal=True,
        label_visibility="visible" if times is None else "collapsed",
        width="stretch",
    )
    return chosen if chosen in PRESETS else _USUAL
