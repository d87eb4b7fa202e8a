"""A page that runs again reads no file and draws no chart again, however large the project is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import plotly.graph_objects as go
import pyarrow.parquet as parquet
import pytest
from streamlit.testing.v1 import AppTest

from core.journey import labels
from core.workspace import files as tensorfile
from core.workspace.database import Database

TABS = {
    "labels": ("label_tabs", ("Shape the labels", "Bias", "Correct single pairs")),
    "compare": (
        "compare_tab",
        ("All systems", "Where it helps", "Map", "Other fields", "Cost and savings"),
    ),
    "report": ("report_tab", ("The model", "Use it in your software", "Content hashes")),
    "data": ("", ("",)),
    "experts": ("", ("",)),
    "tune": ("", ("",)),
}
VIEWS = [(page, key, tab) for page, (key, tabs) in TABS.items() for tab in tabs]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what costs time: files read, figures built, questions put to the database."""
    done: Counter[str] = Counter()

    def count(owner: object, name: str) -> None:
        real: Callable[..., object] = getattr(owner, name)

        def counted(*args: object, **kwargs: object) -> object:
            done[name] += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)

    count(parquet, "read_table")
    count(tensorfile, "read_tensors")
    count(Database, "_read")
    count(go.Figure, "__init__")
    return done


@pytest.fixture(scope="module")
def finished(finished_once):
    return finished_once


def opened(app, finished, page: str, key: str, tab: str) -> AppTest:
    at = app(finished.root, page, finished.project)
    if key:
        at.session_state[key] = tab
    return at.run()


@pytest.mark.parametrize(("page", "key", "tab"), VIEWS, ids=lambda value: value or "-")
def test_rerun_reads_and_draws_nothing_again(app, finished, work, page, key, tab):
    at = opened(app, finished, page, key, tab)
    work.clear()
    at.run()
    assert not at.exception and not at.error
    assert work["_read"] > 0, "the count counts"
    assert {name: n for name, n in work.items() if name != "_read"} == {}


@pytest.mark.parametrize("page", ["labels", "compare"])
def test_number_of_queries_does_not_grow_with_records(app, finished_workspace, work, page):
    """One query per record would be unnoticed in a small project and slow in a large one."""
    at = opened(app, finished_workspace, page, "", "")
    work.clear()
    at.run()
    before = work["_read"]
    workspace = finished_workspace.open()
    project = workspace.project(finished_workspace.project)
    dataset = workspace.load_dataset(project.dataset_id)
    for question in dataset.questions[:20]:
        labels.override_pair(project, question, dataset.answers[0], 0.5, "x", "why")
    at.run()  # what changed is worked out once
    work.clear()
    at.run()
    assert work["_read"] == before


def test_changed_label_changes_the_chart(app, finished_workspace):
    """What is kept must follow its content: nothing stale is shown."""
    at = opened(app, finished_workspace, "labels", "", "")
    by_hand = at.metric[3].value
    workspace = finished_workspace.open()
    project = workspace.project(finished_workspace.project)
    dataset = workspace.load_dataset(project.dataset_id)
    train = int(dataset.rows("train")[0])
    before = [one.value.to_csv() for one in at.dataframe]
    for answer in dataset.answers:
        pair = (dataset.questions[train], answer)
        labels.override_pair(project, *pair, 0.5, "x", "why")
    at.run()
    assert at.metric[3].value != by_hand
    assert [one.value.to_csv() for one in at.dataframe] != before


def test_result_that_is_damaged_later_is_noticed(app, finished_workspace):
    """Only what is still on the disk as it was may come from memory."""
    at = opened(app, finished_workspace, "report", "", "")
    assert not at.error
    finished_workspace.run(finished_workspace.compare_run).joinpath("result.json").write_text("{")
    at.run()
    assert "cannot be read" in at.error[0].value
