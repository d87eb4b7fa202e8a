"""Every label set by hand: who, when, why; undo and redo; out to a workbook and back in."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.journey import labels
from core.journey.projects import Project
from core.messages import N_n
from core.types import Override
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.errors import attempt, errors_shown
from pages.parts.labels.pair_card import Place
from pages.parts.made_file import file_name
from pages.parts.page import Context
from pages.parts.reading import read_upload
from pages.parts.rights import only
from pages.parts.translate import called, moment, t, tm

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PROBLEMS_SHOWN = 200
_Step = Callable[[Project, str], Override | None]


def correction_history(context: Context, place: Place) -> None:
    """Draw undo and redo, the record of all changes, and the way out and in."""
    changes = labels.overrides(context.project)
    steps = labels.steps_of(changes, session.who())
    with st.container(horizontal=True):
        for label, name, shortcut, step, able in (
            (t("Undo my last change"), "undo", "Z", labels.undo, bool(steps.done)),
            (t("Redo"), "redo", "Y", labels.redo, bool(steps.undone)),
        ):
            st.button(
                label,
                key=f"{name}_override",
                shortcut=shortcut,
                icon=f":material/{name}:",
                on_click=_step,
                args=(context, place, step),
                **only(CHANGE, disabled=not able),
            )
    if changes:
        with st.expander(
            t("Changes by hand: {count}", count=len(changes)), icon=":material/history:"
        ):
            _record(changes)
    with st.expander(t("As a spreadsheet: export and import"), icon=":material/table_view:"):
        _export(context, changes)
        with errors_shown():
            _import(context, changes)


def _step(context: Context, place: Place, step: _Step) -> None:
    """Undo or redo, and put the pair back on the table."""

    def put_back() -> None:
        changed = step(context.project, session.who())
        place.move(context.dataset.pair_key(*changed.pair) if changed else None)

    attempt(put_back)


def _record(changes: tuple[Override, ...]) -> None:
    newest = changes[::-1]
    frame = pd.DataFrame(
        {
            t("When"): [moment(o.at) for o in newest],
            t("Who"): [called(o.who) for o in newest],
            t("Label"): [
                t("withdrawn") if o.value is None else str(round(o.value * 100)) for o in newest
            ],
            t("Why"): [o.reason for o in newest],
            t("Question"): [o.question for o in newest],
            t("Answer"): [o.answer for o in newest],
        }
    )
    st.dataframe(frame, hide_index=True, key="correction_record")


def _export(context: Context, changes: tuple[Override, ...]) -> None:
    st.download_button(
        t("Download the labels set by hand (XLSX)"),
        lambda: labels.write_corrections(changes),
        file_name(f"{context.project.name}-labels", ".xlsx"),
        _XLSX,
        key="export_corrections",
        icon=":material/download:",
        on_click="ignore",
        disabled=not changes,
    )


def _import(context: Context, changes: tuple[Override, ...]) -> None:
    columns = ", ".join(labels.COLUMNS)
    st.markdown(
        t(
            "Or fill in a workbook with the columns {columns} and bring it in: label from 0 to "
            "100, reason in a few words; who and at may stay empty.",
            columns=f"`{columns}`",
        )
    )
    uploaded = st.file_uploader(
        t("Workbook with labels (XLSX or CSV)"),
        type=["xlsx", "csv"],
        key="import_corrections",
        **only(CHANGE),
    )
    if uploaded is None:
        return
    who, dataset = session.who(), context.dataset
    file = read_upload(
        uploaded,
        "corrections",
        lambda content, name, report: labels.read_corrections(
            *(content, name, dataset, changes, who), report=report
        ),
        dataset.id,
        len(changes),
        who,
    )
    if file is None:
        return
    st.markdown(
        t(
            "New labels: {new}. Already on record: {known}. Rows that cannot be taken: {problems}.",
            new=len(file.overrides),
            known=file.known,
            problems=len(file.problems),
        )
    )
    if file.problems:
        shown = file.problems[:_PROBLEMS_SHOWN]
        st.dataframe(
            pd.DataFrame(
                {
                    t("Row"): [problem.row for problem in shown],
                    t("What is wrong"): [tm(problem.reason) for problem in shown],
                }
            ),
            hide_index=True,
            key="import_problems",
        )
    if file.overrides and st.button(
        t(N_n("Take in {count} label", "Take in {count} labels"), count=len(file.overrides)),
        type="primary",
        icon=":material/upload:",
        key="take_corrections",
        **only(CHANGE),
    ):
        labels.take_corrections(context.project, file, uploaded.name, session.who())
        taken = t(
            N_n("Taken in: {count} label.", "Taken in: {count} labels."), count=len(file.overrides)
        )
        st.toast(taken, icon=":material/check:")
        st.rerun(scope="fragment")
