"""Compare: the verdict on held-out questions, before and after side by side, wins and losses."""

import streamlit as st

from pages.parts.comparison_job import comparison_of, tuned_model_choice
from pages.parts.comparison_systems import all_systems
from pages.parts.journey_bar import go_to
from pages.parts.page import open_page
from pages.parts.question_browser import question_browser
from pages.parts.translate import t
from pages.parts.verdict_cards import generality_lines, promotion_note, verdict_cards

context = open_page(
    "compare",
    t(
        "Does the tuned model search better than before? Judged on held-out questions that it has "
        "never met, beside keyword search and every expert."
    ),
)
run = tuned_model_choice(context)
comparison = comparison_of(context, run)
verdict_cards(comparison)
generality_lines(comparison)
promotion_note(comparison)
if st.button(t("Make the report"), type="primary", icon=":material/description:"):
    go_to("report", run=run.job.id)
all_systems(comparison)
question_browser(context, comparison, run.job.id)
