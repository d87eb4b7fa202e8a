"""Which comparison of a tuned model is the newest."""

from __future__ import annotations

from core.jobs.state import FINISHED
from core.journey.jobs import COMPARE, jobs_of
from core.workspace.workspace import Project


def newest_comparison(project: Project, tune_run: str) -> str | None:
    """Return the run id of the newest finished comparison of a tuned model on the present data."""
    return next(
        (
            job.id
            for job in jobs_of(project, COMPARE)
            if job.state == FINISHED
            and job.config.get("tune_run") == tune_run
            and job.config.get("dataset_id") == project.dataset_id
        ),
        None,
    )
