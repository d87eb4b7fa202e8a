"""The savings calculator's figures: kept for the report, worked out from the verdict."""

from __future__ import annotations

from core.documents import from_json, to_json
from core.errors import AppError
from core.evaluation.cost import Savings, SavingsInput, savings
from core.types import Comparison
from core.workspace.workspace import Project


def save_savings(project: Project, inputs: SavingsInput, who: str) -> None:
    """Keep the user's figures, so that the report prints the same."""
    project.state.savings = to_json(inputs)
    project.note("savings figures", who, to_json(inputs))


def saved_inputs(project: Project) -> SavingsInput | None:
    """Return the figures kept last, None where there are none or they cannot be read."""
    kept = project.state.savings
    if not isinstance(kept, dict):
        return None
    try:
        return from_json(SavingsInput, kept)
    except AppError:
        return None


def savings_of(project: Project, comparison: Comparison) -> Savings | None:
    """Return what the report prints: None before figures were kept, or without that measure."""
    inputs = saved_inputs(project)
    if inputs is None:
        return None
    difference = comparison.difference(inputs.regime, inputs.measure)
    return None if difference is None else savings(inputs, difference)
