"""Report: the decision at a glance, the decision pack, the model, data for other tools."""

import streamlit as st

from core.journey import compare, report
from core.journey.jobs import COMPARE
from core.journey.projects import finished_runs
from core.messages import N_
from pages.parts.cached import cached
from pages.parts.deep_links import RUN, linked_run
from pages.parts.errors import show_error
from pages.parts.model_titles import model_title
from pages.parts.page import Context, open_page, tabs
from pages.parts.report.decision_pack import offer_report, repeat_and_check, show_decision
from pages.parts.report.model_export import model_export
from pages.parts.report.other_software import data_exchange, model_snippets
from pages.parts.translate import moment, t

TABS = (
    (N_("The model"), model_export),
    (N_("Use it in your software"), lambda context, _run, seen: model_snippets(context, seen)),
    (N_("For other search tools"), lambda context, run, _seen: data_exchange(context, run)),
    (N_("Repeat and check"), lambda _context, _run, seen: repeat_and_check(seen)),
)


def _chosen_run(context: Context) -> str:
    """Return the comparison to report: the link's, else the newest, or one that is chosen.

    A link names a comparison or the tuning run that was compared.
    """
    runs = finished_runs(context.project, COMPARE)
    ids = [run.id for run in runs]
    tuned = [compare.request_of(run).tune_run for run in runs]
    problem = t(
        "The link names a run of which this project has no comparison. The newest comparison is "
        "shown instead."
    )
    linked = linked_run([*ids, *tuned], problem)
    place = (ids + tuned).index(linked) % len(ids) if linked is not None else 0
    if len(runs) == 1:
        return ids[0]
    # The browser sends the words of an option, not its place: the number keeps them apart.
    titles = {
        run.id: f"{t('Comparison')} {len(runs) - at} · {moment(run.created_at)} · "
        f"{model_title(compare.request_of(run).base_model)}"
        for at, run in enumerate(runs)
    }
    key = f"reported_{len(ids)}_{ids[0]}"
    chosen = st.selectbox(
        t("Comparison"), ids, index=place, format_func=titles.__getitem__, key=key
    )
    st.query_params[RUN] = chosen
    return chosen


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
    offer_report(context, run)
tabs("report_tab", TABS, context, run, preview)
