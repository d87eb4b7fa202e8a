"""Compare: the verdict in plain words, one's own question, then one tab per way to look into it."""

from dataclasses import replace

from core.messages import N_
from pages.parts.compare.blind_vote import blind_vote
from pages.parts.compare.comparison_job import Compared, compared, still_measuring
from pages.parts.compare.comparison_slices import slice_view
from pages.parts.compare.comparison_systems import all_systems
from pages.parts.compare.costs import cost_view
from pages.parts.compare.generality_view import generality_view
from pages.parts.compare.question_box import verdict_and_question
from pages.parts.compare.question_browser import question_browser
from pages.parts.compare.vector_map import vector_map
from pages.parts.compare.verdict import (
    generality_words,
    promotion_button,
    promotion_view,
    verdict_figures,
    verdict_way_lines,
)
from pages.parts.compare.what_counts_view import (
    what_counts_lines,
    what_counts_view,
    with_what_counts,
)
from pages.parts.deep_links import go_to
from pages.parts.page import action_bar, open_page, tabs
from pages.parts.translate import t

ADVANCED = (
    (N_("Verdict in figures"), verdict_figures),
    (N_("All systems"), all_systems),
    (N_("What counts"), what_counts_view),
    (N_("Map"), vector_map),
    (N_("Other fields"), generality_view),
)
TABS = (
    (N_("Wins & losses"), lambda seen: question_browser(seen.context, seen.comparison)),
    (N_("Where it helps"), slice_view),
    (N_("Blind vote"), lambda seen: blind_vote(seen.context, seen.comparison)),
    (N_("Money"), cost_view),
    (N_("Advanced"), lambda seen: tabs("compare_advanced", ADVANCED, seen, link="advanced-tab")),
)

context = open_page(
    "compare", t("Is search better than before? Asked with questions that nobody learned from.")
)
seen: Compared = compared(context)
seen = replace(seen, comparison=with_what_counts(context, seen.comparison))
verdict_and_question(seen)
promotion_view(seen)
what_counts_lines(seen.comparison.counted, context.dataset)
generality_words(seen.comparison)
verdict_way_lines(seen)
promotion_button(seen)
if action_bar(t("Make the report")):
    go_to("report", run=seen.run.job.id)
tabs("compare_tab", TABS, seen)
still_measuring(seen)
