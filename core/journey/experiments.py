"""Experiments of a project: a race of settings, a curve over the amount of data.

Both are several tunings on one validation set (:mod:`core.journey.trials`); what they say is read
from the experiment by :mod:`core.tuning.experiments`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from core.data.splitting import training_subset, with_training
from core.documents import to_json
from core.errors import AppError, TuningError, WorkspaceError
from core.evaluation.statistics import Estimate as Estimate, Spread as Spread
from core.evaluation.verdict import REGIME_TEXTS as REGIME_TEXTS
from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder
from core.jobs.state import JobView
from core.journey.experts import load_expert_scores
from core.journey.jobs import (
    DATA_CURVE,
    RACE,
    TUNE,
    jobs_of,
    launch_job,
    new_run_id,
    request_of,
    workspace_of,
)
from core.journey.labels import (
    label_model,
    labels_of_part,
    overrides,
    recipe_in_use,
    recipes,
    save_recipe,
    use_recipe,
)
from core.journey.projects import scored_experts
from core.journey.trials import TUNED, Trial, Trials, copy_model, do_trials, publish_run
from core.journey.tune import check_trainable, plan
from core.messages import N_, Message
from core.reporting.exchange import race_csv as race_csv
from core.tuning.device import check_device
from core.tuning.experiments.data_curve import (
    FALLING as FALLING,
    LEVEL as LEVEL,
    MORE as MORE,
    RISING as RISING,
    SMALL_GAIN as SMALL_GAIN,
    UNCLEAR as UNCLEAR,
    DataCurve as DataCurve,
    read_curve,
)
from core.tuning.experiments.experiment import NOTHING as NOTHING, TOO_FEW as TOO_FEW
from core.tuning.experiments.race import (
    ALONE as ALONE,
    CLEAR as CLEAR,
    GENERALITY as GENERALITY,
    SCORE as SCORE,
    TIED as TIED,
    RaceResult as RaceResult,
    Standing as Standing,
    contestants as contestants,
    read_race,
    soft_losses as soft_losses,
)
from core.tuning.losses import LOSSES
from core.types import TRAIN, QADataset, Reporter
from core.types.recipes import SavedRecipe
from core.types.rights import CHANGE, START
from core.types.tuning import (
    ALL_MODELS,
    KEEP,
    NO_MODELS,
    SHARES,
    WINNER_MODEL,
    Contestant,
    DataCurveRequest,
    ExperimentResult,
    RaceRequest,
    TuneRequest,
    share_key,
    trial_key,
)
from core.types.tuning_config import TuningConfig
from core.workspace.files import read_json
from core.workspace.workspace import Project, Workspace, asks

if TYPE_CHECKING:
    from core.labels.model import LabelModel

MOST_SEEDS = 10
MOST_RUNS = 100
FEWEST_QUESTIONS = 20  # a quarter of fewer could not even fill one step
MOST_DRAWS = 10

Request = TypeVar("Request", RaceRequest, DataCurveRequest)


def _checked_dataset(
    project: Project, config: TuningConfig, experts: Sequence[Sequence[str]]
) -> QADataset:
    """Return the project's data, where an experiment with these settings can be started on them.

    Scores are looked for now rather than in the worker: a page can say at once which expert has to
    score again.
    """
    dataset = project.load_dataset()
    if not len(dataset.validation_rows):
        raise TuningError(
            "There are no validation questions, so nothing could say which settings are better. "
            "Split the data again on the Data page with a share for validation."
        )
    check_trainable(config.base_model)
    check_device(config.device)
    for keys in experts:
        load_expert_scores(project.workspace, dataset, keys)
    return dataset


# The experiments of a project.


@dataclass(frozen=True)
class ExperimentJob(Generic[Request]):
    """A race or a data curve as a page shows it.

    Attributes
    ----------
    job : JobView
    request : RaceRequest or DataCurveRequest, or None
        None where it is damaged.
    problem : Message or None
        Why it cannot be read.
    """

    job: JobView
    request: Request | None
    problem: Message | None = None

    def is_of(self, dataset_id: str | None) -> bool:
        """Return True if the job used this dataset."""
        return self.job.dataset_id == dataset_id


Race = ExperimentJob[RaceRequest]
CurveJob = ExperimentJob[DataCurveRequest]


def races(project: Project) -> list[Race]:
    """Return the races of a project, newest first; none that is damaged stops the others."""
    return _jobs(project, RACE)


def data_curves(project: Project) -> list[CurveJob]:
    """Return the data curves of a project, newest first; none that is damaged stops the others."""
    return _jobs(project, DATA_CURVE)


def _jobs(project: Project, kind: str) -> list[ExperimentJob[Any]]:
    found: list[ExperimentJob[Any]] = []
    for view in jobs_of(project, kind):
        try:
            found.append(ExperimentJob(view, request_of(view)))
        except AppError as error:
            found.append(ExperimentJob(view, None, error.message))
    return found


def race_result(workspace: Workspace, race: Race) -> RaceResult:
    """Return the table of a race as far as it came, finished or still going on."""
    assert race.request is not None
    return _race_result(Trials.of(workspace.run_folder(race.job.id)), race.request)


def curve_result(workspace: Workspace, curve: CurveJob) -> DataCurve:
    """Return the curve as far as it came, finished or still going on."""
    request, trials = curve.request, Trials.of(workspace.run_folder(curve.job.id))
    assert request is not None
    settings = [share_key(share) for share in request.shares]
    return read_curve(trials.experiment(settings, request.draws), request)


def _race_result(trials: Trials, request: RaceRequest) -> RaceResult:
    settings = [contestant.key for contestant in request.contestants]
    return read_race(trials.experiment(settings, request.seeds), request)


# Races.


@dataclass(frozen=True)
class RacePlan:
    """A race before it is started.

    Attributes
    ----------
    contestants, runs : int
    seconds : float or None
        From earlier runs on this machine; None before the first one.
    disk_mb, model_mb : int
        Most that the models take while the race goes on, and what each takes.
    """

    contestants: int
    runs: int
    seconds: float | None
    disk_mb: int
    model_mb: int


def racing_recipes(project: Project) -> list[SavedRecipe]:
    """Return the saved recipes that can take part: all their experts have scored, newest first."""
    at_hand = set(scored_experts(project))
    return [saved for saved in recipes(project) if set(saved.recipe.experts) <= at_hand]


def plan_race(
    workspace: Workspace,
    dataset: QADataset,
    config: TuningConfig,
    everyone: Sequence[Contestant],
    seeds: int,
    keep: str,
) -> RacePlan:
    """Return what a race will take; a run is estimated as on the form of a single run."""
    runs = len(everyone) * seeds
    seconds = plan(workspace, dataset, config).seconds
    size = find_entry(config.base_model).size_mb
    # Of each contestant one model until the end; the running one also has three saved states,
    # each with two moments per weight.
    kept = runs if keep == ALL_MODELS else len(everyone)
    whole = None if seconds is None else seconds * runs
    return RacePlan(len(everyone), runs, whole, size * (kept + 9), size)


@asks(START)
def launch_race(
    project: Project,
    config: TuningConfig,
    chosen: Sequence[SavedRecipe],
    losses: Sequence[str],
    seeds: int,
    who: str,
    *,
    keep: str = WINNER_MODEL,
) -> str:
    """Start a race; returns the run id.

    Parameters
    ----------
    config : TuningConfig
        Settings that all contestants share; its loss is left aside, its seed is the first one.
    seeds : int
        Runs per contestant.
    keep : str
        Key of :data:`core.types.tuning.KEEP`.

    Raises
    ------
    TuningError
        If there is nothing to race, no validation question, or the model cannot be tuned.
    ExpertError
        If an expert of a recipe has no scores for the data.
    """
    if project.dataset_id is None:
        raise TuningError("There are no data yet. Upload them on the Data page first.")
    if not 1 <= seeds <= MOST_SEEDS:
        raise TuningError(
            "{seeds} runs per contestant are asked for. Choose 1 to {most}.",
            seeds=seeds,
            most=MOST_SEEDS,
        )
    unknown = [loss for loss in losses if loss not in LOSSES]
    if unknown or keep not in KEEP:
        raise TuningError(
            "{unknown} is not known. Losses: {losses}. Models to keep: {keep}.",
            unknown=", ".join(unknown) or keep,
            losses=", ".join(LOSSES),
            keep=", ".join(KEEP),
        )
    everyone = contestants(chosen, losses)
    if len(everyone) * seeds > MOST_RUNS:
        raise TuningError(
            "{runs} runs are more than the {most} that one race may have. Choose fewer recipes, "
            "losses or runs per contestant.",
            runs=len(everyone) * seeds,
            most=MOST_RUNS,
        )
    dataset = _checked_dataset(project, config, [one.recipe.experts for one in everyone])
    numbers = tuple(range(config.seed, config.seed + seeds))
    request = RaceRequest(dataset.id, config, everyone, numbers, overrides(project), keep)
    return launch_job(project, RACE, request, who)


def race_step(folder: RunFolder, asked: RaceRequest, report: Reporter) -> ExperimentResult:
    """Worker step: every contestant with every seed, or what a killed worker left to do."""
    workspace = workspace_of(folder)
    dataset, trials = workspace.load_dataset(asked.dataset_id), Trials.of(folder.root)
    # Seed by seed, so that a race which is stopped early was fair to all as far as it came.
    order = [(contestant, seed) for seed in asked.seeds for contestant in asked.contestants]
    by_trial = {contestant.trial(seed): contestant for contestant, seed in order}

    by_key = {contestant.key: contestant for contestant in asked.contestants}

    @cache
    def labels_of(key: str) -> LabelModel:
        contestant = by_key[key]
        corrections = () if contestant.baseline else asked.overrides
        return label_model(workspace, dataset, contestant.recipe, corrections)

    def trial(number: int, contestant: Contestant, seed: int) -> Trial:
        return Trial(
            contestant.trial(seed),
            _race_message(number, len(order), contestant, seed),
            lambda: (labels_of(contestant.key), contestant.config(asked.tuning, seed)),
        )

    def tidy(trial: Trial) -> None:
        if asked.keep == NO_MODELS:
            trials.drop_model(trial.key)
        elif asked.keep != ALL_MODELS:
            _keep_best(trials, [by_trial[trial.key].trial(seed) for seed in asked.seeds])

    todo = [trial(number, *who) for number, who in enumerate(order, 1)]
    result = do_trials(folder, dataset, asked.tuning, todo, report, tidy)
    standings = _race_result(trials, asked).standings
    if not result.cancelled and asked.keep == WINNER_MODEL and standings:
        for key, contestant in by_trial.items():
            if contestant.key != standings[0].contestant.key:
                trials.drop_model(key)
    return result


def _race_message(number: int, total: int, contestant: Contestant, seed: int) -> Message:
    values: dict[str, str | int | float] = {"number": number, "total": total, "seed": seed}
    values |= {"loss": contestant.loss, "recipe": contestant.recipe_name}
    if contestant.baseline:
        text = N_("Run {number} of {total}: right answers only · {loss} · seed {seed}")
    else:
        text = N_("Run {number} of {total}: {recipe} · {loss} · seed {seed}")
    return Message(text, values)


def _keep_best(trials: Trials, keys: Sequence[str]) -> None:
    """Drop the models of one contestant except that of its best run so far."""
    results = {key: trials.result(key) for key in keys}
    scores = {key: result.measured.score for key, result in results.items() if result is not None}
    for key in set(scores) - {max(scores, key=scores.__getitem__)}:
        trials.drop_model(key)


def kept_models(workspace: Workspace, race: Race) -> dict[str, int]:
    """Return the seed of the kept model of each contestant that has one."""
    if race.request is None:
        return {}
    trials = Trials.of(workspace.run_folder(race.job.id))
    return {
        contestant.key: seed
        for contestant in race.request.contestants
        for seed in reversed(race.request.seeds)
        if trials.folder(contestant.trial(seed)).model.is_dir()
        and trials.folder(contestant.trial(seed)).result.is_file()
    }


@asks(CHANGE)
def put_in_use(project: Project, contestant: Contestant, name: str, who: str) -> SavedRecipe:
    """Make the contestant's recipe the one in use, saving it where the project lacks it.

    Parameters
    ----------
    name : str
        What a baseline's recipe is called when it is saved.

    Raises
    ------
    LabelError
        If its experts have not scored the present data.
    """
    wanted = to_json(contestant.recipe)
    for saved in recipes(project):
        if to_json(saved.recipe) == wanted:
            use_recipe(project, saved.id, who)
            return saved
    return save_recipe(project, contestant.recipe_name or name, contestant.recipe, who)


def settings_of(race: Race, contestant: Contestant) -> TuningConfig:
    """Return the settings of a contestant, with the first seed of the race."""
    assert race.request is not None
    return contestant.config(race.request.tuning, race.request.seeds[0])


@asks(CHANGE)
def adopt_model(project: Project, race: Race, key: str, who: str, name: str = "") -> str:
    """Make the kept model of a contestant a tuning run of the project; returns the run id.

    The run has the settings, labels and curve of the race; nothing is learned again.

    Parameters
    ----------
    name : str
        What the run's labels are called where the contestant has no recipe, but only known answers.

    Raises
    ------
    TuningError
        If the model was not kept or is gone.
    """
    request, workspace = race.request, project.workspace
    seed = kept_models(workspace, race).get(key)
    if request is None or seed is None:
        raise TuningError(
            "The model of this contestant was not kept. Start a run with its settings instead."
        )
    contestant = next(one for one in request.contestants if one.key == key)
    source = Trials.of(workspace.run_folder(race.job.id)).folder(contestant.trial(seed))
    try:
        result = read_json(source.root / TUNED)
    except WorkspaceError as error:
        raise TuningError(
            "What the race said about this model is damaged ({reason}). Start a run with its "
            "settings instead.",
            reason=str(error),
        ) from error
    config = TuneRequest(
        request.dataset_id,
        contestant.recipe_name or name,
        contestant.recipe,
        () if contestant.baseline else request.overrides,
        contestant.config(request.tuning, seed),
        from_race=race.job.id,
    )
    run_id = new_run_id(TUNE)
    publish_run(project, run_id, config, who, partial(copy_model, source, result=result))
    project.note("model taken from race", who, {"run": run_id})
    return run_id


# Would more data help? The same run with less of the training data.


def curve_seconds(
    workspace: Workspace, dataset: QADataset, config: TuningConfig, draws: int
) -> float | None:
    """Return the expected time of the job, None before the first run on this machine."""
    seconds = plan(workspace, dataset, config).seconds
    return None if seconds is None else seconds * draws * sum(SHARES) / 100


@asks(START)
def launch_curve(project: Project, config: TuningConfig, draws: int, who: str) -> str:
    """Start a data curve with the recipe in use; returns the run id.

    Raises
    ------
    TuningError
        If no recipe is in use, there are too few questions, or the model cannot be tuned.
    ExpertError
        If an expert of the recipe has no scores for the data.
    """
    saved = recipe_in_use(project)
    if saved is None or project.dataset_id is None:
        raise TuningError("No label recipe is in use. Save one on the Labels page first.")
    if not 1 <= draws <= MOST_DRAWS:
        raise TuningError(
            "{draws} draws are asked for. Choose 1 to {most}.", draws=draws, most=MOST_DRAWS
        )
    dataset = _checked_dataset(project, config, [saved.recipe.experts])
    count = len(dataset.rows(TRAIN))
    if count < FEWEST_QUESTIONS:
        raise TuningError(
            "There are {count} training questions; a part of them teaches nothing that could be "
            "measured. At least {fewest} are needed.",
            count=count,
            fewest=FEWEST_QUESTIONS,
        )
    numbers = tuple(range(config.seed, config.seed + draws))
    given = (dataset.id, saved.name, saved.recipe, overrides(project), config, numbers)
    return launch_job(project, DATA_CURVE, DataCurveRequest(*given), who)


def curve_step(folder: RunFolder, asked: DataCurveRequest, report: Reporter) -> ExperimentResult:
    """Worker step: every share with every draw, or what a killed worker left to do."""
    workspace = workspace_of(folder)
    dataset, trials = workspace.load_dataset(asked.dataset_id), Trials.of(folder.root)
    # Draw by draw, so that a job that is stopped early has whole curves.
    order = [(share, draw) for draw in asked.draws for share in asked.shares]
    text = N_("Run {number} of {total}: {share}% of the training questions · draw {draw}")

    def trial(number: int, share: int, draw: int) -> Trial:
        def given() -> tuple[LabelModel, TuningConfig]:
            part = with_training(dataset, training_subset(dataset, share / 100, draw))
            config = dataclasses.replace(asked.tuning, seed=draw)
            return labels_of_part(workspace, dataset, part, asked), config

        values = {"number": number, "total": len(order), "share": share, "draw": draw + 1}
        return Trial(trial_key(share_key(share), draw), Message(text, values), given, share / 100)

    todo = [trial(number, *what) for number, what in enumerate(order, 1)]
    return do_trials(
        folder, dataset, asked.tuning, todo, report, lambda trial: trials.drop_model(trial.key)
    )
