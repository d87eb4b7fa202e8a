"""Who is here and what they look at: workspace, project, name. Selections only."""

from __future__ import annotations

import streamlit as st

from core.errors import WorkspaceError
from core.journey.projects import Project, Workspace
from core.types import QADataset
from pages.parts.deep_links import RUN
from pages.parts.sign_in import signed_in_name
from pages.parts.translate import language


@st.cache_resource(show_spinner=False)
def _open_workspace() -> Workspace:
    return Workspace.open()


def workspace() -> Workspace:
    """Return the workspace of this server; raises WorkspaceError if it cannot be used."""
    opened = _open_workspace()
    if not opened.layout.runs.is_dir():
        opened.records.close()  # open files of the deleted database would hide a restored one
        raise WorkspaceError(
            "The workspace folder {folder} was deleted or moved while the app was running. Restore "
            "it from a backup and reload this page, or restart the app to begin with an empty one.",
            folder=str(opened.layout.root),
        )
    return opened


def start() -> None:
    """Take project and language from the link, and keep both in it: a link can be shared."""
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
    """Return the project in use, None if none was chosen or it is gone."""
    chosen = st.session_state.get("project")
    if not chosen:
        return None
    place = workspace()
    try:
        return place.project(chosen)
    except WorkspaceError:
        choose_project(None)
        return None


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
