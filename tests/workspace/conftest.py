"""Fixtures for tests of the records: the same tests on every database that there is."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.workspace.database import sqlite_url

SERVER = os.environ.get("TEST_DATABASE_URL")


@pytest.fixture(params=["sqlite", *(["postgresql"] if SERVER else [])])
def records_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database: SQLite, and PostgreSQL where ``$TEST_DATABASE_URL`` names one."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "records.db")
        return
    from sqlalchemy import create_engine, make_url, text

    assert SERVER is not None
    schema = f"test_{uuid.uuid4().hex[:12]}"
    engine = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    url = make_url(SERVER).update_query_dict({"options": f"-csearch_path={schema}"})
    yield url.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()
