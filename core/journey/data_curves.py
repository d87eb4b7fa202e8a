"""The curves over the amount of data of a project."""

from __future__ import annotations

from dataclasses import dataclass

from core.documents import from_json
from core.errors import AppError
from core.jobs.state import JobView
from core.journey.data_curve import CurveRequest
from core.journey.data_curve_result import DataCurve, read_curve
from core.journey.jobs import DATA_CURVE, jobs_of
from core.messages import Message
from core.workspace.workspace import Project, Workspace


@dataclass(frozen=True)
class CurveJob:
    """One job as a page shows it; ``request`` is None, with a ``problem``, where it is damaged."""

    job: JobView
    request: CurveRequest | None
    problem: Message | None = None

    def is_of(self, dataset_id: str | None) -> bool:
        """Return True if the job used this dataset."""
        return self.job.config.get("dataset_id") == dataset_id


def data_curves(project: Project) -> list[CurveJob]:
    """Return the jobs of a project, newest first; none that is damaged stops the others."""
    found = []
    for view in jobs_of(project, DATA_CURVE):
        try:
            found.append(CurveJob(view, from_json(CurveRequest, view.config)))
        except AppError as error:
            found.append(CurveJob(view, None, error.message))
    return found


def curve_result(workspace: Workspace, one: CurveJob) -> DataCurve:
    """Return the curve as far as it came."""
    assert one.request is not None
    return read_curve(workspace.run_folder(one.job.id), one.request)
