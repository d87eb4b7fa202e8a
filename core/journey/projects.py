"""Projects: make, find, rename, delete; and the sample projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.messages import N_
from core.workspace.workspace import Project, Workspace

SAMPLES_FOLDER = Path(__file__).resolve().parents[2] / "sample_data"


@dataclass(frozen=True)
class Sample:
    """A sample file that ships with the product."""

    file: str
    title: str
    language: str


SAMPLES: Mapping[str, Sample] = {
    "en": Sample("shop_faq_en.csv", N_("Outdoor shop FAQ (English)"), "en"),
    "ja": Sample("shop_faq_ja.xlsx", N_("Kitchenware shop FAQ (Japanese)"), "ja"),
}


def projects(workspace: Workspace) -> list[Project]:
    """Return the projects of a workspace, newest first."""
    return workspace.projects()


def find_project(workspace: Workspace, project_id: str) -> Project:
    """Return one project; raises WorkspaceError if it is not there."""
    return workspace.project(project_id)


def create_project(workspace: Workspace, name: str, who: str) -> Project:
    """Make an empty project; raises WorkspaceError if the name is empty or taken."""
    return workspace.create_project(name, who)


def rename_project(project: Project, name: str, who: str) -> None:
    """Rename a project; raises WorkspaceError if the name is empty or taken."""
    project.workspace.records.rename_project(project.id, name, who)


def delete_project(project: Project, who: str) -> None:
    """Stop the project's jobs and hide it; its records stay for the audit trail."""
    from core.journey.jobs import jobs_of, stop

    for job in jobs_of(project):
        if not job.is_final:
            stop(project.workspace, job.id)
    project.workspace.records.delete_project(project.id, who)


def create_sample_project(workspace: Workspace, key: str, title: str, who: str) -> Project:
    """Make a project from sample data, ready for the choice of experts.

    Parameters
    ----------
    key : str
        ``en`` or ``ja``.
    title : str
        Name of the project in the user's language; numbered if it is taken.
    """
    from core.journey.data import import_file

    sample = SAMPLES[key]
    taken = {project.name.casefold() for project in projects(workspace)}
    numbered = (f"{title} {number}" if number > 1 else title for number in range(1, 10_000))
    name = next(name for name in numbered if name.casefold() not in taken)
    project = workspace.create_project(name, who)
    content = (SAMPLES_FOLDER / sample.file).read_bytes()
    import_file(project, content, sample.file, who=who)
    return find_project(workspace, project.id)
