"""Report: the decision at a glance, the decision pack, the model, data for other tools."""

from collections.abc import Callable

import streamlit as st

from core.journey import compare, report
from core.journey.jobs import COMPARE
from core.journey.personal import refusal_to_share, sharing_leave
from core.journey.projects import finished_runs
from core.messages import N_
from pages.parts.cached import cached
from pages.parts.deep_links import go_to
from pages.parts.errors import show_error
from pages.parts.page import STOP_TITLES, Context, open_page, tabs
from pages.parts.report.decision_pack import offer_report, repeat_and_check, show_decision
from pages.parts.report.model_export import model_export
from pages.parts.report.other_software import data_exchange, model_snippets
from pages.parts.report.risk import risk_assessment
from pages.parts.translate import moment, plain, t, tm


def _shared(what: str, draw: Callable[[], None]) -> None:
    """Draw what hands texts to others, or why that may not be done yet."""
    project, dataset = context.project, context.dataset
    refused = cached(
        lambda: refusal_to_share(project, dataset),
        "may be shared",
        dataset.id,
        str(sharing_leave(project)),
    )
    if refused is None:
        draw()
        return
    st.warning(plain(tm(refused)), icon=":material/shield_person:")
    if st.button(t("Go to {stop}", stop=t(STOP_TITLES["data"])), key=f"to_data_{what}"):
        go_to("data")


TABS = (
    (N_("The model"), model_export),
    (N_("Use it in your software"), lambda context, _run, seen: model_snippets(context, seen)),
    (
        N_("For other search tools"),
        lambda context, run, _seen: _shared("data", lambda: data_exchange(context, run)),
    ),
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
with st.container(border=True):
    _shared("report", lambda: offer_report(context, run))
tabs("report_tab", TABS, context, run, preview)
