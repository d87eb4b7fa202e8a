"""The report and the model archive of a comparison: load, write to ``exports/``, record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.documents import from_json
from core.errors import AppError, TuningError
from core.jobs.folder import RunFolder
from core.journey.comparing import load_comparison
from core.journey.data import import_report
from core.journey.labels import label_model
from core.journey.report_content import (
    ReportSources,
    bare_card,
    build_report_input,
    hashes,
    regime_results,
)
from core.journey.scoring import scoring_result
from core.messages import N_, Message
from core.reporting.report_input import RegimeResults, ReportInput
from core.translation import DEFAULT_LANGUAGE
from core.types import Comparison, LabelRecipe, QADataset
from core.workspace.layout import atomic_file, write_bytes
from core.workspace.records import Project, now
from core.workspace.workspace import Workspace

REPORT_KEY = "report"


@dataclass(frozen=True, eq=False)
class Preview:
    """What the Report page shows before a report is made.

    Attributes
    ----------
    decision : Message
        The verdict over all regimes.
    word : str
        ``better``, ``worse`` or ``not shown``: colours the decision.
    sentences : mapping of regime to Message
        The verdict of each regime.
    refusals : tuple of Message
        Why the tuned model should not replace the base model.
    model : Path or None
        Folder of the tuned model, None where it is gone.
    """

    tune_run: str
    decision: Message
    word: str
    regimes: tuple[RegimeResults, ...]
    sentences: Mapping[str, Message]
    refusals: tuple[Message, ...]
    hashes: tuple[tuple[str, str], ...]
    model: Path | None


def preview(workspace: Workspace, dataset: QADataset, compare_run: str) -> Preview:
    """Return the decision of a comparison; raises WorkspaceError if its files are damaged."""
    from core.evaluation.guard import promotion_allowed
    from core.evaluation.verdict import sentence
    from core.reporting.advice import decision, overall_word

    config = RunFolder(workspace.run_folder(compare_run)).read_request()["config"]
    tune_run = str(config["tune_run"])
    tuned = RunFolder(workspace.run_folder(tune_run))
    comparison = load_comparison(workspace, compare_run)
    regimes = regime_results(comparison)
    words = [regime.main.word for regime in regimes if regime.main]
    return Preview(
        tune_run=tune_run,
        decision=decision(words),
        word=overall_word(words),
        regimes=regimes,
        sentences={regime.key: sentence(regime.main) for regime in regimes if regime.main},
        refusals=tuple(promotion_allowed(comparison)[1]),
        hashes=hashes(dataset, comparison, tuned.read_result(), _run_titles(tune_run, compare_run)),
        model=tuned.model if tuned.model.is_dir() else None,
    )


def _run_titles(tune_run: str, compare_run: str = "", score_run: str = "") -> dict[str, str]:
    titles = {
        N_("Run: experts score"): score_run,
        N_("Run: tune"): tune_run,
        N_("Run: compare"): compare_run,
    }
    return {title: run for title, run in titles.items() if run}


def report_input(workspace: Workspace, project: Project, compare_run: str) -> ReportInput:
    """Return everything the report of a comparison says.

    Raises
    ------
    WorkspaceError
        If the comparison, its tuning run or its data are missing or damaged.
    """
    config = RunFolder(workspace.run_folder(compare_run)).read_request()["config"]
    tuned = RunFolder(workspace.run_folder(str(config["tune_run"])))
    dataset = workspace.load_dataset(str(config["dataset_id"]))
    scored = workspace.records.get(project.id, "scored", {})
    scored = scored if scored.get("dataset_id") == dataset.id else {}
    score_run = str(scored.get("run_id", ""))
    request, result = tuned.read_request()["config"], tuned.read_result()
    return build_report_input(
        ReportSources(
            name=project.name,
            created_at=now(),
            dataset=dataset,
            import_report=import_report(workspace, dataset.id),
            scoring=_scoring(workspace, scored),
            tuning_request=request,
            tuning_result=result,
            comparison=load_comparison(workspace, compare_run),
            weights=result.get("weights") or _weights(workspace, dataset, request),
            runs=_run_titles(tuned.root.name, compare_run, score_run),
        )
    )


def _scoring(workspace: Workspace, scored: Mapping[str, Any]) -> dict[str, Any] | None:
    run_id = str(scored.get("run_id", ""))
    there = run_id and RunFolder(workspace.run_folder(run_id)).result.is_file()
    return scoring_result(workspace, scored) if there or scored.get("measured") else None


def _weights(
    workspace: Workspace, dataset: QADataset, request: Mapping[str, Any]
) -> dict[str, float]:
    """Return the weights that the recipe's rule gives its experts."""
    recipe = from_json(LabelRecipe, request["recipe"])
    try:
        found = label_model(workspace, dataset, recipe).weights
    except AppError:
        return {}  # vectors were cleared since: the report leaves the column empty
    return {key: float(weight) for key, weight in zip(recipe.experts, found, strict=True)}


def exported_report(workspace: Workspace, compare_run: str, language: str) -> Path:
    """Return where the report of a comparison lies, whether or not it was made yet."""
    return workspace.layout.exports / Path(compare_run).name / f"report_{language}.html"


def exported_model(workspace: Workspace, run_id: str, language: str) -> Path:
    """Return where the model archive of a comparison (or tuning run) lies, made or not."""
    return workspace.layout.exports / Path(run_id).name / f"model_{language}.zip"


def write_report(
    workspace: Workspace, project: Project, compare_run: str, language: str, who: str
) -> Path:
    """Make the report of a comparison and record that it was made; returns its path."""
    from core.reporting.report import render

    page = render(report_input(workspace, project, compare_run), language)
    path = exported_report(workspace, compare_run, language)
    write_bytes(path, page.encode())
    made = {"run_id": compare_run, "language": language, "file": path.name}
    workspace.records.set(project.id, REPORT_KEY, made)
    workspace.records.note(project.id, "report made", who, made)
    return path


def write_model_zip(
    workspace: Workspace,
    project: Project,
    tune_run: str,
    compare_run: str | None = None,
    language: str = DEFAULT_LANGUAGE,
) -> Path:
    """Pack a tuned model with its model card for download; returns the path of the archive.

    Parameters
    ----------
    compare_run : str or None
        Comparison whose figures go into the card; None = a card without figures.
    language : str
        Of the card.

    Raises
    ------
    TuningError
        If the run left no model.
    """
    from core.reporting.model_card import CardInput, model_card
    from core.reporting.model_export import write_archive

    folder = RunFolder(workspace.run_folder(tune_run))
    if not folder.model.is_dir():
        raise TuningError(
            "The run {run} has no model folder any more. Tune again, or restore the folder from "
            "a backup.",
            run=tune_run,
        )
    if compare_run is not None:
        card = CardInput.of(report_input(workspace, project, compare_run))
    else:
        request = folder.read_request()["config"]
        dataset = workspace.load_dataset(str(request["dataset_id"]))
        card = bare_card(dataset, request, folder.read_result())
    path = exported_model(workspace, compare_run or tune_run, language)
    text = model_card(card, language)
    with atomic_file(path) as file:
        write_archive(file, folder.model, text, name=card.tuning.base_key)
    return path


def write_headless_report(
    workspace: Workspace,
    *,
    name: str,
    dataset: QADataset,
    import_report: Mapping[str, Any],
    scored: Mapping[str, Any],
    folder: RunFolder,
    comparison: Comparison,
    language: str,
) -> Path:
    """Make a report without a project, beside the model of a tuning run; returns its path.

    Parameters
    ----------
    scored : mapping
        As :func:`core.journey.scoring.run_scoring` returns it.
    folder : RunFolder
        Of the tuning run, with request and result.
    """
    from core.reporting.report import render

    request = folder.read_request()["config"]
    sources = ReportSources(
        name=name,
        created_at=now(),
        dataset=dataset,
        import_report=import_report,
        scoring=scored,
        tuning_request=request,
        tuning_result=folder.read_result(),
        comparison=comparison,
        weights=_weights(workspace, dataset, request),
        runs=_run_titles(folder.root.name),
        split_seed=int(request["tuning"]["seed"]),
    )
    path = folder.root / f"report_{language}.html"
    write_bytes(path, render(build_report_input(sources), language).encode())
    return path
