"""The queue on the Tune page: who waits is seen, moved and cancelled; damage takes nothing down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator

import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from core.jobs.folder import RunFolder, append_event
from core.jobs.launch import follow
from core.jobs.state import CANCELLED
from core.journey.jobs import slots_for
from core.workspace.records import RunRecord, now

BUSY, NEXT, LAST = (f"tune-20990101-00000{n}-aaaa" for n in range(3))


def texts(at: AppTest) -> str:
    kinds = (at.markdown, at.error, at.warning, at.info, at.caption)
    return "\n".join(e.value for kind in kinds for e in kind).replace("\\", "")


def button(at: AppTest, key: str):
    return next((b for b in at.button if b.key == key), None)


@pytest.fixture
def held() -> Iterator[dict[RunFolder, FileLock]]:
    """Return the locks that this test holds in the place of workers."""
    locks: dict[RunFolder, FileLock] = {}
    yield locks
    for lock in locks.values():
        lock.release()


@pytest.fixture
def end_worker(held) -> Callable[[RunFolder], None]:
    return lambda folder: held[folder].release()


@pytest.fixture
def living(finished_workspace, held) -> Callable[..., RunFolder]:
    """Return a function that adds a run whose worker lives: its lock is held by this test."""

    def add(run_id: str, state: str, taken: bool) -> RunFolder:
        folder = RunFolder(finished_workspace.run(run_id))
        source = finished_workspace.run(finished_workspace.tune_run)
        folder.root.mkdir()
        shutil.copy(source / "request.json", folder.request)
        append_event(folder, "launched")
        append_event(folder, state)
        held[folder] = FileLock(folder.lock)
        held[folder].acquire()
        queue = finished_workspace.root / "queue"
        queue.mkdir(exist_ok=True)
        slots = list(slots_for("auto"))
        ticket = {"joined": run_id[5:], "slots": slots, "taken": slots if taken else []}
        (queue / f"{run_id}.json").write_text(json.dumps(ticket))
        record = RunRecord(run_id, finished_workspace.project, "tune", now())
        finished_workspace.open().records.add_run(record)
        return folder

    return add


@pytest.fixture
def opened(finished_workspace, app) -> Callable[[], AppTest]:
    return lambda: app(finished_workspace.root, "tune", finished_workspace.project)


def test_empty_queue_is_not_shown(opened):
    at = opened()
    assert not at.exception
    assert "Queue" not in texts(at)
    assert button(at, "start_tuning").label == "Start tuning"


def test_waiting_run_shows_its_place_and_what_it_waits_for(opened, living):
    living(BUSY, "started", True)
    living(NEXT, "waiting", False)
    at = opened()
    shown = texts(at)
    assert not at.exception and not at.error
    assert "**Now:** Tuning WordLlama" in shown
    assert "Place 1 in the queue" in shown  # the newest run is the one of the card
    assert "joins the queue at place 2" in shown
    assert button(at, "start_tuning").label == "Add to the queue"
    assert list(at.dataframe[-1].value["state"]) == ["Waiting", "Running", "Finished"]


def test_order_is_changed_for_every_browser(opened, living, app, finished_workspace):
    living(BUSY, "started", True)
    living(NEXT, "waiting", False)
    living(LAST, "waiting", False)
    first, second = opened(), opened()
    assert "Place 2 in the queue" in texts(first)
    assert button(first, f"down_{LAST}").disabled and button(first, f"up_{NEXT}").disabled
    button(first, f"first_{LAST}").click().run()
    assert not first.exception
    second.run()
    for at in (first, second):
        assert "Place 1 in the queue" in texts(at)
        assert button(at, f"up_{LAST}").disabled and not button(at, f"up_{NEXT}").disabled


def test_waiting_run_is_cancelled_from_the_queue(opened, living):
    living(BUSY, "started", True)
    folder = living(NEXT, "waiting", False)
    at = opened()
    button(at, f"leave_{NEXT}").click().run()
    assert not at.exception
    assert folder.stop_requested() == "cancel"
    assert button(at, f"leave_{NEXT}").disabled
    assert "Stopping …" in texts(at)


def test_damaged_queue_shows_the_runs_all_the_same(opened, living, finished_workspace):
    living(BUSY, "started", True)
    living(NEXT, "waiting", False)
    queue = finished_workspace.root / "queue"
    (queue / "order.json").write_text("{")
    (queue / f"{NEXT}.json").write_bytes(b"\xff\x00")
    (queue / "tune-nobody.json").write_text("[]")
    at = opened()
    assert not at.exception and not at.error
    assert "Place 1 in the queue" in texts(at)
    shutil.rmtree(queue)
    at.run()
    assert not at.exception and not at.error
    assert "its device is free any moment" in texts(at).lower()


def test_pausing_can_become_cancelling_but_not_the_other_way_round(opened, living):
    folder = living(BUSY, "started", True)
    at = opened()
    button(at, f"pause_{BUSY}").click().run()
    assert folder.stop_requested() == "pause" and "Pausing …" in texts(at)
    button(at, f"discard_{BUSY}").click().run()
    assert folder.stop_requested() == "discard" and "Stopping and discarding …" in texts(at)
    assert button(at, f"cancel_{BUSY}").disabled and button(at, f"pause_{BUSY}").disabled


@pytest.mark.parametrize("keep", [True, False])
def test_paused_run_can_be_resumed_or_given_up(
    opened, living, end_worker, finished_workspace, keep
):
    folder = living(BUSY, "started", True)
    for name in ("checkpoints", "model"):
        (folder.root / name).mkdir()
    source = finished_workspace.run(finished_workspace.tune_run) / "result.json"
    document = json.loads(source.read_text()) | {"cancelled": True}
    folder.result.write_text(json.dumps(document))
    append_event(folder, "paused")
    end_worker(folder)
    at = opened()
    assert "Paused" in texts(at) and button(at, f"resume_{BUSY}").proto.type == "primary"
    button(at, f"close_{keep}_{BUSY}").click().run()
    assert not at.exception and not at.error
    assert follow(folder).state == CANCELLED
    assert folder.model.exists() == folder.checkpoints.exists() == folder.result.exists() == keep
    assert ("Discarded on request" in texts(at)) != keep
