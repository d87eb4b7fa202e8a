"""How far a project is: which stops are done, which is open, what is missing."""

from __future__ import annotations

from dataclasses import dataclass

from core.jobs.state import CANCELLED, FINISHED, JobView
from core.journey.jobs import COMPARE, TUNE, jobs_of
from core.messages import N_, Message
from core.workspace.workspace import Project, Workspace

DONE, OPEN, MISSING = "done", "open", "missing"
STOPS = ("data", "experts", "labels", "tune", "compare", "report")


@dataclass(frozen=True)
class Stop:
    """One stop of the journey.

    Attributes
    ----------
    state : str
        ``done``, ``open`` (can be done now) or ``missing`` (something before it is not done).
    missing : str or None
        Key of the stop that must be done first.
    """

    key: str
    state: str
    missing: str | None = None


MISSING_TEXT: dict[str, Message] = {
    "data": Message(N_("Upload your questions and answers first.")),
    "experts": Message(N_("Let experts score your data first.")),
    "labels": Message(N_("Save a label recipe first.")),
    "tune": Message(N_("Fine-tune a model first.")),
    "compare": Message(N_("Compare before and after first.")),
}
_NEEDS = {
    "data": None,
    "experts": "data",
    "labels": "experts",
    "tune": "labels",
    "compare": "tune",
    "report": "compare",
}


def finished_runs(project: Project, kind: str) -> list[JobView]:
    """Return the finished jobs of a kind on the project's present dataset, newest first."""
    return [
        view
        for view in jobs_of(project, kind)
        if view.config.get("dataset_id") == project.dataset_id
        and (
            view.state == FINISHED
            or (view.state == CANCELLED and has_model(project.workspace, view))
        )
    ]


def has_model(workspace: Workspace, view: JobView) -> bool:
    """Return True if a run left a model behind, which a cancelled one may have."""
    folder = workspace.run_folder(view.id)
    return view.kind == TUNE and all((folder / name).exists() for name in ("result.json", "model"))


def scored_experts(project: Project) -> tuple[str, ...]:
    """Return the experts whose scores are ready for the project's present dataset."""
    kept = project.state.scored
    if kept is None or kept.dataset_id != project.dataset_id:
        return ()
    return kept.experts


def chosen_recipe_id(project: Project) -> str | None:
    """Return the label recipe in use, None before one was saved for this dataset's experts."""
    if not scored_experts(project):
        return None
    state = project.state
    recipe_id = state.recipe_id
    # A recipe chosen for data that were replaced since may name experts that never read the new.
    chosen_for = state.recipe_dataset or project.dataset_id
    return str(recipe_id) if recipe_id and chosen_for == project.dataset_id else None


def journey_status(project: Project | None) -> tuple[Stop, ...]:
    """Return the six stops of the journey with their states."""
    done = {key: False for key in STOPS}
    if project is not None:
        done["data"] = project.dataset_id is not None
        done["experts"] = bool(scored_experts(project))
        done["labels"] = chosen_recipe_id(project) is not None
        done["tune"] = done["labels"] and bool(finished_runs(project, TUNE))
        compared = finished_runs(project, COMPARE) if done["tune"] else []
        done["compare"] = bool(compared)
        reported = project.state.report
        done["report"] = (
            bool(compared) and reported is not None and reported.run_id == compared[0].id
        )
    stops = []
    for key in STOPS:
        need = _NEEDS[key]
        # An early stop may be repeated at any time, but what it feeds must exist.
        blocked = need is not None and not done[need]
        state = DONE if done[key] and not blocked else MISSING if blocked else OPEN
        stops.append(Stop(key, state, _first_missing(key, done) if blocked else None))
    return tuple(stops)


def _first_missing(key: str, done: dict[str, bool]) -> str | None:
    """Return the earliest stop before ``key`` that is not done."""
    return next((k for k in STOPS[: STOPS.index(key)] if not done[k]), None)
