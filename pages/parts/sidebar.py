"""The sidebar: project in use, language, the name that changes are recorded under."""

from __future__ import annotations

import streamlit as st

from core.errors import WorkspaceError
from core.translation import LANGUAGES
from pages.parts import session
from pages.parts.sign_in import remember_name, sign_out_button, signed_in_name
from pages.parts.translate import language, t


def sidebar(*, whole: bool = True) -> None:
    """Draw the sidebar below the navigation.

    Whoever came by link chooses no project, and is asked for a name where it is needed.
    """
    with st.sidebar:
        if whole:
            _project_choice()
        if signed_in_name():
            sign_out_button()
        elif whole:
            _name_field()
        st.segmented_control(
            "Language / 言語",
            list(LANGUAGES),
            default=language(),
            format_func=LANGUAGES.__getitem__,
            key="language_choice",
            on_change=_switch_language,
            required=True,
            width="stretch",
        )


def _name_field() -> None:
    st.text_input(
        t("Your name"),
        key="who",
        on_change=remember_name,
        persist_state="session",
        help=t("Recorded with every label you change and every run you start."),
        placeholder=t("for the record of changes"),
    )


def _switch_language() -> None:
    chosen = str(st.session_state.get("language_choice"))
    if chosen in LANGUAGES:
        st.session_state["language"] = chosen
        st.query_params["lang"] = chosen
        _say_choices_again()


def _say_choices_again() -> None:
    """Make the browser write what is chosen in the new language.

    It keeps the words of a choice, not its place, and learns new ones only of values that are set.
    Buttons and uploads, whose values cannot be set, are neither texts nor numbers.
    """
    for key, value in list(st.session_state.items()):
        chosen = value if isinstance(value, list | tuple) else [value]
        if chosen and all(type(one) in (str, int, float) for one in chosen):
            st.session_state[key] = value


def _project_choice() -> None:
    try:
        known = session.workspace().projects()
    except WorkspaceError:
        return  # the page itself says what is wrong with the workspace
    if not known:
        return
    names = {project.id: project.name for project in known}
    current = session.project()
    # The key follows the choice made elsewhere, so that the box never shows an old project.
    key = f"project_choice_{current.id if current else ''}"

    def choose() -> None:
        chosen = st.session_state.get(key)
        session.choose_project(next((p for p in known if p.id == chosen), None))

    st.selectbox(
        t("Project"),
        list(names),
        index=list(names).index(current.id) if current else None,
        format_func=names.__getitem__,
        key=key,
        on_change=choose,
        placeholder=t("Choose a project"),
    )
