"""What may leave this machine: connections to servers, what is sent there, the terms of experts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from core.errors import ExpertError, WorkspaceError
from core.experts.catalogue import catalogue, find_entry
from core.experts.outside.api import ApiExpert, plan_sending
from core.experts.outside.api_client import ApiClient, Patience, checked, find_key
from core.experts.outside.chat import ChatClient, plain_reply
from core.experts.outside.llm import (
    GUIDELINES as GUIDELINES,
    SCALES as SCALES,
    LlmExpert,
    asks_of,
    instructions,
    plan_judging,
    question_of,
    read_scores,
)
from core.experts.outside.terms import (
    TEACHING_TITLES as TEACHING_TITLES,
    TermsSheet as TermsSheet,
    terms_of,
)
from core.experts.people import PairRatings
from core.experts.source import ExpertSource
from core.journey.jobs import SCORE, WRITE, JobView, request_of
from core.journey.personal import check_sharing
from core.types import QADataset
from core.types.personal_rules import TermsConfirmed
from core.types.rights import OPERATOR, SEND
from core.types.scoring import (
    API_PREFIX,
    LLM_PREFIX,
    ApiConnection,
    ApiConnections,
    ChatConnection,
    ChatConnections,
    SendPlan,
    ServerConnection,
)
from core.workspace.database import now
from core.workspace.project_state import ProjectState
from core.workspace.workspace import Project, Workspace, asks

Connection = TypeVar("Connection", bound=ServerConnection)

# All that a test of a connection sends: nothing of the user's data.
NEUTRAL_SENTENCE = "The weather is fine today."
SENDING_NOTE = "sending to an API confirmed"  # in the audit trail


def api_connections(project: Project) -> list[ApiConnection]:
    """Return the embeddings APIs of a project that can be chosen, oldest first."""
    return list(project.state.api_connections.used)


def llm_connections(project: Project) -> list[ChatConnection]:
    """Return the language models of a project that can be chosen, oldest first."""
    return list(project.state.llm_connections.used)


def connections(project: Project) -> list[ServerConnection]:
    """Return every server of a project that texts could be sent to."""
    return [*api_connections(project), *llm_connections(project)]


@asks(SEND)
def save_connection(
    project: Project,
    connection: Connection,
    who: str,
    environment: Mapping[str, str],
) -> Connection:
    """Add a connection to a project, or change the one of that name; returns it as it is kept.

    Raises
    ------
    ExpertError
        If a field cannot be used, or another project has given the name to another model: scores
        are found by name.
    """
    new = checked(connection, environment)

    def same_name(known: ServerConnection) -> bool:
        return known.name.casefold() == new.name.casefold()

    # Also projects that this person may not see: scores are found by name in all of them.
    for other in project.workspace.acting(OPERATOR).projects():
        for known in _ever(other, type(new)):
            different = known.fingerprint != new.fingerprint
            if other.id != project.id and same_name(known) and different:
                raise ExpertError(
                    "Another project uses the name {name} for another address, model or prompt. "
                    "Choose another name.",
                    name=new.name,
                )

    def used(known: tuple[Connection, ...]) -> tuple[Connection, ...]:
        changed = tuple(new if same_name(one) else one for one in known)
        return changed if any(map(same_name, known)) else (*known, new)

    def left(known: tuple[Connection, ...]) -> tuple[Connection, ...]:
        return tuple(one for one in known if one.name != new.name)

    _change(project, type(new), used, left)
    detail = {"name": new.name, "host": new.host, "model": new.model}
    project.note("API connection saved", who, detail)
    return new


@asks(SEND)
def remove_connection(
    project: Project, name: str, who: str, kind: type[ServerConnection] = ApiConnection
) -> None:
    """Take a connection off a project; scores that it brought can still be read."""
    gone = tuple(known for known in connections(project) if type(known) is kind)
    gone = tuple(known for known in gone if known.name == name)
    _change(
        project,
        kind,
        lambda used: tuple(known for known in used if known.name != name),
        lambda removed: (*removed, *gone),
    )
    project.note("API connection removed", who, {"name": name})


def _ever(project: Project, kind: type[ServerConnection]) -> tuple[ServerConnection, ...]:
    """Return the connections of a kind that a project has or had."""
    apis, models = project.state.api_connections, project.state.llm_connections
    every = (*apis.used, *apis.removed, *models.used, *models.removed)
    return tuple(known for known in every if type(known) is kind)


_Change = Callable[[tuple[Any, ...]], tuple[Any, ...]]


def _change(
    project: Project, kind: type[ServerConnection], used: _Change, removed: _Change
) -> None:
    """Change the connections of a kind: those that can be chosen, and those that were removed."""
    if kind is ChatConnection:
        project.state.change(
            ProjectState.llm_connections,
            lambda own: ChatConnections(used(own.used), removed(own.removed)),
        )
    else:
        project.state.change(
            ProjectState.api_connections,
            lambda own: ApiConnections(used(own.used), removed(own.removed)),
        )


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


NEUTRAL_PAIR = ("How do I change my password?", "Open your account and choose a new password.")


@asks(SEND)
def try_model(
    project: Project,
    connection: ChatConnection,
    who: str,
    environment: Mapping[str, str],
    clock: Callable[[], float] = time.monotonic,
) -> ModelTest:
    """Let a language model judge :data:`NEUTRAL_PAIR` and nothing else.

    Raises
    ------
    ExpertError
        If the server cannot be used, with what to do.
    """
    patience = Patience(attempts=2, timeout=60, longest_asked=5)
    detail = {"name": connection.name, "host": connection.host, "model": connection.model}
    project.note("language model tested with one pair", who, detail)
    with ChatClient(connection, environment, patience=patience, clock=clock) as client:
        began = clock()
        reply = client.ask(
            instructions(connection),
            question_of(connection, asks_of(connection, [NEUTRAL_PAIR])[:1]),
            longest=64,
        )
        return ModelTest(read_scores(reply, 1)[0], plain_reply(reply)[:200], clock() - began)


@dataclass(frozen=True)
class ModelTest:
    """What came of trying a language model out.

    Attributes
    ----------
    score : float or None
        Its grade, None where the reply cannot be used.
    reply : str
        Its first words.
    seconds : float
    """

    score: float | None
    reply: str
    seconds: float


def send_plan(project: Project, dataset: QADataset, connection: ServerConnection) -> SendPlan:
    """Return what would be sent to a server before it has scored a dataset; asks nobody."""
    vectors = project.workspace.vectors
    if isinstance(connection, ChatConnection):
        return plan_judging(connection, dataset, vectors, rated_pairs(project, dataset))
    assert isinstance(connection, ApiConnection)
    return plan_sending(connection, dataset.questions, dataset.answers, vectors)


def rated_pairs(project: Project, dataset: QADataset) -> list[tuple[str, str]]:
    """Return the pairs that people rated, as texts; none of a held-out question."""
    ratings = PairRatings.of(dataset, project.workspace.records.ratings(project.id))
    pairs = zip(ratings.question_rows.tolist(), ratings.answer_rows.tolist(), strict=True)
    return list(dict.fromkeys((dataset.questions[q], dataset.answers[a]) for q, a in pairs))


def send_plans(project: Project, dataset: QADataset, experts: Sequence[str]) -> list[SendPlan]:
    """Return what would be sent to the APIs among the experts; those with nothing to send too.

    Raises
    ------
    ExpertError
        If a connection is not there any more.
    """
    known = {connection.key: connection for connection in connections(project)}
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
) -> tuple[ServerConnection, ...]:
    """Check that what is to be sent was agreed to, and record it in the audit trail."""
    if not behind_apis(experts):
        return ()
    project.demand(SEND)
    dataset = project.load_dataset()
    return agreed_to(project, send_plans(project, dataset, experts), agreed, who, environment)


@asks(SEND)
def agreed_to(
    project: Project,
    wanted: Sequence[SendPlan],
    agreed: Sequence[SendPlan],
    who: str,
    environment: Mapping[str, str] | None = None,
) -> tuple[ServerConnection, ...]:
    """Check that plans to send texts were agreed to, and record it in the audit trail.

    Raises
    ------
    ExpertError
        If more would be sent than was agreed to, a key is missing, personal data must not be
        shared, or nobody confirmed the terms.
    """
    dataset = project.load_dataset()
    plans = [plan for plan in wanted if plan.texts]
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
            "pairs": plan.pairs,
            "characters": plan.characters,
            "tokens": plan.tokens,
            "cost": plan.cost,
        }
        project.note(SENDING_NOTE, who, detail)
    return tuple(plan.connection for plan in plans)


def agreed_connections(job: JobView) -> tuple[ServerConnection, ...]:
    """Return the connections that a job may send texts to; none for other jobs than scoring."""
    try:
        return request_of(job).may_send if job.kind in (SCORE, WRITE) else ()
    except WorkspaceError:  # its request is damaged: nobody knows what was agreed to
        return ()


def behind_apis(experts: Sequence[str]) -> list[str]:
    """Return the keys of the experts that texts would be sent to."""
    return [key for key in dict.fromkeys(experts) if key.startswith((API_PREFIX, LLM_PREFIX))]


# Terms: what is known about using an expert, and a person's word on it.


def terms_sheets(project: Project, experts: Sequence[str]) -> tuple[TermsSheet, ...]:
    """Return the terms sheet of each expert; those that are gone are left out."""
    known = {connection.key: connection for connection in connections(project)}
    sheets = []
    for key in dict.fromkeys(experts):
        connection = known.get(key)
        try:
            entry = expert_behind(connection) if connection else find_entry(key)
        except ExpertError:
            continue
        here = entry.availability(project.workspace.models)
        sheets.append(terms_of(entry, here, connection))
    return tuple(sheets)


def expert_behind(
    connection: ServerConnection,
    environment: Mapping[str, str] | None = None,
    rated: Sequence[tuple[str, str]] = (),
) -> ExpertSource:
    """Return the expert of a connection; without an environment it sends nothing."""
    if isinstance(connection, ChatConnection):
        return LlmExpert.of(connection, environment, rated)
    assert isinstance(connection, ApiConnection)
    return ApiExpert.of(connection, environment)


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
