"""``python -m core tune``: one tuning run from a terminal, by the worker's own step."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.documents import from_json
from core.errors import AppError, DataError, TuningError
from core.jobs.folder import RunFolder, append_event, create_run
from core.jobs.launch import follow
from core.jobs.state import FAILED
from core.jobs.worker import work
from core.journey import experts as scoring
from core.journey.command_inputs import (
    chosen_settings,
    parse_recipe,
    read_data,
    read_settings,
)
from core.journey.jobs import TUNE, need_of, new_run_id, next_place
from core.journey.labels import recipes
from core.journey.terminal import SpokenReporter, TerminalReporter
from core.journey.terminal_turn import tell_waiting
from core.journey.tuning import estimated, tune_step, tuning_request
from core.tuning.config import TuningConfig
from core.types import QADataset, Reporter
from core.workspace.records import RunRecord, now
from core.workspace.workspace import Project, Workspace


@dataclass(frozen=True)
class TuneOptions:
    """What the command line asked for: a file or a project, and settings or a preset."""

    file: Path | None = None
    project: str | None = None
    config: Path | None = None
    preset: str = "balanced"
    base: str | None = None
    experts: tuple[str, ...] = ()
    recipe: str | None = None
    seed: int = 0
    as_json: bool = False


def tune(options: TuneOptions) -> int:
    """Make a run folder and do its work here; returns the exit status of a worker.

    Raises
    ------
    AppError
        If the run cannot be started; what goes wrong later is printed.
    """
    if (options.file is None) == (options.project is None):
        raise DataError("Name either a data file or a project with --project, not both.")
    workspace = Workspace.open()
    if options.project is not None:
        project = named_project(workspace, options.project)
        request = _of_project(project, options)
        run_id, project_id = new_run_id(TUNE), project.id
        workspace.records.add_run(RunRecord(run_id, project.id, TUNE, now()))
        workspace.records.note(project.id, f"{TUNE} started", _who(), {"run": run_id})
    else:
        request = _of_file(workspace, options)
        run_id, project_id = new_run_id(TUNE), ""
    config = from_json(TuningConfig, request["tuning"])
    request |= estimated(workspace, workspace.load_dataset(request["dataset_id"]), config)
    folder = create_run(
        workspace.run_folder(run_id),
        {
            "kind": TUNE,
            "project_id": project_id,
            "config": request,
            "who": _who(),
            "created_at": now(),
        },
    )
    append_event(folder, "launched")
    sys.stderr.write(f"{TUNE} {folder.root}\n")
    if next_place(workspace, config.device):
        tell_waiting(workspace, run_id, config.device)
    status = work(folder, {TUNE: _spoken_step}, need_of)
    _print_end(folder, options.as_json)
    return status


def _spoken_step(folder: RunFolder, request: Mapping[str, Any], report: Reporter) -> dict[str, Any]:
    return tune_step(folder, request, SpokenReporter(report))


def named_project(workspace: Workspace, wanted: str) -> Project:
    """Return the project of an id or a name; raises TuningError that lists those there are."""
    projects = workspace.projects()
    found = next((p for p in projects if wanted in {p.id, p.name}), None)
    if found is None:
        raise TuningError(
            "There is no project {wanted} in the workspace {folder}. Projects: {known}.",
            wanted=wanted,
            folder=str(workspace.layout.root),
            known=", ".join(f"{p.name} ({p.id})" for p in projects) or "–",
        )
    return found


def _of_project(project: Project, options: TuneOptions) -> dict[str, Any]:
    if project.dataset_id is None:
        raise TuningError("The project {name} has no data yet.", name=project.name)
    config = _settings(options, project.workspace.load_dataset(project.dataset_id))
    saved = None
    if options.recipe is not None:
        named = {one.name: one for one in reversed(recipes(project))}
        saved = named.get(options.recipe)
        if saved is None:
            raise TuningError(
                "The project {project} has no recipe {name}. Recipes: {known}.",
                project=project.name,
                name=options.recipe,
                known=", ".join(named) or "–",
            )
    return tuning_request(project, config, saved)


def _of_file(workspace: Workspace, options: TuneOptions) -> dict[str, Any]:
    from core.data.checks import guess_language
    from core.experts.catalogue import default_experts

    assert options.file is not None
    dataset, import_report = read_data(options.file, options.seed)
    config = _settings(options, dataset)
    workspace.save_dataset(dataset, import_report)
    experts = options.experts or default_experts(guess_language(dataset.questions))
    scored = scoring.run_scoring(workspace, dataset, experts, TerminalReporter())
    present = [figures.expert for figures in scored.figures]
    recipe = options.recipe or "reliability:0.5"
    return {
        "dataset_id": dataset.id,
        "recipe_name": recipe,
        "recipe": asdict(parse_recipe(recipe, present)),
        "overrides": [],
        "tuning": asdict(config),
    }


def _settings(options: TuneOptions, dataset: QADataset) -> TuningConfig:
    settings = read_settings(options.config) if options.config else None
    return chosen_settings(dataset, settings, options.preset, options.base)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a user table
        return "command line"


def _print_end(folder: RunFolder, as_json: bool) -> None:
    """Print what came out, or why nothing did."""
    view = follow(folder)
    if view.state == FAILED and view.error is not None:
        sys.stderr.write(f"{view.error}\n")
    try:
        result = folder.read_result()
    except AppError:
        sys.stdout.write(f"Nothing was kept. Run folder: {folder.root}\n")
        if view.keepable:
            text = "The best model until then can be kept on the Tune page, or taken from {place}"
            sys.stdout.write(text.format(place=folder.model) + "\n")
        return
    if result["base_score"] is not None:
        sys.stdout.write(
            f"Validation nDCG@10: {result['base_score']:.4f} before, {result['best_score']:.4f} "
            f"after step {result['best_step']} of {result['steps']}\n"
        )
    sys.stdout.write(
        f"Time:  {result['seconds']:.1f} s on {result['device']['name']}, "
        f"{result['labels_per_s']:,.0f} labels/s\n"
    )
    if result["has_model"]:
        sys.stdout.write(f"Model: {folder.model}\n")
    sys.stdout.write(f"Run:   {folder.root}\n")
    if as_json:
        sys.stdout.write(json.dumps({"run": str(folder.root), **result}, ensure_ascii=False) + "\n")
