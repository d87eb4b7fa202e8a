"""The races of a project, and how to go on with one of their contestants."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.documents import from_json, to_json
from core.errors import AppError, TuningError, WorkspaceError
from core.jobs.folder import RunFolder, append_event, create_run
from core.jobs.state import JobView
from core.journey.jobs import RACE, TUNE, jobs_of, new_run_id
from core.journey.labels import recipes, save_recipe, use_recipe
from core.journey.race import TUNED
from core.journey.race_model import Contestant, RaceRequest
from core.journey.race_result import RaceResult, read_race
from core.journey.trials import Trials
from core.messages import Message
from core.tuning.config import TuningConfig
from core.workspace.files import read_json, write_json
from core.workspace.records import RunRecord, SavedRecipe, now
from core.workspace.workspace import Project, Workspace


@dataclass(frozen=True)
class Race:
    """One race as a page shows it.

    Attributes
    ----------
    job : JobView
    request : RaceRequest or None
        None where it is damaged.
    problem : Message or None
        Why it cannot be read.
    """

    job: JobView
    request: RaceRequest | None
    problem: Message | None = None

    def is_of(self, dataset_id: str | None) -> bool:
        """Return True if the race was run on this dataset."""
        return self.job.config.get("dataset_id") == dataset_id


def races(project: Project) -> list[Race]:
    """Return the races of a project, newest first; none that is damaged stops the others."""
    found = []
    for view in jobs_of(project, RACE):
        try:
            found.append(Race(view, race_request(view.config)))
        except AppError as error:
            found.append(Race(view, None, error.message))
    return found


def race_request(config: Mapping[str, Any]) -> RaceRequest:
    """Read what a race was told; raises WorkspaceError if it is damaged."""
    return from_json(RaceRequest, config)


def race_result(workspace: Workspace, race: Race) -> RaceResult:
    """Return the table of a race as far as it came."""
    assert race.request is not None
    return read_race(workspace.run_folder(race.job.id), race.request)


def kept_models(workspace: Workspace, race: Race) -> dict[str, int]:
    """Return the seed of the kept model of each contestant that has one."""
    if race.request is None:
        return {}
    trials = Trials.of(workspace.run_folder(race.job.id))
    return {
        one.key: seed
        for one in race.request.contestants
        for seed in reversed(race.request.seeds)
        if trials.folder(one.trial(seed)).model.is_dir()
        and trials.folder(one.trial(seed)).result.is_file()
    }


def put_in_use(project: Project, one: Contestant, name: str, who: str) -> SavedRecipe:
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
    wanted = to_json(one.recipe)
    for saved in recipes(project):
        if to_json(saved.recipe) == wanted:
            use_recipe(project, saved.id, who)
            return saved
    return save_recipe(project, one.recipe_name or name, one.recipe, who)


def settings_of(race: Race, one: Contestant) -> TuningConfig:
    """Return the settings of a contestant, with the first seed of the race."""
    assert race.request is not None
    return one.config(race.request.tuning, race.request.seeds[0])


def adopt_model(project: Project, race: Race, key: str, who: str) -> str:
    """Make the kept model of a contestant a tuning run of the project; returns the run id.

    The run has the settings, labels and curve of the race; nothing is learned again.

    Raises
    ------
    TuningError
        If the model was not kept or is gone.
    """
    request = race.request
    seed = kept_models(project.workspace, race).get(key)
    if request is None or seed is None:
        raise TuningError(
            "The model of this contestant was not kept. Start a run with its settings instead."
        )
    one = next(one for one in request.contestants if one.key == key)
    source = Trials.of(project.workspace.run_folder(race.job.id)).folder(one.trial(seed))
    try:
        result = read_json(source.root / TUNED)
    except WorkspaceError as error:
        raise TuningError(
            "What the race said about this model is damaged ({reason}). Start a run with its "
            "settings instead.",
            reason=str(error),
        ) from error
    corrections = () if one.baseline else request.overrides
    config = {
        "dataset_id": request.dataset_id,
        "recipe_name": one.recipe_name,
        "recipe": to_json(one.recipe),
        "overrides": [asdict(override) for override in corrections],
        "tuning": asdict(one.config(request.tuning, seed)),
        "from_race": race.job.id,
    }
    run_id, moment = new_run_id(TUNE), now()
    told = {"kind": TUNE, "project_id": project.id, "config": config}
    folder = create_run(
        project.workspace.run_folder(run_id), told | {"who": who, "created_at": moment}
    )
    _copy(source, folder, result)
    project.workspace.records.add_run(RunRecord(run_id, project.id, TUNE, moment))
    project.note("model taken from race", who, {"run": run_id})
    return run_id


def _copy(source: RunFolder, folder: RunFolder, result: Mapping[str, Any]) -> None:
    try:
        shutil.copytree(source.model, folder.model)
        write_json(folder.result, result)
    except OSError as error:
        shutil.rmtree(folder.root, ignore_errors=True)
        raise TuningError(
            "The model cannot be copied: {reason}. Free some disk space and try again.",
            reason=error.strerror or str(error),
        ) from error
    for event in ("launched", "started", "finished"):
        append_event(folder, event)
