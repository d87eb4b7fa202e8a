"""The trials of an experiment: several tunings as one job, and going on after a kill.

    <run folder>/trials/
      base/result.json         the untuned model on the validation questions, and which they are
      <key>/tuned.json         what the tuning said when it ended; its model lies beside it
      <key>/result.json        measured on the validation questions: this trial is done
      <key>/failed.json        why it failed; tried again when the job is resumed
      <key>/checkpoints/       from which a killed tuning goes on
      <key>/model/             until nobody needs it any more

The folder is the whole state: a page reads the same files while the job runs.
"""

from __future__ import annotations

import dataclasses
import logging
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.documents import from_json, to_json
from core.errors import FolderGone, Stopped, TuningError, WorkspaceError
from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder, append_event, create_run
from core.jobs.worker import is_disk_full, readable_reason
from core.journey.jobs import FINISHED, job, workspace_of
from core.journey.tune import language_of_questions, run_tuning
from core.messages import N_, Message
from core.progress import Progress
from core.tuning.experiments.experiment import Experiment, measure, validation_set
from core.tuning.run import BASE_KEPT
from core.types import TRAIN, QADataset, Reporter
from core.types.tuning import (
    AgreedEnd,
    ExperimentResult,
    TrialResult,
    TuningResult,
    ValidationSet,
    trial_key,
)
from core.types.tuning_config import TuningConfig
from core.workspace.files import read_json, write_json
from core.workspace.records import RunRecord, now
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.labels.model import LabelModel

log = logging.getLogger(__name__)

BASE, TUNED = "base", "tuned.json"
UNREADABLE = N_("The result of this run is damaged. Start the job again to repeat it.")


@dataclass(frozen=True)
class Trials:
    """The folder of all trials of one job."""

    root: Path

    @classmethod
    def of(cls, run_folder: Path) -> Trials:
        """Return the trials of a run folder."""
        return cls(run_folder / "trials")

    def folder(self, key: str) -> RunFolder:
        """Return the place of one trial; a key is never a path."""
        return RunFolder(self.root / Path(key).name)

    def validation(self) -> ValidationSet | None:
        """Return what all trials are measured on, None before that was chosen."""
        try:
            return from_json(ValidationSet, read_json(self.folder(BASE).result))
        except WorkspaceError:
            return None

    def result(self, key: str) -> TrialResult | None:
        """Return what a trial found, None before it is done; raises WorkspaceError if damaged."""
        path = self.folder(key).result
        return from_json(TrialResult, read_json(path)) if path.is_file() else None

    def save(self, key: str, result: TrialResult) -> None:
        """Write what a trial found: it is done."""
        write_json(self.folder(key).result, to_json(result))

    def failure(self, key: str) -> Message | None:
        """Return why a trial failed or cannot be read, None where neither is so."""
        path = self.folder(key).root / "failed.json"
        try:
            self.result(key)
            return Message.from_json(read_json(path)) if path.is_file() else None
        except (WorkspaceError, KeyError, TypeError):
            return Message(UNREADABLE)

    def is_done(self, key: str) -> bool:
        """Return True if a trial was finished and can be read."""
        return self.folder(key).result.is_file() and self.failure(key) is None

    def fail(self, key: str, reason: Message) -> None:
        """Write why a trial failed, and drop what it left behind."""
        folder = self.folder(key)
        folder.drop_checkpoints()
        self.drop_model(key)
        write_json(folder.root / "failed.json", reason.to_json())

    def forget_failure(self, key: str) -> None:
        """Let a trial try again."""
        (self.folder(key).root / "failed.json").unlink(missing_ok=True)

    def drop_model(self, key: str) -> None:
        """Delete the model of a trial."""
        shutil.rmtree(self.folder(key).model, ignore_errors=True)

    def experiment(self, settings: Sequence[str], seeds: Sequence[int]) -> Experiment:
        """Return what is known so far; what is damaged is absent, with a reason.

        Trials that were not measured on the validation questions of the job are absent, too.
        """
        found, validation = self.results(settings, seeds), self.validation()
        fitting = {
            setting: {
                seed: result
                for seed, result in runs.items()
                if validation is not None and validation.fits(result.measured)
            }
            for setting, runs in found.runs.items()
        }
        runs = {setting: fits for setting, fits in fitting.items() if fits}
        return dataclasses.replace(found, validation=validation, runs=runs)

    def results(self, settings: Sequence[str], seeds: Sequence[int]) -> Experiment:
        """Return the same of trials that are measured each on questions of its own."""
        runs: dict[str, dict[int, TrialResult]] = {}
        failures: dict[str, dict[int, Message]] = {}
        for setting in settings:
            for seed in seeds:
                key = trial_key(setting, seed)
                reason = self.failure(key)
                result = self.result(key) if reason is None else None
                if reason is not None:
                    failures.setdefault(setting, {})[seed] = reason
                elif result is not None:
                    runs.setdefault(setting, {})[seed] = result
        return Experiment(None, len(settings) * len(seeds), runs, failures)


@dataclass(frozen=True)
class Trial:
    """One tuning to be done.

    Attributes
    ----------
    key : str
        Folder name.
    message : Message
        What is said of it while it runs.
    given : callable
        Labels, which know their dataset, and settings; looked up when the trial begins.
    work : float > 0
        Expected effort relative to the other trials.
    """

    key: str
    message: Message
    given: Callable[[], tuple[LabelModel, TuningConfig]]
    work: float = 1.0


class _TrialProgress(Progress):
    """Tells the progress of one trial as progress of the whole job, in the words of the trial.

    The numbers of each step stay out of the job's story: many runs have many steps of the same
    number. A warning is passed on once, however many trials give it; that the base model was kept
    is in the figures.
    """

    def __init__(self, part: Progress, warned: set[str]) -> None:
        super().__init__(part)
        self._part, self._warned = part, warned

    def progress(self, fraction: float, message: Message) -> None:
        """Pass on, scaled."""
        self._part.reached(min(fraction, 1.0))

    def metric(self, values: Mapping[str, float]) -> None:
        """Keep to itself."""

    def warning(self, message: Message) -> None:
        """Pass on the first of its kind."""
        if message.template not in self._warned | {BASE_KEPT}:
            self._warned.add(message.template)
            self._part.warning(message)


def run_trials(
    trials: Trials,
    todo: Sequence[Trial],
    do: Callable[[Trial, Reporter], TrialResult],
    report: Reporter,
    done: Callable[[Trial], None],
) -> bool:
    """Do every trial that is not done yet; a failure ends that trial only.

    Returns False where somebody asked to stop; raises TuningError if every trial failed.
    """
    total, warned = sum(trial.work for trial in todo), set[str]()
    reached, reasons, progress = 0.0, [], Progress(report)
    for trial in todo:
        low, reached = reached, reached + trial.work / total
        try:
            if trials.result(trial.key) is not None:
                continue
        except WorkspaceError:  # damaged: do it again
            trials.folder(trial.key).result.unlink(missing_ok=True)
        trials.forget_failure(trial.key)
        part = progress.part(low, reached, trial.message)
        part.reached(0.0)
        try:
            if report.should_stop():
                return False
            trials.folder(trial.key).root.mkdir(parents=True, exist_ok=True)
            trials.save(trial.key, do(trial, _TrialProgress(part, warned)))
        except Stopped:
            return False
        except Exception as error:
            if _concerns_all(error, trials):
                raise
            log.exception("trial %s failed", trial.key)
            reasons.append(readable_reason(error))
            trials.fail(trial.key, reasons[-1])
        else:
            done(trial)
    if len(reasons) == len(todo):
        raise TuningError(
            "None of the {count} runs came to an end. The first one: {reason}",
            count=len(todo),
            reason=str(reasons[0]),
        )
    return True


def _concerns_all(error: Exception, trials: Trials) -> bool:
    """Return True for a full disk or a folder that is gone, whoever reports it."""
    gone = isinstance(error, FolderGone) or not trials.root.parent.is_dir()
    return gone or is_disk_full(error)


def do_trials(
    folder: RunFolder,
    dataset: QADataset,
    shared: TuningConfig,
    todo: Sequence[Trial],
    report: Reporter,
    done: Callable[[Trial], None],
) -> ExperimentResult:
    """Do the trials of a job, or what a killed worker left to do.

    Parameters
    ----------
    dataset : QADataset
        Its validation questions are what every model is measured on.
    shared : TuningConfig
        Base model and device of all trials.
    done : callable
        Called after each trial that did not fail, for tidying up.
    """
    began, trials, workspace = time.monotonic(), Trials.of(folder.root), workspace_of(folder)
    base = find_entry(shared.base_model).folder(workspace.models)
    validation = _validation(trials, dataset, shared, base, report)

    def do(trial: Trial, progress: Reporter) -> TrialResult:
        labels, config = trial.given()
        place = trials.folder(trial.key)
        tuned = tune_trial(workspace, labels, config, place, progress)
        place.drop_checkpoints()
        measured = (
            validation.base
            if tuned.is_base
            else measure(
                dataset,
                place.model,
                validation.kind,
                validation.language,
                progress.should_stop,
                answers_by=base if config.by_base else None,
            )
        )
        questions = len(labels.dataset.rows(TRAIN))
        return TrialResult(measured, tuned.seconds, tuned.best_step, tuned.steps, questions)

    whole = run_trials(trials, todo, do, report, done)
    finished = sum(trials.is_done(trial.key) for trial in todo)
    seconds = round(time.monotonic() - began, 2)
    return ExperimentResult(dataset.id, not whole, len(todo), seconds, finished)


def _validation(
    trials: Trials, dataset: QADataset, shared: TuningConfig, base: Path, report: Reporter
) -> ValidationSet:
    """Return what all trials are measured on; made once, then read, also by a resumed job."""
    from core.tuning.device import find_device

    known = trials.validation()
    if known is not None:
        return known
    report.progress(0.0, Message(N_("Measuring the model before tuning")))
    kind = find_device(shared.device, shared.precision).kind
    language = language_of_questions(dataset)
    made = validation_set(dataset, base, kind, language, report.should_stop)
    write_json(trials.folder(BASE).result, to_json(made))
    return made


def tune_trial(
    workspace: Workspace,
    labels: LabelModel,
    config: TuningConfig,
    place: RunFolder,
    report: Reporter,
    *,
    end: AgreedEnd | None = None,
) -> TuningResult:
    """Tune into a trial's folder, unless that is done.

    Parameters
    ----------
    end : AgreedEnd or None
        As of :func:`core.journey.tune.run_tuning`.

    Raises
    ------
    Stopped
        If somebody asked to stop; the tuning goes on from its checkpoint next time.
    """
    ended = place.root / TUNED
    try:
        if place.model.is_dir():
            return from_json(TuningResult, read_json(ended))
    except WorkspaceError:
        pass  # damaged: tune again
    given = (workspace, labels, config, place, report)
    tuned = run_tuning(*given) if end is None else run_tuning(*given, end=end)
    if tuned.cancelled:
        raise Stopped
    write_json(ended, to_json(tuned))
    return tuned


# What came out, as a run of the project.


def publish_run(
    project: Project,
    run_id: str,
    request: object,
    who: str,
    fill: Callable[[RunFolder], Mapping[str, Any]],
) -> None:
    """Make a finished run of the project; one that is whole already stays as it is.

    Parameters
    ----------
    run_id : str
        Begins with the kind of the run, see :func:`core.journey.jobs.new_run_id`.
    request : object
        What the run is said to have been told: the request of its kind.
    fill : callable
        Writes what belongs to the result into the run folder and returns the result.

    Raises
    ------
    TuningError
        If it cannot be written; nothing is left of it then.
    """
    root, kind, moment = project.workspace.run_folder(run_id), run_id.partition("-")[0], now()
    folder = RunFolder(root)
    if not (folder.is_valid() and job(project.workspace, run_id).state == FINISHED):
        shutil.rmtree(root, ignore_errors=True)  # what a kill left behind
        told = {"kind": kind, "project_id": project.id, "config": to_json(request), "who": who}
        folder = create_run(root, told | {"created_at": moment})
        try:
            folder.write_result(fill(folder))
        except OSError as error:
            shutil.rmtree(root, ignore_errors=True)
            raise TuningError(
                "The model cannot be copied: {reason}. Free some disk space and try again.",
                reason=error.strerror or str(error),
            ) from error
        for event in ("launched", "started", "finished"):
            append_event(folder, event)
    records = project.workspace.records
    if run_id not in {run.id for run in records.runs(project.id, kind)}:
        records.add_run(RunRecord(run_id, project.id, kind, moment))


def copy_model(
    source: RunFolder, folder: RunFolder, *, result: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Copy the model of a trial into a run folder; returns what the trial said of it."""
    shutil.copytree(source.model, folder.model)
    return result
