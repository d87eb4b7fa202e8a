"""Which systems are compared: other runs, models in between, hybrids, the present search."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import AppError
from core.journey.compare_systems import (
    RANK,
    SCORE,
    UNMIXED,
    ContradictoryRanksError,
    RunCheck,
    SeveralSystemsError,
    add_run_file,
    check_run,
    held_out_questions,
    other_alphas,
    remove_run_file,
)
from core.journey.tune import tuning_runs
from core.types import BASE, TUNED, SystemChoice
from pages.parts import session
from pages.parts.compare.comparison_job import Compared, start_comparison
from pages.parts.errors import show_error, show_warnings
from pages.parts.page import Context
from pages.parts.translate import moment, plain, t


def more_systems(seen: Compared) -> None:
    """Draw the choice of further systems and the button that compares them all."""
    with st.expander(t("Compare with more systems"), icon=":material/add_chart:"):
        choice = _choice(seen)
        run_file_section(seen.context)
        if st.button(
            t("Compare with these systems"),
            icon=":material/compare_arrows:",
            key="compare_more",
            help=t("Replaces this comparison; what is known already is not computed again."),
        ):
            start_comparison(seen.context, seen.run, choice)


def _choice(seen: Compared) -> SystemChoice:
    context, last = seen.context, seen.choice
    others = {
        run.job.id: run
        for run in tuning_runs(context.project)
        if run.has_model and run.job.id != seen.run.job.id
    }
    runs = st.multiselect(
        t("Other tuning runs"),
        list(others),
        default=[run for run in last.runs if run in others],
        format_func=lambda key: f"{others[key].recipe} · {moment(others[key].job.created_at)}",
        key="arms_runs",
        disabled=not others,
        placeholder=t("None") if not others else t("Choose"),
    )
    # Where the run folder is gone nothing can be mixed.
    kept = seen.run.result.alpha if seen.run.result else 0.0
    offered = other_alphas(kept)
    alphas = st.pills(
        t(
            "Other mixes of base and tuned weights (α; the tuned model is α = {kept})",
            kept=f"{kept:g}",
        ),
        offered,
        selection_mode="multi",
        default=[alpha for alpha in last.alphas if alpha in offered],
        format_func=lambda alpha: t(UNMIXED) if alpha == 1 else f"α = {alpha:g}",
        key=f"arms_alphas_{seen.run.job.id}",
        disabled=not offered,
        help=t(
            "Every weight is mixed: (1 − α)·base + α·tuned. Such a model often keeps more of what "
            "the base model knew. Each α encodes all answers once."
        ),
    )
    hybrids = [
        name
        for name, label in (
            (BASE, t("Keyword search and model before, as one list")),
            (TUNED, t("Keyword search and tuned model, as one list")),
        )
        if st.checkbox(
            label,
            value=name in last.hybrids,
            key=f"arms_hybrid_{name}",
            help=t(
                "Hybrid search: a weighted sum of both scores. How much keyword search counts is "
                "chosen on validation questions; where it adds nothing, there is no hybrid."
            ),
        )
    ]
    files = tuple(
        file
        for file in context.project.state.run_files
        if st.checkbox(
            t("Your present search: {title}", title=file.title),
            value=True,
            key=f"arms_file_{file.key}",
        )
    )
    return SystemChoice(
        runs=tuple(runs),
        alphas=tuple(alphas),
        hybrids=tuple(hybrids),
        run_files=files,
    )


_TAKEN = "run_files_taken"


def run_file_section(context: Context) -> None:
    """Draw the upload of result lists, and those that are kept."""
    st.markdown(f"**{t('Your present search')}**")
    st.caption(
        t(
            "Download the held-out questions, let your search answer them, and upload its result "
            "lists as a TREC run file: question id, Q0, answer id, rank, score, name. Ids are "
            "those of your own file."
        )
    )
    st.download_button(
        t("Download the held-out questions"),
        lambda: held_out_questions(context.dataset),
        file_name="queries.jsonl",
        mime="application/jsonl",
        icon=":material/download:",
        key="run_file_questions",
        on_click="ignore",
    )
    for file in context.project.state.run_files:
        with st.container(horizontal=True, vertical_alignment="center"):
            said = t(
                "{title} · {file} · {at}", title=file.title, file=file.filename, at=moment(file.at)
            )
            st.markdown(plain(said))
            if st.button(t("Remove"), type="tertiary", key=f"remove_run_{file.key}"):
                remove_run_file(context.project, file.key, session.who())
                st.rerun()
    # A new field after every file that was taken: an upload field cannot be emptied otherwise.
    field = f"run_file_{context.project.id}_{st.session_state.get(_TAKEN, 0)}"
    taken = st.file_uploader(t("Result lists of your search (TREC run, or ranx JSON)"), key=field)
    if taken is not None:
        _upload(context, taken)


@st.cache_resource(show_spinner=False, max_entries=2, scope="session")
def _checked(
    file_id: str,
    dataset_id: str,
    order: str,
    system: str,
    _file: UploadedFile,
    _context: Context,
) -> RunCheck:
    return check_run(_file.getvalue(), _context.dataset, order=order, system=system)


def _upload(context: Context, file: UploadedFile) -> None:
    order = st.session_state.get(f"run_order_{file.file_id}") or ""
    system = (st.session_state.get(f"run_system_{file.file_id}") or "").strip()
    try:
        check = _checked(file.file_id, context.dataset.id, order, system, file, context)
    except Exception as error:
        show_error(error)
        if isinstance(error, ContradictoryRanksError):
            st.radio(
                t("Which counts?"),
                [RANK, SCORE],
                index=None,
                format_func=lambda key: t("the ranks") if key == RANK else t("the scores"),
                key=f"run_order_{file.file_id}",
            )
        if isinstance(error, SeveralSystemsError):
            st.text_input(t("Name of the system"), key=f"run_system_{file.file_id}")
        return
    st.markdown(
        t(
            "{lines} lines; results for {questions} of {held} held-out questions.",
            lines=check.lines,
            questions=check.questions,
            held=check.held_out,
        )
    )
    show_warnings(check.notes)
    title = st.text_input(t("Name"), value=t("Present search"), max_chars=60, key="run_file_title")
    nothing = not check.missing or st.checkbox(
        t("For the {missing} other questions my search found nothing", missing=check.missing),
        key="run_file_nothing",
        help=t("They then count as not found. Else upload a file that answers all of them."),
    )
    if st.button(t("Add this search"), key="run_file_add", disabled=not nothing):
        try:
            add_run_file(
                context.project,
                context.dataset,
                file.getvalue(),
                file.name,
                title=title or "",
                empty_is_nothing=bool(nothing),
                who=session.who(),
                order=order,
                system=system,
            )
        except AppError as error:
            show_error(error)
            return
        st.session_state[_TAKEN] = st.session_state.get(_TAKEN, 0) + 1
        st.rerun()
