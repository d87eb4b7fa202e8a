"""Label recipes: save the present one, choose among the saved ones, see several side by side.

Side by side means distributions, figures, and the pairs on which they differ most.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import pandas as pd
import streamlit as st

from core.journey import labels
from core.journey.labels import FEWEST_COMPARED, MOST_COMPARED, RecipeComparison, expert_title
from core.labels.rules import RULES
from core.reporting.charts.label_charts import recipe_histograms
from core.types import Interval, LabelRecipe, Override
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.charts import show_chart
from pages.parts.deep_links import go_to
from pages.parts.errors import errors_shown
from pages.parts.labels.pair_table import label_column, pair_table
from pages.parts.page import Context, action_bar
from pages.parts.rights import only
from pages.parts.translate import moment, plain, t

_PAIRS = 50  # on which recipes differ most


def recipe_state(
    context: Context, recipe: LabelRecipe, back: Callable[[LabelRecipe], None]
) -> str | None:
    """Say whether these labels are in use; returns the name to use them under, None = they are.

    Using is saving: the recipe gets a name by itself, which can be changed before.

    Parameters
    ----------
    back : callable
        Sets the controls to a recipe; called before the page is drawn again.
    """
    in_use = labels.recipe_in_use(context.project)
    if in_use is not None and in_use.recipe == recipe:
        st.markdown(f":green-badge[:material/check_circle: {t('In use')}] {plain(in_use.name)}")
        return None
    saved = labels.recipes(context.project)
    known = next((other for other in saved if other.recipe == recipe), None)
    st.markdown(f":orange-badge[:material/edit: {t('Changed, not used yet')}]")
    name = known.name if known else _free_name(recipe, {other.name for other in saved})
    with st.container(horizontal=True, gap="small"):
        with st.popover(t("Name"), icon=":material/label:"):
            name = st.text_input(
                t("Name of this recipe"), value=name, max_chars=80, disabled=known is not None
            )
            if st.button(t("Save recipe and stay here"), **only(CHANGE)):
                with errors_shown():
                    labels.use_labels(context.project, recipe, name, session.who())
                    st.rerun()
        if in_use is not None:
            st.button(
                t("Undo"),
                icon=":material/undo:",
                key="back_to_in_use",
                on_click=back,
                args=(in_use.recipe,),
                help=t("Back to the labels in use: {name}", name=plain(in_use.name)),
            )
    return name


def next_step(context: Context, recipe: LabelRecipe, name: str | None) -> None:
    """Draw the bar with the next step: use the labels, which saves them, and go on to Tune.

    Parameters
    ----------
    name : str or None
        As :func:`recipe_state` gives it.
    """
    if name is None:
        if action_bar(t("Go on to Tune"), note=t("These labels are in use.")):
            go_to("tune")
        return
    if action_bar(
        t("Use these labels"),
        note=t("Changed, not used yet"),
        **only(CHANGE, help=t("Saves them as a recipe, puts it to use and goes on to Tune.")),
    ):
        with errors_shown():
            labels.use_labels(context.project, recipe, name, session.who())
            go_to("tune")


def describe(recipe: LabelRecipe) -> str:
    """Return a recipe in a few words: rule and blend."""
    return t(
        "{rule}, {share}% known right answers",
        rule=t(RULES[recipe.rule].title),
        share=round(recipe.blend * 100),
    )


def _free_name(recipe: LabelRecipe, taken: set[str]) -> str:
    name, known = describe(recipe), {other.casefold() for other in taken}
    numbered = (name if n == 1 else f"{name} ({n})" for n in range(1, 1000))
    return next(candidate for candidate in numbered if candidate.casefold() not in known)


def recipe_shelf(
    context: Context, experts: Collection[str], load: Callable[[LabelRecipe], None]
) -> None:
    """Draw the saved recipes side by side and let the user choose the one in use.

    Parameters
    ----------
    experts : collection of str
        All that have scored these data.
    load : callable
        Sets the controls to a recipe; called before the page is drawn again.
    """
    saved = labels.recipes(context.project)
    if not saved:
        st.info(t("No recipe is saved yet. Shape the labels first, then save them under a name."))
        return
    in_use = labels.recipe_in_use(context.project)
    frame = pd.DataFrame(
        {
            t("In use"): ["●" if in_use and other.id == in_use.id else "" for other in saved],
            t("Name"): [other.name for other in saved],
            t("Rule"): [t(RULES[other.recipe.rule].title) for other in saved],
            t("Known right answers (%)"): [round(other.recipe.blend * 100) for other in saved],
            t("Saved by"): [other.who for other in saved],
            t("Saved at"): [moment(other.at) for other in saved],
            t("Experts"): [_experts_of(other.recipe) for other in saved],
        }
    )
    st.dataframe(frame, hide_index=True)
    names = {other.id: other.name for other in saved}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            t("Recipe"), list(names), format_func=names.__getitem__, key="recipe_choice"
        )
        if st.button(
            t("Use for tuning"), **only(CHANGE, disabled=bool(in_use and chosen == in_use.id))
        ):
            _use(context, chosen)
        recipe = next(other.recipe for other in saved if other.id == chosen)
        gone = [expert_title(key) for key in recipe.experts if key not in experts]
        st.button(
            t("Load into the controls"),
            key="load_recipe",
            icon=":material/tune:",
            disabled=bool(gone),
            on_click=load,
            args=(recipe,),
            help=t(
                "These experts have not scored these data: {names}.", names=plain(", ".join(gone))
            )
            if gone
            else t("Sets experts, rule and sliders to this recipe, to look at it or to change it."),
        )
    # In full: names and lists of experts are wider than the table's columns.
    st.caption(f"{plain(names[chosen])} · {describe(recipe)} · {plain(_experts_of(recipe))}")


def _experts_of(recipe: LabelRecipe) -> str:
    return ", ".join(expert_title(key) for key in recipe.experts)


def _use(context: Context, recipe_id: str) -> None:
    with errors_shown():
        labels.use_recipe(context.project, recipe_id, session.who())
        st.rerun()


@st.cache_resource(show_spinner=False, max_entries=4)
def _compared(
    key: tuple[str, ...],
    ids: tuple[str, ...],
    overrides: tuple[Override, ...],
    _project: labels.Project,
) -> RecipeComparison:
    chosen = [labels.find_recipe(_project, recipe_id) for recipe_id in ids]
    return labels.compare_recipes(_project, chosen, overrides)


def recipe_comparison(context: Context) -> None:
    """Let the user choose two to four recipes and draw them side by side."""
    saved = labels.recipes(context.project)
    st.subheader(t("Recipes side by side"), anchor=False)
    if len(saved) < FEWEST_COMPARED:
        st.caption(t("Save a second recipe to compare it with the first."))
        return
    names = {recipe.id: recipe.name for recipe in saved}
    chosen = st.multiselect(
        t("Compare"),
        list(names),
        default=list(names)[:FEWEST_COMPARED],
        format_func=names.__getitem__,
        max_selections=MOST_COMPARED,
        key=f"compared_recipes_{context.project.id}",
        persist_state="session",
        placeholder=t("Choose"),
    )
    if len(chosen) < FEWEST_COMPARED:
        st.info(t("Choose two to four recipes."))
        return
    with errors_shown():
        with st.spinner(t("Making the labels of each recipe …")):
            project = context.project
            key = (str(context.workspace.layout.root), project.id, str(project.dataset_id))
            comparison = _compared(key, tuple(chosen), labels.overrides(project), project)
        _figures(comparison)
        shown = {recipe.saved.name: recipe.labels for recipe in comparison.recipes}
        chart = recipe_histograms(comparison.sample, [*shown.values()], [*shown], t)
        show_chart(chart, key="recipe_histograms")
        _differences(context, comparison)


def _figures(comparison: RecipeComparison) -> None:
    quality = [recipe.quality for recipe in comparison.recipes]
    columns = {
        t("Recipe"): [recipe.saved.name for recipe in comparison.recipes],
        t("First ten (nDCG@10)"): [_span(recipe.ndcg) for recipe in comparison.recipes],
        t("Pairs in order (AP)"): [_span(one.average_precision) for one in quality],
        t("Right or not (ROC-AUC)"): [_span(one.roc_auc) for one in quality],
        t("Overlap, experts alone"): [_share(one.overlap, one.coverage) for one in quality],
        t("Calibration error"): [_share(one.calibration_error, one.coverage) for one in quality],
    }
    st.dataframe(columns, hide_index=True, key="recipe_figures")
    st.caption(
        t(
            "All figures look at what the experts say by the recipe, without known right answers "
            "and changes by hand: labels that contain them agree with them anyway. First ten: the "
            "labels rank all answers of {questions} validation questions. Calibration error: how "
            "far labels are from the share of right pairs; 0% = a label of 70 means 70% right. The "
            "charts show the labels that are learned from, which contain the known right answers, "
            "so they overlap less.",
            questions=comparison.questions,
        )
    )


def _span(value: Interval | None) -> str:
    if value is None or value.value != value.value:
        return "–"
    return f"{value.value:.3f} ({value.low:.3f} – {value.high:.3f})"


def _share(value: float, coverage: float) -> str:
    return f"{value:.0%}" if coverage > 0 and value == value else "–"


def _differences(context: Context, comparison: RecipeComparison) -> None:
    """Draw the pairs on which the chosen recipes are furthest apart."""
    st.markdown(f"##### {t('Where they differ most')}")
    positions = comparison.most_different(_PAIRS)
    if not len(positions):
        st.info(t("These recipes give every pair the same label."))
        return
    table = np.array([recipe.labels[positions] * 100 for recipe in comparison.recipes])
    apart = (table.max(axis=0) - table.min(axis=0)).round()
    before = {
        "apart": (apart, st.column_config.NumberColumn(t("Apart"), format="%d", width=60)),
        **{
            f"label_{place}": (labels_of.round(), label_column(recipe.saved.name))
            for place, (recipe, labels_of) in enumerate(zip(comparison.recipes, table, strict=True))
        },
    }
    pair_table(context.dataset, comparison.sample, positions, "recipe_differences", before)
