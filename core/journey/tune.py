"""Fine-tuning: what can be tuned and what it takes, the job, its short measurement, the runs."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.documents import from_json, to_json
from core.errors import AppError, TuningError, WorkspaceError
from core.experts.catalogue import FOLDER_PREFIX, catalogue, default_student, find_entry
from core.experts.source import ExpertSource as ExpertSource
from core.jobs import launch as jobs
from core.jobs.folder import DISCARD, RunFolder
from core.jobs.launch import follow, is_locked
from core.jobs.state import CANCELLED, FAILED, FINISHED, INTERRUPTED, JobView
from core.journey.experts import (
    Trimmed as Trimmed,
    languages_to_keep as languages_to_keep,
    load_expert_scores,
    trim_model,
    trim_offer as trim_offer,
    trimmed_base,
)
from core.journey.jobs import (
    IN_BACKGROUND,
    PROBE,
    TUNE,
    Start,
    jobs_of,
    launch_job,
    outcome_of,
    pinned_to,
    request_of,
    workspace_of,
)
from core.journey.labels import label_model, overrides, recipe_in_use
from core.journey.projects import scored_experts
from core.journey.uploads import read_apart
from core.messages import N_, Message
from core.tuning.batches import open_per_epoch
from core.tuning.data_rules import LEAST, rules_for
from core.tuning.device import (
    MEGABYTE,
    check_device,
    devices_here as devices_here,
    free_graphics_memory_mb,
    likely_device,
    main_memory_mb,
)
from core.tuning.estimate import (
    OTHER_MODEL as OTHER_MODEL,
    PROBED as PROBED,
    PROBED_ALIKE as PROBED_ALIKE,
    SAME_MODEL as SAME_MODEL,
    SAME_RUN as SAME_RUN,
    FreeCapacity as FreeCapacity,
    MeasuredRun,
    TuningPlan as TuningPlan,
    gigabytes as gigabytes,
    planned,
    probe_key,
    shortages as shortages,
)
from core.tuning.losses import LOSSES
from core.tuning.presets import from_document
from core.tuning.probe import Probe
from core.tuning.taught import without_held_out
from core.types import TRAIN, QADataset, Reporter
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.recipes import SavedRecipe
from core.types.rights import START
from core.types.tuning import (
    AgreedEnd,
    DeviceInfo,
    TuneRequest,
    TuningEstimate,
    TuningResult,
    WatchedQuestions,
)
from core.types.tuning_config import TuningConfig
from core.workspace.files import read_json
from core.workspace.records import now
from core.workspace.workspace import Project, Workspace, asks

if TYPE_CHECKING:
    from core.labels.model import LabelModel
    from core.tuning.task import TuningTask

TOO_LITTLE = N_("There is too little memory to load the base model and try a step: {reason}")
_RUNS_LOOKED_AT = 20
_START = "start"  # folder in that of a run: two models joined to one before they learn
KILLED = Message(
    N_(
        "The short measurement was ended from outside, most often because memory did not suffice. "
        "Try fewer “Questions per step (batch)” under Advanced, or a smaller “Base model”."
    )
)


# What can be tuned.


def settings_in(content: bytes, name: str) -> TuningConfig:
    """Read a file of settings, see :func:`core.tuning.presets.from_document`, with limits."""
    return read_apart(from_document, content, name=name)


def models_to_tune(project: Project) -> list[ExpertSource]:
    """Return the models that can be tuned, those at hand first, then the user's own folders."""
    models = project.workspace.models
    entries = [entry for entry in catalogue().values() if entry.trainable]
    entries.sort(key=lambda entry: not entry.availability(models).ready)
    for key in scored_experts(project):
        if key.startswith(FOLDER_PREFIX):
            try:
                entries.append(find_entry(key))
            except AppError:
                continue  # the folder is gone; the Experts page says so
    return entries


@dataclass(frozen=True)
class OpenUse:
    """How many open questions a run learns from.

    Attributes
    ----------
    count : int
        That may be learned from: those that repeat a held-out question are not among them.
    per_pass : int
        That one pass takes, in turn; 0 = the settings leave them out.
    known : int
        Training questions with a known answer, all of which a pass takes.
    """

    count: int
    per_pass: int
    known: int


def open_in_run(dataset: QADataset, config: TuningConfig) -> OpenUse:
    """Return how many open questions a run with these settings learns from."""
    count, known = len(without_held_out(dataset)), len(dataset.rows(TRAIN))
    used = LOSSES[config.loss].uses_labels and config.open_weight > 0
    return OpenUse(count, open_per_epoch(known, count, config) if used else 0, known)


def what_data_decide(
    workspace: Workspace, dataset: QADataset, config: TuningConfig, *, static: bool
) -> tuple[Message, ...]:
    """Say in sentences what the data decide in a run with these settings.

    Parameters
    ----------
    static : bool
        The base model only looks word vectors up: it reads texts of any length.
    """
    steps = plan(workspace, dataset, config).steps
    told = dataclasses.replace(config, max_length=config.max_length or LEAST) if static else config
    return rules_for(dataset, told, steps)


def models_for_answers(project: Project, base_model: str) -> list[str]:
    """Return the keys of models that could read the answers instead of the tuned one.

    They have read the texts of the project already, as experts, and make longer vectors than the
    base model: what is smaller has nothing to offer.
    """
    try:
        least = find_entry(base_model).dimension or 0
    except AppError:
        return []
    return [
        key for key in scored_experts(project) if key != base_model and _vectors_of(key) > least
    ]


def _vectors_of(key: str) -> int:
    """Return the length of the vectors of an embedding model that runs here, 0 for any other."""
    from core.experts.encoders import EmbeddingModel

    try:
        entry = find_entry(key)
    except AppError:
        return 0
    return (entry.dimension or 0) if isinstance(entry, EmbeddingModel) else 0


def check_answer_model(config: TuningConfig) -> None:
    """Raise TuningError if the model for the answers makes no vectors, or is the one tuned."""
    key = config.answer_model
    if not key:
        return
    if key == config.base_model:
        raise TuningError(
            "{title} cannot read the answers for itself: choose a larger model, or none.",
            title=find_entry(key).title,
        )
    if not _vectors_of(key):
        raise TuningError(
            "{model} cannot read answers: it makes no vectors here. Choose an embedding model.",
            model=key[:100],
        )


def language_of_questions(dataset: QADataset) -> str:
    """Return the ISO 639-1 code of the language that the questions are in, as far as it shows."""
    from core.data.checks import guess_language

    return guess_language(dataset.questions)


def suggested_model(dataset: QADataset) -> str:
    """Return the key of the model to tune by default, by the language of the questions."""
    return default_student(language_of_questions(dataset))


def only_looks_words_up(entry: ExpertSource, workspace: Workspace) -> bool:
    """Return True for word-vector models (static embeddings), as far as can be seen from here."""
    folder = entry.present_folder(workspace.models)
    try:
        modules = (folder / "modules.json").read_text("utf-8") if folder else None
    except (OSError, ValueError):
        modules = None
    if modules is None:
        return entry.max_length is None  # they read texts of any length
    return "StaticEmbedding" in modules


def check_trainable(key: str) -> None:
    """Raise TuningError if the model of this key can score but not learn."""
    entry = find_entry(key)
    if not entry.trainable:
        raise TuningError(
            "{title} can score but cannot be tuned. Choose one of: {trainable}.",
            title=entry.title,
            trainable=", ".join(e.key for e in catalogue().values() if e.trainable),
        )


# The job.


@asks(START)
def launch_tuning(
    project: Project,
    config: TuningConfig,
    who: str,
    saved: SavedRecipe | None = None,
    start: Start = IN_BACKGROUND,
    *,
    then_compare: bool = False,
    start_run: str = "",
    challenges: bool = False,
) -> str:
    """Start a tuning job on the project's data; returns the run id.

    Parameters
    ----------
    saved : SavedRecipe or None
        None takes the recipe in use.
    then_compare : bool
        Whether the worker starts the comparison by itself, however long nobody looks.
    start_run : str
        Run whose model it goes on from; "" = the base model of the settings.
    challenges : bool
        Whether the model becomes the challenger of the one in use.
    start : callable
        See :func:`core.journey.jobs.launch_job`.

    Raises
    ------
    TuningError
        If no recipe is in use or the model cannot be tuned.
    """
    request = tuning_request(project, config, saved)
    planned = plan(project.workspace, project.load_dataset(), config)
    request = dataclasses.replace(
        request,
        estimate=planned.estimate,
        estimate_key=planned.key,
        then_compare=then_compare,
        start_run=start_run,
        challenges=challenges,
    )
    end_probes(project.workspace)
    return launch_job(project, TUNE, request, who, start=start)


def tuning_request(
    project: Project, config: TuningConfig, saved: SavedRecipe | None = None
) -> TuneRequest:
    """Return what a worker is told of a run on a project; raises as :func:`launch_tuning` does.

    Parameters
    ----------
    saved : SavedRecipe or None
        None takes the recipe in use.
    """
    saved = saved or recipe_in_use(project)
    if saved is None or project.dataset_id is None:
        raise TuningError("No label recipe is in use. Save one on the Labels page first.")
    check_trainable(config.base_model)
    check_answer_model(config)
    check_device(config.device)
    # Now rather than in the worker: a page can say at once which expert has to score again.
    load_expert_scores(project.workspace, project.load_dataset(), saved.recipe.experts)
    given = (project.dataset_id, saved.name, saved.recipe, overrides(project))
    return TuneRequest(*given, config)


def tune_step(folder: RunFolder, request: TuneRequest, report: Reporter) -> TuningResult:
    """Worker step: tune, or go on where a killed worker left off, even after the last step."""
    done = _whole_result(folder)
    if done is not None:
        return done
    workspace = workspace_of(folder)
    labels = _labels(workspace, request)

    def rescued(result: TuningResult) -> None:
        folder.write_rescued(to_json(result))

    given = (workspace, labels, request.tuning, folder, report, rescued)
    return run_tuning(*given, start_run=request.start_run)


def _whole_result(folder: RunFolder) -> TuningResult | None:
    """Return the result of a run that came to its end and has its model, None otherwise."""
    try:
        result: TuningResult = outcome_of(folder)
    except WorkspaceError:
        return None
    return None if result.cancelled or not folder.model.is_dir() else result


def _labels(workspace: Workspace, request: TuneRequest) -> LabelModel:
    dataset = workspace.load_dataset(request.dataset_id)
    return label_model(workspace, dataset, request.recipe, request.overrides)


def run_tuning(
    workspace: Workspace,
    labels: LabelModel,
    config: TuningConfig,
    folder: RunFolder,
    report: Reporter,
    rescued: Callable[[TuningResult], None] = lambda _: None,
    end: AgreedEnd | None = None,
    start_run: str = "",
) -> TuningResult:
    """Tune a model on the dataset of the labels into ``folder``.

    The caller writes the result down and then drops the checkpoints.

    Parameters
    ----------
    end : AgreedEnd or None
        Where the run ends without validation questions; see :class:`core.tuning.task.TuningTask`.
    rescued : callable
        Gets what is kept of a run that fails, in the same form.
    start_run : str
        Run whose model it goes on from; "" = the base model.
    """
    from core.tuning.device import find_device
    from core.tuning.run import train
    from core.tuning.team import join_team

    trimmed = None
    if config.trim_vocabulary:
        _, trimmed = trimmed_base(workspace, config.base_model, labels.dataset, report)

    def made_from_labels(result: TuningResult) -> TuningResult:
        weights = dict(zip(labels.recipe.experts, labels.weights.tolist(), strict=True))
        return dataclasses.replace(result, label_id=labels.id, weights=weights, trimmed=trimmed)

    check_trainable(config.base_model)
    check_answer_model(config)
    device = find_device(config.device, config.precision)
    given = (workspace, labels, config, folder, end)
    with _task(*given, report=report, start_run=start_run) as task:
        result = train(
            task,
            report,
            device=device,
            team=join_team(device.kind),
            rescued=lambda result: rescued(made_from_labels(result)),
        )
    return made_from_labels(result)


@contextmanager
def _task(
    workspace: Workspace,
    labels: LabelModel,
    config: TuningConfig,
    folder: RunFolder,
    end: AgreedEnd | None = None,
    report: Reporter | None = None,
    start_run: str = "",
) -> Iterator[TuningTask]:
    """Return what a run is given; what was made for it alone is gone after it."""
    from core.labels.model import answer_labels
    from core.tuning.regularisers import neutral_texts
    from core.tuning.task import TuningTask
    from core.tuning.taught import TaughtQuestions
    from core.tuning.validation import generality_check, strongest_teacher

    language, started = language_of_questions(labels.dataset), folder.root / _START
    base = _base(workspace, labels.dataset, config, started, report)
    if start_run:  # its prompts are those of the base model
        base = dataclasses.replace(base, folder=weights_of_run(workspace, start_run))
    try:
        yield TuningTask(
            labels.dataset,
            labels,
            base.folder,
            config,
            folder.root,
            answer_labels=answer_labels(labels),
            generality=generality_check(language),
            strongest_teacher=strongest_teacher(labels, config.base_model),
            neutral=neutral_texts(language),
            prompts=base.prompts,
            taught=TaughtQuestions.of(labels, borrows=config.borrow_answers),
            end=end,
            answer_vectors=base.answer_vectors,
            watched=_watched(folder),
            show=lambda watched: folder.write_examples(to_json(watched)),
        )
    finally:
        shutil.rmtree(started, ignore_errors=True)


def weights_of_run(workspace: Workspace, run: str) -> Path:
    """Return the model folder that a run goes on from; raises TuningError if it is gone."""
    folder = RunFolder(workspace.run_folder(run)).model
    if not folder.is_dir():
        raise TuningError(
            "The model of the run {run}, which this one goes on from, is not there any more. "
            "Restore its folder from a backup, or begin with the base model.",
            run=run,
        )
    return folder


@dataclass(frozen=True, eq=False)
class _Base:
    """What learning begins with; ``answer_vectors`` None = the base model reads the answers."""

    folder: Path
    prompts: dict[str, str]
    answer_vectors: np.ndarray | None = None


def _base(
    workspace: Workspace,
    dataset: QADataset,
    config: TuningConfig,
    started: Path,
    report: Reporter | None,
) -> _Base:
    """Return the base model, or the two models joined in ``started``: the same ones each time.

    The projection between the two is fitted on texts that may be learned from: all answers, the
    training questions and the open ones that repeat no held-out question.
    """
    small = find_entry(config.base_model)
    folder = small.folder(workspace.models)
    if config.trim_vocabulary:
        languages = languages_to_keep(dataset)
        folder, _ = trim_model(workspace, config.base_model, languages, dataset)
    if not config.answer_model:
        return _Base(folder, {role: small.prompt(role) for role in (QUERY, DOCUMENT)})
    from core.experts.encoders import encode_cached, load_encoder
    from core.tuning.two_models import fit_rotation, write_two_models

    large = find_entry(config.answer_model)
    rows = np.concatenate([dataset.rows(TRAIN), without_held_out(dataset)])
    questions, given = [dataset.questions[row] for row in rows], (workspace.vectors, report)
    read = []
    for entry in (small, large):
        encoder = load_encoder(entry, workspace.models)
        answers = encode_cached(encoder, dataset.answers, DOCUMENT, *given)
        read.append((encode_cached(encoder, questions, QUERY, *given), answers))
    rotation = fit_rotation(*(np.concatenate(sides) for sides in read))
    prompts = {QUERY: small.prompt(QUERY), DOCUMENT: large.prompt(DOCUMENT)}
    started.parent.mkdir(parents=True, exist_ok=True)
    write_two_models(folder, large.folder(workspace.models), rotation, prompts, started)
    return _Base(started, prompts, read[1][1])


# The short measurement of what a run would take.


@asks(START)
def start_probe(project: Project, config: TuningConfig, *, again: bool = False) -> bool:
    """Start to measure in the background, unless that is done or another measurement goes on.

    Parameters
    ----------
    again : bool
        Throw away what was measured before.

    Returns
    -------
    bool
        Whether a measurement was started.

    Raises
    ------
    TuningError, JobError
        If the run itself could not be started either.
    """
    if project.dataset_id is None or probes_going_on(project.workspace):
        return False
    folder = probe_folder(project.workspace, probe_key(project.dataset_id, config, likely_device()))
    if again:
        shutil.rmtree(folder.root, ignore_errors=True)
    elif view_probe(project.workspace, folder.root.name).job is not None:
        return False
    request = {
        "kind": PROBE,
        "project_id": project.id,
        "config": to_json(tuning_request(project, config)),
        "created_at": now(),
    }
    shutil.rmtree(folder.root, ignore_errors=True)  # what a full disk left behind
    jobs.launch(folder.root, request, pinned_to(config.device))
    return True


def probe_step(folder: RunFolder, request: TuneRequest, report: Reporter) -> dict[str, Any]:
    """Worker step: measure; want of memory is a result, too."""
    from core.tuning.device import is_out_of_memory
    from core.tuning.probe import measure

    workspace, scratch = workspace_of(folder), RunFolder(folder.root / "scratch")
    labels = _labels(workspace, request)
    shutil.rmtree(scratch.root, ignore_errors=True)
    try:
        with _task(workspace, labels, request.tuning, scratch) as task:
            return to_json(measure(task, report))
    except TuningError as error:
        if error.__cause__ is None or not is_out_of_memory(error.__cause__):
            raise
        return {"out_of_memory": error.message.to_json()}
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return {"out_of_memory": Message(TOO_LITTLE, {"reason": str(error)[:200]}).to_json()}
    finally:
        shutil.rmtree(scratch.root, ignore_errors=True)


# The runs of a project.


@dataclass(frozen=True)
class TuningRun:
    """One run as a page shows it.

    Attributes
    ----------
    job : JobView
    request : TuneRequest or None
        What it was told; None where that cannot be read.
    result : TuningResult or None
        None while it runs, where it failed, and where the result cannot be read.
    problem : Message or None
        Why request or result cannot be read.
    model_gone : bool
        The run ended with a model, but its folder is no longer there.
    """

    job: JobView
    request: TuneRequest | None
    result: TuningResult | None = None
    problem: Message | None = None
    model_gone: bool = False

    @property
    def recipe(self) -> str:
        """Name of the label recipe it learned from."""
        return self.request.recipe_name if self.request else ""

    @property
    def base_model(self) -> str:
        """Catalogue key."""
        return self.request.tuning.base_model if self.request else ""

    @property
    def loss(self) -> str:
        """Key of the loss."""
        return self.request.tuning.loss if self.request else ""

    @property
    def epochs(self) -> int | None:
        """Passes over the data."""
        return self.request.tuning.epochs if self.request else None

    @property
    def estimate(self) -> TuningEstimate | None:
        """What was said before it started."""
        return self.request.estimate if self.request else None

    @property
    def answer_model(self) -> str:
        """Catalogue key of the larger model that reads the answers, "" where there is none."""
        return self.request.tuning.answer_model if self.request else ""

    @property
    def mixed_share(self) -> float:
        """Share of what was learned in the model; 0 where it cannot be mixed with the base."""
        return 0.0 if self.result is None or self.answer_model else self.result.alpha

    @property
    def has_model(self) -> bool:
        """Whether there is a model to compare."""
        return self.result is not None and self.result.has_model and not self.model_gone

    def is_of(self, dataset_id: str | None) -> bool:
        """Return True if the run learned from this dataset."""
        return self.job.dataset_id == dataset_id


def tuning_runs(project: Project) -> list[TuningRun]:
    """Return the tuning runs of a project, newest first; none that is damaged stops the others."""
    return [read_run(project.workspace, view) for view in jobs_of(project, TUNE)]


def read_run(workspace: Workspace, view: JobView) -> TuningRun:
    """Return one run with its result, or with the reason why that cannot be read."""
    try:
        run = TuningRun(view, request_of(view))
    except WorkspaceError as error:
        run = TuningRun(view, None, problem=error.message)
    if view.state not in {FINISHED, CANCELLED}:
        return run
    folder = RunFolder(workspace.run_folder(view.id))
    if view.state == CANCELLED and not folder.result.is_file():
        return run  # stopped before anything was learned
    try:
        result: TuningResult = outcome_of(folder)
    except WorkspaceError as error:
        return dataclasses.replace(run, problem=error.message)
    gone = result.has_model and not folder.model.is_dir()
    return dataclasses.replace(run, result=result, model_gone=gone)


def watched_questions(workspace: Workspace, run_id: str) -> WatchedQuestions:
    """Return the validation questions of a run to look on at: none before its first check."""
    return _watched(RunFolder(workspace.run_folder(run_id)))


def _watched(folder: RunFolder) -> WatchedQuestions:
    try:
        return from_json(WatchedQuestions, read_json(folder.examples))
    except WorkspaceError:  # none yet, or damaged: a picture of what goes on, not a result
        return WatchedQuestions()


def plan(workspace: Workspace, dataset: QADataset, config: TuningConfig) -> TuningPlan:
    """Return what a run with this config will take."""
    return plans(workspace, dataset, [config])[0]


def plans(
    workspace: Workspace, dataset: QADataset, configs: Sequence[TuningConfig]
) -> list[TuningPlan]:
    """Return what runs with these configs will take.

    Where one of them was measured and another with the same model was not, it says what that one
    will take, roughly.
    """
    device, runs = likely_device(), _runs(workspace)
    keys = [probe_key(dataset.id, config, device) for config in configs]
    probes = [view_probe(workspace, key).probe for key in keys]

    def alike(config: TuningConfig) -> Probe | None:
        same = (one.base_model == config.base_model for one in configs)
        return next((p for p, fits in zip(probes, same, strict=True) if p and fits), None)

    return [
        planned(dataset, config, key, runs, probe, alike(config))
        for config, key, probe in zip(configs, keys, probes, strict=True)
    ]


def _runs(workspace: Workspace) -> list[MeasuredRun]:
    """Return the last finished runs, newest first."""
    runs = sorted(
        (file.parent for file in workspace.layout.runs.glob(f"{TUNE}-*/result.json")),
        key=lambda folder: folder.name,  # an id begins with the time of its launch
        reverse=True,
    )
    measured = []
    for folder in map(RunFolder, runs[:_RUNS_LOOKED_AT]):
        try:
            request: TuneRequest = request_of(folder)
            result: TuningResult = outcome_of(folder)
        except WorkspaceError:
            continue  # a damaged run tells nothing
        pace = result.steps / result.seconds if result.seconds else 0.0
        if pace > 0:
            config, key = request.tuning, request.estimate_key
            speed = pace * config.questions_per_batch
            measured.append(MeasuredRun(config.base_model, key, speed, pace))
    return measured


@dataclass(frozen=True)
class ProbeView:
    """What is known of one measurement.

    Attributes
    ----------
    job : JobView or None
        None before it was started.
    probe : Probe or None
        What it measured.
    problem : Message or None
        Why it measured nothing.
    out_of_memory : bool
        It failed because memory did not suffice: so would the run.
    """

    key: str
    job: JobView | None = None
    probe: Probe | None = None
    problem: Message | None = None
    out_of_memory: bool = False

    @property
    def going_on(self) -> bool:
        """Whether it is being measured right now."""
        return self.job is not None and not self.job.is_final


def probe_folder(workspace: Workspace, key: str) -> RunFolder:
    """Return the folder of a measurement."""
    return RunFolder(workspace.layout.probes / Path(key).name)


def view_probe(workspace: Workspace, key: str) -> ProbeView:
    """Return what is known of a measurement; a damaged one counts as never made."""
    folder = probe_folder(workspace, key)
    try:
        job = follow(folder)
        if job.state == CANCELLED:
            return ProbeView(key)
        if job.state != FINISHED:
            problem = {FAILED: job.error, INTERRUPTED: KILLED}.get(job.state)
            return ProbeView(key, job, problem=problem)
        document = folder.read_result()
        if "out_of_memory" in document:
            problem = Message.from_json(document["out_of_memory"])
            return ProbeView(key, job, problem=problem, out_of_memory=True)
        return ProbeView(key, job, from_json(Probe, document))
    except WorkspaceError:
        return ProbeView(key)


def probes_going_on(workspace: Workspace) -> list[RunFolder]:
    """Return the measurements that are being made now."""
    root = workspace.layout.probes
    folders = [RunFolder(path) for path in sorted(root.iterdir())] if root.is_dir() else []
    return [folder for folder in folders if is_locked(folder)]


def end_probes(workspace: Workspace) -> None:
    """Ask all measurements to stop: a run needs the device."""
    for folder in probes_going_on(workspace):
        folder.request_stop(DISCARD)


def free_capacity(workspace: Workspace, device: DeviceInfo) -> FreeCapacity:
    """Look at what is free now, without importing torch."""
    try:
        disk: float | None = shutil.disk_usage(workspace.layout.root).free / MEGABYTE
    except OSError:
        disk = None
    if device.kind == "cuda":
        total = device.memory_gb * 2**30 / MEGABYTE if device.memory_gb else None
        return FreeCapacity(free_graphics_memory_mb(), total, disk)
    free, total = main_memory_mb()
    return FreeCapacity(free, total, disk)
