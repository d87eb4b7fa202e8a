"""The database behind the records: SQLite in WAL mode, or any SQLAlchemy URL for teams."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import WorkspaceError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

Row = TypeVar("Row")

# One lock of a PostgreSQL server, held while tables are made; any number that is ours will do.
_MAKING_TABLES = 7_405_281


def now() -> str:
    """Return the time in UTC as ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def sqlite_url(path: Path) -> str:
    """Return the SQLAlchemy URL of a SQLite file."""
    return f"sqlite:///{path}"


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
        # Never in a message: a database URL may hold a password.
        self._place = make_url(url).render_as_string(hide_password=True)
        # A server's connection may have been cut since its last use: ask before trusting it.
        self._engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
        if url.startswith("sqlite"):

            @event.listens_for(self._engine, "connect")
            def _configure(connection: Any, _record: object) -> None:
                # WAL lets readers and one writer work at once; others wait up to 10 s.
                for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=NORMAL"):
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
            "The records database {place} cannot be used: {reason}. Restore it from a backup, "
            "or move the file away to start with an empty one.",
            place=self._place,
            reason=reason,
        )

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._unusable(error) from error

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

    def close(self) -> None:
        """Give the connections back; the next call opens new ones."""
        self._engine.dispose()
