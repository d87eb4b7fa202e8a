"""Labels: see how experts and rule make soft labels, adjust, correct single pairs, save."""

import streamlit as st

from core.journey.projects import scored_experts
from core.messages import N_
from core.types import LabelRecipe
from pages.parts.deep_links import go_to
from pages.parts.judges import judges
from pages.parts.labels.bias_view import bias_view
from pages.parts.labels.label_controls import label_controls, set_controls
from pages.parts.labels.label_views import distributions, expert_figures, open_preview
from pages.parts.labels.open_candidates import open_candidates
from pages.parts.labels.pair_review import pair_review
from pages.parts.labels.recipes import recipe_comparison, recipe_shelf, save_form
from pages.parts.page import open_page, tab_bar
from pages.parts.translate import t

context = open_page(
    "labels",
    t(
        "Turn the experts' scores into labels between 0 and 100 (soft labels): decide whom to "
        "trust and how much, look at what comes out, and correct what is wrong."
    ),
)
SHAPE = N_("Shape the labels")


def load(recipe: LabelRecipe) -> None:
    """Set the controls to a saved recipe and show them."""
    set_controls(context, experts, recipe)
    st.session_state["label_tabs"] = t(SHAPE)


experts = scored_experts(context.project)
# Only the tab that is open is drawn: the keys of the review must not work elsewhere, and a slider
# should not wait for charts that nobody sees.
titles = [t(SHAPE), t("Bias"), t("Correct single pairs"), t("Saved recipes")]
if len(context.dataset.open_rows):
    titles.append(t("Open questions"))
shape, bias, review, shelf, *opened = tab_bar("label_tabs", titles)
with shape:
    controls, view = st.columns([1, 2.2], gap="large")
    with controls:
        recipe = label_controls(context, experts)
        if save_form(context, recipe):
            go_to("tune")
    with view, st.spinner(t("Reading the experts' scores …")):
        preview = open_preview(context, experts, recipe)
        if shape.open:
            expert_figures(preview)
            judges(context, experts)
            distributions(preview)
if bias.open:
    with bias:
        bias_view(context, preview)
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
