"""Fine-tuning: what can be tuned, the job, and the runs of a project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.documents import from_json, to_json
from core.errors import TuningError, WorkspaceError
from core.experts.catalogue import catalogue, find_entry
from core.experts.source import ExpertSource
from core.jobs.folder import RunFolder
from core.journey.experts import load_expert_scores
from core.journey.jobs import IN_BACKGROUND, TUNE, Start, launch_job, workspace_of
from core.journey.labels import label_model, overrides, recipe_in_use
from core.journey.probes import end_probes
from core.journey.tuning_measures import (
    generality_check,
    language_of_questions,
    strongest_teacher,
    validation_ndcg,
)
from core.journey.tuning_plan import plan
from core.tuning.config import TuningConfig
from core.tuning.device import check_device
from core.types import LabelRecipe, Override, QADataset, Reporter
from core.workspace.records import SavedRecipe
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.labels.model import LabelModel
    from core.tuning.run import TuningOutcome


def trainable_models(workspace: Workspace) -> list[ExpertSource]:
    """Return the models that can be fine-tuned, those at hand first."""
    entries = [entry for entry in catalogue().values() if entry.trainable]
    return sorted(entries, key=lambda entry: not entry.availability(workspace.models).ready)


def suggested_model(dataset: QADataset) -> str:
    """Return the key of the model to tune by default, by the language of the questions."""
    from core.experts.catalogue import default_student

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


def launch_tuning(
    project: Project,
    config: TuningConfig,
    who: str,
    saved: SavedRecipe | None = None,
    start: Start = IN_BACKGROUND,
) -> str:
    """Start a tuning job on the project's data; returns the run id.

    The request holds everything by value (recipe, overrides, settings), so that nothing that is
    changed later changes this run.

    Parameters
    ----------
    saved : SavedRecipe or None
        None takes the recipe in use.
    start : callable
        See :func:`core.journey.jobs.launch_job`.

    Raises
    ------
    TuningError
        If no recipe is in use or the model cannot be tuned.
    """
    request = tuning_request(project, config, saved)
    request |= estimated(
        project.workspace, project.workspace.load_dataset(request["dataset_id"]), config
    )
    end_probes(project.workspace)
    return launch_job(project, TUNE, request, who, start=start)


def estimated(workspace: Workspace, dataset: QADataset, config: TuningConfig) -> dict[str, Any]:
    """Return the part of a request that says what the run was estimated to take."""
    found = plan(workspace, dataset, config)
    said = {"estimate": to_json(found.estimate)} if found.estimate else {}
    return {"estimate_key": found.key, **said}


def tuning_request(
    project: Project, config: TuningConfig, saved: SavedRecipe | None = None
) -> dict[str, Any]:
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
    check_device(config.device)
    # Now rather than in the worker: a page can say at once which expert has to score again.
    load_expert_scores(
        project.workspace, project.workspace.load_dataset(project.dataset_id), saved.recipe.experts
    )
    return {
        "dataset_id": project.dataset_id,
        "recipe_name": saved.name,
        "recipe": to_json(saved.recipe),
        "overrides": [asdict(override) for override in overrides(project)],
        "tuning": asdict(config),
    }


def check_trainable(key: str) -> None:
    """Raise TuningError if the model of this key can score but not learn."""
    entry = find_entry(key)
    if not entry.trainable:
        raise TuningError(
            "{title} can score but cannot be tuned. Choose one of: {trainable}.",
            title=entry.title,
            trainable=", ".join(e.key for e in catalogue().values() if e.trainable),
        )


def tune_step(folder: RunFolder, request: Mapping[str, Any], report: Reporter) -> dict[str, Any]:
    """Worker step: tune, or go on where a killed worker left off, even after the last step."""
    done = whole_result(folder)
    if done is not None:
        return done
    workspace = workspace_of(folder)
    dataset, labels, settings = told(workspace, request)

    def rescued(found: dict[str, Any]) -> None:
        folder.write_rescued(found | made_from(labels))

    result = run_tuning(workspace, dataset, labels, settings, folder, report, rescued)
    return result | made_from(labels)


def whole_result(folder: RunFolder) -> dict[str, Any] | None:
    """Return the result of a run that came to its end and has its model, None otherwise."""
    try:
        result = folder.read_result()
    except WorkspaceError:
        return None
    return None if result.get("cancelled") or not folder.model.is_dir() else result


def told(
    workspace: Workspace, request: Mapping[str, Any]
) -> tuple[QADataset, LabelModel, TuningConfig]:
    """Return what a request names: data, labels and settings."""
    config = request["config"]
    dataset = workspace.load_dataset(config["dataset_id"])
    recipe = from_json(LabelRecipe, config["recipe"])
    corrections = [from_json(Override, override) for override in config["overrides"]]
    labels = label_model(workspace, dataset, recipe, corrections)
    return dataset, labels, from_json(TuningConfig, config["tuning"])


def made_from(labels: LabelModel) -> dict[str, Any]:
    """Return what the result of a run says about the data and labels it learned from."""
    experts = labels.recipe.experts
    weights = dict(zip(experts, labels.weights.tolist(), strict=True))
    return {"dataset_id": labels.dataset.id, "label_id": labels.id, "weights": weights}


def run_tuning(
    workspace: Workspace,
    dataset: QADataset,
    labels: LabelModel,
    config: TuningConfig,
    folder: RunFolder,
    report: Reporter,
    rescued: Callable[[dict[str, Any]], None] = lambda _: None,
) -> dict[str, Any]:
    """Tune a model into ``folder`` and return the result as a JSON document.

    The caller writes it down and then drops the checkpoints.

    Parameters
    ----------
    rescued : callable
        Gets what is kept of a run that fails, in the same form.
    """
    from core.labels.model import answer_labels
    from core.tuning.device import find_device
    from core.tuning.regularisers import neutral_texts
    from core.tuning.run import train
    from core.tuning.task import TuningTask
    from core.tuning.team import join_team
    from core.types.expert_entry import DOCUMENT, QUERY

    check_trainable(config.base_model)
    entry = find_entry(config.base_model)
    base = entry.folder(workspace.models)
    device = find_device(config.device, config.precision)
    task = TuningTask(
        dataset,
        labels,
        base,
        config,
        folder.root,
        evaluate=lambda q, vectors, a, corpus: validation_ndcg(dataset, q, vectors, a, corpus),
        answer_labels=answer_labels(labels),
        generality=generality_check(dataset),
        strongest_teacher=strongest_teacher(labels, config.base_model),
        neutral=neutral_texts(language_of_questions(dataset)),
        prompts={role: entry.prompt(role) for role in (QUERY, DOCUMENT)},
    )
    outcome = train(
        task,
        report,
        device=device,
        team=join_team(device.kind),
        rescued=lambda found: rescued(_document(config, found)),
    )
    return _document(config, outcome)


def _document(config: TuningConfig, outcome: TuningOutcome) -> dict[str, Any]:
    from core.tuning.device import peak_mb

    return {
        "base_model": config.base_model,
        "has_model": outcome.model_folder is not None,
        "best_step": outcome.best_step,
        "best_score": outcome.best_score,
        "base_score": outcome.base_score,
        "curve": [asdict(point) for point in outcome.curve],
        "steps": outcome.steps,
        "seconds": round(outcome.seconds, 2),
        "stopped_early": outcome.stopped_early,
        "cancelled": outcome.cancelled,
        "failed": outcome.failed,
        "labels_per_s": round(outcome.labels_per_s, 1),
        "device": asdict(outcome.device),
        "query_side": outcome.query_side,
        "alpha": outcome.alpha,
        "alpha_sweep": [asdict(point) for point in outcome.alpha_sweep],
        "memory_mb": round(peak_mb(outcome.device.kind), 1),
    }
