"""Experts: choose models that score the data, let them score, see how good each one is."""

import streamlit as st

from core.journey.experts import scoring_report
from core.journey.jobs import FINISHED, INTERRUPTED, SCORE, jobs_of
from pages.parts.errors import show_error
from pages.parts.experts.expert_choice import expert_choice
from pages.parts.experts.expert_results import expert_results, panel_choice
from pages.parts.experts.rating import people_section
from pages.parts.job_card import job_card
from pages.parts.page import action_bar, open_page
from pages.parts.translate import t

context = open_page(
    "experts",
    t(
        "Experts are models that say how well an answer fits a question. Several of them together "
        "teach your search model what it cannot learn from right answers alone."
    ),
)
jobs = jobs_of(context.project, SCORE)
present = [job for job in jobs if job.dataset_id == context.project.dataset_id]
# A job on earlier data is shown as long as it runs, so that it can be stopped.
shown = [job for job in jobs if not job.is_final and job not in present[:1]] + present[:1]
for job in shown:
    if job.state != FINISHED:
        job_card(job, t("Experts score your data"))
report = None
try:
    report = scoring_report(context.project)
except Exception as error:
    show_error(error)
    action_bar()  # the one next step is to score again
    st.info(
        t("Let the experts score again: texts that were read before need not be read again."),
        icon=":material/refresh:",
    )
if report is not None:
    expert_results(context, report)
    panel_choice(context, report)
expert_choice(
    context,
    scored=tuple(figures.expert for figures in report.figures) if report else (),
    busy=any(not job.is_final for job in present[:1]),
    main_action=report is None and not any(job.state == INTERRUPTED for job in present[:1]),
)
people_section(context)
