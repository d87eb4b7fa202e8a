"""Compare: the verdict on held-out questions first, then one tab per way to look into it."""

from dataclasses import replace

import streamlit as st

from core.messages import N_
from pages.parts.compare.blind_vote import blind_vote, voting_only
from pages.parts.compare.comparison_job import Compared, compared
from pages.parts.compare.comparison_slices import slice_view
from pages.parts.compare.comparison_systems import all_systems
from pages.parts.compare.costs import cost_view
from pages.parts.compare.generality_view import generality_view
from pages.parts.compare.question_browser import question_browser
from pages.parts.compare.vector_map import vector_map
from pages.parts.compare.verdict import (
    generality_lines,
    promotion_button,
    promotion_view,
    verdict_cards,
    verdict_way_lines,
)
from pages.parts.compare.what_counts_view import (
    what_counts_lines,
    what_counts_view,
    with_what_counts,
)
from pages.parts.deep_links import go_to
from pages.parts.page import open_page, tabs
from pages.parts.translate import t

TABS = (
    (N_("All systems"), all_systems),
    (
        N_("Question by question"),
        lambda seen: question_browser(seen.context, seen.comparison, seen.run.job.id),
    ),
    (N_("Where it helps"), slice_view),
    (N_("What counts"), what_counts_view),
    (N_("Map"), vector_map),
    (N_("Other fields"), generality_view),
    (N_("Blind vote"), lambda seen: blind_vote(seen.context, seen.comparison)),
    (N_("Cost and savings"), cost_view),
)

context = open_page(
    "compare",
    t(
        "Does the tuned model search better than before? Judged on held-out questions that it has "
        "never met, beside keyword search and every expert."
    ),
)
voting_only(context)  # a voter's link shows the two lists and nothing else
seen: Compared = compared(context)
seen = replace(seen, comparison=with_what_counts(context, seen.comparison))
verdict_cards(seen.comparison)
verdict_way_lines(seen)
what_counts_lines(seen.comparison.counted, context.dataset)
generality_lines(seen.comparison)
promotion_view(seen)
with st.container(horizontal=True):
    if st.button(t("Make the report"), type="primary", icon=":material/description:"):
        go_to("report", run=seen.run.job.id)
    promotion_button(seen)
tabs("compare_tab", TABS, seen)
