"""Taking a tuned model into use: refused by the guard, overruled by a person with a reason."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import ComparisonError
from core.evaluation.verdict import promotion_allowed
from core.types import Comparison
from core.workspace.workspace import Project

PROMOTED, OVERRULED, WITHDRAWN = "model promoted", "refusal overruled", "model withdrawn"
LEAST_REASON = 10  # characters: "ok" is no reason that anybody could follow later


@dataclass(frozen=True)
class Promotion:
    """Which model a project decided to use.

    Attributes
    ----------
    run, comparison_id : str
        The tuning run, and the comparison that was looked at.
    overruled : tuple of str
        English reasons of the guard that were overruled; empty where it had none.
    reason : str
        Why it was overruled, in the person's words.
    who, at : str
    """

    run: str
    comparison_id: str
    overruled: tuple[str, ...]
    reason: str
    who: str
    at: str


def promote(
    project: Project,
    comparison: Comparison,
    who: str,
    *,
    reason: str = "",
) -> None:
    """Record that a project takes a tuned model into use.

    Parameters
    ----------
    reason : str
        Needed where the guard refuses: why it is overruled.

    Raises
    ------
    ComparisonError
        If the guard refuses and no reason is given.
    """
    allowed, refusals = promotion_allowed(comparison)
    reason = " ".join(reason.split())
    if not allowed and len(reason) < LEAST_REASON:
        raise ComparisonError(
            "The model is refused for {count} reasons. To use it all the same, say why in at "
            "least {least} characters; it is recorded with your name.",
            count=len(refusals),
            least=LEAST_REASON,
        )
    detail = {
        "run": comparison.run_id,
        "comparison": comparison.id,
        "overruled": [str(refusal) for refusal in refusals],
        "reason": "" if allowed else reason,
    }
    project.note(PROMOTED if allowed else OVERRULED, who, detail)


def withdraw(project: Project, who: str) -> None:
    """Record that no tuned model is in use any more."""
    project.note(WITHDRAWN, who, {})


def promotion(project: Project) -> Promotion | None:
    """Return the model in use, None where there is none; nothing of the past is ever deleted."""
    for line in reversed(project.workspace.records.audit_trail(project.id)):
        if line["what"] == WITHDRAWN:
            return None
        if line["what"] in (PROMOTED, OVERRULED):
            detail = line["detail"]
            return Promotion(
                run=str(detail["run"]),
                comparison_id=str(detail["comparison"]),
                overruled=tuple(detail["overruled"]),
                reason=str(detail["reason"]),
                who=line["who"],
                at=line["at"],
            )
    return None
