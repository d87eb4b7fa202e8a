"""What a page costs: libraries, bytes on a real server, and what it does when it runs again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow.parquet as parquet
import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.support import page_visits
from benchmarks.support.page_visits import Visitor, start_server, wait_for
from core.evaluation.movements import wins_and_losses
from core.journey import labels
from core.journey.compare import load_comparison
from core.reporting.charts.chart import one_line
from core.reporting.charts.comparison_charts import map_chart
from core.workspace import files as tensorfile
from core.workspace.database import Database
from core.workspace.files import read_json, write_json
from pages.parts.compare import question_browser
from pages.parts.data import overview as data_overview

PAGES = ("data", "experts", "labels", "tune", "compare", "report")
LIMIT_KB = 500
# Compiled parts of these show among the files that a process has mapped.
HEAVY = ("torch", "onnxruntime", "tokenizers", "sklearn", "scipy", "pyarrow", "pandas")
MODELS = ("torch", "onnxruntime")


def loaded(pid: int) -> set[str]:
    """Return the packages whose compiled files a process has mapped."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return set(re.findall(r"site-packages/(\w+)/", maps))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
def test_pages_load_no_models_and_send_little(finished_workspace, free_port):
    process = start_server(finished_workspace.root, free_port)
    try:
        url = wait_for(f"http://127.0.0.1:{free_port}")
        with Visitor(url, {"lang": "ja", "project": finished_workspace.project}) as visitor:
            sent = {"home": visitor.open("").kilobytes}
            first = loaded(process.pid)
            assert "numpy" in first, "the look at the process works"
            assert first.isdisjoint(HEAVY), "the first page shows within two seconds"
            for page in PAGES:
                bare = visitor.open(page)
                sent[page] = bare.kilobytes
                for title in bare.switches:
                    visitor.open(page)
                    sent[f"{page}: {title}"] = visitor.switch(bare, title).kilobytes
            assert loaded(process.pid).isdisjoint(MODELS), "looking at pages needs no model"
    finally:
        process.terminate()
        process.wait(20)
    assert len(sent) > 20
    assert {page: size for page, size in sent.items() if size > LIMIT_KB} == {}


@pytest.fixture
def free_port() -> int:
    return page_visits.free_port()


@pytest.mark.parametrize("letter", ["a", "質"])
def test_map_of_long_texts_stays_small(letter):
    """Six hundred questions and answers in both pictures and the table, each text 500 letters."""
    points = np.random.default_rng(0).normal(size=(1200, 2)).astype(np.float32)
    texts = [f"{place} {letter * 500}" for place in range(600)]
    chart = map_chart(points, points + 1, texts, texts, str)
    table = pd.DataFrame(chart.table)
    written = sum(len(str(value).encode()) + 4 for value in table.to_numpy().ravel())
    assert (len(chart.figure.to_json().encode()) + written) / 1e3 < LIMIT_KB - 40


@pytest.mark.parametrize(
    ("text", "columns", "line"),
    [
        ("", 3, ""),
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("質問", 4, "質問"),
        ("質問文", 5, "質…"),
        ("ab質", 3, "a…"),
    ],
)
def test_one_line_fits(text, columns, line):
    assert one_line(text, columns) == line


def test_list_of_questions_comes_a_page_at_a_time(app, finished_once, monkeypatch):
    monkeypatch.setattr(question_browser, "_PAGE", 10)
    at = app(finished_once.root, "compare", finished_once.project)
    at.session_state["compare_tab"] = "Wins & losses"
    at.run()
    first = table_of(at)
    options = at.selectbox(key="compare_pick").options
    assert len(first) == len(options) == 10
    assert all(shown in option for shown, option in zip(first["question"], options, strict=True))
    comparison = load_comparison(finished_once.open(), finished_once.compare_run)
    changes = sorted(wins_and_losses(comparison), key=question_browser.ORDERS["telling"].key)
    listed = tuple(change.position for change in changes)
    at.session_state[f"wins_{finished_once.tune_run}_{hash(listed)}_page"] = 2
    at.run()
    assert not at.exception and not at.error
    second = table_of(at)
    assert set(second["question"]).isdisjoint(first["question"])
    # The question on the table below stays there while somebody leafs through the list.
    picked = at.selectbox(key="compare_pick")
    assert picked.options[picked.index] == options[0] and len(picked.options) == 11
    at.text_input(key="wins_words").set_value(second["question"].iloc[0]).run()
    assert second["question"].iloc[0] in set(table_of(at)["question"]), "another list: page 1"


def table_of(at):
    return next(d.value for d in at.dataframe if "what" in d.value.columns)


def test_rows_set_aside_are_cut_off_but_not_the_download(app, finished_workspace, monkeypatch):
    monkeypatch.setattr(data_overview, "_LISTED", 2)
    reason = {"template": "No answer.", "params": {}}
    rows = [
        {"row": row, "reason": reason, "question": "q" * 900, "answer": ""} for row in range(2, 9)
    ]
    workspace = finished_workspace.open()
    dataset = workspace.project(finished_workspace.project).dataset_id
    meta = workspace.layout.datasets / str(dataset) / "meta.json"
    report = workspace.load_import_report(dataset) | {"set_aside": rows}
    write_json(meta, read_json(meta) | {"report": report})
    at = app(finished_workspace.root, "data", finished_workspace.project)
    shown = next(d.value for d in at.dataframe if "Reason" in d.value.columns)
    assert len(shown) == 2 and shown["Question"].str.len().max() <= 300
    assert any("The first 2 of 7 rows are listed" in one.value for one in at.caption)


TABS = {
    "labels": ("label_tabs", ("Shape the labels", "Bias", "Correct single pairs")),
    "compare": (
        "compare_tab",
        ("Wins & losses", "Where it helps", "Blind vote", "Money", "Advanced"),
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


def labels_by_hand(at):
    return next(metric.value for metric in at.metric if metric.label == "Labels set by hand")


def test_changed_label_changes_the_chart(app, finished_workspace):
    """What is kept must follow its content: nothing stale is shown."""
    at = opened(app, finished_workspace, "labels", "", "")
    by_hand = labels_by_hand(at)
    workspace = finished_workspace.open()
    project = workspace.project(finished_workspace.project)
    dataset = workspace.load_dataset(project.dataset_id)
    train = int(dataset.rows("train")[0])
    before = [one.value.to_csv() for one in at.dataframe]
    for answer in dataset.answers:
        pair = (dataset.questions[train], answer)
        labels.override_pair(project, *pair, 0.5, "x", "why")
    at.run()
    assert labels_by_hand(at) != by_hand
    assert [one.value.to_csv() for one in at.dataframe] != before


def test_result_that_is_damaged_later_is_noticed(app, finished_workspace):
    """Only what is still on the disk as it was may come from memory."""
    at = opened(app, finished_workspace, "report", "", "")
    assert not at.error
    finished_workspace.run(finished_workspace.compare_run).joinpath("result.json").write_text("{")
    at.run()
    assert "cannot be read" in at.error[0].value
