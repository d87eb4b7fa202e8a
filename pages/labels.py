"""Labels: see how experts and rule make soft labels, adjust, correct single pairs, use them."""

from functools import partial

import streamlit as st

from core.journey.projects import scored_experts
from core.messages import N_
from core.types import LabelRecipe
from pages.parts.judges import judges
from pages.parts.labels.bias_view import bias_view
from pages.parts.labels.label_controls import (
    cut_lines,
    keep_draft,
    label_controls,
    set_controls,
    set_cuts,
    take_up,
)
from pages.parts.labels.label_views import (
    distributions,
    expert_figures,
    in_use_labels,
    label_chart,
    label_numbers,
    open_preview,
    range_pairs,
    tiles,
)
from pages.parts.labels.open_candidates import open_candidates
from pages.parts.labels.pair_review import pair_review
from pages.parts.labels.recipes import (
    next_step,
    recipe_comparison,
    recipe_shelf,
    recipe_state,
)
from pages.parts.labels.what_if_view import what_if_view
from pages.parts.page import open_page, tab_bar
from pages.parts.translate import t

context = open_page(
    "labels",
    t(
        "Decide whom to trust and how much, look at the labels that come out (soft labels, 0 to "
        "100), and correct what is wrong."
    ),
)
SHAPE = N_("Shape the labels")


def load(recipe: LabelRecipe) -> None:
    """Set the controls to a saved recipe and show them."""
    set_controls(context, experts, recipe)
    st.session_state["label_tabs"] = t(SHAPE)


experts = scored_experts(context.project)
take_up(context, experts)
# Only the tab that is open is drawn: the keys of the review must not work elsewhere, and a slider
# should not wait for charts that nobody sees.
names = ("shape", "bias", "what-if", "pairs", "recipes", "open")
titles = [t(SHAPE), t("Bias"), t("What if"), t("Correct single pairs"), t("Saved recipes")]
if len(context.dataset.open_rows):
    titles.append(t("Open questions"))
shape, bias, what_if, review, shelf, *opened = tab_bar("label_tabs", titles, names[: len(titles)])
with shape:
    controls, view = st.columns([1, 2.1], gap="medium")
    below = st.container()
    with controls:
        recipe = label_controls(context, experts, below)
        keep_draft(context, experts, recipe)
        name = recipe_state(context, recipe, load)
    with view, st.spinner(t("Reading the experts' scores …")):
        preview = open_preview(context, experts, recipe)
        if shape.open:
            in_use = in_use_labels(context, experts, recipe)
            tiles(preview, in_use)
            label_chart(preview, in_use, partial(set_cuts, context, recipe))
            cut_lines(context, recipe)
    if shape.open:
        with below:
            range_pairs(preview)
            label_numbers(preview, in_use)
            expert_figures(preview)
            judges(context, experts)
            distributions(preview)
if bias.open:
    with bias:
        bias_view(context, preview)
if what_if.open:
    with what_if:
        what_if_view(context, preview)
if review.open:
    with review:
        pair_review(context, preview)
if shelf.open:
    with shelf:
        recipe_shelf(context, experts, load)
        recipe_comparison(context)
for tab in opened:
    if tab.open:
        with tab:
            open_candidates(context, preview)
next_step(context, recipe, name)
