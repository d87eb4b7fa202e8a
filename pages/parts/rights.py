"""A button that would refuse is drawn as such: disabled, with who may instead."""

from __future__ import annotations

from typing import TypedDict

from core.journey.projects import Project
from core.types.rights import ROLE_TITLES, Action, may
from pages.parts import session
from pages.parts.translate import t


class Permit(TypedDict):
    """What a widget is drawn with."""

    disabled: bool
    help: str | None


def only(
    action: Action,
    *,
    disabled: bool = False,
    help: str | None = None,  # as Streamlit calls it
    project: Project | None = None,
) -> Permit:
    """Return how to draw what leads to an action: disabled, with who may, for whoever may not.

    Parameters
    ----------
    disabled, help
        What the widget is drawn with for whoever may.
    project : Project or None
        None is the project in use.

    Examples
    --------
    ::

        st.button(t("Mask them"), **only(CHANGE, help=t("…")))
    """
    role = session.role() if project is None else project.role
    if may(role, action):
        return {"disabled": disabled, "help": help}
    roles = ", ".join(t(ROLE_TITLES[one]) for one in action.roles)
    why = (
        t("For these roles: {roles}. Ask an owner of this project.", roles=roles)
        if role is None
        else t(
            "For these roles: {roles}. In this project you are {role}; ask one of its owners.",
            roles=roles,
            role=t(ROLE_TITLES[role]),
        )
    )
    return {"disabled": True, "help": why}
