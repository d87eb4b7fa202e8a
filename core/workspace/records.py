"""Records that people make: projects, settings, recipes, overrides, runs and the audit trail.

SQLite in WAL mode by default, any SQLAlchemy URL through ``$DATABASE_URL`` for teams.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from core.documents import from_json, to_json
from core.errors import WorkspaceError
from core.types import LabelRecipe, Override
from core.types.recipes import SavedRecipe
from core.workspace.audit import (
    AuditCheck,
    AuditEntry,
    AuditExport,
    Seal,
    check_trail,
    sealed,
)
from core.workspace.database import now, sqlite_url
from core.workspace.feedback import AskRecords, NoteRecords, RatingRecords, VoteRecords
from core.workspace.pilot_records import PilotRecords
from core.workspace.registry_records import RegistryRecords

__all__ = ["ProjectRecord", "Records", "RunRecord", "SavedRecipe", "now", "sqlite_url"]


@dataclass(frozen=True)
class ProjectRecord:
    """One project: a name and the dataset in use (None before the first upload)."""

    id: str
    name: str
    created_at: str
    dataset_id: str | None


@dataclass(frozen=True)
class RunRecord:
    """A background job of a project; its state is read from its run folder."""

    id: str
    project_id: str
    kind: str
    at: str


class Records(RatingRecords, VoteRecords, NoteRecords, AskRecords, PilotRecords, RegistryRecords):
    """The records database of one workspace: what people say, too; see Database."""

    def create_project(self, name: str, who: str) -> ProjectRecord:
        """Add a project and return it.

        Raises
        ------
        WorkspaceError
            If the name is empty or already used by another open project.
        """
        with self.alone():
            name = self._free_name(name)
            project = ProjectRecord(uuid.uuid4().hex[:12], name, now(), None)
            self._add(self._tables.projects, **asdict(project))
            self.note(project.id, "project created", who, {"name": name})
        return project

    def _free_name(self, name: str, but: str = "") -> str:
        name = " ".join(name.split())[:120]
        if not name:
            raise WorkspaceError("A project needs a name. Type one and try again.")
        if any(p.name.casefold() == name.casefold() and p.id != but for p in self.projects()):
            raise WorkspaceError(
                "There is already a project named {name}. Choose another name.", name=name
            )
        return name

    def projects(self) -> list[ProjectRecord]:
        """Return all projects that were not deleted, newest first."""
        table = self._tables.projects
        query = table.select().where(table.c.deleted_at.is_(None)).order_by(table.c.created_at)
        return [ProjectRecord(r.id, r.name, r.created_at, r.dataset_id) for r in self._read(query)][
            ::-1
        ]

    def project(self, project_id: str) -> ProjectRecord:
        """Return one project.

        Raises
        ------
        WorkspaceError
            If it does not exist or was deleted.
        """
        found = next((p for p in self.projects() if p.id == project_id), None)
        if found is None:
            raise WorkspaceError(
                "There is no project {id} in this workspace. It may have been deleted; "
                "choose another one on the Home page.",
                id=project_id,
            )
        return found

    def _update_project(self, project_id: str, **values: object) -> None:
        table = self._tables.projects
        with self._write() as connection:
            connection.execute(table.update().where(table.c.id == project_id).values(**values))

    def rename_project(self, project_id: str, name: str, who: str) -> None:
        """Give a project another name."""
        with self.alone():
            name = self._free_name(name, but=project_id)
            self._update_project(project_id, name=name)
            self.note(project_id, "project renamed", who, {"name": name})

    def delete_project(self, project_id: str, who: str) -> None:
        """Hide a project; its records stay for the audit trail."""
        with self.alone():
            self._update_project(project_id, deleted_at=now())
            self.note(project_id, "project deleted", who, {})

    @property
    def is_file(self) -> bool:
        """Whether the records lie in a file, not on a database server."""
        return self._engine.dialect.name == "sqlite"

    def _owned(self, project_id: str) -> list[tuple[Any, Any]]:
        """Return the tables that hold rows of a project, each with the condition that finds them.

        The audit trail is not among them: it says who did what, and outlives what it tells of.
        """
        from sqlalchemy import select

        rounds = select(self._tables.vote_rounds.c.id).where(
            self._tables.vote_rounds.c.project_id == project_id
        )
        owned = []
        for table in self._tables.metadata.sorted_tables:
            if table.name.startswith("audit"):
                continue
            if "round_id" in table.c:
                owned.append((table, table.c.round_id.in_(rounds)))
            elif "project_id" in table.c:
                owned.append((table, table.c.project_id == project_id))
        # rows that are found by a row of another table go before it
        return sorted(owned, key=lambda item: "round_id" not in item[0].c)

    def rows_of(self, project_id: str) -> list[dict[str, Any]]:
        """Return every row that belongs to a project, its own and those of the audit trail too."""
        tables = self._tables
        owned = [
            *self._owned(project_id),
            (tables.projects, tables.projects.c.id == project_id),
            (tables.audit, tables.audit.c.project_id == project_id),
        ]
        return [
            dict(row._mapping)
            for table, condition in owned
            for row in self._read(table.select().where(condition))
        ]

    def erase_project(self, project_id: str, who: str) -> int:
        """Delete every row of a project but its audit trail and its name; returns how many."""
        with self.alone(), self._write() as connection:
            count = sum(
                connection.execute(table.delete().where(condition)).rowcount
                for table, condition in self._owned(project_id)
            )
            self._update_project(project_id, dataset_id=None, deleted_at=now())
            self.note(project_id, "project deleted", who, {})
        self._forget_freed_pages()
        return count

    def erase_texts(self, project_id: str, texts: set[str], runs: set[str]) -> int:
        """Delete rows that hold one of these texts, and those of runs; returns how many.

        Parameters
        ----------
        texts : set of str
            Also as they are written with personal data masked, as searches of a pilot are.
        runs : set of str
            Their rows, and votes on what they compared.
        """
        tables, count = self._tables, 0
        with self.alone(), self._write() as connection:
            for table in (tables.overrides, tables.ratings, tables.question_notes):
                rows = self._read(table.select().where(table.c.project_id == project_id))
                for row in rows:
                    if row.question in texts or row.answer in texts:
                        count += connection.execute(
                            table.delete().where(table.c.number == row.number)
                        ).rowcount
            entries = tables.ask_entries
            for row in self._read(entries.select().where(entries.c.project_id == project_id)):
                if row.text in texts:
                    count += connection.execute(
                        entries.delete().where(entries.c.number == row.number)
                    ).rowcount
            count += self.erase_searches(project_id, texts)
            for round_ in self.vote_rounds(project_id):
                if round_.compare_run in runs:
                    for table in (tables.votes, tables.vote_openings):
                        count += connection.execute(
                            table.delete().where(table.c.round_id == round_.id)
                        ).rowcount
                    rounds = tables.vote_rounds
                    count += connection.execute(
                        rounds.delete().where(rounds.c.id == round_.id)
                    ).rowcount
            for run in sorted(runs):
                count += connection.execute(
                    tables.runs.delete().where(tables.runs.c.id == run)
                ).rowcount
        self._forget_freed_pages()
        return count

    def _forget_freed_pages(self) -> None:
        """Empty the write-ahead log of SQLite; freed pages are overwritten by ``secure_delete``.

        While somebody reads, the log keeps what they may need, until its next checkpoint.
        """
        from sqlalchemy.exc import SQLAlchemyError

        if self.is_file:
            with suppress(SQLAlchemyError), self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def use_dataset(self, project_id: str, dataset_id: str, who: str) -> None:
        """Make a dataset the one in use."""
        with self.alone():
            self._update_project(project_id, dataset_id=dataset_id)
            self.note(project_id, "dataset imported", who, {"dataset": dataset_id})

    def set(self, project_id: str, key: str, value: Any) -> None:
        """Keep a JSON value under a key; earlier values stay in the table."""
        self._add(self._tables.settings, project_id=project_id, key=key, value=value, at=now())

    def set_last(self, project_id: str, key: str, value: Any) -> None:
        """Keep a JSON value under a key and forget earlier ones: for what changes often."""
        table = self._tables.settings
        with self.alone():
            with self._write() as connection:
                connection.execute(
                    table.delete().where(table.c.project_id == project_id, table.c.key == key)
                )
            self.set(project_id, key, value)

    def get(self, project_id: str, key: str, default: Any = None) -> Any:
        """Return the newest value of a key."""
        table = self._tables.settings
        query = (
            table.select()
            .where(table.c.project_id == project_id, table.c.key == key)
            .order_by(table.c.number.desc())
            .limit(1)
        )
        rows = self._read(query)
        return rows[0].value if rows else default

    def get_all(self, key: str) -> dict[str, Any]:
        """Return the newest value of a key by project id."""
        table = self._tables.settings
        query = table.select().where(table.c.key == key).order_by(table.c.number)
        return {row.project_id: row.value for row in self._read(query)}

    def save_recipe(self, project_id: str, name: str, recipe: LabelRecipe, who: str) -> SavedRecipe:
        """Save a label recipe under a new name.

        Raises
        ------
        WorkspaceError
            If the name is empty or taken: a saved recipe is never changed.
        """
        name = " ".join(name.split())[:80]
        if not name:
            raise WorkspaceError("A recipe needs a name. Type one and try again.")
        with self.alone():
            if any(r.name.casefold() == name.casefold() for r in self.recipes(project_id)):
                raise WorkspaceError(
                    "There is already a recipe named {name}, and saved recipes are never changed. "
                    "Choose another name.",
                    name=name,
                )
            saved = SavedRecipe(uuid.uuid4().hex[:12], name, recipe, who, now())
            row = asdict(saved) | {"recipe": to_json(recipe)}
            self._add(self._tables.recipes, project_id=project_id, **row)
            self.note(project_id, "recipe saved", who, {"recipe": saved.id, "name": name})
        return saved

    def recipes(self, project_id: str) -> list[SavedRecipe]:
        """Return the saved recipes of a project, newest first."""
        table = self._tables.recipes
        query = table.select().where(table.c.project_id == project_id).order_by(table.c.at.desc())
        return [
            SavedRecipe(r.id, r.name, from_json(LabelRecipe, r.recipe), r.who, r.at)
            for r in self._read(query)
        ]

    def add_override(self, project_id: str, override: Override) -> None:
        """Record a human's word on a pair, or its withdrawal; earlier words are kept."""
        self._add(self._tables.overrides, project_id=project_id, **asdict(override))

    def overrides(self, project_id: str) -> tuple[Override, ...]:
        """Return every override ever made in a project, oldest first."""
        return tuple(self._all(self._tables.overrides, Override, project_id))

    def add_run(self, run: RunRecord) -> None:
        """Register a background job."""
        self._add(self._tables.runs, **asdict(run))

    def runs(self, project_id: str, kind: str | None = None) -> list[RunRecord]:
        """Return the jobs of a project, newest first."""
        table = self._tables.runs
        query = table.select().where(table.c.project_id == project_id).order_by(table.c.at.desc())
        if kind is not None:
            query = query.where(table.c.kind == kind)
        return [RunRecord(r.id, r.project_id, r.kind, r.at) for r in self._read(query)]

    def project_of_run(self, run_id: str) -> str | None:
        """Return the id of the project that a job belongs to, None if it is not known."""
        table = self._tables.runs
        rows = self._read(table.select().where(table.c.id == run_id))
        return str(rows[0].project_id) if rows else None

    def note(self, project_id: str, what: str, who: str, detail: Mapping[str, Any]) -> None:
        """Add an entry to the audit trail and seal it; entries are never changed.

        Raises
        ------
        WorkspaceError
            If it cannot be written; inside :meth:`alone` whatever it tells of is undone, too.
        """
        table, seals = self._tables.audit, self._tables.audit_seals
        row = {"what": what, "who": who, "detail": dict(detail), "at": now()}
        with self.alone():
            newest = seals.select().order_by(seals.c.number.desc()).limit(1)
            before = self._read(newest)
            if not before:  # the trail of an earlier version is sealed as it is
                self._seal(self._entries(), "")
                before = self._read(newest)
            last = self._read(table.select().order_by(table.c.number.desc()).limit(1))
            # Counted here: a database gives the number of a row that was taken out once more.
            number = 1 + max([found[0].number for found in (before, last) if found], default=0)
            entry = AuditEntry(number, project_id, **row)  # type: ignore[arg-type]
            self._add(table, number=number, project_id=project_id, **row)
            self._seal([entry], before[0].seal if before else "")

    def _seal(self, entries: Sequence[AuditEntry], before: str) -> None:
        for entry in entries:
            seal = sealed(entry, before)
            self._add(self._tables.audit_seals, **asdict(seal))
            before = seal.seal

    def _entries(self, project_id: str | None = None) -> list[AuditEntry]:
        table = self._tables.audit
        query = table.select().order_by(table.c.number)
        if project_id is not None:
            query = query.where(table.c.project_id == project_id)
        return [AuditEntry(**row._mapping) for row in self._read(query)]

    def _seals(self) -> list[Seal]:
        return [Seal(**row._mapping) for row in self._read(self._tables.audit_seals.select())]

    def sealed_trail(self, project_id: str | None = None) -> AuditExport:
        """Return the trail of one project, or of all, with seals."""
        with self.alone():
            seals = {seal.number: seal.seal for seal in self._seals()}
            entries = self._entries(project_id)
        return AuditExport(tuple((entry, seals.get(entry.number, "")) for entry in entries))

    def check_audit(self, noted: str = "") -> AuditCheck:
        """Check the whole trail; see :func:`core.workspace.audit.check_trail`."""
        with self.alone():
            return check_trail(self._entries(), self._seals(), noted)

    def audit_trail(self, project_id: str) -> list[dict[str, Any]]:
        """Return the audit trail of a project, oldest first."""
        return [
            {"at": entry.at, "who": entry.who, "what": entry.what, "detail": entry.detail}
            for entry in self._entries(project_id)
        ]
