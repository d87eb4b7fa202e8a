"""What may leave this machine: connections to APIs, what is sent there, the terms of experts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.errors import ExpertError, WorkspaceError
from core.experts.catalogue import catalogue, find_entry
from core.experts.outside.api import ApiExpert, plan_sending
from core.experts.outside.api_client import ApiClient, Patience, checked, find_key
from core.experts.outside.terms import (
    TEACHING_TITLES as TEACHING_TITLES,
    TermsSheet as TermsSheet,
    terms_of,
)
from core.journey.jobs import SCORE, JobView, request_of
from core.journey.personal import check_sharing
from core.types import QADataset
from core.types.personal_rules import TermsConfirmed
from core.types.rights import OPERATOR, SEND
from core.types.scoring import API_PREFIX, ApiConnection, ApiConnections, SendPlan
from core.workspace.database import now
from core.workspace.project_state import ProjectState
from core.workspace.workspace import Project, Workspace, asks

# All that a test of a connection sends: nothing of the user's data.
NEUTRAL_SENTENCE = "The weather is fine today."
SENDING_NOTE = "sending to an API confirmed"  # in the audit trail


def api_connections(project: Project) -> list[ApiConnection]:
    """Return the connections of a project that can be chosen, oldest first."""
    return list(project.state.api_connections.used)


@asks(SEND)
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
    new = checked(connection, environment)

    def same_name(known: ApiConnection) -> bool:
        return known.name.casefold() == new.name.casefold()

    # Also projects that this person may not see: scores are found by name in all of them.
    for other in project.workspace.acting(OPERATOR).projects():
        theirs = other.state.api_connections
        for known in (*theirs.used, *theirs.removed):
            different = known.fingerprint != new.fingerprint
            if other.id != project.id and same_name(known) and different:
                raise ExpertError(
                    "Another project uses the name {name} for another address, model or prompt. "
                    "Choose another name.",
                    name=new.name,
                )

    def with_new(own: ApiConnections) -> ApiConnections:
        used = tuple(new if same_name(known) else known for known in own.used)
        return ApiConnections(
            used if any(map(same_name, own.used)) else (*own.used, new),
            tuple(known for known in own.removed if known.name != new.name),
        )

    project.state.change(ProjectState.api_connections, with_new)
    detail = {"name": new.name, "host": new.host, "model": new.model}
    project.note("API connection saved", who, detail)
    return new


@asks(SEND)
def remove_connection(project: Project, name: str, who: str) -> None:
    """Take a connection off a project; scores that it brought can still be read."""

    def without(own: ApiConnections) -> ApiConnections:
        gone = tuple(known for known in own.used if known.name == name)
        left = tuple(known for known in own.used if known.name != name)
        return ApiConnections(left, (*own.removed, *gone))

    project.state.change(ProjectState.api_connections, without)
    project.note("API connection removed", who, {"name": name})


@dataclass(frozen=True)
class ConnectionTest:
    """What came of trying a connection out: length of a vector, seconds until the answer."""

    dimension: int
    seconds: float


@asks(SEND)
def try_connection(
    project: Project,
    connection: ApiConnection,
    who: str,
    environment: Mapping[str, str],
    clock: Callable[[], float] = time.monotonic,
) -> ConnectionTest:
    """Send :data:`NEUTRAL_SENTENCE` and nothing else.

    Raises
    ------
    ExpertError
        If the API cannot be used, with what to do.
    """
    patience = Patience(attempts=2, timeout=20, longest_asked=5)
    client = ApiClient(connection, environment, patience=patience, clock=clock)
    detail = {"name": connection.name, "host": connection.host, "model": connection.model}
    project.note("API tested with one sentence", who, detail)
    with client:
        began = clock()
        vectors = client.embed([NEUTRAL_SENTENCE])
        return ConnectionTest(vectors.shape[1], clock() - began)


def send_plan(project: Project, dataset: QADataset, connection: ApiConnection) -> SendPlan:
    """Return what would be sent to an API before it has scored a dataset; asks nobody."""
    vectors = project.workspace.vectors
    return plan_sending(connection, dataset.questions, dataset.answers, vectors)


def send_plans(project: Project, dataset: QADataset, experts: Sequence[str]) -> list[SendPlan]:
    """Return what would be sent to the APIs among the experts; those with nothing to send too.

    Raises
    ------
    ExpertError
        If a connection is not there any more.
    """
    known = {connection.key: connection for connection in api_connections(project)}
    asked = behind_apis(experts)
    for key in asked:
        if key not in known:
            raise ExpertError(
                "The connection {name} was removed from this project. Add it again, or choose "
                "other experts.",
                name=find_entry(key).title,
            )
    return [send_plan(project, dataset, known[key]) for key in asked]


def agree_to_send(
    project: Project,
    experts: Sequence[str],
    agreed: Sequence[SendPlan],
    who: str,
    environment: Mapping[str, str] | None = None,
) -> tuple[ApiConnection, ...]:
    """Check that what is to be sent was agreed to, and record it in the audit trail."""
    if not behind_apis(experts):
        return ()
    project.demand(SEND)
    dataset = project.load_dataset()
    plans = [p for p in send_plans(project, dataset, experts) if p.texts]
    seen = {(plan.connection.key, plan.connection.fingerprint): plan.texts for plan in agreed}
    for plan in plans:
        connection = plan.connection
        if seen.get((connection.key, connection.fingerprint), 0) < plan.texts:
            raise ExpertError(
                "{count} texts would be sent to {host}, and nobody agreed to that yet. Look at "
                "what would be sent and confirm it.",
                count=plan.texts,
                host=connection.host,
            )
        find_key(connection, {**os.environ, **(environment or {})})
    if plans:
        check_sharing(project, dataset)
        missing = unconfirmed_terms(project, [plan.connection.key for plan in plans])
        if missing:
            raise ExpertError(
                "Nobody has confirmed the terms of {names} yet. Read the terms sheet on the "
                "Experts page and confirm it.",
                names=", ".join(sheet.title for sheet in missing),
            )
    for plan in plans:
        connection = plan.connection
        detail = {
            "connection": connection.name,
            "host": connection.host,
            "model": connection.model,
            "questions": plan.questions,
            "answers": plan.answers,
            "characters": plan.characters,
            "tokens": plan.tokens,
            "cost": plan.cost,
        }
        project.note(SENDING_NOTE, who, detail)
    return tuple(plan.connection for plan in plans)


def agreed_connections(job: JobView) -> tuple[ApiConnection, ...]:
    """Return the connections that a job may send texts to; none for other jobs than scoring."""
    try:
        return request_of(job).api if job.kind == SCORE else ()
    except WorkspaceError:  # its request is damaged: nobody knows what was agreed to
        return ()


def behind_apis(experts: Sequence[str]) -> list[str]:
    """Return the keys of the experts that texts would be sent to."""
    return [key for key in dict.fromkeys(experts) if key.startswith(API_PREFIX)]


# Terms: what is known about using an expert, and a person's word on it.


def terms_sheets(project: Project, experts: Sequence[str]) -> tuple[TermsSheet, ...]:
    """Return the terms sheet of each expert; those that are gone are left out."""
    connections = {connection.key: connection for connection in api_connections(project)}
    sheets = []
    for key in dict.fromkeys(experts):
        connection = connections.get(key)
        try:
            entry = ApiExpert.of(connection) if connection else find_entry(key)
        except ExpertError:
            continue
        here = entry.availability(project.workspace.models)
        sheets.append(terms_of(entry, here, connection))
    return tuple(sheets)


def catalogue_terms(workspace: Workspace) -> tuple[TermsSheet, ...]:
    """Return the terms sheets of the experts that came with the app or can be had."""
    experts = catalogue().values()
    return tuple(terms_of(expert, expert.availability(workspace.models)) for expert in experts)


def confirmed_terms(project: Project) -> dict[str, TermsConfirmed]:
    """Return who confirmed which terms sheet when, by id of the sheet."""
    return {word.sheet: word for word in project.state.terms}


@asks(SEND)
def confirm_terms(project: Project, sheets: Sequence[TermsSheet], who: str) -> None:
    """Keep that a person read these terms and says that the experts may be used.

    Raises
    ------
    ExpertError
        If no name is given.
    """
    if not who.strip():
        raise ExpertError("Type your name in the sidebar: terms are confirmed by a person.")
    words = tuple(TermsConfirmed(sheet.key, sheet.id, who, now()) for sheet in sheets)
    project.state.change(ProjectState.terms, lambda known: (*known, *words))
    project.note("terms confirmed", who, {"experts": [sheet.key for sheet in sheets]})


def unconfirmed_terms(project: Project, experts: Sequence[str]) -> tuple[TermsSheet, ...]:
    """Return the sheets that a person has to confirm before these experts are used."""
    known = confirmed_terms(project)
    return tuple(
        sheet
        for sheet in terms_sheets(project, experts)
        if sheet.needs_confirmation and sheet.id not in known
    )
