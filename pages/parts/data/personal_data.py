"""Personal data: what to do with it at the import, and with what is in the data already."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.journey import personal
from core.journey.data import take_out_personal_data
from core.journey.personal import DROP, KEEP, MASK, PERSONAL_DATA, Finding
from core.messages import N_
from core.types.open_account import RowsFound
from core.types.rights import CHANGE, DECIDE
from pages.parts import session
from pages.parts.errors import show_error
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import moment, plain, t, tm

_ACTIONS = {
    MASK: (
        N_("Mask them"),
        N_("Placeholders such as [EMAIL-1]; the same person keeps the same one in this project."),
    ),
    DROP: (N_("Leave these rows out"), N_("They are set aside, without their texts.")),
    KEEP: (
        N_("Keep them as they are"),
        N_("Nothing may be sent or shared before somebody says why that is allowed."),
    ),
}


def ask_at_import(found: Mapping[str, Finding | RowsFound], file_id: str) -> str | None:
    """Draw what was found and what to do with it; None while nothing was chosen."""
    if not found:
        return KEEP
    with st.container(border=True, key="personal_at_import"):
        st.markdown(f":material/shield_person: **{t('This file holds personal data.')}**")
        st.caption(_listed(found))
        return st.radio(
            t("What to do with them"),
            list(_ACTIONS),
            index=None,
            format_func=lambda action: t(_ACTIONS[action][0]),
            captions=[t(meaning) for _, meaning in _ACTIONS.values()],
            key=f"personal_{file_id}",
        )


def personal_data(context: Context) -> None:
    """Draw the personal data of the data in use, how to take them out, and the leave to share."""
    project = context.project
    with st.spinner(t("Looking for personal data …"), show_time=True):  # names by a model: seconds
        found = personal.found_in(context.dataset)
    if not found:
        return
    leave, own = personal.sharing_leave(project), personal.own_found_in(context.dataset)
    with st.container(border=True, key="personal_data"):
        st.markdown(f":material/shield_person: **{t('These data hold personal data.')}**")
        st.caption(_listed(found))
        if leave is not None:
            st.markdown(
                t(
                    "{who} allowed on {at} that they are shared: {reason}",
                    who=plain(leave.who),
                    at=moment(leave.at),
                    reason=plain(t(leave.reason)),  # of sample data it is a text of the app
                )
            )
            if st.button(t("Do not allow it any more"), icon=":material/lock:", **only(DECIDE)):
                personal.withdraw_leave(project, session.who())
                st.rerun()
        elif not own:
            st.markdown(
                t(
                    "All of it comes from the sample data of this app. People, addresses and "
                    "numbers there are invented: nobody has to be asked before it is shared."
                )
            )
        else:
            st.markdown(
                t(
                    "Until they are taken out, or somebody says why they may be shared, no text is "
                    "sent to an API, and no report, export or vote link is made."
                )
            )
        with st.container(horizontal=True):
            if st.button(
                t("Mask them"),
                icon=":material/visibility_off:",
                **only(CHANGE, help=t(_ACTIONS[MASK][1])),
            ):
                _take_out(context, MASK)
            if st.button(
                t("Leave these texts out"), icon=":material/playlist_remove:", **only(CHANGE)
            ):
                _take_out(context, DROP)
        if leave is None and own:
            _ask_for_leave(context)


def _listed(found: Mapping[str, Finding | RowsFound]) -> str:
    return " · ".join(
        f"{plain(tm(message))} ({t('for example row {row}', row=one.rows[0])})"
        if one.rows
        else plain(tm(message))
        for message, one in zip(
            personal.told(found), [found[k] for k in found if k in PERSONAL_DATA], strict=True
        )
    )


def _take_out(context: Context, action: str) -> None:
    try:
        with st.spinner(t("Saving the data"), show_time=True):
            take_out_personal_data(context.project, action, session.who())
    except Exception as error:  # shown where the button is
        show_error(error)
        return
    st.rerun()


def _ask_for_leave(context: Context) -> None:
    with st.form("sharing_leave", border=False):
        reason = st.text_input(
            t("They may be shared, because"),
            placeholder=t("for example: our own contact details, published on our website"),
            max_chars=500,
        )
        if st.form_submit_button(t("Allow sharing"), icon=":material/lock_open:", **only(DECIDE)):
            try:
                personal.allow_sharing(context.project, reason, session.who())
            except Exception as error:  # shown where the button is
                show_error(error)
                return
            st.rerun()
