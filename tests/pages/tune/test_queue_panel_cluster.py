"""The queue on the Tune page where jobs go to a cluster: places, orders, and no answer."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs.folder import RunFolder, append_event, read_events
from core.workspace.records import RunRecord, now
from pages.parts.tune import tuning_estimate
from tests.fake_cluster import fake_cluster
from tests.pages.test_queue_panel import button, texts

BUSY, NEXT, LAST = (f"tune-20990101-00000{n}-aaaa" for n in range(3))


@pytest.fixture
def fake(monkeypatch):
    with fake_cluster() as cluster:
        monkeypatch.setenv("RAY_JOBS_ADDRESS", cluster.address)
        cluster.nodes = {"a": {"CPU": [4.0, 4.0], "GPU": [1.0, 1.0]}, "b": {"CPU": [0.0, 8.0]}}
        yield cluster


@pytest.fixture
def handed_over(finished_workspace, fake) -> Callable[..., RunFolder]:
    """Return a function that adds a run of the cluster."""

    def add(run_id: str, status: str, *events: str) -> RunFolder:
        folder = RunFolder(finished_workspace.run(run_id))
        source = finished_workspace.run(finished_workspace.tune_run)
        folder.root.mkdir()
        shutil.copy(source / "request.json", folder.request)
        append_event(folder, "launched", submission=run_id, cluster=fake.address)
        for event in events:
            append_event(folder, event)
        finished_workspace.open().records.add_run(
            RunRecord(run_id, finished_workspace.project, "tune", now())
        )
        metadata = {"workspace": str(finished_workspace.root.resolve()), "run": run_id}
        fake.jobs.append(
            {
                "submission_id": run_id,
                "status": status,
                "metadata": metadata,
                "message": "Job supervisor actor died: the node is gone.",
                "start_time": len(fake.jobs),
            }
        )
        return folder

    return add


@pytest.fixture
def opened(finished_workspace, app) -> Callable[..., AppTest]:
    return lambda language="en": app(
        finished_workspace.root, "tune", finished_workspace.project, language
    )


def test_an_empty_cluster_says_what_it_has(opened, fake, monkeypatch):
    asked = []
    monkeypatch.setattr(tuning_estimate, "start_probe", lambda *a, **_: asked.append(a))
    at = opened()
    assert not asked, "this machine's speed says nothing of the cluster's"
    assert "Runs on: the cluster" in texts(at)
    assert not at.exception and not at.error
    shown = texts(at)
    assert "computing 0, waiting 0" in shown and "8 of 12 cores" in shown
    assert "0 of 1 graphics cards" in shown and "machines: 2" in shown
    # the only card is taken, and "auto" wants it
    assert "This run waits there at place 1" in shown
    assert button(at, "start_tuning").label == "Add to the queue"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_computes_and_what_waits_there_is_seen(opened, handed_over, fake, language):
    handed_over(BUSY, "RUNNING", "awake", "started")
    fake.jobs.append({"submission_id": "somebody", "status": "PENDING", "start_time": 1})
    handed_over(NEXT, "PENDING")
    at = opened(language)
    assert not at.exception and not at.error
    shown = texts(at)
    if language == "en":
        assert "**Now:** Tuning WordLlama" in shown and "on the cluster" in shown
        assert "Place 2 of what waits on the cluster" in shown  # somebody else's job is before it
        assert "computing 1, waiting 2" in shown
    else:
        assert "クラスター" in shown
    assert button(at, f"first_{NEXT}") is None  # the cluster keeps its own order
    assert button(at, f"leave_{NEXT}") is not None


def test_what_waits_there_is_cancelled_at_once(opened, handed_over, fake):
    handed_over(BUSY, "RUNNING", "awake", "started")
    folder = handed_over(NEXT, "PENDING")
    at = opened()
    button(at, f"leave_{NEXT}").click().run()
    assert not at.exception and not at.error
    assert [event["event"] for event in read_events(folder)] == ["launched", "cancelled"]
    assert fake.stopped == [NEXT]


def test_a_dead_node_shows_as_interrupted_and_can_be_resumed(opened, handed_over, fake):
    folder = handed_over(BUSY, "FAILED", "awake", "started")
    at = opened()
    shown = texts(at)
    assert "Interrupted" in shown and "the node is gone" in shown
    assert "on any machine of the cluster" in shown
    button(at, f"resume_{BUSY}").click().run()
    assert not at.exception and not at.error
    assert [job["submission_id"] for job in fake.submitted] == [f"{BUSY}-2"]
    assert read_events(folder)[-1]["submission"] == f"{BUSY}-2"


def test_a_cluster_without_an_answer_is_told_and_the_page_stays_quick(opened, handed_over, fake):
    handed_over(BUSY, "RUNNING", "awake", "started")
    fake.status = 503
    began = time.monotonic()
    at = opened()
    assert time.monotonic() - began < 30
    assert not at.exception
    warned = [one.value for one in at.warning if "status 503" in one.value]
    assert len(warned) == 1
    assert button(at, f"resume_{BUSY}") is not None
    button(at, f"resume_{BUSY}").click().run()
    assert not at.exception
    assert any("status 503" in one.value for one in at.error)


def test_without_a_cluster_nothing_is_said_of_one(opened, monkeypatch):
    monkeypatch.delenv("RAY_JOBS_ADDRESS", raising=False)
    assert "luster" not in texts(opened())
