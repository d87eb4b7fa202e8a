"""The stop Experts: what can be chosen, what leaves this machine, the scoring, who is in use."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.errors import ExpertError, WorkspaceError
from core.evaluation.expert_panel import find_teacher, measured
from core.experts.api import ApiExpert, plan_sending
from core.experts.api_client import ApiClient, Patience, checked, find_key
from core.experts.catalogue import (
    catalogue,
    default_experts,
    default_student,
    estimate_loading,
    estimate_seconds,
    expert_title as expert_title,
    find_entry as find_entry,
)
from core.experts.folders import check_folder, own_folder
from core.experts.hub import ask_hub
from core.experts.local_folder import FOLDER_PREFIX, expert_in_folder
from core.experts.models import ModelExpert
from core.experts.source import ExpertSource, ScoringContext
from core.experts.teacher import TeacherOffer as TeacherOffer, offer_teacher, with_remedy
from core.experts.terms import (
    TEACHING_TITLES as TEACHING_TITLES,
    TermsSheet as TermsSheet,
    terms_of,
)
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
from core.journey.personal import check_sharing
from core.journey.projects import scored_experts
from core.journey.uploads import read_apart
from core.labels.similar_experts import leaf_order as leaf_order
from core.messages import N_, Message
from core.progress import Progress, Reporter
from core.types import ExpertScores, PairScores, QADataset
from core.types.expert_entry import Availability, CatalogueEntry
from core.types.personal_rules import TermsConfirmed
from core.types.rights import CHANGE, OPERATOR, SEND, START
from core.types.scoring import (
    API_PREFIX,
    TEACHER_UNKNOWN,
    ApiConnection,
    ApiConnections,
    ScoredExperts,
    ScoreRequest,
    ScoringResult,
    SendPlan,
    TeacherAdvice,
)
from core.workspace.database import now
from core.workspace.project_state import ProjectState
from core.workspace.workspace import Project, Workspace, asks

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
        Estimated time for reading on this machine; None before anything was measured.
    loading : float or None
        Estimated time until the model is in memory.
    """

    entry: CatalogueEntry
    availability: Availability
    suggested: bool
    seconds: float | None
    loading: float | None = None


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


def suggested_experts(
    workspace: Workspace, dataset: QADataset, *, downloads: bool = False
) -> tuple[str, ...]:
    """Return the keys of the default panel for the language of the data, the teacher last.

    Parameters
    ----------
    downloads : bool
        Whether a teacher is suggested, too, that would be downloaded from a hub that answered.
    """
    offer = teacher_offer(workspace, dataset)
    taken = offer.within_reach if downloads else offer.availability.ready
    return (*default_experts(_language(dataset)), *([offer.entry.key] if taken else []))


def _language(dataset: QADataset) -> str:
    from core.data.checks import guess_language

    return guess_language(dataset.questions)


# The teacher: an expert that is stronger than the model to be tuned.


def teacher_offer(workspace: Workspace, dataset: QADataset) -> TeacherOffer:
    """Return the stronger expert for the language of the data and what it costs; asks nobody."""
    return offer_teacher(dataset, _language(dataset), workspace.models, time.time())


def hub_answers(workspace: Workspace) -> bool:
    """Ask the model hub, within seconds, whether it can be reached; remembered for a day."""
    return ask_hub(workspace.models)


@asks(CHANGE)
def put_off_teacher(project: Project, put_off: bool, who: str) -> None:
    """Keep that the user does not want the suggested teacher now, or wants it after all."""
    project.state.teacher_put_off = put_off
    project.note("teacher put off" if put_off else "teacher wanted", who, {})


def teacher_advice(project: Project, dataset: QADataset, base: str | None = None) -> TeacherAdvice:
    """Say whether an expert in use can teach the model to be tuned, and what to add if not.

    The one answer that Experts, Data, Tune and the command line give. Reads vectors, loads no
    model.

    Parameters
    ----------
    base : str or None
        Expert key of the model to be tuned; None = the one suggested for the language.
    """
    experts, offer = scored_experts(project), teacher_offer(project.workspace, dataset)
    base = base or default_student(_language(dataset))
    report = scoring_report(project)
    advice = report.teacher if report else TeacherAdvice(TEACHER_UNKNOWN, base, _NOT_SCORED)
    if advice is None or advice.base != base:  # of an earlier version, or of another model
        scores = load_expert_scores(project.workspace, dataset, experts)
        advice = _compared(project.workspace, dataset, scores, base)
    return with_remedy(advice, offer, experts)


def _compared(
    workspace: Workspace, dataset: QADataset, scores: Sequence[PairScores], base: str
) -> TeacherAdvice:
    """Compare the experts with the model to be tuned, which need not be one of them."""
    own = next((s for s in scores if s.expert == base), None)
    own = own or _recalled(workspace, dataset, base)
    return find_teacher(dataset, own if isinstance(own, ExpertScores) else None, scores, base)


_NOT_SCORED = Message(N_("Whether there is a teacher shows once experts have scored the data."))


def _recalled(workspace: Workspace, dataset: QADataset, key: str) -> PairScores | None:
    """Return what a model that does not take part read of the data before, None if nothing."""
    try:
        return find_entry(key).recall(dataset, _context(workspace, (key,)))
    except ExpertError:
        return None


def check_experts(experts: Sequence[str]) -> None:
    """Raise ExpertError if there is no expert of one of these keys."""
    for key in experts:
        find_entry(key)


def expert_cards(
    workspace: Workspace,
    dataset: QADataset,
    added: Sequence[str] = (),
    connections: Sequence[ApiConnection] = (),
    *,
    teacher: bool = True,
) -> list[ExpertCard]:
    """Return every expert that can be chosen for a dataset.

    Parameters
    ----------
    added : sequence of str
        Keys of experts that the user added: model folders, score files, people.
    connections : sequence of ApiConnection
        Embeddings APIs that the user added.
    teacher : bool
        Whether the stronger expert may be among the suggested ones.
    """
    suggested = set(suggested_experts(workspace, dataset, downloads=True))
    if not teacher:
        suggested.discard(teacher_offer(workspace, dataset).entry.key)
    experts = [*catalogue().values(), *(find_entry(key) for key in added)]
    experts += [ApiExpert.of(connection) for connection in connections]
    return [
        ExpertCard(
            expert,
            expert.availability(workspace.models),
            expert.key in suggested,
            estimate_seconds(expert, dataset, workspace.models),
            estimate_loading(expert, workspace.models),
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


@asks(CHANGE)
def add_model_folder(project: Project, path: str, who: str) -> str:
    """Add a sentence-transformers folder to a project's experts; returns its key.

    Raises
    ------
    ModelUnavailableError
        If the folder is no such folder, has no safetensors weights or needs code of its own.
    """
    # Paths copied from a file manager come in quotes.
    found = own_folder(path.strip().strip("\"'"))
    read_apart(check_folder, found, name=found.name)
    key = expert_in_folder(found).key
    folder = key.removeprefix(FOLDER_PREFIX)
    with project.workspace.records.alone():
        known = project.state.model_folders
        if folder not in known:
            project.state.model_folders = (*known, folder)
            project.note("model folder added", who, {"folder": folder})
    return key


@asks(CHANGE)
def remove_model_folder(project: Project, path: str, who: str) -> None:
    """Take a folder off a project's experts; nothing is deleted on disk."""
    project.state.change(
        ProjectState.model_folders, lambda known: tuple(other for other in known if other != path)
    )
    project.note("model folder removed", who, {"folder": path})


# Connections to embeddings APIs, and what is sent there.


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
    asked = _behind_apis(experts)
    for key in asked:
        if key not in known:
            raise ExpertError(
                "The connection {name} was removed from this project. Add it again, or choose "
                "other experts.",
                name=find_entry(key).title,
            )
    return [send_plan(project, dataset, known[key]) for key in asked]


def _agree_to_send(
    project: Project,
    experts: Sequence[str],
    agreed: Sequence[SendPlan],
    who: str,
    environment: Mapping[str, str] | None = None,
) -> tuple[ApiConnection, ...]:
    """Check that what is to be sent was agreed to, and record it in the audit trail."""
    if not _behind_apis(experts):
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


def _behind_apis(experts: Sequence[str]) -> list[str]:
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
    return tuple(terms_of(entry, here) for entry, here in all_experts(workspace))


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


# The scoring.


@asks(START)
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
    api = () if agreed is None else _agree_to_send(project, experts, agreed, who, environment)
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
    result = measured(
        dataset,
        scoring.scores,
        seconds=scoring.seconds,
        encoded=scoring.encoded,
        loading=scoring.loading,
        failures=scoring.failures,
    )
    base = default_student(_language(dataset))
    return replace(result, teacher=_compared(workspace, dataset, scoring.scores, base))


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


@asks(CHANGE)
def join_panel(project: Project, dataset: QADataset, key: str) -> None:
    """Add an expert whose scores are there to those in use, and measure all of them anew.

    Raises
    ------
    ExpertError
        If the expert has not scored this dataset.
    """
    _change_panel(project, dataset, lambda present: tuple(dict.fromkeys((*present, key))))


@asks(CHANGE)
def leave_panel(project: Project, dataset: QADataset, key: str) -> None:
    """Take an expert off those in use; does nothing if it is not among them."""
    if key in scored_experts(project):
        _change_panel(
            project, dataset, lambda present: tuple(other for other in present if other != key)
        )


def _change_panel(
    project: Project,
    dataset: QADataset,
    change: Callable[[tuple[str, ...]], tuple[str, ...]],
) -> None:
    """Change the experts in use; again where somebody else did so while they were measured."""
    while True:
        present = tuple(scored_experts(project))
        wanted = change(present)
        panel = _panel(project, dataset, wanted) if wanted else None
        with project.workspace.records.alone():
            if tuple(scored_experts(project)) == present:
                project.state.scored = panel
                return


def _panel(project: Project, dataset: QADataset, experts: tuple[str, ...]) -> ScoredExperts:
    before, scored = scoring_report(project) or ScoringResult(), project.state.scored
    scores = load_expert_scores(project.workspace, dataset, experts)
    result = measured(
        dataset,
        scores,
        seconds={expert.expert: expert.seconds for expert in before.figures},
        encoded={expert.expert: expert.texts_encoded for expert in before.figures},
        loading={expert.expert: expert.loading_seconds for expert in before.figures},
        failures=before.failures,
    )
    base = default_student(_language(dataset))
    result = replace(result, teacher=_compared(project.workspace, dataset, scores, base))
    run_id = scored.run_id if scored and before.figures else ""
    return ScoredExperts(dataset.id, experts, run_id, result)
