"""The experts in use change without a job: scores that are at hand join or leave at once."""

from __future__ import annotations

from core.evaluation.expert_panel import measured
from core.journey.projects import scored_experts
from core.journey.scoring import load_expert_scores, scoring_report
from core.types import QADataset
from core.types.project import ScoredExperts
from core.workspace.workspace import Project


def join_panel(project: Project, dataset: QADataset, key: str) -> None:
    """Add an expert whose scores are there to those in use, and measure all of them anew.

    Raises
    ------
    ExpertError
        If the expert has not scored this dataset.
    """
    present = scored_experts(project)
    _use(project, dataset, tuple(dict.fromkeys((*present, key))))


def leave_panel(project: Project, dataset: QADataset, key: str) -> None:
    """Take an expert off those in use; does nothing if it is not among them."""
    present = scored_experts(project)
    if key in present:
        _use(project, dataset, tuple(one for one in present if one != key))


def _use(project: Project, dataset: QADataset, experts: tuple[str, ...]) -> None:
    if not experts:
        project.state.scored = None
        return
    kept = project.state.scored
    before = scoring_report(project)
    figures = before.figures if before else ()
    result = measured(
        dataset,
        load_expert_scores(project.workspace, dataset, experts),
        seconds={one.expert: one.seconds for one in figures},
        encoded={one.expert: one.texts_encoded for one in figures},
        failures=before.failures if before else {},
    )
    project.state.scored = ScoredExperts(
        dataset.id, experts, kept.run_id if kept and before else "", result
    )
