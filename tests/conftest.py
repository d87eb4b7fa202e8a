"""Fixtures that many tests share."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

# Tests run in several processes: each, and the workers that it starts, computes with one thread.
# Threads that wait for each other by spinning would take the cores from the others.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from core.types import (
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_KNOWN,
    VALIDATION_UNSEEN,
    QADataset,
)
from core.workspace.database import sqlite_url

SERVER = os.environ.get("TEST_DATABASE_URL")
# Folders and files that take minutes, the slowest first.
SLOW = (
    "browser/test_accessibility",
    "browser/test_journey",
    "jobs/test_ray_cluster",
    "browser",
    "journey",
    "tuning",
    "jobs",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is slow first; what belongs together stays together, in its order."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(here).as_posix() if item.path.is_relative_to(here) else ""
        return next((at for at, one in enumerate(SLOW) if name.startswith(one)), len(SLOW))

    items.sort(key=place)
    for item in items:
        if item.get_closest_marker("browser"):
            # A click into a page that a busy machine is drawing anew is lost now and then. What was
            # run twice is listed at the end; twice in a row is a failure.
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the first of two runs met: else a real fault would pass unread."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.write_sep("_", f"ran twice: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext[-2000:])
        for title, text in report.sections:
            terminalreporter.write_line(f"-- {title}\n{text[-2000:]}")


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


@pytest.fixture
def in_records(records_url: str) -> Callable[[], str]:
    """Return a function that reads every row of every table of the records, as text."""
    from sqlalchemy import MetaData, create_engine, select

    def read() -> str:
        engine, tables = create_engine(records_url), MetaData()
        tables.reflect(engine)
        with engine.connect() as connection:
            rows = [
                (table.name, *map(str, row))
                for table in tables.sorted_tables
                for row in connection.execute(select(table))
            ]
        engine.dispose()
        return "\n".join(map(str, rows))

    return read


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the public data sets for benchmarks; tests that need it are skipped without."""
    folder = Path(os.environ.get("DATA_DIR", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip("no benchmark data here: set DATA_DIR to the folder that holds them")
    return folder


@pytest.fixture
def tiny_dataset() -> QADataset:
    """12 answers × 4 questions: 9 known groups, 1 for unseen validation, 2 for unseen testing."""
    topics = "parcel refund password invoice size colour tent stove boots voucher store bike"
    answers = tuple(f"This is how we handle your {topic}." for topic in topics.split())
    forms = ("where is my {}", "{} help please", "trouble with the {}", "question about a {}")
    questions = tuple(form.format(topic) for topic in topics.split() for form in forms)
    n_a, n_q = len(answers), len(questions)
    split = np.array([TRAIN, TRAIN, VALIDATION_KNOWN, TEST_KNOWN] * n_a, dtype="U18")
    split[9 * 4 : 10 * 4] = VALIDATION_UNSEEN
    split[10 * 4 :] = TEST_UNSEEN
    return QADataset(
        name="tiny",
        questions=questions,
        answers=answers,
        question_ids=tuple(f"q{i + 1}" for i in range(n_q)),
        answer_ids=tuple(f"a{i + 1}" for i in range(n_a)),
        right_question=np.arange(n_q, dtype=np.int32),
        right_answer=np.repeat(np.arange(n_a), 4).astype(np.int32),
        right_grade=np.ones(n_q, np.float32),
        question_group=np.repeat(np.arange(n_a), 4).astype(np.int32),
        answer_group=np.arange(n_a, dtype=np.int32),
        split=split,
        question_row=np.arange(2, n_q + 2, dtype=np.int32),
        attributes={"category": tuple(np.repeat(["a", "b", "c"], 16))},
    )


OLD_WORKSPACE = Path(__file__).parent / "workspace" / "old_workspace" / "files"


@pytest.fixture(scope="session")
def installed_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder ``models`` of a workspace in which WordLlama was used before."""
    from core.experts.catalogue import find_entry
    from core.workspace.modelstore import ModelStore

    root = tmp_path_factory.mktemp("installed") / "models"
    find_entry("wordllama-l2-supercat-256").folder(ModelStore(root))
    return root


@pytest.fixture
def old_workspace(tmp_path: Path, installed_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the workspace that an earlier version wrote, see its README."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    root = tmp_path / "workspace"
    shutil.copytree(OLD_WORKSPACE, root)
    (root / "models").symlink_to(installed_models)
    return root
