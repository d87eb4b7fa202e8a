"""The decision pack: one button makes the report and the workbook, then both are on offer."""

from __future__ import annotations

import streamlit as st

from core.journey import reporting
from pages.parts import session
from pages.parts.made_file import MadeFile, file_name, size_text
from pages.parts.page import Context
from pages.parts.translate import language, t

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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
        path=reporting.exported_report(context.workspace, run, language()),
        make=t("Make the report"),
        again=t("Make it again"),
        working=t("Writing the report …"),
        download=t("Download the report ({size})"),
        name=file_name(context.project.name, f"-report-{language()}.html"),
        mime="text/html",
        beside=lambda: _workbook(context, run),
    ).show(lambda: reporting.write_report(context.project, run, language(), session.who()))


def _workbook(context: Context, run: str) -> None:
    path = reporting.exported_workbook(context.workspace, run, language())
    if not path.is_file():
        return
    st.download_button(
        t("Download as tables (XLSX, {size})", size=size_text(path.stat().st_size)),
        lambda: path.open("rb"),
        file_name(context.project.name, f"-report-{language()}.xlsx"),
        _XLSX,
        key="download_workbook",
        icon=":material/table_view:",
        on_click="ignore",
        help=t("Summary, metrics, slices, all losses and wins, changed labels, settings."),
    )
