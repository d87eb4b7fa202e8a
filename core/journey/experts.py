"""The stop Experts: what can be chosen, the scoring, who is in use; see also ``sending.py``."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.data.checks import guess_language, languages_in
from core.errors import ExpertError, LabelError, ModelUnavailableError, WorkspaceError
from core.evaluation.expert_panel import advise, expert_passports, find_teacher, measured
from core.evaluation.measures import NDCG
from core.evaluation.search import rank
from core.experts.catalogue import (
    SAME_FAMILY as SAME_FAMILY,
    SAME_MODEL as SAME_MODEL,
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
from core.experts.people import PairRatings, people_scores
from core.experts.source import ExpertSource, ScoringContext
from core.experts.teacher import TeacherOffer as TeacherOffer, offer_teacher, with_remedy
from core.experts.trimming import Trimmed as Trimmed, english_words, expected, trim
from core.hashing import content_id
from core.jobs.folder import RunFolder
from core.journey.decisions import panel_in_use, use_panel
from core.journey.jobs import (
    IN_BACKGROUND,
    SCORE,
    Start,
    launch_job,
    outcome_of,
    project_of,
)
from core.journey.projects import scored_experts
from core.journey.sending import agree_to_send, behind_apis, expert_behind, rated_pairs
from core.journey.uploads import read_apart
from core.labels.drawn_pairs import pairs_to_fit_on, pairs_to_look_at
from core.labels.passports import (
    Passport as Passport,
    Trait as Trait,
    places as places,
)
from core.labels.similar_experts import leaf_order as leaf_order
from core.messages import N_, Message
from core.progress import Progress, Reporter
from core.reporting.onnx_export import checked_rows
from core.tuning.regularisers import neutral_texts
from core.types import ExpertScores, ListedScores, PairScores, QADataset, SilentReporter
from core.types.expert_entry import DOCUMENT, QUERY, Availability, CatalogueEntry
from core.types.project import ChosenPanel
from core.types.rights import CHANGE, START
from core.types.scoring import (
    TEACHER_UNKNOWN,
    ApiConnection,
    ChatConnection,
    PanelAdvice,
    ScoredExperts,
    ScoreRequest,
    ScoringResult,
    SendPlan,
    ServerConnection,
    TeacherAdvice,
)
from core.types.tuning import TrimmedBase
from core.workspace.project_state import ProjectState
from core.workspace.workspace import Project, Workspace, asks

_LOOKED_AT = 2000  # texts of a kind whose words are looked up for an offer
MOST_LEFT = 2 / 3  # of a model's size: what saves less is not worth a question

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


def trim_model(
    workspace: Workspace, key: str, languages: Sequence[str], dataset: QADataset | None
) -> tuple[Path, Trimmed]:
    """Keep a model with the tokens of some languages alone in the store; made once.

    Parameters
    ----------
    languages : sequence of str
        ISO 639-1 codes; empty = those of the dataset.
    dataset : QADataset or None
        Whose texts must be read as before.

    Returns
    -------
    folder, Trimmed
        The folder is one of the user's own, with the key ``local:<folder>``.

    Raises
    ------
    ExpertError
        If there is no such model, no language is known, or it cannot be trimmed.
    """
    expert = find_entry(key)
    if not isinstance(expert, ModelExpert) or not expert.trainable:
        raise ExpertError("The expert {title} has no vocabulary to trim.", title=expert.title)
    texts = [] if dataset is None else [*dataset.questions, *dataset.answers]
    if dataset is not None and not languages:
        languages = languages_to_keep(dataset) or (guess_language(dataset.questions),)
    languages = tuple(sorted(set(languages)))
    texts += [text for code in languages for text in neutral_texts(code)]
    source = expert.files.fetch(expert, workspace.models)
    mark = content_id([*languages, *texts, *english_words()])[:8]
    name = re.sub(r"[^0-9A-Za-z.-]+", "-", f"{expert.title}-{'-'.join(languages)}-{mark}")

    def build(target: Path) -> dict[str, Any]:
        prompts = {role: expert.prompt(role) for role in (QUERY, DOCUMENT)}
        words = english_words()
        done = trim(
            source, target, languages, texts, words, prompts if any(prompts.values()) else None
        )
        return {"trimmed_from": key, "languages": list(languages), **asdict(done)}

    stored = f"trimmed-{name.strip('-')}"[:100]
    folder = workspace.models.install(stored, build)
    origin = workspace.models.model(stored).origin()
    return folder, Trimmed(**{one.name: origin[one.name] for one in fields(Trimmed)})


def languages_to_keep(dataset: QADataset) -> tuple[str, ...]:
    """Return the languages of the data as ISO 639-1 codes, () where they are not sure."""
    return languages_in(dataset.questions, dataset.answers)


def trim_offer(workspace: Workspace, key: str, dataset: QADataset) -> Trimmed | None:
    """Return what would be left of a model with the words of the data's languages alone.

    Returns
    -------
    Trimmed or None
        About; None where that is not known, not possible or would save less than a third.
    """
    expert, languages = find_entry(key), languages_to_keep(dataset)
    folder = expert.present_folder(workspace.models) if isinstance(expert, ModelExpert) else None
    if folder is None or not languages:
        return None
    texts = [*dataset.questions[:_LOOKED_AT], *dataset.answers[:_LOOKED_AT]]
    texts += [text for code in languages for text in neutral_texts(code)]
    try:
        left = expected(folder, languages, texts, english_words())
    except (ModelUnavailableError, OSError, ValueError, KeyError, LookupError):
        return None  # of another kind, or damaged: it can be tuned as it is, or says why not
    return left if left.size_mb <= MOST_LEFT * left.before_mb else None


def trimmed_base(
    workspace: Workspace, key: str, dataset: QADataset, report: Reporter | None = None
) -> tuple[Path, TrimmedBase]:
    """Trim a model to the languages of the data, and search with both; nothing is done twice.

    The two are compared on the validation questions and the answers, as any two models are.

    Raises
    ------
    ExpertError
        If the languages are not known, or it cannot be trimmed.
    """
    from core.experts.encoders import encode_cached, load_encoder

    languages = languages_to_keep(dataset)
    if not languages:
        raise ExpertError(
            "The words to keep are not known: it is not sure which languages the texts are in. "
            "Switch “Keep only the words of your languages” off, or name the languages with: "
            "python -m core trim {model} --languages …",
            model=key,
        )
    report = report or SilentReporter()
    report.progress(0.0, Message(N_("Keeping only the words of your languages")))
    folder, done = trim_model(workspace, key, languages, dataset)
    rows, columns = checked_rows(dataset, seed=0)
    questions = [dataset.questions[row] for row in rows]
    answers = [dataset.answers[column] for column in columns]
    relevance = dataset.relevance[rows][:, columns]
    sides, values = [], []
    for source in (find_entry(key), folder):
        encoder, quiet = load_encoder(source, workspace.models), Progress(report, 0.0, 0.01)
        given = (workspace.vectors, quiet)
        asked = encode_cached(encoder, questions, QUERY, *given)
        told = encode_cached(encoder, answers, DOCUMENT, *given)
        sides.append(np.concatenate([asked, told]).astype(np.float64))
        found = rank(asked, told, 10).top_answers
        values.append(float((NDCG @ 10).of(relevance, found).mean()) if len(rows) else 0.0)
    cosine = (sides[0] * sides[1]).sum(axis=1)
    verdict = TrimmedBase(
        languages,
        *(done.tokens, done.before, done.size_mb, done.before_mb),
        texts=len(cosine),
        least_cosine=float(cosine.min()) if len(cosine) else 1.0,
        questions=len(rows),
        ndcg=values[1],
        ndcg_before=values[0],
    )
    return folder, verdict


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
    given = (dataset, _language(dataset), workspace.models, time.time())
    return offer_teacher(*given, workspace.vectors)


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
        return find_entry(key).recall(dataset, scoring_context(workspace, (key,)))
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
    connections: Sequence[ServerConnection] = (),
    *,
    teacher: bool = True,
) -> list[ExpertCard]:
    """Return every expert that can be chosen for a dataset.

    Parameters
    ----------
    added : sequence of str
        Keys of experts that the user added: model folders, score files, people.
    connections : sequence of ServerConnection
        Embeddings APIs and language models that the user added.
    teacher : bool
        Whether the stronger expert may be among the suggested ones.
    """
    suggested = set(suggested_experts(workspace, dataset, downloads=True))
    if not teacher:
        suggested.discard(teacher_offer(workspace, dataset).entry.key)
    experts = [*catalogue().values(), *(find_entry(key) for key in added)]
    experts += [expert_behind(connection) for connection in connections]
    return [_card(workspace, dataset, expert, expert.key in suggested) for expert in experts]


def _card(
    workspace: Workspace, dataset: QADataset, expert: ExpertSource, suggested: bool
) -> ExpertCard:
    models = workspace.models
    seconds = estimate_seconds(expert, dataset, models, workspace.vectors)
    # What has nothing left to read is not even loaded.
    loading = 0.0 if seconds == 0 else estimate_loading(expert, models)
    return ExpertCard(expert, expert.availability(models), suggested, seconds, loading)


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
    told = () if agreed is None else agree_to_send(project, experts, agreed, who, environment)
    asked = ScoreRequest(
        project.dataset_id or "",
        tuple(experts),
        tuple(one for one in told if isinstance(one, ApiConnection)),
        tuple(one for one in told if isinstance(one, ChatConnection)),
    )
    return launch_job(project, SCORE, asked, who, environment, start)


def score_step(folder: RunFolder, request: ScoreRequest, report: Reporter) -> ScoringResult:
    """Worker step: score, measure, make the experts the ones in use, choose who takes part."""
    project = project_of(folder)
    dataset = project.workspace.load_dataset(request.dataset_id)
    # As they were set up when somebody agreed, whatever was changed since.
    rated = rated_pairs(project, dataset) if request.llm else []
    may_send = {c.key: expert_behind(c, os.environ, rated) for c in request.may_send}
    result = run_scoring(project.workspace, dataset, request.experts, report, may_send)
    experts = tuple(figures.expert for figures in result.figures)
    # New data may have been imported meanwhile: scores of the old must not take their place.
    if project_of(folder).dataset_id == dataset.id:
        project.state.scored = ScoredExperts(dataset.id, experts, folder.root.name)
        if result.panel is not None:
            use_panel(project, result.panel.kept, folder.job().who)
    _draw_pairs(project.workspace, dataset, experts, result.panel)
    return result


def _draw_pairs(
    workspace: Workspace, dataset: QADataset, experts: tuple[str, ...], panel: PanelAdvice | None
) -> None:
    """Draw the pairs that Labels opens with, so that nobody has to wait for them there."""
    if not len(dataset.right_question):
        return
    kept = experts if panel is None else panel.kept
    store = workspace.pair_files
    # Labels draws what is missing here: no right answer to learn from, an expert set up anew since.
    with suppress(ExpertError, LabelError):
        scores = load_expert_scores(workspace, dataset, experts)
        pairs_to_fit_on(store, dataset, [s for key in kept for s in scores if s.expert == key])
        pairs_to_look_at(store, dataset, scores)


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

    context = scoring_context(workspace, experts, may_send)
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
        pairs_to_look_at(workspace.pair_files, dataset, scoring.scores),
        seconds=scoring.seconds,
        encoded=scoring.encoded,
        loading=scoring.loading,
        failures=scoring.failures,
    )
    base = default_student(_language(dataset))
    result = replace(result, teacher=_compared(workspace, dataset, scoring.scores, base))
    if len(result.figures) < 2:
        return result
    report.progress(0.96, Message(N_("Trying the labels without each expert")))
    return replace(result, panel=proposed_panel(dataset, scoring.scores, result))


def proposed_panel(
    dataset: QADataset, scores: Sequence[PairScores], result: ScoringResult
) -> PanelAdvice:
    """Return who should take part in the labels, by what was measured of the experts."""
    teacher = result.teacher.teacher if result.teacher and result.has_teacher else ""
    return advise(dataset, scores, result.figures, result.agreement_table, teacher=teacher)


def load_expert_scores(
    workspace: Workspace, dataset: QADataset, experts: Sequence[str]
) -> list[PairScores]:
    """Read the scores of experts from the cache; raises ExpertError if one has not scored yet."""
    from core.experts.expert_scores import load_scores

    context = scoring_context(workspace, experts)
    return [load_scores(dataset, key, context) for key in experts]


def scoring_context(
    workspace: Workspace,
    experts: Sequence[str],
    may_send: Mapping[str, ExpertSource] | None = None,
) -> ScoringContext:
    """Return what experts work with; experts behind APIs are those of any project."""
    apis: dict[str, ExpertSource] = {}
    if behind_apis(experts):
        states = [project.state for project in workspace.projects()]
        kept = [own for s in states for own in (s.api_connections, s.llm_connections)]
        # One that is in use comes last and wins over one that was removed.
        ordered: list[ServerConnection] = [c for own in kept for c in own.removed]
        ordered += [c for own in kept for c in own.used]
        apis = {connection.key: expert_behind(connection) for connection in ordered}
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


def people_said(project: Project, dataset: QADataset) -> ListedScores | None:
    """Return what people rated so far, whether or not they take part; None = nothing."""
    ratings = PairRatings.of(dataset, project.workspace.records.ratings(project.id))
    return people_scores(dataset, ratings) if len(ratings) else None


def passports(
    workspace: Workspace, dataset: QADataset, experts: Sequence[str], people: ListedScores | None
) -> tuple[Passport, ...]:
    """Return how each expert judges beside the others; reads the cache, loads no model.

    Raises
    ------
    ExpertError
        If one of the experts has not scored yet.
    """
    scores = load_expert_scores(workspace, dataset, experts)
    return expert_passports(dataset, scores, people, default_student(_language(dataset)))


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
                _let_take_part(project, present, wanted)
                project.state.scored = panel
                return


def _let_take_part(project: Project, present: Sequence[str], wanted: Sequence[str]) -> None:
    """Let who joins take part in the labels as well, where only some of the others do."""
    taking_part, joined = panel_in_use(project, present), set(wanted) - set(present)
    if joined and set(taking_part) != set(present):
        experts = (*taking_part, *(key for key in wanted if key in joined))
        project.state.panel = ChosenPanel(project.dataset_id, experts)


def _panel(project: Project, dataset: QADataset, experts: tuple[str, ...]) -> ScoredExperts:
    before, scored = scoring_report(project) or ScoringResult(), project.state.scored
    scores = load_expert_scores(project.workspace, dataset, experts)
    result = measured(
        dataset,
        scores,
        pairs_to_look_at(project.workspace.pair_files, dataset, scores),
        seconds={expert.expert: expert.seconds for expert in before.figures},
        encoded={expert.expert: expert.texts_encoded for expert in before.figures},
        loading={expert.expert: expert.loading_seconds for expert in before.figures},
        failures=before.failures,
    )
    base = default_student(_language(dataset))
    result = replace(result, teacher=_compared(project.workspace, dataset, scores, base))
    run_id = scored.run_id if scored and before.figures else ""
    return ScoredExperts(dataset.id, experts, run_id, result)
