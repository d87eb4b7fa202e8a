"""The tuned model to take along: archive, ONNX, model hub."""

from __future__ import annotations

import os

import streamlit as st

from core.journey import delivery
from core.journey.jobs import FINISHED
from core.journey.report import ReportPreview
from core.types.rights import EXPORT_FILES, PUBLISH
from pages.parts import session
from pages.parts.errors import errors_shown
from pages.parts.job_card import job_card
from pages.parts.made_file import MadeFile, file_name
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import language, plain, t, tm


def model_export(context: Context, run: str, preview: ReportPreview) -> None:
    """Draw everything that the tuned model can be taken along as."""
    if preview.model is None:
        st.warning(t("The model folder of this run is gone. Tune again to get a model."))
        return
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        _archive(context, run, preview)
    with right.container(border=True, height="stretch"):
        _onnx(context, preview)
    with st.expander(t("Send to a model hub"), icon=":material/cloud_upload:"):
        _hub(context, run, preview)


def _archive(context: Context, run: str, preview: ReportPreview) -> None:
    st.markdown(f"##### {t('The tuned model')}")
    st.markdown(
        t(
            "A ZIP archive with the model folder and a model card (what it is, what it learned "
            "from, how to use it). It loads with sentence-transformers and needs nothing of this "
            "app."
        )
    )
    path = delivery.exported_model(context.workspace, run, language())
    export = delivery.usable_export(context.project, preview.tune_run)
    # The archive holds the ONNX file where there is one: an older archive is packed anew.
    newer = (
        export is not None
        and path.is_file()
        and export.folder.stat().st_mtime > path.stat().st_mtime
    )
    MadeFile(
        key="model",
        path=path,
        make=t("Pack the model"),
        again=t("Pack it again"),
        working=t("Packing the model …"),
        download=t("Download the model ({size})"),
        name=file_name(context.project.name, "-model.zip"),
        mime="application/zip",
        stale=newer,
    ).show(lambda: delivery.write_model_zip(context.project, preview.tune_run, run, language()))


def _onnx(context: Context, preview: ReportPreview) -> None:
    st.markdown(f"##### {t('Without PyTorch (ONNX)')}")
    st.markdown(
        t(
            "One file that runs with ONNX Runtime: small to install, quick to start. It is "
            "compared with the model on validation questions and refused if it differs."
        )
    )
    absent = delivery.missing_packages()
    if absent is not None:
        st.info(plain(tm(absent)), icon=":material/extension_off:")
        return
    newest = delivery.newest_export_job(context.project, preview.tune_run)
    if newest is not None and newest.state != FINISHED:
        job_card(newest, t("Convert to ONNX"))
        if not newest.is_final:
            return
    export = delivery.finished_export(context.project, preview.tune_run)
    if export is not None:
        box, icon = (
            (st.success, ":material/verified:") if export.usable else (st.error, ":material/block:")
        )
        box(plain(tm(export.result.fidelity.message())), icon=icon)
    again = t("Convert again") if newest is not None else t("Convert to ONNX")
    if st.button(
        again,
        key="make_onnx",
        type="secondary" if newest is None else "tertiary",
        icon=":material/transform:",
        **only(EXPORT_FILES),
    ):
        with errors_shown():
            delivery.launch_export(context.project, preview.tune_run, session.who())
            st.rerun()


def _hub(context: Context, run: str, preview: ReportPreview) -> None:
    hub = delivery.ModelHub.of(os.environ)
    st.markdown(
        t(
            "Uploads the model folder, the model card and the ONNX file to {hub}. Texts of yours "
            "are not in them, but a model can give away what it learned from.",
            hub=plain(hub.endpoint),
        )
    )
    if not hub.can_push:
        st.info(
            t(
                "Set the environment variable {variable} to a token with write access and start "
                "the app again. The token is read from there only, and written nowhere.",
                variable="`HF_TOKEN`",
            ),
            icon=":material/key:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            t("Repository (owner/name)"), key="hub_repository", placeholder="acme/faq-search"
        )
        private = st.toggle(
            t("Private"),
            value=True,
            key="hub_private",
            help=t("Only members of the owner see it. A public model cannot be taken back."),
        )
        pressed = st.button(
            t("Send"),
            key="hub_send",
            icon=":material/cloud_upload:",
            **only(PUBLISH, disabled=not name.strip()),
        )
    if not pressed:
        return
    with errors_shown():
        with st.spinner(t("Sending the model …"), show_time=True):
            address = delivery.push_model(
                context.project,
                preview.tune_run,
                run,
                name.strip(),
                session.who(),
                hub,
                private=private,
                language=language(),
            )
        st.success(t("Sent: {address}", address=plain(address)), icon=":material/cloud_done:")
