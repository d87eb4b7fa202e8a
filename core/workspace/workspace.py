"""One workspace: its folders, records, datasets and caches; and one project in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from core.errors import DataError, RightsError, WorkspaceError
from core.types import QADataset
from core.types.rights import (
    ONE_PLACE,
    OPERATOR,
    OWNER,
    SEE,
    VOTE,
    VOTER,
    Action,
    Member,
    Person,
    ask,
    ask_to_create,
    may,
)
from core.workspace.datasets import PairFiles, load_dataset, load_report, save_dataset
from core.workspace.modelstore import ModelStore
from core.workspace.project_state import ProjectState
from core.workspace.records import ProjectRecord, Records, sqlite_url
from core.workspace.scorefiles import ScoreFiles
from core.workspace.vectors import VectorCache

WORKSPACE_VARIABLE = "WORKSPACE"
P = ParamSpec("P")
Result = TypeVar("Result")
Linked = TypeVar("Linked")  # what lies behind a link: a round, the plan of a search page


@dataclass(frozen=True)
class Layout:
    """Folders of one workspace.

    Attributes
    ----------
    root : Path
        Everything a user would miss lies below this folder.
    """

    root: Path

    @property
    def database(self) -> Path:
        """Records, unless ``$DATABASE_URL`` points elsewhere."""
        return self.root / "records.db"

    @property
    def datasets(self) -> Path:
        """One folder per dataset id."""
        return self.root / "datasets"

    @property
    def vectors(self) -> Path:
        """Embedding cache, one folder per expert fingerprint."""
        return self.root / "vectors"

    @property
    def models(self) -> Path:
        """Converted and downloaded models."""
        return self.root / "models"

    @property
    def scores(self) -> Path:
        """Scores that people uploaded, one folder per dataset id."""
        return self.root / "scores"

    @property
    def run_files(self) -> Path:
        """Result lists of other searches that people uploaded, by content hash."""
        return self.root / "run_files"

    @property
    def runs(self) -> Path:
        """One folder per background job."""
        return self.root / "runs"

    @property
    def queue(self) -> Path:
        """Who waits for which device; made by the first that waits."""
        return self.root / "queue"

    @property
    def probes(self) -> Path:
        """Short measurements before a run, one folder each, laid out like a background job."""
        return self.root / "probes"

    @property
    def exports(self) -> Path:
        """Reports and model archives made for download."""
        return self.root / "exports"

    def create(self) -> Layout:
        """Make the folders that are missing.

        Raises
        ------
        WorkspaceError
            If a folder cannot be made, with the reason of the operating system.
        """
        try:
            os.umask(0o077)  # what this process makes is for its own account alone
            for folder in (self.datasets, self.vectors, self.models, self.runs, self.exports):
                folder.mkdir(parents=True, exist_ok=True)
            self._for_its_owner_alone()
        except OSError as error:
            raise WorkspaceError(
                "The workspace {folder} cannot be used: {reason}. Make the folder writable, or "
                "start the app with the environment variable WORKSPACE set to another folder.",
                folder=str(self.root),
                reason=error.strerror or str(error),
            ) from error
        return self

    def _for_its_owner_alone(self) -> None:
        """Close folders to others (0700) and the records to all but their owner (0600).

        A folder that belongs to somebody else stays as it is: its owner decides.
        """
        files = [
            self.database.with_name(f"{self.database.name}{end}") for end in ("", "-wal", "-shm")
        ]
        folders = (self.root, *(path for path in self.root.iterdir() if path.is_dir()))
        for path, mode in (*((f, 0o700) for f in folders), *((f, 0o600) for f in files)):
            with suppress(PermissionError, FileNotFoundError):
                if path.stat().st_mode & 0o077:
                    path.chmod(mode)


def _default_root() -> Path:
    """Return ``$WORKSPACE``, or ``workspace`` below the current folder."""
    return Path(os.environ.get(WORKSPACE_VARIABLE) or "workspace").expanduser().resolve()


@dataclass(frozen=True)
class Workspace:
    """Everything that outlives a browser tab.

    Attributes
    ----------
    layout : Layout
    records : Records
    vectors : VectorCache
    models : ModelStore
    person : Person
        Who acts through this handle. Terminals and workers may do everything; pages hand on the
        workspace with the visitor in it, see :meth:`acting`.
    """

    layout: Layout
    records: Records
    vectors: VectorCache
    models: ModelStore
    person: Person = OPERATOR

    @classmethod
    def open(cls, root: Path | None = None) -> Workspace:
        """Open a workspace, making it if it is not there.

        Parameters
        ----------
        root : Path or None
            None takes ``$WORKSPACE`` or ``./workspace``; ``$DATABASE_URL`` says where records lie.

        Raises
        ------
        WorkspaceError
            If the folder or the database cannot be used.
        """
        layout = Layout(_default_root() if root is None else root.resolve()).create()
        url = os.environ.get("DATABASE_URL") or sqlite_url(layout.database)
        return cls(layout, Records(url), VectorCache(layout.vectors), ModelStore(layout.models))

    @property
    def score_files(self) -> ScoreFiles:
        """Scores that people uploaded."""
        return ScoreFiles(self.layout.scores)

    @property
    def pair_files(self) -> PairFiles:
        """Pairs that were drawn to look at and to fit on."""
        return PairFiles(self.layout.datasets)

    def save_dataset(self, dataset: QADataset, report: dict[str, Any]) -> None:
        """Keep a dataset and what its import reported."""
        save_dataset(self.layout.datasets, dataset, report)

    def load_dataset(self, dataset_id: str) -> QADataset:
        """Read a dataset back; raises WorkspaceError if it is missing or damaged."""
        return load_dataset(self.layout.datasets, dataset_id)

    def load_import_report(self, dataset_id: str) -> dict[str, Any]:
        """Return what the import of a dataset reported."""
        return load_report(self.layout.datasets, dataset_id)

    def count_questions(self, dataset_id: str) -> int | None:
        """Return how many different questions an import found, None where it does not say."""
        count = self.load_import_report(dataset_id).get("summary", {}).get("questions")
        return count if isinstance(count, int) else None

    def run_folder(self, run_id: str) -> Path:
        """Return the folder of a background job; an id is never a path."""
        return self.layout.runs / Path(run_id).name

    def acting(self, person: Person) -> Workspace:
        """Return the workspace as a person has it before them."""
        return replace(self, person=person)

    def projects(self) -> list[Project]:
        """Return the projects that the person may see and that were not deleted, newest first."""
        projects = [Project(self, record) for record in self.records.projects()]
        if may(self.person.everywhere, SEE):
            return projects
        # One query for all: the sidebar asks with every click.
        members = ProjectState.members.of_all(self.records)
        roles = {p.id: self.person.role_among(members.get(p.id, ())) for p in projects}
        return [project for project in projects if may(roles[project.id], SEE)]

    def project(self, project_id: str) -> Project:
        """Return one project.

        Raises
        ------
        WorkspaceError
            If it does not exist or was deleted.
        RightsError
            If the person has nothing to do with it.
        """
        project = Project(self, self.records.project(project_id))
        project.demand(VOTE)
        return project

    def behind_link(self, found: tuple[str, Linked] | None) -> tuple[Project, Linked]:
        """Return what a link leads to, with its project.

        Parameters
        ----------
        found : (project id, what lies behind the link) or None
            None = nothing does.

        Raises
        ------
        DataError
            If the link leads nowhere, or not any more.
        RightsError
            If the person has nothing to do with the project.
        """
        if found is not None:
            with suppress(WorkspaceError):  # the project was deleted
                return self.project(found[0]), found[1]
        raise DataError("This link leads nowhere, or not any more. Ask for the link again.")

    def create_project(self, name: str, who: str) -> Project:
        """Add a project, whose owner is the person who signed in.

        Raises
        ------
        WorkspaceError
            If the name is empty or taken.
        RightsError
            If the person came by a link.
        """
        ask_to_create(self.person)
        with self.records.alone():
            who = self.person.recorded_as(who)
            made = Project(self, self.records.create_project(name, who))
            if self.person.signed_in:
                made.state.members = (Member(self.person.name.casefold(), OWNER),)
        return made

    def ask_about_run(self, run_id: str, action: Action) -> None:
        """Raise RightsError unless the person may do this with a job of whatever project."""
        if may(self.person.everywhere, action):
            return
        owner = self.records.project_of_run(run_id)
        if owner is None:
            ask(self.person, None, action, "")
        else:
            self.project(owner).demand(action)


@dataclass(frozen=True)
class Project:
    """One project with the workspace it lies in: what a step of the journey works on.

    The record is as it was when the project was opened; :attr:`state` is always as of now.
    """

    workspace: Workspace
    record: ProjectRecord

    @property
    def id(self) -> str:
        """Id of the project, also in links."""
        return self.record.id

    @property
    def name(self) -> str:
        """What people call it."""
        return self.record.name

    @property
    def created_at(self) -> str:
        """Time in UTC, ISO 8601."""
        return self.record.created_at

    @property
    def dataset_id(self) -> str | None:
        """The dataset in use, None before the first upload."""
        return self.record.dataset_id

    @property
    def state(self) -> ProjectState:
        """What the project has chosen so far."""
        return ProjectState(self.workspace.records, self.id)

    @property
    def role(self) -> str | None:
        """Role of the person who acts, None without any."""
        person = self.workspace.person
        given = person.role_among(self.state.members if person.signed_in else ())
        if given is None and person.link:
            asked = self.workspace.records.ask_round(person.link)
            if asked is not None:
                return VOTER if asked[0] == self.id else None
            piloted = self.workspace.records.plan_of_link(person.link)
            if piloted is not None:
                return VOTER if piloted[0] == self.id else None
            rounds = self.workspace.records.vote_rounds(self.id)
            return VOTER if any(round_.id == person.link for round_ in rounds) else None
        return given

    def may(self, action: Action) -> bool:
        """Return whether the person who acts may do this here."""
        return may(self.role, action)

    def demand(self, action: Action) -> None:
        """Raise RightsError unless the person who acts may do this here."""
        ask(self.workspace.person, self.role, action, self.name)

    def keep_to_link(self, link: str) -> None:
        """Raise RightsError if the person came by another link and has no other role here."""
        if self.role == VOTER and link != self.workspace.person.link:
            raise RightsError(ONE_PLACE)

    def load_dataset(self) -> QADataset:
        """Read the dataset in use; raises WorkspaceError if there is none or it is damaged."""
        return self.workspace.load_dataset(self.dataset_id or "")

    def note(self, what: str, who: str, detail: Mapping[str, Any]) -> None:
        """Add a line to the audit trail, under the address of whoever signed in."""
        self.workspace.records.note(self.id, what, self.workspace.person.recorded_as(who), detail)


def asks(action: Action) -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """Let a step of the journey begin by asking whether the person may do this.

    The step's first parameter is a project, or a workspace with the id of a run after it. What is
    asked stands in the step's attribute ``asks``. Whoever signed in is the step's ``who``, whatever
    name is handed in.

    Examples
    --------
    ::

        @asks(DELETE)
        def delete_project(project: Project, who: str) -> None: ...
    """

    def guard(step: Callable[P, Result]) -> Callable[P, Result]:
        form = signature(step)

        @wraps(step)
        def asked(*args: P.args, **settings: P.kwargs) -> Result:
            given = form.bind_partial(*args, **settings)
            place, *others = given.arguments.values()
            if isinstance(place, Project):
                place.demand(action)
                person = place.workspace.person
            else:
                assert isinstance(place, Workspace)
                place.ask_about_run(str(others[0]), action)
                person = place.person
            if "who" in given.arguments:
                given.arguments["who"] = person.recorded_as(given.arguments["who"])
            return step(*given.args, **given.kwargs)

        asked.asks = action  # type: ignore[attr-defined]
        return asked

    return guard
