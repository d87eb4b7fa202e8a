"""Report: the decision at a glance, the decision pack, the model, data for other tools."""

import streamlit as st

from core.errors import DataError
from core.journey import compare, report
from core.journey.jobs import COMPARE
from core.journey.personal import check_sharing, sharing_leave
from core.journey.projects import finished_runs
from core.messages import N_
from pages.parts.cached import cached
from pages.parts.errors import show_error
from pages.parts.page import Context, open_page, tabs
from pages.parts.report.decision_pack import offer_report, repeat_and_check, show_decision
from pages.parts.report.model_export import model_export
from pages.parts.report.other_software import data_exchange, model_snippets
from pages.parts.report.risk import risk_assessment
from pages.parts.translate import moment, t

TABS = (
    (N_("The model"), model_export),
    (N_("Use it in your software"), lambda context, _run, seen: model_snippets(context, seen)),
    (N_("For other search tools"), lambda context, run, _seen: data_exchange(context, run)),
    (N_("Risks"), lambda context, _run, seen: risk_assessment(context, seen.experts)),
    (N_("Repeat and check"), lambda _context, _run, seen: repeat_and_check(seen)),
)


def _chosen_run(context: Context) -> str:
    """Return the comparison to report: the newest, unless the user chooses another."""
    runs = finished_runs(context.project, COMPARE)
    if len(runs) == 1:
        return runs[0].id
    titles = {r.id: f"{moment(r.created_at)} · {compare.request_of(r).base_model}" for r in runs}
    return st.selectbox(t("Comparison"), list(titles), format_func=titles.__getitem__)


context = open_page("report", t("Take the result with you: a report to decide on, and the model."))
run = _chosen_run(context)
try:
    preview = cached(
        lambda: report.preview(context.project, context.dataset, run),
        "preview of the report",
        context.dataset.id,
        *report.preview_stamp(context.workspace, run),
    )
except Exception as error:
    show_error(error)
    st.stop()
show_decision(preview)
try:
    cached(
        lambda: check_sharing(context.project, context.dataset),
        "may be shared",
        context.dataset.id,
        sharing_leave(context.project),
    )
except DataError as error:
    show_error(error)
    st.stop()
with st.container(border=True):
    offer_report(context, run)
tabs("report_tab", TABS, context, run, preview)
