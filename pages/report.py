"""Report: the decision at a glance, the decision pack, the model, data for other tools."""

import streamlit as st

from core.journey import compare, report
from core.journey.jobs import COMPARE
from core.journey.personal import refusal_to_share, sharing_leave
from core.journey.projects import finished_runs
from core.messages import N_, Message
from pages.parts.cached import cached
from pages.parts.deep_links import RUN, follow_address, go_to, keep_in_address, linked_run
from pages.parts.errors import show_error
from pages.parts.model_titles import model_title
from pages.parts.page import (
    STOP_TITLES,
    Context,
    end_page,
    open_page,
    present_button,
    tabs,
)
from pages.parts.report.decision_pack import offer_report, repeat_and_check, show_decision
from pages.parts.report.model_export import model_export
from pages.parts.report.other_software import data_exchange, model_snippets
from pages.parts.report.risk import risk_assessment
from pages.parts.translate import moment, plain, t, tm


def _refusal() -> Message | None:
    """Why nothing that holds texts may be handed to others yet, None where it may."""
    return cached(
        lambda: refusal_to_share(context.project, context.dataset),
        "may be shared",
        context.dataset.id,
        str(sharing_leave(context.project)),
    )


def _report() -> None:
    """Offer the report, or say why it may not be made yet."""
    refused = _refusal()
    if refused is None:
        offer_report(context, run)
        return
    st.warning(plain(tm(refused)), icon=":material/shield_person:")
    if st.button(t("Go to {stop}", stop=t(STOP_TITLES["data"])), key="to_data"):
        go_to("data")
    present_button(run=run)


def _exchange() -> None:
    if _refusal() is None:
        data_exchange(context, run)
    else:
        st.caption(t("These files hold texts, too: what is said above holds for them."))


TABS = (
    (N_("The model"), model_export),
    (N_("Use it in your software"), model_snippets),
    (N_("For other search tools"), lambda _context, _run, _seen: _exchange()),
    (N_("Risks"), lambda context, _run, seen: risk_assessment(context, seen.experts)),
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
    linked_run([*ids, *tuned], problem)
    if len(runs) == 1:
        return ids[0]
    # The browser sends the words of an option, not its place: the number keeps them apart.
    titles = {
        run.id: f"{t('Comparison')} {len(runs) - at} · {moment(run.created_at)} · "
        f"{model_title(compare.request_of(run).base_model)}"
        for at, run in enumerate(runs)
    }
    key = f"reported_{len(ids)}_{ids[0]}"
    known = {run_id: run_id for run_id in ids}
    known |= dict(reversed(list(zip(tuned, ids, strict=True))))  # the newest of a tuning run wins
    follow_address(RUN, key, known)
    chosen = st.selectbox(t("Comparison"), ids, format_func=titles.__getitem__, key=key)
    keep_in_address(RUN, key, known, chosen)
    return chosen


context = open_page("report", t("Take the result with you: a report to decide on, and the model."))
run = _chosen_run(context)
try:
    preview = cached(
        lambda: report.preview(context.project, context.dataset, run),
        "preview of the report",
        context.dataset.id,
        *report.preview_stamp(context.project, run),
    )
except Exception as error:
    show_error(error)
    end_page()
show_decision(preview)
with st.container(border=True):
    _report()
tabs("report_tab", TABS, context, run, preview)
