"""How somebody else repeats the result and checks that it is the same."""

from __future__ import annotations

import streamlit as st

from core.journey.reporting import Preview
from pages.parts.translate import plain, t, tm


def repeat_and_check(seen: Preview) -> None:
    """Draw the command with its files, then what identifies data, labels, models and runs."""
    st.markdown(f"##### {t('The command that repeats it')}")
    st.code(seen.repeat.command, language=None, wrap_lines=True)
    for note in seen.repeat.notes:
        st.caption(plain(tm(note)))
    if seen.repeat.files:
        st.markdown(t("Save these files beside the data file first:"))
        with st.container(horizontal=True):
            for name, text in seen.repeat.files.items():
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
    lines = [f"{value}  {t(title)}" for title, value in seen.hashes]
    st.code("\n".join(lines), language=None, wrap_lines=True)
