"""The stop Experts: what can be chosen, what leaves this machine, the scoring, who is in use."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import ExpertError, WorkspaceError
from core.evaluation.expert_panel import measured
from core.experts.api import ApiExpert, plan_sending
from core.experts.api_client import ApiClient, Patience, checked, find_key
from core.experts.catalogue import (
    catalogue,
    default_experts,
    estimate_seconds,
    expert_title as expert_title,
    find_entry as find_entry,
)
from core.experts.local_folder import FOLDER_PREFIX, expert_in_folder
from core.experts.models import ModelExpert
from core.experts.source import ExpertSource, ScoringContext
from core.jobs.folder import RunFolder
from core.journey.jobs import (
    IN_BACKGROUND,
    SCORE,
    JobView,
    Start,
    launch_job,
    outcome_of,
    project_of,
    request_of,
)
from core.journey.projects import scored_experts
from core.labels.similar_experts import leaf_order as leaf_order
from core.messages import N_, Message
from core.progress import Progress, Reporter
from core.types import PairScores, QADataset
from core.types.expert_entry import Availability, CatalogueEntry
from core.types.scoring import (
    API_PREFIX,
    ApiConnection,
    ApiConnections,
    ScoredExperts,
    ScoreRequest,
    ScoringResult,
    SendPlan,
)
from core.workspace.workspace import Project, Workspace

# All that a test of a connection sends: nothing of the user's data.
NEUTRAL_SENTENCE = "The weather is fine today."
SENDING_NOTE = "sending to an API confirmed"  # in the audit trail


# What can be chosen.


@dataclass(frozen=True)
class ExpertCard:
    """One expert as the user chooses it.

    Attributes
    ----------
    suggested : bool
        Whether it belongs to the default panel for the language of the data.
    seconds : float or None
        Estimated scoring time on this machine; None before anything was measured.
    """

    entry: CatalogueEntry
    availability: Availability
    suggested: bool
    seconds: float | None


def all_experts(workspace: Workspace) -> list[tuple[CatalogueEntry, Availability]]:
    """Return the experts that came with the app or can be had, and whether they are at hand."""
    return [(expert, expert.availability(workspace.models)) for expert in catalogue().values()]


def get_expert(workspace: Workspace, key: str, report: Reporter | None = None) -> Path:
    """Bring an expert's model to this machine and return its folder; nothing is done twice.

    Raises
    ------
    ExpertError
        If there is no such expert, or it is no model in a folder.
    ModelUnavailableError
        If it cannot be had, with what to do.
    Stopped
        If the reporter was asked to stop; what was fetched is kept.
    """
    expert = find_entry(key)
    if not isinstance(expert, ModelExpert):
        raise ExpertError(
            "The expert {title} needs no model: there is nothing to get.", title=expert.title
        )
    return expert.files.fetch(expert, workspace.models, report)


def suggested_experts(dataset: QADataset) -> tuple[str, ...]:
    """Return the keys of the default panel for the language of the data."""
    from core.data.checks import guess_language

    return default_experts(guess_language(dataset.questions))


def check_experts(experts: Sequence[str]) -> None:
    """Raise ExpertError if there is no expert of one of these keys."""
    for key in experts:
        find_entry(key)


def expert_cards(
    workspace: Workspace,
    dataset: QADataset,
    added: Sequence[str] = (),
    connections: Sequence[ApiConnection] = (),
) -> list[ExpertCard]:
    """Return every expert that can be chosen for a dataset.

    Parameters
    ----------
    added : sequence of str
        Keys of experts that the user added: model folders, score files, people.
    connections : sequence of ApiConnection
        Embeddings APIs that the user added.
    """
    suggested = set(suggested_experts(dataset))
    experts = [*catalogue().values(), *(find_entry(key) for key in added)]
    experts += [ApiExpert.of(connection) for connection in connections]
    return [
        ExpertCard(
            expert,
            expert.availability(workspace.models),
            expert.key in suggested,
            estimate_seconds(expert, dataset, workspace.models),
        )
        for expert in experts
    ]


@dataclass(frozen=True)
class ModelFolders:
    """The model folders that a user added to a project as experts.

    Attributes
    ----------
    usable : tuple of str
        Keys ``local:<path>``.
    broken : mapping of path to Message
        Folders that were moved, deleted or changed since, and why they cannot be used.
    """

    usable: tuple[str, ...] = ()
    broken: Mapping[str, Message] = field(default_factory=dict)


def model_folders(project: Project) -> ModelFolders:
    """Return the folders that were added to a project, looked at afresh."""
    usable: list[str] = []
    broken: dict[str, Message] = {}
    for path in project.state.model_folders:
        try:
            usable.append(expert_in_folder(Path(path)).key)
        except ExpertError as error:
            broken[path] = error.message
    return ModelFolders(tuple(usable), broken)


def add_model_folder(project: Project, path: str, who: str) -> str:
    """Add a sentence-transformers folder to a project's experts; returns its key.

    Raises
    ------
    ModelUnavailableError
        If the folder is no such folder, has no safetensors weights or needs code of its own.
    """
    # Paths copied from a file manager come in quotes.
    key = expert_in_folder(Path(path.strip().strip("\"'"))).key
    folder = key.removeprefix(FOLDER_PREFIX)
    known = project.state.model_folders
    if folder not in known:
        project.state.model_folders = (*known, folder)
        project.note("model folder added", who, {"folder": folder})
    return key


def remove_model_folder(project: Project, path: str, who: str) -> None:
    """Take a folder off a project's experts; nothing is deleted on disk."""
    left = tuple(known for known in project.state.model_folders if known != path)
    project.state.model_folders = left
    project.note("model folder removed", who, {"folder": path})


# Connections to embeddings APIs, and what is sent there.


def api_connections(project: Project) -> list[ApiConnection]:
    """Return the connections of a project that can be chosen, oldest first."""
    return list(project.state.api_connections.used)


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

    for other in project.workspace.projects():
        theirs = other.state.api_connections
        for known in (*theirs.used, *theirs.removed):
            different = known.fingerprint != new.fingerprint
            if other.id != project.id and same_name(known) and different:
                raise ExpertError(
                    "The project {project} uses the name {name} for another address, model or "
                    "prompt. Choose another name.",
                    project=other.name,
                    name=new.name,
                )
    own = project.state.api_connections
    used = tuple(new if same_name(known) else known for known in own.used)
    project.state.api_connections = ApiConnections(
        used if any(map(same_name, own.used)) else (*own.used, new),
        tuple(known for known in own.removed if known.name != new.name),
    )
    detail = {"name": new.name, "host": new.host, "model": new.model}
    project.note("API connection saved", who, detail)
    return new


def remove_connection(project: Project, name: str, who: str) -> None:
    """Take a connection off a project; scores that it brought can still be read."""
    own = project.state.api_connections
    gone = tuple(known for known in own.used if known.name == name)
    left = tuple(known for known in own.used if known.name != name)
    project.state.api_connections = ApiConnections(left, (*own.removed, *gone))
    project.note("API connection removed", who, {"name": name})


@dataclass(frozen=True)
class ConnectionTest:
    """What came of trying a connection out: length of a vector, seconds until the answer."""

    dimension: int
    seconds: float


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
    asked = _behind_apis(experts)
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
    """Check that what is to be sent was agreed to, and record it in the audit trail.

    Parameters
    ----------
    agreed : sequence of SendPlan
        What the user saw and agreed to.
    environment : mapping or None
        What the worker gets besides this process's environment: keys from the app's secrets.

    Returns
    -------
    tuple of ApiConnection
        Where texts may be sent to; without keys.

    Raises
    ------
    ExpertError
        If more would be sent, or elsewhere, than was agreed to; or a key is missing.
    """
    if not _behind_apis(experts):
        return ()
    plans = [p for p in send_plans(project, project.load_dataset(), experts) if p.texts]
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
    return request_of(job).api if job.kind == SCORE else ()


def _behind_apis(experts: Sequence[str]) -> list[str]:
    return [key for key in dict.fromkeys(experts) if key.startswith(API_PREFIX)]


# The scoring.


def launch_scoring(
    project: Project,
    experts: Sequence[str],
    who: str,
    *,
    agreed: Sequence[SendPlan] | None = (),
    environment: Mapping[str, str] | None = None,
    start: Start = IN_BACKGROUND,
) -> str:
    """Start a job in which experts score the project's data; returns the run id.

    Parameters
    ----------
    agreed : sequence of SendPlan
        What the user agreed to send to APIs; None where nobody can be asked: of experts behind
        APIs only what is in the cache is used.
    environment : mapping or None
        Keys of APIs for the worker, where this process's environment does not hold them.
    start : callable
        See :func:`core.journey.jobs.launch_job`.

    Raises
    ------
    ExpertError
        If no expert is chosen, a key is unknown, or texts would be sent that nobody agreed to.
    """
    if not experts:
        raise ExpertError("No expert is chosen. Choose at least one, better three or more.")
    check_experts(experts)
    api = () if agreed is None else agree_to_send(project, experts, agreed, who, environment)
    asked = ScoreRequest(project.dataset_id or "", tuple(experts), api)
    return launch_job(project, SCORE, asked, who, environment, start)


def score_step(folder: RunFolder, request: ScoreRequest, report: Reporter) -> ScoringResult:
    """Worker step: score, measure, and make the experts the ones in use."""
    project = project_of(folder)
    dataset = project.workspace.load_dataset(request.dataset_id)
    # As they were set up when somebody agreed, whatever was changed since.
    may_send = {c.key: ApiExpert.of(c, os.environ) for c in request.api}
    result = run_scoring(project.workspace, dataset, request.experts, report, may_send)
    experts = tuple(figures.expert for figures in result.figures)
    # New data may have been imported meanwhile: scores of the old must not take their place.
    if project_of(folder).dataset_id == dataset.id:
        project.state.scored = ScoredExperts(dataset.id, experts, folder.root.name)
    return result


def run_scoring(
    workspace: Workspace,
    dataset: QADataset,
    experts: Sequence[str],
    report: Reporter,
    may_send: Mapping[str, ExpertSource] | None = None,
) -> ScoringResult:
    """Score a dataset with experts and measure each.

    Parameters
    ----------
    may_send : mapping of key to ExpertSource, or None
        Experts behind APIs that may send texts; of the others only what is in the cache is used.

    Raises
    ------
    ExpertError
        If every expert failed; the text holds the reason of the first.
    """
    from core.experts.expert_scores import score_dataset

    context = _context(workspace, experts, may_send)
    scoring = score_dataset(dataset, list(experts), context, Progress(report, 0.0, 0.92))
    if not scoring.scores:
        raise ExpertError(
            "No expert could score the data. The first reason: {reason}",
            reason=str(next(iter(scoring.failures.values()))),
        )
    report.progress(0.93, Message(N_("Measuring how good each expert is")))
    return measured(
        dataset,
        scoring.scores,
        seconds=scoring.seconds,
        encoded=scoring.encoded,
        loading=scoring.loading,
        failures=scoring.failures,
    )


def load_expert_scores(
    workspace: Workspace, dataset: QADataset, experts: Sequence[str]
) -> list[PairScores]:
    """Read the scores of experts from the cache; raises ExpertError if one has not scored yet."""
    from core.experts.expert_scores import load_scores

    context = _context(workspace, experts)
    return [load_scores(dataset, key, context) for key in experts]


def _context(
    workspace: Workspace,
    experts: Sequence[str],
    may_send: Mapping[str, ExpertSource] | None = None,
) -> ScoringContext:
    """Return what experts work with; experts behind APIs are those of any project."""
    apis: dict[str, ExpertSource] = {}
    if _behind_apis(experts):
        connections = [project.state.api_connections for project in workspace.projects()]
        # One that is in use comes last and wins over one that was removed.
        ordered = [c for own in connections for c in own.removed]
        ordered += [c for own in connections for c in own.used]
        apis = {connection.key: ApiExpert.of(connection) for connection in ordered}
    return ScoringContext(
        workspace.models,
        workspace.vectors,
        workspace.score_files,
        apis={**apis, **(may_send or {})},
    )


# The experts in use: they change without a job, too, as scores that are at hand join or leave.


def scoring_report(project: Project) -> ScoringResult | None:
    """Return what the scores in use say about the experts, None before the first scoring."""
    scored = project.state.scored
    if scored is None or scored.dataset_id != project.dataset_id:
        return None
    try:
        return scoring_result(project.workspace, scored)
    except WorkspaceError as error:
        raise WorkspaceError(
            "The result of the scoring {run} is damaged ({reason}). Let the experts score again.",
            run=scored.run_id,
            reason=str(error),
        ) from error


def scoring_result(workspace: Workspace, scored: ScoredExperts) -> ScoringResult:
    """Return the figures of the experts in use: of the job, or of the last change without one."""
    if scored.measured is not None:
        return scored.measured
    result: ScoringResult = outcome_of(RunFolder(workspace.run_folder(scored.run_id)))
    return result


def join_panel(project: Project, dataset: QADataset, key: str) -> None:
    """Add an expert whose scores are there to those in use, and measure all of them anew.

    Raises
    ------
    ExpertError
        If the expert has not scored this dataset.
    """
    _use(project, dataset, tuple(dict.fromkeys((*scored_experts(project), key))))


def leave_panel(project: Project, dataset: QADataset, key: str) -> None:
    """Take an expert off those in use; does nothing if it is not among them."""
    present = scored_experts(project)
    if key in present:
        _use(project, dataset, tuple(other for other in present if other != key))


def _use(project: Project, dataset: QADataset, experts: tuple[str, ...]) -> None:
    if not experts:
        project.state.scored = None
        return
    before, scored = scoring_report(project) or ScoringResult(), project.state.scored
    result = measured(
        dataset,
        load_expert_scores(project.workspace, dataset, experts),
        seconds={expert.expert: expert.seconds for expert in before.figures},
        encoded={expert.expert: expert.texts_encoded for expert in before.figures},
        loading={expert.expert: expert.loading_seconds for expert in before.figures},
        failures=before.failures,
    )
    run_id = scored.run_id if scored and before.figures else ""
    project.state.scored = ScoredExperts(dataset.id, experts, run_id, result)
