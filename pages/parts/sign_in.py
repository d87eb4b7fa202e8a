"""Sign-in for shared servers: asked for only where ``[auth]`` is set up in the server's secrets."""

from __future__ import annotations

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from pages.parts.translate import t


def _is_set_up() -> bool:
    """Return True if the server's secrets name an identity provider (see the README)."""
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False


def signed_in_name() -> str | None:
    """Return the address or name of the signed-in person, None where nobody has to sign in."""
    if not _is_set_up() or not st.user.is_logged_in:
        return None
    return str(st.user.get("email") or st.user.get("name") or "") or None


def ask_to_sign_in() -> None:
    """Show nothing but a sign-in button to a visitor who has to sign in; ends the page then."""
    if not _is_set_up() or st.user.is_logged_in:
        return
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"#### {t('Please sign in to go on.')}", text_alignment="center")
        if st.button(t("Sign in"), type="primary", icon=":material/login:"):
            st.login()
    st.stop()


def sign_out_button() -> None:
    """Show who is signed in, with the button to leave."""
    st.caption(signed_in_name() or "")
    if st.button(t("Sign out"), icon=":material/logout:", width="stretch"):
        st.logout()


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
