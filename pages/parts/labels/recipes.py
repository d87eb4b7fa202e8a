"""Label recipes: save the present one under a name, look at the saved ones, choose one."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pandas as pd
import streamlit as st

from core.journey import labels
from core.journey.report_facts import title_of
from core.labels.rules import RULES
from core.types import LabelRecipe
from pages.parts import session
from pages.parts.errors import show_error
from pages.parts.page import Context
from pages.parts.translate import moment, plain, t


def save_form(context: Context, recipe: LabelRecipe) -> bool:
    """Draw the form that saves the present recipe; returns True once the user wants to go on."""
    in_use = labels.recipe_in_use(context.project)
    saved = labels.recipes(context.project)
    same = next((kept for kept in saved if kept.recipe == recipe), None)
    if same is not None and in_use is not None and same.id == in_use.id:
        st.success(
            t("Saved as {name}; the next tuning uses it.", name=plain(same.name)),
            icon=":material/check_circle:",
        )
        return st.button(
            t("Go on to Tune"), type="primary", icon=":material/arrow_forward:", width="stretch"
        )
    if same is not None:
        st.info(t("Saved as {name}; another recipe is in use.", name=plain(same.name)))
        if st.button(t("Use for tuning"), key="use_saved", type="primary", width="stretch"):
            _use(context, same.id)
        return False
    with st.form("save_recipe", border=True):
        name = st.text_input(
            t("Name of this recipe"), value=_free_name(recipe, {kept.name for kept in saved})
        )
        if st.form_submit_button(
            t("Save recipe"), type="primary", icon=":material/save:", width="stretch"
        ):
            try:
                labels.save_recipe(context.project, name, recipe, session.who())
            except Exception as error:
                show_error(error)
            else:
                st.rerun()
    return False


def describe(recipe: LabelRecipe) -> str:
    """Return a recipe in a few words: rule and blend."""
    return t(
        "{rule}, {share}% known right answers",
        rule=t(RULES[recipe.rule].title),
        share=round(recipe.blend * 100),
    )


def _free_name(recipe: LabelRecipe, taken: set[str]) -> str:
    name = describe(recipe)
    numbered = (name if n == 1 else f"{name} ({n})" for n in range(1, 1000))
    known = {kept.casefold() for kept in taken}
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
            t("In use"): ["●" if in_use and kept.id == in_use.id else "" for kept in saved],
            t("Name"): [kept.name for kept in saved],
            t("Rule"): [t(RULES[kept.recipe.rule].title) for kept in saved],
            t("Known right answers (%)"): [round(kept.recipe.blend * 100) for kept in saved],
            t("Experts"): [
                ", ".join(title_of(key) for key in kept.recipe.experts) for kept in saved
            ],
            t("Saved by"): [kept.who for kept in saved],
            t("Saved at"): [moment(kept.at) for kept in saved],
        }
    )
    st.dataframe(frame, hide_index=True)
    names = {kept.id: kept.name for kept in saved}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            t("Recipe"), list(names), format_func=names.__getitem__, key="recipe_choice"
        )
        if st.button(t("Use for tuning"), disabled=bool(in_use and chosen == in_use.id)):
            _use(context, chosen)
        recipe = next(kept.recipe for kept in saved if kept.id == chosen)
        gone = [title_of(key) for key in recipe.experts if key not in experts]
        st.button(
            t("Load into the controls"),
            key="load_recipe",
            icon=":material/tune:",
            disabled=bool(gone),
            on_click=load,
            args=(recipe,),
            help=t("These experts have not scored these data: {names}.", names=", ".join(gone))
            if gone
            else t("Sets experts, rule and sliders to this recipe, to look at it or to change it."),
        )


def _use(context: Context, recipe_id: str) -> None:
    try:
        labels.use_recipe(context.project, recipe_id, session.who())
    except Exception as error:
        show_error(error)
    else:
        st.rerun()
