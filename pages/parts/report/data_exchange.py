"""Data and results as files for other search tools."""

from __future__ import annotations

import streamlit as st

from core.journey.exchanging import FORMATS, exchange_file, write_exchange
from pages.parts import session
from pages.parts.made_file import MadeFile, file_name
from pages.parts.page import Context
from pages.parts.translate import t


def data_exchange(context: Context, run: str) -> None:
    """Draw one card per format."""
    st.caption(t("These files hold questions and answers of yours, or their ids."))
    columns = st.columns(len(FORMATS))
    for column, one in zip(columns, FORMATS.values(), strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"##### {t(one.title)}")
            st.markdown(t(one.meaning))
            MadeFile(
                key=f"exchange_{one.key}",
                path=exchange_file(context.workspace, run, one.key),
                make=t("Make the file"),
                again=t("Make it again"),
                working=t("Writing the file …"),
                download=t("Download ({size})"),
                name=file_name(context.project.name, one.suffix),
                mime=one.mime,
                primary=False,
            ).show(
                lambda key=one.key: write_exchange(
                    context.project,
                    context.dataset,
                    run,
                    key,
                    session.who(),
                )
            )
