"""What a journey cost: how long its steps took, and what was sent to whom."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import WorkspaceError
from core.journey.experts import SENDING_NOTE
from core.journey.jobs import KINDS, job
from core.reporting.report_content import Sending, Step
from core.workspace.workspace import Project, Workspace


def step_times(workspace: Workspace, runs: Mapping[str, str]) -> tuple[Step, ...]:
    """Return how long the jobs took; jobs whose folder is gone are left out.

    Parameters
    ----------
    runs : mapping of ``score``, ``tune``, ``compare`` to run id
        "" = there is none.
    """
    steps = []
    for kind, run in runs.items():
        if not run:
            continue
        try:
            steps.append(Step(KINDS[kind].done, job(workspace, run).seconds))
        except WorkspaceError:
            continue
    return tuple(steps)


def sendings(project: Project) -> tuple[Sending, ...]:
    """Return every confirmed sending of texts to an API, oldest first."""
    found = []
    for note in project.workspace.records.audit_trail(project.id):
        if note["what"] != SENDING_NOTE:
            continue
        detail = note["detail"]
        cost = detail.get("cost")
        found.append(
            Sending(
                host=str(detail.get("host", "")),
                model=str(detail.get("model", "")),
                texts=int(detail.get("questions", 0)) + int(detail.get("answers", 0)),
                cost=None if cost is None else float(cost),
                who=str(note["who"]),
                at=str(note["at"]),
            )
        )
    return tuple(found)
