"""The database behind the records: SQLite in WAL mode, or any SQLAlchemy URL for teams."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import WorkspaceError
from core.messages import N_

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

Row = TypeVar("Row")

# Locks of a PostgreSQL server, held while tables are made and while somebody decides by what is
# there; any numbers that are ours will do.
_MAKING_TABLES, _ALONE = 7_405_281, 7_405_282
_WAIT = 10  # s that a writer waits for the others

# By words in what the database said: what to do. An empty database is never the advice: every
# project would be gone.
_FULL = N_(
    "The records database {place} cannot be used: {reason}. Nothing was changed. Free disk space, "
    "then try again."
)
_FORBIDDEN = N_(
    "The records database {place} cannot be used: {reason}. Nothing was changed. Give the app the "
    "right to write this file and its folder."
)
_BUSY = N_(
    "The records database {place} cannot be used: {reason}. Nothing was changed. Another program "
    "holds it: close that program or try again in a minute."
)
_AWAY = N_(
    "The records database {place} cannot be used: {reason}. Nothing was changed. Check that the "
    "database server runs and can be reached."
)
_DAMAGED = N_(
    "The records database {place} cannot be used: {reason}. Nothing was changed. Keep the file as "
    "it is and restore it from a backup."
)
_BY_SIGN = {
    "is full": _FULL,
    "No space left": _FULL,
    "disk I/O error": _FULL,
    "readonly": _FORBIDDEN,
    "unable to open": _FORBIDDEN,
    "locked": _BUSY,
    "connection": _AWAY,
}


def now() -> str:
    """Return the time in UTC as ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def sqlite_url(path: Path) -> str:
    """Return the SQLAlchemy URL of a SQLite file."""
    return f"sqlite:///{path}"


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a SQLite file to WAL; several processes may open a new file at the same moment.

    SQLite does not wait with this one statement, whatever its busy timeout: whoever comes second
    is told "locked" at once.
    """
    until = time.monotonic() + _WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)


def without_password(url: str) -> str:
    """Return a database's URL if it may be seen by everybody, "" if it has a password in it."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        found = make_url(url)
    except ArgumentError:
        return ""
    secret = found.password is not None or "password" in found.query
    return "" if secret else url


def _in_order(table: Table) -> Any:
    return table.select().order_by(*table.primary_key.columns)


class Database:
    """One database with the tables of :mod:`core.workspace.tables`, made where they are missing.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, for example ``sqlite:////data/records.db`` or
        ``postgresql+psycopg://user@host/records``.

    Raises
    ------
    WorkspaceError
        From every method, if the database cannot be opened, read or written.
    """

    def __init__(self, url: str) -> None:
        from sqlalchemy import create_engine, event, make_url

        from core.workspace import tables

        self._tables = tables
        self._alone = threading.local()  # the connection of this thread's :meth:`alone`
        # Never in a message: a database URL may hold a password.
        self._place = make_url(url).render_as_string(hide_password=True)
        # A server's connection may have been cut since its last use: ask before trusting it.
        self._engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
        if url.startswith("sqlite"):

            @event.listens_for(self._engine, "connect")
            def _configure(connection: Any, _record: object) -> None:
                # WAL lets readers and one writer work at once; others wait up to 10 s.
                # What is deleted is overwritten: an erased text is not left in a free page.
                connection.execute(f"PRAGMA busy_timeout={1000 * _WAIT}")
                _use_wal(connection)
                for pragma in ("synchronous=NORMAL", "secure_delete=ON"):
                    connection.execute(f"PRAGMA {pragma}")

        with self._write() as connection:
            self._make_tables(connection)

    def _make_tables(self, connection: Connection) -> None:
        """Make what is missing; app and worker may do so at the same moment, without a quarrel."""
        from sqlalchemy import text
        from sqlalchemy.schema import CreateIndex, CreateTable

        if connection.dialect.name == "postgresql":
            # There, "if not exists" alone fails when two processes make the same table at once.
            lock = text("SELECT pg_advisory_xact_lock(:number)")
            connection.execute(lock, {"number": _MAKING_TABLES})
        for table in self._tables.metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))

    def _unusable(self, error: Exception) -> WorkspaceError:
        reason = str(getattr(error, "orig", None) or error)
        return WorkspaceError(
            next((text for sign, text in _BY_SIGN.items() if sign in reason), _DAMAGED),
            place=self._place,
            reason=reason,
        )

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        from sqlalchemy.exc import SQLAlchemyError

        shared = getattr(self._alone, "connection", None)
        try:
            if shared is not None:
                yield shared
                return
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._unusable(error) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else write while the body reads, decides and writes; all of it or nothing.

        Every read and write of this thread inside it belongs to one transaction. Others wait, as
        long as for any write; calls inside each other are one.
        """
        from sqlalchemy import text

        if getattr(self._alone, "connection", None) is not None:
            yield
            return
        with self._write() as connection:
            if connection.dialect.name == "postgresql":
                lock = text("SELECT pg_advisory_xact_lock(:number)")
                connection.execute(lock, {"number": _ALONE})
            else:
                # SQLite takes its write lock at the first writing statement, even of no row.
                table = self._tables.projects
                connection.execute(table.update().where(table.c.id == "").values(name=""))
            self._alone.connection = connection
            try:
                yield
            finally:
                self._alone.connection = None

    def _read(self, query: Any) -> list[Any]:
        with self._write() as connection:
            return list(connection.execute(query))

    def _add(self, table: Table, **values: object) -> None:
        with self._write() as connection:
            connection.execute(table.insert().values(**values))

    def _all(self, table: Table, kind: type[Row], owner: str, of: str = "project_id") -> list[Row]:
        """Return every row of a project (or round) as a dataclass of its columns, oldest first."""
        from sqlalchemy import select

        names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
        columns = [table.c[name] for name in names]
        query = select(*columns).where(table.c[of] == owner).order_by(table.c.number)
        return [kind(**dict(zip(names, row, strict=True))) for row in self._read(query)]

    def dump(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Return every table with its rows as JSON documents, all as of one moment."""
        with self.alone():
            return [
                (table.name, [dict(row._mapping) for row in self._read(_in_order(table))])
                for table in self._tables.metadata.sorted_tables
            ]

    def load(self, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Write what :meth:`dump` gave into empty tables, all or nothing.

        Raises
        ------
        WorkspaceError
            Also where a table or a column is not known, for example of a newer version.
        """
        known = self._tables.metadata.tables
        strange = sorted(set(tables) - set(known))
        strange += sorted(
            {
                f"{name}.{column}"
                for name, rows in tables.items()
                if name in known
                for row in rows
                for column in set(row) - set(known[name].columns.keys())
            }
        )
        if strange:
            raise WorkspaceError(
                "The records hold {names}, which this version does not know. Use the version that "
                "wrote them, or a newer one.",
                names=", ".join(strange),
            )
        with self.alone(), self._write() as connection:
            for name, rows in tables.items():
                if rows:
                    connection.execute(known[name].insert(), [dict(row) for row in rows])
                self._count_on(connection, known[name])

    def _count_on(self, connection: Connection, table: Table) -> None:
        """Let numbers go on after those that were written: a PostgreSQL server counts apart."""
        from sqlalchemy import func, select

        if connection.dialect.name == "postgresql" and "number" in table.c:
            following = select(func.coalesce(func.max(table.c.number), 0) + 1).scalar_subquery()
            counter = func.pg_get_serial_sequence(table.name, "number")
            connection.execute(select(func.setval(counter, following, False)))

    def close(self) -> None:
        """Give the connections back; the next call opens new ones."""
        self._engine.dispose()
