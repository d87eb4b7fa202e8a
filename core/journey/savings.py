"""The savings calculator's figures: kept for the report, worked out from the verdict."""

from __future__ import annotations

from core.documents import from_json, to_json
from core.errors import AppError
from core.evaluation.cost import Savings, SavingsInput, savings
from core.types import Comparison
from core.workspace.records import Project
from core.workspace.workspace import Workspace

_KEY = "savings"


def save_savings(workspace: Workspace, project: Project, inputs: SavingsInput, who: str) -> None:
    """Keep the user's figures, so that the report prints the same."""
    workspace.records.set(project.id, _KEY, to_json(inputs))
    workspace.records.note(project.id, "savings figures", who, to_json(inputs))


def saved_inputs(workspace: Workspace, project: Project) -> SavingsInput | None:
    """Return the figures kept last, None where there are none or they cannot be read."""
    kept = workspace.records.get(project.id, _KEY)
    if not isinstance(kept, dict):
        return None
    try:
        return from_json(SavingsInput, kept)
    except AppError:
        return None


def savings_of(workspace: Workspace, project: Project, comparison: Comparison) -> Savings | None:
    """Return what the report prints: None before figures were kept, or without that measure."""
    inputs = saved_inputs(workspace, project)
    if inputs is None:
        return None
    difference = comparison.difference(inputs.regime, inputs.measure)
    return None if difference is None else savings(inputs, difference)
