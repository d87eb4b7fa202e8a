"""The decision at a glance, the decision pack on offer, and how somebody else repeats it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import streamlit as st

from core.journey import report
from core.journey.report import ReportPreview
from core.messages import N_
from core.types.rights import EXPORT_FILES
from pages.parts import session
from pages.parts.made_file import file_name, opened_for_download
from pages.parts.page import Context, present_button
from pages.parts.rights import only
from pages.parts.translate import language, plain, t, tm

_BOXES = {
    "better": (st.success, ":material/trending_up:"),
    "worse": (st.error, ":material/trending_down:"),
    "not shown": (st.info, ":material/trending_flat:"),
}


@dataclass(frozen=True)
class _Form:
    """One form of the report; texts are message ids, ``key`` is how the file's name ends."""

    key: str
    title: str
    meaning: str
    mime: str
    icon: str


_FORMS = (
    _Form(
        report.PDF,
        N_("Download as PDF"),
        N_("On A4, printed by this server; takes some seconds."),
        "application/pdf",
        ":material/picture_as_pdf:",
    ),
    _Form(
        report.PAGE,
        N_("Download as page (HTML)"),
        N_("One file that opens in any browser, needs no network and prints to A4."),
        "text/html",
        ":material/web:",
    ),
    _Form(
        report.TABLES,
        N_("Download as tables (XLSX)"),
        N_("Summary, metrics, slices, all losses and wins, labels, bias, settings."),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ":material/table_view:",
    ),
)


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
    if preview.refusals:  # in one box, so that the downloads below stay in sight
        reasons = "  \n".join(plain(tm(reason)) for reason in preview.refusals)
        st.warning(reasons, icon=":material/block:")


def offer_report(context: Context, run: str) -> None:
    """Draw a button per form of the report; each makes its file anew at the moment of the click."""
    st.markdown(f"##### {t('Report for decision makers')}")
    st.markdown(
        t(
            "The first page is a decision sheet; results, data, experts, labels, settings, cost "
            "and content hashes follow. Every download is made at the moment of the click, from "
            "what is known then. It quotes questions and answers of yours."
        )
    )
    with st.spinner(t("Looking for a browser that prints …")):
        prints = report.can_print()
    forms = [form for form in _FORMS if prints or form.key != report.PDF]
    with st.container(horizontal=True, vertical_alignment="center"):
        for place, form in enumerate(forms):
            st.download_button(
                t(form.title),
                _made_at_the_click(context, run, form.key, session.who(), language()),
                file_name(context.project.name, f"-report-{language()}.{form.key}"),
                form.mime,
                key=f"download_{form.key}",
                type="primary" if place == 0 else "secondary",
                icon=form.icon,
                on_click="ignore",
                **only(EXPORT_FILES, help=t(form.meaning)),
            )
        present_button(run=run)
    if not prints:
        st.caption(
            t(
                "To get a PDF, open the page in your browser and print it: Ctrl+P (on a Mac: "
                "Cmd+P), then “Save as PDF”. It is laid out for A4. Where Chromium is installed "
                "on the server of this app, a button makes the PDF."
            )
        )


def _made_at_the_click(
    context: Context, run: str, form: str, who: str, reader: str
) -> Callable[[], BinaryIO]:
    """Return what makes a file; it runs apart from the page, which it must not ask anything."""

    def make() -> BinaryIO:
        path = report.write_report(context.project, run, reader, who, forms=(form,))
        return opened_for_download(path)

    return make


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
