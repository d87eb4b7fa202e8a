"""The experts in use change without a job: scores that are at hand join or leave at once."""

from __future__ import annotations

from typing import Any

from core.journey.measuring import measured
from core.journey.scoring import load_expert_scores, scoring_report
from core.journey.status import scored_experts
from core.types import QADataset
from core.workspace.records import Project
from core.workspace.workspace import Workspace


def join_panel(workspace: Workspace, project: Project, dataset: QADataset, key: str) -> None:
    """Add an expert whose scores are there to those in use, and measure all of them anew.

    Raises
    ------
    ExpertError
        If the expert has not scored this dataset.
    """
    present = scored_experts(workspace, project)
    _use(workspace, project, dataset, tuple(dict.fromkeys((*present, key))))


def leave_panel(workspace: Workspace, project: Project, dataset: QADataset, key: str) -> None:
    """Take an expert off those in use; does nothing if it is not among them."""
    present = scored_experts(workspace, project)
    if key in present:
        _use(workspace, project, dataset, tuple(one for one in present if one != key))


def _use(
    workspace: Workspace, project: Project, dataset: QADataset, experts: tuple[str, ...]
) -> None:
    if not experts:
        workspace.records.set(project.id, "scored", {})
        return
    kept: dict[str, Any] = workspace.records.get(project.id, "scored", {})
    before = scoring_report(workspace, project)
    figures = before.figures if before else ()
    result = measured(
        dataset,
        load_expert_scores(workspace, dataset, experts),
        seconds={one.expert: one.seconds for one in figures},
        encoded={one.expert: one.texts_encoded for one in figures},
        failures=before.failures if before else {},
    )
    workspace.records.set(
        project.id,
        "scored",
        {
            "dataset_id": dataset.id,
            "experts": list(experts),
            "run_id": kept.get("run_id", "") if before else "",
            "measured": result,
        },
    )
