"""The race: worker step, and what becomes of its models."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.documents import from_json, to_json
from core.errors import Stopped, WorkspaceError
from core.experts.catalogue import find_entry
from core.jobs.folder import RunFolder
from core.journey.jobs import workspace_of
from core.journey.labels import label_model
from core.journey.race_model import ALL_MODELS, NO_MODELS, Contestant, RaceRequest
from core.journey.race_result import leader, read_race
from core.journey.trials import BASE, Trial, TrialResult, Trials, run_trials
from core.journey.tuning import made_from, run_tuning
from core.journey.validation import Measured, Ruler, make_ruler, measure
from core.messages import N_, Message
from core.tuning.config import TuningConfig
from core.tuning.run import BASE_KEPT
from core.types import TRAIN, QADataset, Reporter
from core.workspace.files import read_json, write_json
from core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from core.labels.model import LabelModel

TUNED = "tuned.json"


def race_step(folder: RunFolder, request: Mapping[str, Any], report: Reporter) -> dict[str, Any]:
    """Worker step: every contestant with every seed, or what a killed worker left to do."""
    began = time.monotonic()
    workspace, asked = workspace_of(folder), from_json(RaceRequest, request["config"])
    dataset = workspace.load_dataset(asked.dataset_id)
    trials = Trials.of(folder.root)
    ruler = ruler_of(workspace, dataset, asked.tuning, trials, report)

    by_key = {one.key: one for one in asked.contestants}

    @cache
    def labels_of(key: str) -> LabelModel:
        one = by_key[key]
        corrections = () if one.baseline else asked.overrides
        return label_model(workspace, dataset, one.recipe, corrections)

    # Seed by seed, so that a race which is stopped early was fair to all as far as it came.
    who = {one.trial(seed): (one, seed) for seed in asked.seeds for one in asked.contestants}
    todo = [Trial(key, _told(place, len(who), *who[key])) for place, key in enumerate(who, 1)]

    def do(trial: Trial, inner: Reporter) -> TrialResult:
        one, seed = who[trial.key]
        config = one.config(asked.tuning, seed)
        place = trials.folder(trial.key)
        labels = labels_of(one.key)
        return tune_and_measure(workspace, dataset, labels, config, place, ruler, inner)

    def tidy(trial: Trial) -> None:
        one, _seed = who[trial.key]
        if asked.keep == NO_MODELS:
            trials.drop_model(trial.key)
        elif asked.keep != ALL_MODELS:
            _keep_best(trials, [one.trial(seed) for seed in asked.seeds])

    whole = run_trials(trials, todo, do, report, done=tidy, silent=frozenset({BASE_KEPT}))
    standings = read_race(folder.root, asked).standings
    first = leader(standings)
    if whole and asked.keep not in {ALL_MODELS, NO_MODELS} and first is not None:
        for key, (one, _seed) in who.items():
            if one.key != first.contestant.key:
                trials.drop_model(key)
    return {
        "dataset_id": dataset.id,
        "cancelled": not whole,
        "done": sum(one.seeds for one in standings),
        "runs": len(who),
        "seconds": round(time.monotonic() - began, 2),
    }


def _told(place: int, total: int, one: Contestant, seed: int) -> Message:
    values: dict[str, str | int | float] = {"number": place, "total": total, "seed": seed}
    values |= {"loss": one.loss, "recipe": one.recipe_name}
    if one.baseline:
        text = N_("Run {number} of {total}: right answers only · {loss} · seed {seed}")
    else:
        text = N_("Run {number} of {total}: {recipe} · {loss} · seed {seed}")
    return Message(text, values)


def ruler_of(
    workspace: Workspace, dataset: QADataset, config: TuningConfig, trials: Trials, report: Reporter
) -> Ruler:
    """Return what all trials are measured on; made once, then read, also by a resumed job."""
    from core.tuning.device import find_device

    path = trials.folder(BASE).result
    try:
        return from_json(Ruler, read_json(path))
    except WorkspaceError:
        report.progress(0.0, Message(N_("Measuring the model before tuning")))
    kind = find_device(config.device, config.precision).kind
    ruler = make_ruler(workspace, dataset, config.base_model, kind, report)
    write_json(path, to_json(ruler))
    return ruler


def tune_and_measure(
    workspace: Workspace,
    dataset: QADataset,
    labels: LabelModel,
    config: TuningConfig,
    place: RunFolder,
    ruler: Ruler,
    report: Reporter,
) -> TrialResult:
    """Tune into a trial's folder and measure what came out.

    Raises
    ------
    Stopped
        If somebody asked to stop; the tuning goes on from its checkpoint next time.
    """
    told = place.root / TUNED
    try:
        tuned = read_json(told) if place.model.is_dir() else None
    except WorkspaceError:
        tuned = None
    if tuned is None:
        tuned = run_tuning(workspace, dataset, labels, config, place, report)
        if tuned["cancelled"]:
            raise Stopped
        write_json(told, tuned | made_from(labels))
    place.drop_checkpoints()
    measured = (
        ruler.base
        if tuned["best_step"] == 0
        else measure(
            dataset,
            place.model,
            ruler.kind,
            ruler.language,
            report.should_stop,
            answers_by=_base_folder(workspace, config) if config.query_side else None,
        )
    )
    return TrialResult(
        measured,
        float(tuned["seconds"]),
        int(tuned["best_step"]),
        int(tuned["steps"]),
        len(dataset.rows(TRAIN)),
    )


def _base_folder(workspace: Workspace, config: TuningConfig) -> Path:

    return find_entry(config.base_model).folder(workspace.models)


def _keep_best(trials: Trials, keys: list[str]) -> None:
    """Drop the models of one contestant except that of its best run so far."""
    found: dict[str, Measured] = {}
    for key in keys:
        result = trials.result(key)
        if result is not None:
            found[key] = result.measured
    best = max(found, key=lambda key: found[key].score)
    for key in found:
        if key != best:
            trials.drop_model(key)
