"""Several tunings as one job: what each leaves in the run folder, and going on after a kill.

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

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.documents import from_json, to_json
from core.errors import FolderGone, Stopped, TuningError, WorkspaceError
from core.jobs.folder import RunFolder
from core.jobs.worker import is_disk_full, readable_reason
from core.journey.validation import Measured
from core.messages import N_, Message
from core.types import Reporter
from core.workspace.files import read_json, write_json

log = logging.getLogger(__name__)

BASE = "base"
UNREADABLE = N_("The result of this run is damaged. Start the job again to repeat it.")


@dataclass(frozen=True)
class TrialResult:
    """One finished tuning.

    Attributes
    ----------
    measured : Measured
        The model that was chosen, on the validation questions.
    seconds : float
        Of tuning.
    best_step, steps : int
        Steps behind the chosen model (0 = it is the base model) and steps done.
    questions : int
        Training questions.
    """

    measured: Measured
    seconds: float
    best_step: int
    steps: int
    questions: int = 0


@dataclass(frozen=True)
class Trial:
    """One tuning to be done.

    Attributes
    ----------
    key : str
        Folder name.
    told : Message
        What is said of it while it runs.
    work : float > 0
        Expected effort relative to the other trials.
    """

    key: str
    told: Message
    work: float = 1.0


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


@dataclass
class TrialReporter:
    """Tells the progress of one trial as progress of the whole job.

    The numbers of each step stay out of the job's story: many runs have many steps of the same
    number. A warning is passed on once, however many trials give it.
    """

    report: Reporter
    told: Message
    low: float
    high: float
    warned: set[str] = field(default_factory=set)
    silent: frozenset[str] = frozenset()

    def progress(self, fraction: float, message: Message) -> None:
        """Pass on, scaled, in the words of the trial."""
        self.report.progress(self.low + (self.high - self.low) * min(fraction, 1.0), self.told)

    def metric(self, values: object) -> None:
        """Keep to itself."""

    def warning(self, message: Message) -> None:
        """Pass on the first of its kind."""
        if message.template not in self.warned | self.silent:
            self.warned.add(message.template)
            self.report.warning(message)

    def should_stop(self) -> bool:
        """Pass on."""
        return self.report.should_stop()


def run_trials(
    trials: Trials,
    todo: Sequence[Trial],
    do: Callable[[Trial, Reporter], TrialResult],
    report: Reporter,
    *,
    done: Callable[[Trial], None] = lambda trial: None,
    silent: frozenset[str] = frozenset(),
) -> bool:
    """Do every trial that is not done yet; a failure ends that trial only.

    Parameters
    ----------
    do : callable
        Tunes and measures; may be interrupted anywhere and is then called again.
    done : callable
        Called after each trial that did not fail, for tidying up.
    silent : set of str
        Templates of warnings that are not passed on.

    Returns
    -------
    bool
        False where somebody asked to stop: what is done is kept.

    Raises
    ------
    OSError
        If the disk is full: no other trial would fare better, and the job can be resumed.
    TuningError
        If every trial failed, with the first reason.
    """
    total, warned = sum(trial.work for trial in todo), set[str]()
    reached, reasons = 0.0, []
    for trial in todo:
        low, reached = reached, reached + trial.work / total
        try:
            if trials.result(trial.key) is not None:
                continue
        except WorkspaceError:  # damaged: do it again
            trials.folder(trial.key).result.unlink(missing_ok=True)
        trials.forget_failure(trial.key)
        report.progress(low, trial.told)
        told = TrialReporter(report, trial.told, low, reached, warned, silent)
        try:
            if report.should_stop():
                return False
            trials.folder(trial.key).root.mkdir(parents=True, exist_ok=True)
            trials.save(trial.key, do(trial, told))
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
