"""One race, going on or ended: who leads, whether that may be luck, the table, and what to do next.

The sentences do not promise more than was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from core.journey.experiments import (
    ALONE,
    CLEAR,
    GENERALITY,
    NOTHING,
    REGIME_TEXTS,
    SCORE,
    TIED,
    TOO_FEW,
    Race,
    RaceResult,
    Spread,
    Standing,
    adopt_model,
    kept_models,
    put_in_use,
    race_csv,
    race_result,
    settings_of,
)
from core.messages import N_, N_n
from core.types.rights import CHANGE
from core.types.tuning import Contestant
from pages.parts import session
from pages.parts.deep_links import RUN
from pages.parts.errors import show_error
from pages.parts.model_titles import loss_title
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import duration, plain, t, tm
from pages.parts.tune.experiment_view import difference, experiment_view
from pages.parts.tune.tuning_settings import fill_settings

_BASELINES = {
    "infonce": N_("Right answers only (hard-label InfoNCE)"),
    "mse": N_("Right answers only (hard-label squared error)"),
}
_NAMED = 3  # contestants that a sentence names
_PROBLEM = "race_problem"


def race_view(context: Context, race: Race) -> None:
    """Draw one race with its next action."""
    experiment_view(
        context,
        race,
        t("Race"),
        lambda: race_result(context.workspace, race),
        lambda found: _result(context, race, found),
        _table,
    )
    older = not race.is_of(context.project.dataset_id)
    if race.request is not None and race.job.is_final and older:
        st.info(t("This race was run on earlier data."), icon=":material/history:")


def _result(context: Context, race: Race, found: RaceResult) -> None:
    with st.container(border=True, key="race_result"):
        first, *rest = _verdict_lines(found)
        st.markdown(f"##### {first}")
        if rest:
            st.markdown("\n".join(f"- {line}" for line in rest))
        if found.experiment.validation is None:
            return
        _table(found, f"table_{race.job.id}")
        _reading(found)
        _absent(found)
        if found.standings:
            _actions(context, race, found)
        st.download_button(
            t("Download as CSV"),
            data=lambda: race_csv(found),
            file_name="race.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )


def _table(found: RaceResult, key: str) -> None:
    import pandas as pd

    if not found.untuned:
        return
    rows = [_row(place, standing, found) for place, standing in enumerate(found.standings, 1)]
    rows += [
        {"name": contestant_title(one), "runs": t("failed") if reasons else t("not yet")}
        for one, reasons in found.absent
    ]
    reference = {column: f"{value:.3f}" for column, value in found.untuned.items()}
    rows.append({"name": t("Untuned model"), **reference})
    regimes = [column for column in found.columns if column not in {SCORE, GENERALITY}]
    text = st.column_config.TextColumn
    columns = {
        "place": st.column_config.NumberColumn("", width=30),
        "name": text(t("Contestant"), width=320),
        "runs": text(t("Runs"), width=60),
        SCORE: text(
            t("Search quality"),
            help=t(
                "Right answers near the top (nDCG@10) on validation questions, mean of the kinds "
                "of questions ± standard deviation over runs."
            ),
        ),
        "behind": text(
            t("Behind the first"),
            help=t(
                "Paired difference: the same questions, the same seeds. Where the interval in "
                "brackets contains 0, the two cannot be told apart."
            ),
        ),
        "gain": text(
            t("Over untuned"),
            help=t("Difference to the untuned model with its 95% interval."),
        ),
        **{
            regime: text(t(REGIME_TEXTS[regime].title), help=t(REGIME_TEXTS[regime].meaning))
            for regime in (regimes if len(regimes) > 1 else [])
        },
        GENERALITY: text(
            t("Everyday language"),
            help=t("Change of the Spearman correlation on general sentence pairs, ± over runs."),
        ),
        "time": text(t("Time per run"), width=90),
    }
    frame = pd.DataFrame(rows).reindex(columns=list(columns))
    st.dataframe(
        frame,
        hide_index=True,
        key=key,
        placeholder="–",
        column_config=columns,
        alt=t("Table of {count} contestants, the best first.", count=len(rows) - 1),
    )


def _row(place: int, standing: Standing, found: RaceResult) -> dict[str, object]:
    seeds, failed = standing.seeds, len(standing.failures)
    runs = t("{done} of {total}", done=seeds, total=seeds + failed) if failed else str(seeds)
    behind = "–" if standing.behind is None else difference(standing.behind)
    figures = {
        column: "–" if figure is None else spread(figure, signed=column == GENERALITY)
        for column, figure in standing.figures.items()
    }
    return {
        "place": place,
        "name": contestant_title(standing.contestant),
        "runs": runs,
        **figures,
        "gain": difference(standing.gain, signed=True),
        "behind": behind,
        "time": duration(standing.seconds),
    }


def spread(value: Spread, *, signed: bool = False) -> str:
    """Return mean ± standard deviation as text."""
    mean = f"{value.mean:+.3f}" if signed else f"{value.mean:.3f}"
    mean = mean.replace("-", "−")
    return mean if value.std is None else f"{mean} ± {value.std:.3f}"


def _reading(found: RaceResult) -> None:
    st.caption(
        t(
            "Measured on {questions} validation questions, which also chose the best moment of "
            "each run: all gains over the untuned model are a little flattering. The test "
            "questions stay untouched for the verdict on the Compare page. ± is the standard "
            "deviation over runs with different seeds.",
            questions=found.experiment.questions,
        )
    )
    kept = [standing for standing in found.standings if standing.base_kept]
    if kept:
        st.caption(
            t(
                N_n(
                    "In {count} run no moment was better than the untuned model; it "
                    "counts with its figures.",
                    "In {count} runs no moment was better than the untuned model; they "
                    "count with its figures.",
                ),
                count=sum(one.base_kept for one in kept),
            )
        )


def _absent(found: RaceResult) -> None:
    failed = [
        (standing.contestant, standing.failures)
        for standing in found.standings
        if standing.failures
    ]
    failed += [(one, dict(reasons)) for one, reasons in found.absent if reasons]
    for one, reasons in failed:
        reason = tm(next(iter(reasons.values())))
        st.warning(
            t(
                "{name}: failed runs, left out of the figures: {count}. {reason}",
                name=plain(contestant_title(one)),
                count=len(reasons),
                reason=plain(reason),
            ),
            icon=":material/warning:",
        )


def _actions(context: Context, race: Race, found: RaceResult) -> None:
    """Draw the choice of a contestant and what can be done with it."""
    everyone = {standing.contestant.key: standing.contestant for standing in found.standings}
    kept = kept_models(context.workspace, race)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = st.selectbox(
            t("Go on with"),
            list(everyone),
            format_func=lambda key: contestant_title(everyone[key]),
            key=f"race_choice_{race.job.id}",
        )
        if key in kept and race.is_of(context.project.dataset_id):
            st.button(
                t("Use this model"),
                type="primary",
                icon=":material/check:",
                on_click=_take_model,
                args=(context, race, key),
                **only(
                    CHANGE,
                    help=t(
                        "Makes its best run one of your runs, ready to compare; nothing runs again."
                    ),
                ),
            )
        st.button(
            t("Use these settings"),
            type="secondary" if key in kept else "primary",
            icon=":material/tune:",
            on_click=_take_settings,
            args=(context, race, everyone[key]),
            **only(CHANGE, help=t("Puts its label recipe in use and fills in the form of a run.")),
        )
    if key not in kept:
        st.caption(
            t("The model of {name} was not kept.", name=plain(contestant_title(everyone[key])))
        )
    problem = st.session_state.pop(_PROBLEM, None)
    if problem is not None:
        show_error(problem)


def _take_model(context: Context, race: Race, key: str) -> None:
    try:
        name = t("Right answers only, no experts")
        run = adopt_model(context.project, race, key, session.who(), name)
    except Exception as error:
        st.session_state[_PROBLEM] = error
    else:
        _show_form(run)


def _take_settings(context: Context, race: Race, one: Contestant) -> None:
    try:
        name = t("Right answers only, no experts")
        put_in_use(context.project, one, name, session.who())
    except Exception as error:
        st.session_state[_PROBLEM] = error
    else:
        fill_settings(settings_of(race, one), context.project.dataset_id)
        _show_form(None)


def _show_form(run: str | None) -> None:
    """Go to the view of single runs."""
    st.session_state["tune_view"] = "one"
    for name in ("view", RUN):
        st.query_params.pop(name, None)
    if run is not None:
        st.query_params[RUN] = run


# What a race found, in sentences.


def contestant_title(one: Contestant) -> str:
    """Return what a contestant is called; not escaped."""
    if one.baseline and one.loss in _BASELINES:
        return t(_BASELINES[one.loss])
    recipe = t("Right answers only, no experts") if one.baseline else one.recipe_name
    return f"{recipe} · {loss_title(one.loss)}"


def _verdict_lines(found: RaceResult) -> list[str]:
    """Return the verdict and what else has to be said about the first, as markdown lines."""
    lines = [_WORDS[found.word](found)]
    if not found.standings:
        return lines
    first = found.standings[0]
    lines.append(
        t(
            "Over the untuned model: {gain} (nDCG@10, 95% interval).",
            gain=difference(first.gain, signed=True),
        )
    )
    lines += _against_hard_labels(found)
    if not first.general_enough:
        lines.append(
            t(
                "Every contestant understands everyday language clearly less than the untuned "
                "model. Try fewer “Passes over the data (epochs)” or a smaller “Learning rate”."
            )
        )
    return lines


def _against_hard_labels(found: RaceResult) -> list[str]:
    first, rest = found.standings[0], found.standings[1:]
    if first.contestant.baseline:
        return [
            t("Known right answers alone did best: a gain from the experts' labels is not shown.")
        ]
    lines = []
    for one in rest:
        if not one.contestant.baseline or one.behind is None:
            continue
        name = plain(contestant_title(one.contestant))
        shown = difference(one.behind, signed=True)
        lines.append(
            t("Ahead of {name}: {difference}.", name=name, difference=shown)
            if one.behind.low > 0
            else t("Against {name}: {difference}; may be luck.", name=name, difference=shown)
        )
    return lines


def _clear(found: RaceResult) -> str:
    first, second = found.standings[:2]
    assert second.behind is not None
    return t(
        "{name} is best: ahead of the next one by {difference}.",
        name=_name(first),
        difference=difference(second.behind),
    )


def _tied(found: RaceResult) -> str:
    ties = found.ties
    names = ", ".join(_name(tied) for tied in ties[:_NAMED])
    if len(ties) > _NAMED:
        names = t("{names} and {count} more", names=names, count=len(ties) - _NAMED)
    return t(
        "{name} has the highest mean but cannot be told apart from: {names}. The difference may "
        "be luck; more runs per contestant or more validation questions may tell.",
        name=_name(found.standings[0]),
        names=names,
    )


def _too_few(found: RaceResult) -> str:
    return t(
        "{name} has the highest mean, but {questions} validation questions are too few to tell "
        "who is better. Add questions, or give validation a larger share.",
        name=_name(found.standings[0]),
        questions=found.experiment.questions,
    )


def _alone(found: RaceResult) -> str:
    return t(
        "Only {name} has finished a run: there is nothing to compare it with.",
        name=_name(found.standings[0]),
    )


def _nothing(found: RaceResult) -> str:
    return t("No run has finished, so there is nothing to compare yet.")


_WORDS: Mapping[str, Callable[[RaceResult], str]] = {
    CLEAR: _clear,
    TIED: _tied,
    TOO_FEW: _too_few,
    ALONE: _alone,
    NOTHING: _nothing,
}


def _name(one: Standing) -> str:
    return plain(contestant_title(one.contestant))
