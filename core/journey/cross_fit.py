"""The cross-fitted verdict of a project: the folds, the model that is delivered, the comparison.

One job: a tuning per fold, each measured on the questions that its fold kept back; a tuning on all
questions with what the folds agreed on. In the end the model is a tuning run of the project and
what was measured its comparison, so that Compare, report and decisions show them as any other.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from core.data.near_duplicates.grouping import question_clusters
from core.data.splitting import check_fold, cross_fit_folds, everything, fold_count
from core.documents import from_json, to_json
from core.errors import AppError, TuningError, WorkspaceError
from core.evaluation.verdict import (
    CROSS_FIT as CROSS_FIT,
    ENOUGH_QUESTIONS as ENOUGH_QUESTIONS,
    SPLIT as SPLIT,
    possible_regimes as possible_regimes,
    tested_in_split as tested_in_split,
    verdict_way as verdict_way,
)
from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder
from core.jobs.state import JobView
from core.journey.compare import write_comparison
from core.journey.compare_systems import ComparedSystems
from core.journey.jobs import (
    COMPARE,
    CROSS_FIT as KIND,
    IN_BACKGROUND,
    TUNE,
    Start,
    jobs_of,
    launch_job,
    outcome_of,
    project_of,
    request_of,
    workspace_of,
)
from core.journey.labels import labels_of_part
from core.journey.projects import scored_experts
from core.journey.trials import (
    TUNED as TUNED_FILE,
    Trial,
    Trials,
    copy_model,
    publish_run,
    run_trials,
    tune_trial,
)
from core.journey.tune import TuningPlan, tuning_request
from core.messages import N_, Message
from core.progress import Progress
from core.tuning.experiments.folds import (
    DELIVERED,
    CrossFit as CrossFit,
    FoldFigures as FoldFigures,
    agreed_end,
    agreed_settings,
    check_labels,
    fold_key,
    joined,
    measured_on,
    read_cross_fit,
    tested_rows,
)
from core.types import (
    BASE,
    TRAIN,
    TUNED,
    CompareRequest,
    Comparison,
    QADataset,
    Reporter,
    Rows,
    SystemChoice,
    SystemResult,
)
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.recipes import SavedRecipe
from core.types.rights import START
from core.types.tuning import (
    CrossFitRequest,
    CrossFitResult,
    Measured,
    TrialResult,
    TuneRequest,
    TuningResult,
    trial_key,
)
from core.types.tuning_config import TuningConfig
from core.workspace.files import read_json, read_tensors, write_json, write_tensors
from core.workspace.workspace import Project, Workspace, asks

if TYPE_CHECKING:
    from core.evaluation.systems import EncodedSystem
    from core.experts.encoders import Encoder
    from core.labels.model import LabelModel

_SEED = 0  # of the only tuning of each fold; its random numbers come from the settings
_MEASURED = "comparison.json"
_TUNED_TITLE = N_("Tuned model")
# Shares of the job after which the folds, and the model that is delivered, are done.
_FOLDS_DONE, _DELIVERED_DONE = 0.8, 0.95


@dataclass(frozen=True)
class CrossFitJob:
    """A cross-fitted verdict as a page shows it.

    Attributes
    ----------
    job : JobView
    request : CrossFitRequest or None
        None where it is damaged.
    problem : Message or None
        Why it cannot be read.
    result : CrossFitResult or None
        None before it ended.
    """

    job: JobView
    request: CrossFitRequest | None
    problem: Message | None = None
    result: CrossFitResult | None = None

    def is_of(self, dataset_id: str | None) -> bool:
        """Return True if the job used this dataset."""
        return self.job.dataset_id == dataset_id


def cross_fits(project: Project) -> list[CrossFitJob]:
    """Return those of a project, newest first; none that is damaged stops the others."""
    found = []
    for view in jobs_of(project, KIND):
        folder = RunFolder(project.workspace.run_folder(view.id))
        try:
            result = outcome_of(folder) if folder.result.is_file() else None
            found.append(CrossFitJob(view, request_of(view), result=result))
        except AppError as error:
            found.append(CrossFitJob(view, None, error.message))
    return found


def cross_fit_so_far(workspace: Workspace, one: CrossFitJob) -> CrossFit:
    """Return what the folds say, finished or still going on."""
    assert one.request is not None
    trials, settings = Trials.of(workspace.run_folder(one.job.id)), _settings(one.request)
    return read_cross_fit(trials.results(settings, [_SEED]), one.request)


def cross_fit_outcome(workspace: Workspace, run_id: str) -> CrossFitResult:
    """Return the result of a finished job; raises WorkspaceError if it is missing or damaged."""
    result: CrossFitResult = outcome_of(RunFolder(workspace.run_folder(run_id)))
    return result


def cross_fit_seconds(dataset: QADataset, one_run: TuningPlan) -> float | None:
    """Return the expected time, None before anything like it was measured on this machine.

    Each of K folds learns from about 1 − 1/K of the questions and the last tuning from all: K times
    all questions together.

    Parameters
    ----------
    one_run : TuningPlan
        What one run on the training part of the split will take.
    """
    one, learned = one_run.seconds, len(dataset.rows(TRAIN))
    if one is None or not learned:
        return None
    return one / learned * len(dataset.judged_rows) * fold_count(dataset)


@asks(START)
def launch_cross_fit(
    project: Project,
    config: TuningConfig,
    who: str,
    saved: SavedRecipe | None = None,
    start: Start = IN_BACKGROUND,
    *,
    examined: bool = True,
) -> str:
    """Start a cross-fitted verdict on the project's data; returns the run id.

    Parameters
    ----------
    saved : SavedRecipe or None
        None takes the recipe in use.
    start : callable
        See :func:`core.journey.jobs.launch_job`.
    examined : bool
        Whether the shape of the vectors and the speed of the models are measured as well.

    Raises
    ------
    TuningError
        If no recipe is in use or the model cannot be tuned.
    TooLittleDataError
        If there are too few groups of answers for folds.
    """
    told = tuning_request(project, config, saved)
    request = CrossFitRequest(
        told.dataset_id,
        told.recipe_name,
        told.recipe,
        told.overrides,
        config,
        fold_count(project.load_dataset()),
        scored_experts(project),
        examined,
    )
    return launch_job(project, KIND, request, who, start=start)


def _settings(asked: CrossFitRequest) -> list[str]:
    return [*(fold_key(number) for number in range(1, asked.folds + 1)), DELIVERED]


def cross_fit_step(folder: RunFolder, asked: CrossFitRequest, report: Reporter) -> CrossFitResult:
    """Worker step: every fold, the delivered model, the verdict; or what a kill left to do."""
    began, work = time.monotonic(), _Work.of(folder, asked, Progress(report))
    done = work.folds() and work.delivered()
    tune_run, compare_run = work.published() if done else ("", "")
    keys = [trial_key(setting, _SEED) for setting in _settings(asked)]
    finished = sum(work.trials.is_done(key) for key in keys)
    seconds = round(time.monotonic() - began, 2)
    return CrossFitResult(
        asked.dataset_id, not done, len(keys), seconds, finished, tune_run, compare_run
    )


@dataclass(frozen=True, eq=False)
class _Work:
    """One job at work.

    Attributes
    ----------
    parts : tuple of QADataset
        The dataset once per fold.
    """

    folder: RunFolder
    asked: CrossFitRequest
    report: Progress
    workspace: Workspace
    dataset: QADataset
    parts: tuple[QADataset, ...]

    @classmethod
    def of(cls, folder: RunFolder, asked: CrossFitRequest, report: Progress) -> _Work:
        """Make the folds; raises DataError if a test question leaks into its fold."""
        workspace = workspace_of(folder)
        dataset = workspace.load_dataset(asked.dataset_id)
        clusters = question_clusters(dataset)
        parts = cross_fit_folds(dataset, clusters, seed=asked.tuning.seed, folds=asked.folds)
        for part in parts:
            check_fold(part, clusters)
        return cls(folder, asked, report, workspace, dataset, parts)

    @property
    def trials(self) -> Trials:
        """Where folds and the delivered model lie."""
        return Trials.of(self.folder.root)

    def place(self, setting: str) -> RunFolder:
        """Return the folder of a fold or of the delivered model."""
        return self.trials.folder(trial_key(setting, _SEED))

    def folds(self) -> bool:
        """Tune and measure every fold; return False where somebody asked to stop.

        Raises
        ------
        TuningError
            If a fold failed: a verdict without its questions would be another one.
        """
        report = self.report.part(0.0, _FOLDS_DONE)
        base = self._base(report.part(0.0, 0.05))
        text = N_("Fold {number} of {total}: tuning without its test questions")

        def trial(number: int, part: QADataset) -> Trial:
            return Trial(
                trial_key(fold_key(number), _SEED),
                Message(text, {"number": number, "total": len(self.parts)}),
                lambda: (self._labels(part), self.asked.tuning),
            )

        def do(one: Trial, progress: Reporter) -> TrialResult:
            labels, config = one.given()
            check_labels(labels)
            place = self.trials.folder(one.key)
            tuned = tune_trial(self.workspace, labels, config, place, progress)
            place.drop_checkpoints()
            before, after = self._measured(labels.dataset, base, tuned, place)
            regimes = labels.dataset.regimes_of(_asked(labels.dataset))
            return replace(
                _trial_result(tuned, labels.dataset, config),
                measured=measured_on(after, regimes),
                before=measured_on(before, regimes),
            )

        todo = [trial(number, part) for number, part in enumerate(self.parts, 1)]
        if not run_trials(
            self.trials,
            todo,
            do,
            report.part(0.05, 1.0),
            lambda one: self.trials.drop_model(one.key),
        ):
            return False
        for number, one in enumerate(todo, 1):
            reason = self.trials.failure(one.key)
            if reason is not None:
                raise TuningError(
                    "Fold {number} failed, and without it not every question is tested: {reason} "
                    "Resume the job to try that fold again.",
                    number=number,
                    reason=str(reason),
                )
        return True

    def _base(self, report: Progress) -> EncodedSystem:
        """Read all texts with the base model, once for all folds."""
        from core.evaluation.systems import EncodedSystem
        from core.experts.encoders import encode_cached, load_encoder

        entry, cache = find_entry(self.asked.tuning.base_model), self.workspace.vectors
        encoder = load_encoder(entry, self.workspace.models)
        left = encode_cached(encoder, self.dataset.questions, QUERY, cache, report.part(0.0, 0.5))
        right = encode_cached(encoder, self.dataset.answers, DOCUMENT, cache, report.part(0.5, 1.0))
        return EncodedSystem(BASE, entry.title, BASE, encoder.fingerprint, left, right)

    def _labels(self, part: QADataset) -> LabelModel:
        return labels_of_part(self.workspace, self.dataset, part, self.asked)

    def _measured(
        self, part: QADataset, base: EncodedSystem, tuned: TuningResult, place: RunFolder
    ) -> tuple[SystemResult, SystemResult]:
        """Measure base and tuned on the test questions of a fold and write all that was found."""
        from core.evaluation.systems import EncodedSystem, measured, to_files
        from core.experts.encoders import load_encoder

        rows = _asked(part)
        before = measured(part, rows, base)
        if tuned.is_base:
            after = replace(before, name=TUNED, title=_TUNED_TITLE, kind=TUNED)
        else:
            encoder: Encoder = load_encoder(place.model, self.workspace.models)
            left = encoder.encode([part.questions[row] for row in rows], QUERY, self.report)
            right = (
                base.answer_matrix
                if self.asked.tuning.by_base
                else encoder.encode(part.answers, DOCUMENT, self.report)
            )
            print_ = encoder.fingerprint
            after = measured(
                part, rows, EncodedSystem(TUNED, _TUNED_TITLE, TUNED, print_, left, right)
            )
        found = Comparison(
            part.id,
            self.folder.root.name,
            rows,
            part.regimes_of(rows),
            part.question_group[rows],
            (before, after),
            (),
        )
        document, arrays = to_files(found)
        write_tensors(place.arrays, arrays)
        write_json(place.root / _MEASURED, document)
        return before, after

    def delivered(self) -> bool:
        """Tune the model that is delivered on all questions; return False where stopped."""
        results = [self.trials.result(trial_key(key, _SEED)) for key in _settings(self.asked)[:-1]]
        folds = [result for result in results if result is not None]
        config, end = agreed_settings(self.asked.tuning, folds), agreed_end(folds)
        key = trial_key(DELIVERED, _SEED)
        message = Message(N_("Tuning the model that is delivered, on all questions"))

        def do(one: Trial, progress: Reporter) -> TrialResult:
            labels, settings = one.given()
            place = self.trials.folder(one.key)
            tuned = tune_trial(self.workspace, labels, settings, place, progress, end=end)
            place.drop_checkpoints()
            return _trial_result(tuned, labels.dataset, settings)

        todo = [Trial(key, message, lambda: (self._labels(everything(self.dataset)), config))]
        report = self.report.part(_FOLDS_DONE, _DELIVERED_DONE)
        return run_trials(self.trials, todo, do, report, lambda one: None)

    def published(self) -> tuple[str, str]:
        """Make model and verdict runs of the project; returns their ids, the same ones again."""
        project, asked, who = project_of(self.folder), self.asked, self.folder.job().who
        suffix = self.folder.root.name.removeprefix(KIND)
        tune_run, compare_run = f"{TUNE}{suffix}", f"{COMPARE}{suffix}"
        source = self.place(DELIVERED)
        tuned = from_json(TuningResult, read_json(source.root / TUNED_FILE))
        tune = TuneRequest(
            asked.dataset_id,
            asked.recipe_name,
            asked.recipe,
            asked.overrides,
            asked.tuning,
            from_cross_fit=self.folder.root.name,
        )
        publish_run(
            project, tune_run, tune, who, partial(copy_model, source, result=to_json(tuned))
        )
        compare = CompareRequest(
            asked.dataset_id,
            tune_run,
            asked.tuning.base_model,
            asked.experts,
            SystemChoice(hybrids=(), examined=asked.examined),
        )
        publish_run(project, compare_run, compare, who, partial(self._verdict, compare))
        return tune_run, compare_run

    def _verdict(self, compare: CompareRequest, place: RunFolder) -> Mapping[str, Any]:
        """Compare base and tuned on all questions, each tuned by a fold that has not met it."""
        report = self.report.part(_DELIVERED_DONE, 1.0)
        found = [self._fold(key) for key in _settings(self.asked)[:-1]]
        tested, order = tested_rows(found)
        systems = ComparedSystems.of(self.workspace, self.dataset, compare.tune_run)
        for name in (BASE, TUNED):
            systems.present.append(joined([_system(fold, name) for fold in found], order))
        systems.add_experts(compare.experts, compare.base_model)
        return write_comparison(place, compare, systems, report, tested)

    def _fold(self, setting: str) -> Comparison:
        """Read what a fold found; raises WorkspaceError if its files are damaged."""
        from core.evaluation.systems import from_files

        place = self.place(setting)
        try:
            return from_files(read_json(place.root / _MEASURED), read_tensors(place.arrays))
        except (OSError, ValueError) as error:
            raise WorkspaceError(
                "The results in {file} cannot be read: {reason}. Delete the folder of that fold "
                "and resume the job.",
                file=str(place.arrays),
                reason=str(error),
            ) from error


def _asked(part: QADataset) -> Rows:
    from core.evaluation.systems import held_out_rows

    return held_out_rows(part)


def _system(found: Comparison, name: str) -> SystemResult:
    system = found.system(name)
    assert system is not None  # a fold has both
    return system


def _trial_result(tuned: TuningResult, part: QADataset, config: TuningConfig) -> TrialResult:
    return TrialResult(
        Measured({}),
        tuned.seconds,
        tuned.best_step,
        tuned.steps,
        len(part.rows(TRAIN)),
        tuned.planned or tuned.steps,
        tuned.alpha,
        tuned.left_out,
    )
