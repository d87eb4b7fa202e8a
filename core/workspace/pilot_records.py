"""What people do on the search page of a pilot. Rows are only ever added, until they are erased."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from core.documents import from_json, to_json
from core.errors import WorkspaceError
from core.types.pilot_events import (
    EVENT_KINDS,
    NOTED,
    ON_A_RESULT,
    SEARCHED,
    PilotEvent,
    PilotPlan,
    PilotStep,
    ShownList,
)
from core.workspace.database import Database

MOST_SEARCHED = 300  # characters of a question
MOST_NOTED = 1000  # characters of a note
_AT_ONCE = 500  # tokens in one statement


class PilotRecords(Database):
    """The pilots of one workspace."""

    def add_plan(self, project_id: str, plan: PilotPlan) -> None:
        """Record how a search page works from now on."""
        settings = to_json(plan)
        kept = {key: settings.pop(key) for key in ("id", "link", "who", "at")}
        self._add(self._tables.pilot_plans, project_id=project_id, settings=settings, **kept)

    def plans(self, project_id: str) -> tuple[PilotPlan, ...]:
        """Return the plans of a project, newest first."""
        table = self._tables.pilot_plans
        query = table.select().where(table.c.project_id == project_id)
        return tuple(_plan(row) for row in self._read(query.order_by(table.c.number.desc())))

    def plan_of_link(self, link: str) -> tuple[str, PilotPlan] | None:
        """Return the newest plan of a link with the id of its project, None if it is wrong."""
        table = self._tables.pilot_plans
        query = table.select().where(table.c.link == link).order_by(table.c.number.desc())
        rows = self._read(query.limit(1)) if link else []
        return (str(rows[0].project_id), _plan(rows[0])) if rows else None

    def add_events(self, project_id: str, plan_id: str, events: Sequence[PilotEvent]) -> int:
        """Record what people did, all or none, and return how many of it are new.

        What carries a token that the plan has seen already is that very thing, sent twice: it is
        kept once, and that is no error.

        Raises
        ------
        WorkspaceError
            If a kind is unknown, a text is empty or too long, or a place is missing.
        """
        from sqlalchemy.dialects import postgresql, sqlite

        for event in events:
            _check(event)
        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        table = self._tables.pilot_events
        rows = [asdict(event) | {"project_id": project_id, "plan_id": plan_id} for event in events]
        added = 0
        with self._write() as connection:
            for row in rows:
                new = insert(table).values(**row).on_conflict_do_nothing()
                added += connection.execute(new.returning(table.c.number)).first() is not None
        return added

    def events(self, project_id: str, plan_id: str | None = None) -> tuple[PilotEvent, ...]:
        """Return what people did, oldest first.

        Parameters
        ----------
        plan_id : str or None
            None = in all plans of the project, imported ones too.
        """
        table = self._tables.pilot_events
        query = table.select().where(table.c.project_id == project_id)
        if plan_id is not None:
            query = query.where(table.c.plan_id == plan_id)
        return tuple(_event(row) for row in self._read(query.order_by(table.c.number)))

    def event_counts(self, plan_ids: Collection[str]) -> dict[str, int]:
        """Return how many events there are of each kind, counted by the database."""
        from sqlalchemy import func, select

        table = self._tables.pilot_events
        query = select(table.c.kind, func.count()).where(table.c.plan_id.in_(plan_ids))
        counts = {str(kind): int(n) for kind, n in self._read(query.group_by(table.c.kind))}
        return {kind: counts.get(kind, 0) for kind in EVENT_KINDS}

    def visitor_count(self, plan_ids: Collection[str]) -> int:
        """Return how many people have done something."""
        from sqlalchemy import func, select

        table = self._tables.pilot_events
        query = select(func.count(func.distinct(table.c.visitor)))
        return int(self._read(query.where(table.c.plan_id.in_(plan_ids)))[0][0])

    def add_pilot_step(self, project_id: str, about: str, step: PilotStep) -> bool:
        """Record that a link was closed or a plan opened early; False where it was before."""
        from sqlalchemy.dialects import postgresql, sqlite

        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        table = self._tables.pilot_steps
        row = {**asdict(step), "project_id": project_id, "about": about}
        with self._write() as connection:
            added = insert(table).values(**row).on_conflict_do_nothing().returning(table.c.number)
            return connection.execute(added).first() is not None

    def pilot_steps(self, about: str) -> dict[str, PilotStep]:
        """Return what became of a link or plan, by what was done."""
        found = self._all(self._tables.pilot_steps, PilotStep, about, of="about")
        return {step.what: step for step in found}

    def erase_visitor(self, project_id: str, visitor: str) -> int:
        """Delete what somebody did in a project; returns how many rows."""
        table = self._tables.pilot_events
        return self._erase_events(table.c.project_id == project_id, table.c.visitor == visitor)

    def erase_events_before(self, project_id: str, at: str) -> int:
        """Delete events of a project that are older than a moment; returns how many."""
        table = self._tables.pilot_events
        return self._erase_events(table.c.project_id == project_id, table.c.at < at)

    def erase_searches(self, project_id: str, texts: Collection[str]) -> int:
        """Delete searches and notes of these texts with all that was done about the searches."""
        table = self._tables.pilot_events
        with self.alone():
            rows = self._read(table.select().where(table.c.project_id == project_id))
            wanted = set(texts)
            numbers = {row.number for row in rows if row.text in wanted}
            gone = {(r.plan_id, r.token) for r in rows if r.kind == SEARCHED and r.text in wanted}
            numbers |= {row.number for row in rows if (row.plan_id, row.search) in gone}
            ordered = sorted(numbers)
            return sum(
                self._erase_events(table.c.number.in_(ordered[at : at + _AT_ONCE]))
                for at in range(0, len(ordered), _AT_ONCE)
            )

    def _erase_events(self, *conditions: Any) -> int:
        with self._write() as connection:
            gone = self._tables.pilot_events.delete().where(*conditions)
            return int(connection.execute(gone).rowcount)


def _plan(row: Any) -> PilotPlan:
    own = {"id": row.id, "link": row.link, "who": row.who, "at": row.at}
    return from_json(PilotPlan, {**row.settings, **own})


def _event(row: Any) -> PilotEvent:
    shown = row.shown
    return PilotEvent(
        row.token,
        row.search,
        row.kind,
        row.visitor,
        row.text,
        row.place,
        row.at,
        ShownList(
            tuple(shown["answers"]),
            tuple(shown["scores"]),
            tuple(shown["teams"]),
            shown["milliseconds"],
        ),
        row.count,
    )


def _check(event: PilotEvent) -> None:
    if event.kind not in EVENT_KINDS:
        raise WorkspaceError(
            "There is no event {kind}. Choose one of: {known}.",
            kind=event.kind,
            known=", ".join(EVENT_KINDS),
        )
    if event.kind in (SEARCHED, NOTED) and not event.text.strip():
        raise WorkspaceError("The text is empty. Type something first.")
    most = MOST_NOTED if event.kind == NOTED else MOST_SEARCHED
    if len(event.text) > most:
        raise WorkspaceError(
            "The text has {length} characters; at most {most} are kept. Shorten it.",
            length=len(event.text),
            most=most,
        )
    if (event.place >= 0) != (event.kind in ON_A_RESULT):
        raise WorkspaceError("This does not belong to a result. Reload the page.")
