"""Experts score the data: what can be chosen, the job, and how good each one is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ExpertError, WorkspaceError
from core.evaluation.expert_panel import ExpertFigures, measured
from core.experts.api import ApiExpert
from core.experts.api_connection import ApiConnection
from core.experts.catalogue import catalogue, find_entry
from core.experts.source import Availability, CatalogueEntry, ExpertSource, ScoringContext
from core.jobs.folder import RunFolder
from core.journey.api_experts import api_experts
from core.journey.api_sending import agree_to_send, sending_experts
from core.journey.jobs import IN_BACKGROUND, SCORE, Start, launch_job, workspace_of
from core.messages import N_, Message
from core.progress import Progress
from core.types import (
    PairScores,
    QADataset,
    Reporter,
)
from core.types.project import ScoredExperts
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.experts.api import SendPlan


@dataclass(frozen=True)
class ExpertCard:
    """One expert as the user chooses it.

    Attributes
    ----------
    suggested : bool
        Whether it belongs to the default panel for the language of the data.
    seconds : float or None
        Estimated scoring time on this machine; None before anything was measured.
    """

    entry: CatalogueEntry
    availability: Availability
    suggested: bool
    seconds: float | None


@dataclass(frozen=True, eq=False)
class ScoringReport:
    """What a finished scoring job found.

    Attributes
    ----------
    agreement : float64 array [K, K]
        Spearman correlations between experts, in the order of ``figures``.
    failures : mapping of expert to Message
        Experts that could not score, and why.
    """

    run_id: str
    figures: tuple[ExpertFigures, ...]
    agreement: np.ndarray
    failures: Mapping[str, Message]


def all_experts(workspace: Workspace) -> list[tuple[ExpertSource, Availability]]:
    """Return the experts that came with the app or can be had, and whether they are at hand."""
    return [(expert, expert.availability(workspace.models)) for expert in catalogue().values()]


def suggested_experts(dataset: QADataset) -> tuple[str, ...]:
    """Return the keys of the default panel for the language of the data."""
    from core.data.checks import guess_language
    from core.experts.catalogue import default_experts

    return default_experts(guess_language(dataset.questions))


def check_experts(experts: Sequence[str]) -> None:
    """Raise ExpertError if there is no expert of one of these keys."""
    for key in experts:
        find_entry(key)


def expert_cards(
    workspace: Workspace,
    dataset: QADataset,
    folders: Sequence[str] = (),
    connections: Sequence[ApiConnection] = (),
) -> list[ExpertCard]:
    """Return every expert that can be chosen for a dataset.

    Parameters
    ----------
    folders : sequence of str
        Keys ``local:<path>`` of model folders that the user added.
    connections : sequence of ApiConnection
        Embeddings APIs that the user added.
    """
    from core.experts.catalogue import estimate_seconds

    suggested = set(suggested_experts(dataset))
    experts = [*catalogue().values(), *(find_entry(key) for key in folders)]
    experts += [ApiExpert.of(connection) for connection in connections]
    return [
        ExpertCard(
            expert,
            expert.availability(workspace.models),
            expert.key in suggested,
            estimate_seconds(expert, dataset, workspace.models),
        )
        for expert in experts
    ]


def launch_scoring(
    project: Project,
    experts: Sequence[str],
    who: str,
    *,
    agreed: Sequence[SendPlan] | None = (),
    environment: Mapping[str, str] | None = None,
    start: Start = IN_BACKGROUND,
) -> str:
    """Start a job in which experts score the project's data; returns the run id.

    Parameters
    ----------
    agreed : sequence of SendPlan
        What the user agreed to send to APIs; None where nobody can be asked: of experts behind
        APIs only what is in the cache is used.
    environment : mapping or None
        Keys of APIs for the worker, where this process's environment does not hold them.
    start : callable
        See :func:`core.journey.jobs.launch_job`.

    Raises
    ------
    ExpertError
        If no expert is chosen, a key is unknown, or texts would be sent that nobody agreed to.
    """
    if not experts:
        raise ExpertError("No expert is chosen. Choose at least one, better three or more.")
    check_experts(experts)
    config = {"dataset_id": project.dataset_id, "experts": list(experts)}
    if agreed is not None:
        config |= agree_to_send(project, experts, agreed, who, environment)
    return launch_job(project, SCORE, config, who, environment, start)


def score_step(folder: RunFolder, request: Mapping[str, Any], report: Reporter) -> dict[str, Any]:
    """Worker step: score, measure, and make the experts the ones in use."""
    workspace = workspace_of(folder)
    config = request["config"]
    dataset = workspace.load_dataset(config["dataset_id"])
    apis = sending_experts(workspace, config, os.environ)
    result = run_scoring(workspace, dataset, config["experts"], report, apis)
    experts = tuple(figures["expert"] for figures in result["figures"])
    project = workspace.project(str(request["project_id"]))
    # New data may have been imported meanwhile: scores of the old must not take their place.
    if project.dataset_id == dataset.id:
        project.state.scored = ScoredExperts(dataset.id, experts, folder.root.name)
    return result


def run_scoring(
    workspace: Workspace,
    dataset: QADataset,
    experts: Sequence[str],
    report: Reporter,
    apis: Mapping[str, ExpertSource] | None = None,
) -> dict[str, Any]:
    """Score a dataset with experts and measure each, as a JSON document.

    Parameters
    ----------
    apis : mapping of key to ExpertSource, or None
        Experts behind APIs that may send texts; None: only what is in the cache is used.

    Raises
    ------
    ExpertError
        If every expert failed; the text holds the reason of the first.
    """
    from core.experts.scoring import score_dataset

    context = _context(workspace, api_experts(workspace, experts) if apis is None else apis)
    scoring = score_dataset(dataset, list(experts), context, Progress(report, 0.0, 0.92))
    if not scoring.scores:
        raise ExpertError(
            "No expert could score the data. The first reason: {reason}",
            reason=str(next(iter(scoring.failures.values()))),
        )
    report.progress(0.93, Message(N_("Measuring how good each expert is")))
    return measured(
        dataset,
        scoring.scores,
        seconds=scoring.seconds,
        encoded=scoring.encoded,
        failures=scoring.failures,
    )


def scoring_report(project: Project) -> ScoringReport | None:
    """Return what the scores in use say about the experts, None before the first scoring."""
    from core.documents import from_json

    kept = project.state.scored
    if kept is None or kept.dataset_id != project.dataset_id:
        return None
    result = scoring_result(project.workspace, kept)
    try:
        return ScoringReport(
            kept.run_id,
            tuple(from_json(ExpertFigures, figures) for figures in result["figures"]),
            np.array(result["agreement"]),
            {key: Message.from_json(reason) for key, reason in result["failures"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise WorkspaceError(
            "The result of the scoring {run} is damaged ({reason}). Let the experts score again.",
            run=kept.run_id,
            reason=f"{type(error).__name__}: {error}",
        ) from error


def scoring_result(workspace: Workspace, scored: ScoredExperts) -> dict[str, Any]:
    """Return the figures of the experts in use: of the job, or of the last change without one.

    Parameters
    ----------
    scored : ScoredExperts
        The experts in use.
    """
    if scored.measured:
        return dict(scored.measured)
    return RunFolder(workspace.run_folder(scored.run_id)).read_result()


def load_expert_scores(
    workspace: Workspace, dataset: QADataset, experts: Sequence[str]
) -> list[PairScores]:
    """Read the scores of experts from the cache; raises ExpertError if one has not scored yet."""
    from core.experts.scoring import load_scores

    context = _context(workspace, api_experts(workspace, experts))
    return [load_scores(dataset, key, context) for key in experts]


def _context(workspace: Workspace, apis: Mapping[str, ExpertSource]) -> ScoringContext:
    return ScoringContext(workspace.models, workspace.vectors, workspace.score_files, apis=apis)
