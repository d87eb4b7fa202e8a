"""Report: the decision at a glance, the report and the tuned model for download."""

import streamlit as st

from core.journey import model_delivery, reporting
from core.journey.running import COMPARE
from core.journey.status import finished_runs
from pages.parts import session
from pages.parts.errors import show_error
from pages.parts.made_file import MadeFile, file_name, size_text
from pages.parts.page import open_page
from pages.parts.translate import language, moment, plain, t, tm

WORD_BOXES = {
    "better": (st.success, ":material/trending_up:"),
    "worse": (st.error, ":material/trending_down:"),
    "not shown": (st.info, ":material/trending_flat:"),
}


def chosen_run() -> str:
    """Return the comparison to report: the newest, unless the user chooses another."""
    runs = finished_runs(context.workspace, context.project, COMPARE)
    if len(runs) == 1:
        return runs[0].id
    titles = {r.id: f"{moment(r.created_at)} · {r.config.get('base_model', '')}" for r in runs}
    return st.selectbox(t("Comparison"), list(titles), format_func=titles.__getitem__)


def show_decision(preview: reporting.Preview) -> None:
    """Draw the verdict of each regime, and what speaks against the tuned model."""
    box, icon = WORD_BOXES[preview.word]
    box(f"**{plain(tm(preview.decision))}**", icon=icon)
    columns = st.columns(max(len(preview.regimes), 1))
    for column, regime in zip(columns, preview.regimes, strict=False):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{t(regime.title)}**", help=t(regime.meaning))
            if regime.key in preview.sentences:
                st.markdown(plain(tm(preview.sentences[regime.key])))
    for reason in preview.refusals:
        st.warning(plain(tm(reason)), icon=":material/block:")


def offer_report(run: str) -> None:
    """Make and download the report."""
    st.markdown(f"##### {t('Report for decision makers')}")
    st.markdown(
        t(
            "One file with the decision, all results, wins and losses, data, experts, labels, "
            "settings and content hashes. It opens in any browser and prints to A4 or PDF. It "
            "quotes questions and answers of yours."
        )
    )
    MadeFile(
        key="report",
        path=reporting.exported_report(context.workspace, run, language()),
        make=t("Make the report"),
        again=t("Make it again"),
        working=t("Writing the report …"),
        download=t("Download the report ({size})"),
        name=file_name(context.project.name, f"-report-{language()}.html"),
        mime="text/html",
    ).show(
        lambda: reporting.write_report(
            context.workspace, context.project, run, language(), session.who()
        )
    )
    offer_workbook(run)


def offer_workbook(run: str) -> None:
    """Download the workbook, which is made together with the report."""
    path = reporting.exported_workbook(context.workspace, run, language())
    if not path.is_file():
        return
    st.download_button(
        t("Download as tables (XLSX, {size})", size=size_text(path.stat().st_size)),
        lambda: path.open("rb"),
        file_name(context.project.name, f"-report-{language()}.xlsx"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        key="download_workbook",
        icon=":material/table_view:",
        on_click="ignore",
        help=t("Summary, metrics, slices, all losses and wins, changed labels, settings."),
    )


def offer_model(run: str, preview: reporting.Preview) -> None:
    """Make and download the model archive."""
    st.markdown(f"##### {t('The tuned model')}")
    st.markdown(
        t(
            "A ZIP archive with the model folder and a model card (what it is, what it learned "
            "from, how to use it). It loads with sentence-transformers and needs nothing of this "
            "app."
        )
    )
    if preview.model is None:
        st.warning(t("The model folder of this run is gone. Tune again to get a model."))
        return
    MadeFile(
        key="model",
        path=model_delivery.exported_model(context.workspace, run, language()),
        make=t("Pack the model"),
        again=t("Pack it again"),
        working=t("Packing the model …"),
        download=t("Download the model ({size})"),
        name=file_name(context.project.name, "-model.zip"),
        mime="application/zip",
    ).show(
        lambda: model_delivery.write_model_zip(
            context.workspace, context.project, preview.tune_run, run, language()
        )
    )


context = open_page("report", t("Take the result with you: a report to decide on, and the model."))
run = chosen_run()
try:
    preview = reporting.preview(context.workspace, context.dataset, run)
except Exception as error:
    show_error(error)
    st.stop()
show_decision(preview)
left, right = st.columns(2)
with left.container(border=True, height="stretch"):
    offer_report(run)
with right.container(border=True, height="stretch"):
    offer_model(run, preview)
with st.expander(t("Content hashes"), icon=":material/fingerprint:"):
    st.caption(
        t("The same content always has the same hash; a different hash means it was changed.")
    )
    lines = [f"{value}  {t(title)}" for title, value in preview.hashes]
    st.code("\n".join(lines), language=None, wrap_lines=True)
