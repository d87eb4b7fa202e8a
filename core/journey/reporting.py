"""The report of a comparison, as a page and as a workbook: load, write to ``exports/``, record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.documents import from_json, to_json
from core.errors import AppError
from core.jobs.folder import RunFolder
from core.journey.comparing import load_comparison
from core.journey.data import import_report
from core.journey.examining import Examination, load_examination
from core.journey.experts import scoring_result
from core.journey.labels import label_model
from core.journey.promotion import promotion
from core.journey.report_command import Repeat
from core.journey.report_content import (
    ReportSources,
    build_report_input,
    hashes,
    regime_results,
    repeat_of,
)
from core.journey.report_costs import sendings, step_times
from core.journey.savings import savings_of
from core.journey.vote_results import opened_votes
from core.messages import N_, Message
from core.reporting.report_content import InUse, RegimeResults, ReportContent
from core.types import Comparison, LabelRecipe, QADataset
from core.types.project import ReportMade, ScoredExperts
from core.workspace.files import write_bytes
from core.workspace.records import now
from core.workspace.workspace import Project, Workspace

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
    repeat : Repeat
        The command that repeats the journey, with its files.
    base_key : str
        Catalogue key of the base model.
    """

    tune_run: str
    base_key: str
    decision: Message
    word: str
    regimes: tuple[RegimeResults, ...]
    sentences: Mapping[str, Message]
    refusals: tuple[Message, ...]
    hashes: tuple[tuple[str, str], ...]
    repeat: Repeat
    model: Path | None


def preview_stamp(workspace: Workspace, compare_run: str) -> tuple[object, ...]:
    """Return what changes whenever :func:`preview` of the same data would; costs no reading.

    Raises
    ------
    WorkspaceError
        If the request of the comparison is missing or damaged.
    """
    compared = RunFolder(workspace.run_folder(compare_run))
    tuned = RunFolder(workspace.run_folder(str(compared.read_request()["config"]["tune_run"])))
    return (compare_run, compared.stamp(), tuned.stamp(), tuned.model.is_dir())


def preview(workspace: Workspace, dataset: QADataset, compare_run: str) -> Preview:
    """Return the decision of a comparison; raises WorkspaceError if its files are damaged."""
    from core.evaluation.verdict import promotion_allowed, sentence
    from core.reporting.advice import decision, overall_word

    config = RunFolder(workspace.run_folder(compare_run)).read_request()["config"]
    tune_run = str(config["tune_run"])
    tuned = RunFolder(workspace.run_folder(tune_run))
    comparison = load_comparison(workspace, compare_run)
    request = tuned.read_request()["config"]
    regimes = regime_results(comparison)
    words = [regime.main.word for regime in regimes if regime.main]
    return Preview(
        tune_run=tune_run,
        base_key=str(request["tuning"]["base_model"]),
        decision=decision(words),
        word=overall_word(words),
        regimes=regimes,
        sentences={regime.key: sentence(regime.main) for regime in regimes if regime.main},
        refusals=tuple(promotion_allowed(comparison)[1]),
        hashes=hashes(dataset, comparison, tuned.read_result(), _run_titles(tune_run, compare_run)),
        repeat=repeat_of(import_report(workspace, dataset.id), request),
        model=tuned.model if tuned.model.is_dir() else None,
    )


def _run_titles(tune_run: str, compare_run: str = "", score_run: str = "") -> dict[str, str]:
    titles = {
        N_("Run: experts score"): score_run,
        N_("Run: tune"): tune_run,
        N_("Run: compare"): compare_run,
    }
    return {title: run for title, run in titles.items() if run}


def report_input(project: Project, compare_run: str) -> ReportContent:
    """Return everything the report of a comparison says.

    Raises
    ------
    WorkspaceError
        If the comparison, its tuning run or its data are missing or damaged.
    """
    config = RunFolder(project.workspace.run_folder(compare_run)).read_request()["config"]
    tuned = RunFolder(project.workspace.run_folder(str(config["tune_run"])))
    dataset = project.workspace.load_dataset(str(config["dataset_id"]))
    scored = project.state.scored
    scored = scored if scored and scored.dataset_id == dataset.id else None
    score_run = scored.run_id if scored else ""
    request, result = tuned.read_request()["config"], tuned.read_result()
    comparison = load_comparison(project.workspace, compare_run)
    examined = load_examination(project.workspace, compare_run)
    return build_report_input(
        ReportSources(
            name=project.name,
            created_at=now(),
            dataset=dataset,
            import_report=import_report(project.workspace, dataset.id),
            scoring=_scoring(project.workspace, scored),
            tuning_request=request,
            tuning_result=result,
            comparison=comparison,
            weights=result.get("weights") or _weights(project.workspace, dataset, request),
            runs=_run_titles(tuned.root.name, compare_run, score_run),
            steps=step_times(
                project.workspace,
                {"score": score_run, "tune": tuned.root.name, "compare": compare_run},
            ),
            sendings=sendings(project),
            votes=opened_votes(project, dataset, tuned.root.name),
            shape=examined.shape,
            speeds=examined.costs,
            savings=savings_of(project, comparison),
            in_use=_in_use(project, tuned.root.name),
        )
    )


def _in_use(project: Project, tune_run: str) -> InUse | None:
    found = promotion(project)
    if found is None or found.run != tune_run:
        return None
    return InUse(found.who, found.at, found.reason)


def _scoring(workspace: Workspace, scored: ScoredExperts | None) -> dict[str, Any] | None:
    if scored is None:
        return None
    there = scored.run_id and RunFolder(workspace.run_folder(scored.run_id)).result.is_file()
    return to_json(scoring_result(workspace, scored)) if there or scored.measured else None


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


def exported_workbook(workspace: Workspace, compare_run: str, language: str) -> Path:
    """Return where the workbook of a comparison lies, whether or not it was made yet."""
    return exported_report(workspace, compare_run, language).with_suffix(".xlsx")


def write_report(project: Project, compare_run: str, language: str, who: str) -> Path:
    """Make report and workbook of a comparison and record it; returns the path of the report."""
    from core.reporting.html_report import render
    from core.reporting.workbook import decision_workbook

    content = report_input(project, compare_run)
    path = exported_report(project.workspace, compare_run, language)
    table = exported_workbook(project.workspace, compare_run, language)
    write_bytes(table, decision_workbook(content, language))
    write_bytes(path, render(content, language).encode())
    made = ReportMade(compare_run, language, path.name)
    project.state.report = made
    project.note("report made", who, to_json(made))
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
    split_seed: int,
    examined: Examination,
) -> Path:
    """Make report and workbook without a project, beside the model; returns the report's path.

    Parameters
    ----------
    scored : mapping
        As :func:`core.journey.experts.run_scoring` returns it.
    folder : RunFolder
        Of the tuning run, with request and result.
    examined : Examination
        What was measured besides search quality.
    """
    from core.reporting.html_report import render
    from core.reporting.workbook import decision_workbook

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
        split_seed=split_seed,
        shape=examined.shape,
        speeds=examined.costs,
    )
    path = folder.root / f"report_{language}.html"
    content = build_report_input(sources)
    write_bytes(path.with_suffix(".xlsx"), decision_workbook(content, language))
    write_bytes(path, render(content, language).encode())
    return path
