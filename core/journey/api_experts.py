"""Connections to embeddings APIs: kept per project, tried out, and found again for their scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.documents import from_json, to_json
from core.errors import ExpertError, WorkspaceError
from core.experts.api_connection import API_PREFIX, ApiConnection, checked
from core.experts.source import ExpertSource
from core.workspace.workspace import Project, Workspace

_USED, _REMOVED = "used", "removed"
# All that a test sends: nothing of the user's data.
NEUTRAL_SENTENCE = "The weather is fine today."


@dataclass(frozen=True)
class Trial:
    """What came of trying a connection out: length of a vector, seconds until the answer."""

    dimension: int
    seconds: float


def api_connections(project: Project) -> list[ApiConnection]:
    """Return the connections of a project that can be chosen, oldest first."""
    return _kept(project)[_USED]


def save_connection(
    project: Project,
    connection: ApiConnection,
    who: str,
    environment: Mapping[str, str],
) -> ApiConnection:
    """Add a connection to a project, or change the one of that name; returns it as it is kept.

    Raises
    ------
    ExpertError
        If a field cannot be used, or another project has given the name to another model: scores
        are found by name.
    """
    done = checked(connection, environment)
    for other in project.workspace.projects():
        kept = _kept(other)
        for one in (*kept[_USED], *kept[_REMOVED]):
            same = one.name.casefold() == done.name.casefold()
            if other.id != project.id and same and one.fingerprint != done.fingerprint:
                raise ExpertError(
                    "The project {project} uses the name {name} for another address, model or "
                    "prompt. Choose another name.",
                    project=other.name,
                    name=done.name,
                )
    kept = _kept(project)
    names = [one.name.casefold() for one in kept[_USED]]
    if done.name.casefold() in names:
        kept[_USED][names.index(done.name.casefold())] = done
    else:
        kept[_USED].append(done)
    kept[_REMOVED] = [one for one in kept[_REMOVED] if one.name != done.name]
    _keep(project, kept)
    detail = {"name": done.name, "host": done.host, "model": done.model}
    project.note("API connection saved", who, detail)
    return done


def remove_connection(project: Project, name: str, who: str) -> None:
    """Take a connection off a project; scores that it brought can still be read."""
    kept = _kept(project)
    gone = [one for one in kept[_USED] if one.name == name]
    kept[_USED] = [one for one in kept[_USED] if one.name != name]
    kept[_REMOVED] += gone
    _keep(project, kept)
    project.note("API connection removed", who, {"name": name})


def try_connection(
    project: Project,
    connection: ApiConnection,
    who: str,
    environment: Mapping[str, str],
    clock: Callable[[], float] = time.monotonic,
) -> Trial:
    """Send :data:`NEUTRAL_SENTENCE` and nothing else.

    Raises
    ------
    ExpertError
        If the API cannot be used, with what to do.
    """
    from core.experts.api_client import ApiClient
    from core.experts.api_connection import Patience

    patience = Patience(attempts=2, timeout=20, longest_asked=5)
    client = ApiClient(connection, environment, patience=patience, clock=clock)
    detail = {"name": connection.name, "host": connection.host, "model": connection.model}
    project.note("API tested with one sentence", who, detail)
    with client:
        began = clock()
        vectors = client.embed([NEUTRAL_SENTENCE])
        return Trial(vectors.shape[1], clock() - began)


def api_experts(workspace: Workspace, experts: Sequence[str]) -> dict[str, ExpertSource]:
    """Return the experts behind APIs among the keys; they read the cache and send nothing.

    Keys without a connection are left out.
    """
    from core.experts.api import ApiExpert

    wanted = [key for key in experts if key.startswith(API_PREFIX)]
    if not wanted:
        return {}
    kept = [_kept(project) for project in workspace.projects()]
    # One that is in use comes last and wins over one that was removed.
    ordered = [one for state in (_REMOVED, _USED) for lists in kept for one in lists[state]]
    known = {one.key: one for one in ordered}
    return {key: ApiExpert.of(known[key]) for key in wanted if key in known}


def _kept(project: Project) -> dict[str, list[ApiConnection]]:
    document = project.state.api_connections or {}
    try:
        return {
            state: [from_json(ApiConnection, one) for one in document.get(state, [])]
            for state in (_USED, _REMOVED)
        }
    except (AttributeError, TypeError) as error:
        raise WorkspaceError(
            "The connections to APIs of this project cannot be read ({reason}).",
            reason=type(error).__name__,
        ) from error


def _keep(project: Project, kept: Mapping[str, list[ApiConnection]]) -> None:
    document = {state: [to_json(one) for one in ones] for state, ones in kept.items()}
    project.state.api_connections = document
