"""Who is here and what they look at: workspace, project, name. Selections only."""

from __future__ import annotations

import os

import streamlit as st

from core.errors import RightsError, WorkspaceError
from core.journey.projects import (
    Project,
    Workspace,
    drop_old_events,
    retention_days,
    sweep,
)
from core.types import QADataset
from core.types.rights import SEE, Person
from pages.parts.deep_links import RUN
from pages.parts.sign_in import (
    JOIN,
    LINK,
    ME,
    SEARCH,
    link_in,
    person as person_of,
    remembered_name,
    signed_in_name,
)
from pages.parts.translate import language


@st.cache_resource(show_spinner=False)
def _open_workspace() -> Workspace:
    opened = Workspace.open()
    sweep(opened, retention_days(os.environ))
    drop_old_events(opened)
    return opened


def workspace() -> Workspace:
    """Return the workspace of this server as the visitor has it before them.

    Raises
    ------
    WorkspaceError
        If it cannot be used.
    RightsError
        If the visitor may not come in, or not any more.
    """
    opened = _open_workspace()
    if not opened.layout.runs.is_dir():
        opened.records.close()  # open files of the deleted database would hide a restored one
        raise WorkspaceError(
            "The workspace folder {folder} was deleted or moved while the app was running. Restore "
            "it from a backup and reload this page, or restart the app to begin with an empty one.",
            folder=str(opened.layout.root),
        )
    return opened.acting(person())


def person() -> Person:
    """Return who acts; raises RightsError if they may not come in, or not any more."""
    return person_of(link_in(st.query_params))


def signed_in() -> bool:
    """Return whether people sign in here."""
    return signed_in_name() is not None


def start() -> None:
    """Take project and language from the link, and keep both in it: a link can be shared.

    Whoever takes part in a round has their name in it, too.
    """
    if st.query_params.get(JOIN) and st.query_params.get(ME):
        st.session_state.setdefault("who", st.query_params[ME])
    st.session_state.setdefault("who", remembered_name())
    linked = st.query_params.get("project")
    if linked:
        st.session_state["project"] = linked
    st.session_state.setdefault("language", language())
    st.query_params["lang"] = st.session_state["language"]
    if st.session_state.get("project"):
        st.query_params["project"] = st.session_state["project"]


def choose_project(project: Project | None) -> None:
    """Make a project the one that all pages show; None closes it."""
    if project is None or project.id != st.session_state.get("project"):
        st.query_params.pop(RUN, None)  # a run of the project that was open
    if project is None:
        st.session_state.pop("project", None)
        st.query_params.pop("project", None)
    else:
        st.session_state["project"] = project.id
        st.query_params["project"] = project.id


def project() -> Project | None:
    """Return the project in use; None if none was chosen, it is gone, or it may not be seen."""
    found = linked_project()
    if found is not None and not found.may(SEE):
        choose_project(None)
        return None
    return found


def role() -> str | None:
    """Return the visitor's role in the project in use, as the page found it when it was opened."""
    if "role" not in st.session_state:
        found = linked_project()
        st.session_state["role"] = None if found is None else found.role
    kept: str | None = st.session_state["role"]
    return kept


def linked_project() -> Project | None:
    """Return the project in use, also to a voter, who may vote in it and nothing else."""
    chosen = st.session_state.get("project")
    if not chosen:
        return None
    place = workspace()
    try:
        return place.project(chosen)
    except (WorkspaceError, RightsError):
        choose_project(None)
        return None


def may_look_around() -> bool:
    """Return whether there is more for the visitor than what their link leads to."""
    # On a phone, and on the screen of a workshop, it stands alone for everybody.
    return not any(st.query_params.get(name) for name in (JOIN, LINK, SEARCH))


def given_name() -> str:
    """Return the name of who signed in or typed one, "" where nobody did."""
    name = signed_in_name() or str(st.session_state.get("who") or "")
    return " ".join(name.split())[:120]


def who() -> str:
    """Return the name that changes are recorded under."""
    return given_name() or "user"


@st.cache_resource(show_spinner=False, max_entries=8)
def _dataset(root: str, dataset_id: str) -> QADataset:
    return workspace().load_dataset(dataset_id)


def dataset_of(dataset_id: str) -> QADataset:
    """Return a dataset, read once per server; raises WorkspaceError if damaged."""
    return _dataset(str(workspace().layout.root), dataset_id)
