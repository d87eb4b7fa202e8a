"""Code for the places where the tuned model is used, with this model's values filled in."""

from __future__ import annotations

import streamlit as st

from core.journey import model_delivery
from core.journey.reporting import Preview
from core.reporting.snippets import SNIPPETS, render_snippet
from pages.parts.errors import show_error
from pages.parts.page import Context
from pages.parts.translate import language, plain, t


def model_snippets(context: Context, preview: Preview) -> None:
    """Draw the choice of a place and its program."""
    if preview.model is None:
        st.warning(t("The model folder of this run is gone. Tune again to get a model."))
        return
    export = model_delivery.usable_export(context.project, preview.tune_run)
    try:
        facts = model_delivery.model_facts(preview.model, preview.base_key, export)
    except Exception as error:
        show_error(error)
        return
    key = st.selectbox(
        t("Where is the model to be used?"),
        list(SNIPPETS),
        format_func=lambda one: SNIPPETS[one].title,
        key="snippet",
    )
    chosen = SNIPPETS[key]
    st.caption(t(chosen.meaning))
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
