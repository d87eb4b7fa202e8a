"""Ask people who came by a link, and see no sidebar, what they are called."""

from __future__ import annotations

import streamlit as st

from pages.parts.translate import t


def ask_name(label: str, key: str) -> None:
    """Draw the field; what is typed becomes the name of this session.

    Parameters
    ----------
    label : str
        Translated question that says what the name is for.
    key : str
        Of the widget.
    """

    def keep() -> None:
        st.session_state["who"] = str(st.session_state.get(key) or "").strip()

    st.text_input(label, key=key, on_change=keep, placeholder=t("then press Enter"))
