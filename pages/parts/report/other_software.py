"""The result in other software: code that uses the model, and files for other search tools."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.journey.delivery import (
    FORMATS,
    SNIPPETS,
    exchange_file,
    model_facts,
    render_snippet,
    snippets_for,
    usable_export,
    write_exchange,
)
from core.journey.pilot.keywords import share_in
from core.journey.report import ReportPreview
from pages.parts import session
from pages.parts.cached import cached
from pages.parts.errors import show_error
from pages.parts.made_file import MadeFile, file_name
from pages.parts.page import Context
from pages.parts.translate import language, plain, t, tm


def model_snippets(context: Context, run: str, preview: ReportPreview) -> None:
    """Draw the choice of a place and its program; ``run`` is the comparison."""
    if preview.model is None:
        st.warning(t("The model folder of this run is gone. Tune again to get a model."))
        return
    export = usable_export(context.project, preview.tune_run)
    share = cached(lambda: share_in(context.project, run), "keyword share of a report", run)
    try:
        facts = model_facts(
            preview.model,
            preview.base_key,
            export,
            by_base=preview.by_base,
            words=share.suggested if share else 0.0,
        )
    except Exception as error:
        show_error(error)
        return
    key = st.selectbox(
        t("Where is the model to be used?"),
        snippets_for(facts),
        format_func=lambda place: SNIPPETS[place].title,
        key="snippet",
    )
    chosen = SNIPPETS[key]
    st.caption(t(chosen.meaning))
    if chosen.joins and share:
        st.caption(plain(tm(share.message)))
    if chosen.onnx and export is None:
        st.info(t("Convert the model to ONNX first, on the tab beside this one."))
        return
    st.code(render_snippet(key, facts, language()), language="python")
    prompts = facts.query_prompt or facts.document_prompt
    st.caption(
        t(
            "Put the unpacked folder {folder} beside the program. The vectors have {dimension} "
            "numbers and length 1.",
            folder=plain(facts.folder),
            dimension=facts.dimension,
        )
        if not prompts
        else t(
            "Put the unpacked folder {folder} beside the program. The vectors have {dimension} "
            "numbers and length 1. Questions begin with “{query}”, answers with “{document}”: "
            "without these prompts the search gets worse.",
            folder=plain(facts.folder),
            dimension=facts.dimension,
            query=plain(facts.query_prompt),
            document=plain(facts.document_prompt),
        )
    )


def data_exchange(context: Context, run: str) -> None:
    """Draw one card per format."""
    st.caption(t("These files hold questions and answers of yours, or their ids."))
    columns = st.columns(len(FORMATS))
    for column, form in zip(columns, FORMATS.values(), strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"##### {t(form.title)}")
            st.markdown(t(form.meaning))
            MadeFile(
                key=f"exchange_{form.key}",
                path=exchange_file(context.workspace, run, form.key),
                make=t("Make the file"),
                again=t("Make it again"),
                working=t("Writing the file …"),
                download=t("Download ({size})"),
                name=file_name(context.project.name, form.suffix),
                mime=form.mime,
            ).show(
                partial(
                    write_exchange, context.project, context.dataset, run, form.key, session.who()
                )
            )
