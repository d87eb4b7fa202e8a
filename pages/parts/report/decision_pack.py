"""The decision at a glance, the decision pack on offer, and how somebody else repeats it."""

from __future__ import annotations

import streamlit as st

from core.journey import report
from core.journey.report import ReportPreview
from pages.parts import session
from pages.parts.made_file import MadeFile, file_name, opened_for_download, size_text
from pages.parts.page import Context
from pages.parts.translate import language, plain, t, tm

_BOXES = {
    "better": (st.success, ":material/trending_up:"),
    "worse": (st.error, ":material/trending_down:"),
    "not shown": (st.info, ":material/trending_flat:"),
}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def show_decision(preview: ReportPreview) -> None:
    """Draw the verdict of each regime, and what speaks against the tuned model."""
    box, icon = _BOXES[preview.word]
    box(f"**{plain(tm(preview.decision))}**", icon=icon)
    columns = st.columns(max(len(preview.regimes), 1))
    for column, regime in zip(columns, preview.regimes, strict=False):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{t(regime.title)}**", help=t(regime.meaning))
            if regime.key in preview.sentences:
                st.markdown(plain(tm(preview.sentences[regime.key])))
    for reason in preview.refusals:
        st.warning(plain(tm(reason)), icon=":material/block:")


def offer_report(context: Context, run: str) -> None:
    """Make and download report and workbook."""
    st.markdown(f"##### {t('Report for decision makers')}")
    st.markdown(
        t(
            "The decision, all results, wins and losses, data, experts, labels, settings, cost "
            "and content hashes: as a page that opens in any browser and prints to A4 or PDF, and "
            "as a workbook. Both quote questions and answers of yours."
        )
    )
    MadeFile(
        key="report",
        path=report.exported_report(context.workspace, run, language()),
        make=t("Make the report"),
        again=t("Make it again"),
        working=t("Writing the report …"),
        download=t("Download the report ({size})"),
        name=file_name(context.project.name, f"-report-{language()}.html"),
        mime="text/html",
        beside=lambda: _workbook(context, run),
    ).show(lambda: report.write_report(context.project, run, language(), session.who()))


def _workbook(context: Context, run: str) -> None:
    path = report.exported_workbook(context.workspace, run, language())
    if not path.is_file():
        return
    st.download_button(
        t("Download as tables (XLSX, {size})", size=size_text(path.stat().st_size)),
        lambda: opened_for_download(path),
        file_name(context.project.name, f"-report-{language()}.xlsx"),
        _XLSX,
        key="download_workbook",
        icon=":material/table_view:",
        on_click="ignore",
        help=t("Summary, metrics, slices, all losses and wins, changed labels, settings."),
    )


def repeat_and_check(preview: ReportPreview) -> None:
    """Draw the command with its files, then what identifies data, labels, models and runs."""
    st.markdown(f"##### {t('The command that repeats it')}")
    st.code(preview.repeat.command, language=None, wrap_lines=True)
    for note in preview.repeat.notes:
        st.caption(plain(tm(note)))
    if preview.repeat.files:
        st.markdown(t("Save these files beside the data file first:"))
        with st.container(horizontal=True):
            for name, text in preview.repeat.files.items():
                st.download_button(
                    name,
                    text,
                    name,
                    "application/json",
                    key=f"repeat_{name}",
                    icon=":material/download:",
                    on_click="ignore",
                )
    st.markdown(f"##### {t('Content hashes')}")
    st.caption(
        t("The same content always has the same hash; a different hash means it was changed.")
    )
    lines = [f"{value}  {t(title)}" for title, value in preview.hashes]
    st.code("\n".join(lines), language=None, wrap_lines=True)
