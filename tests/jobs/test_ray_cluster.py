"""Jobs on a real Ray cluster of this machine: the run folder is the contract there, too.

In the order of the file: they share one cluster, and the last one takes it down.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

from core.errors import JobError
from core.experts.catalogue import find_entry
from core.experts.encoders import load_encoder, read_cached
from core.jobs import launch, launchers, ray_cluster
from core.jobs.folder import DISCARD, KEEP, PAUSE, RunFolder, read_events
from core.jobs.state import CANCELLED, FINISHED, INTERRUPTED, PAUSED, RUNNING, WAITING, JobView
from core.journey import experts, jobs, tune
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache
from tests.ray_here import RayHere, ray_here
from tests.tiny_models import tiny_bert
from tests.tuning.conftest import small_dataset
from tests.tuning.test_run_sigkill import Workshop

__all__ = ["small_dataset", "tiny_bert"]

pytest.importorskip("ray", reason="needs requirements-ray.txt")


@pytest.fixture(scope="module")
def ray() -> Iterator[RayHere]:
    with ray_here() as here:
        yield here


@pytest.fixture(scope="module")
def shop(tmp_path_factory, tiny_bert, small_dataset) -> Workshop:
    """A workspace with labels; its folder is on storage that the cluster sees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_JOBS_ADDRESS", raising=False)
        made = Workshop(tmp_path_factory.mktemp("shared") / "ws", small_dataset, tiny_bert, patch)
    return made


@pytest.fixture
def there(ray, monkeypatch) -> RayHere:
    """Let the app of this test hand its jobs to the cluster."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name, value in ray.variables.items():
        monkeypatch.setenv(name, value)
    return ray


def until(met: Callable[[JobView], bool], folder: RunFolder, seconds: float = 120) -> JobView:
    """Wait until a job is as it should be."""
    end = time.monotonic() + seconds
    while not met(seen := launch.follow(folder)):
        assert time.monotonic() < end, (seen, read_events(folder), launch.log_tail(folder))
        time.sleep(0.2)
    return seen


def worker_of(folder: RunFolder) -> psutil.Process:
    """Return the process that does a job."""
    command = ["-m", "core", "work", str(folder.root)]
    found = [
        p for p in psutil.process_iter(["cmdline"]) if (p.info["cmdline"] or [])[1:] == command
    ]
    assert len(found) == 1, found
    return found[0]


def weights(folder: RunFolder) -> dict[str, object]:
    return load_file(folder.model / "model.safetensors")


def learning(seen: JobView) -> bool:
    return bool(seen.metrics) and seen.state == RUNNING


def test_paused_killed_and_resumed_on_the_cluster_a_run_ends_as_if_nothing_had_happened(
    shop, there, monkeypatch
):
    """Two runs side by side: one straight to its result, one paused, killed with its node."""
    shop.config = replace(shop.config, epochs=60, questions_per_batch=3)
    compared = tune.launch_tuning(shop.project, shop.config, "test", then_compare=True)
    straight, folder = RunFolder(shop.workspace.run_folder(compared)), shop.launch()
    assert {one.job.id for one in jobs.queue_of(shop.workspace)} <= {
        straight.root.name,
        folder.root.name,
    }
    until(learning, folder)
    assert len(jobs.queue_of(shop.workspace)) == 2
    launch.request_stop(folder, PAUSE)
    until(lambda seen: seen.state == PAUSED, folder)
    assert "awake" in {event["event"] for event in read_events(folder)}
    before = len(launch.follow(folder).metrics)

    launch.resume(folder)
    with pytest.raises(JobError, match="still running"):
        launch.resume(folder)
    until(lambda seen: seen.state == RUNNING and len(seen.metrics) > before, folder)
    worker_of(folder).send_signal(signal.SIGKILL)
    began = time.monotonic()
    seen = until(lambda seen: seen.state == INTERRUPTED, folder)
    assert time.monotonic() - began < 20
    assert seen.on_cluster and "cluster says" in str(seen.note)
    assert not launch.is_locked(folder)

    launch.resume(folder)
    names = [e.get("submission") for e in read_events(folder) if e["event"] == "launched"]
    run = folder.root.name
    assert names == [run, f"{run}-2", f"{run}-3"]
    for one in (straight, folder):
        until(lambda seen: seen.state == FINISHED, one)
    one, other = weights(straight), weights(folder)
    assert one.keys() == other.keys() and all((one[name] == other[name]).all() for name in one)
    assert straight.read_result()["curve"] == folder.read_result()["curve"]
    # What follows a run by itself goes to the cluster, too, and not into a process beside it.
    (follows,) = jobs.jobs_of(shop.project, jobs.COMPARE)
    comparison = RunFolder(shop.workspace.run_folder(follows.id))
    until(lambda seen: seen.is_final, comparison)
    assert ray_cluster.last_launch(comparison)["submission"] == follows.id


def test_what_waits_on_the_cluster_is_seen_cancelled_and_never_begun(shop, there):
    """Ray keeps a job that waits, also once it is cancelled: its worker finds nothing to do."""
    there.submit("sleep 600", 2, "somebody-else")
    try:
        folders = [shop.launch() for _ in range(3)]
        for folder in folders:
            until(lambda seen: seen.state == WAITING, folder)
        places = [jobs.place_of(shop.workspace, folder.root.name) for folder in folders]
        assert places == [1, 2, 3]
        queue = jobs.queue_of(shop.workspace)
        assert [(one.place, one.job.on_cluster) for one in queue] == [(n, True) for n in (1, 2, 3)]
        assert jobs.next_place(shop.workspace, "auto") == 4
        with pytest.raises(JobError, match="no cuda device"):
            ray_cluster.RayCluster.named().look().need_of("cuda", whole_node=False, cpus=1)
        ends = {PAUSE: PAUSED, KEEP: CANCELLED, DISCARD: CANCELLED}
        for folder, (how, state) in zip(folders, ends.items(), strict=True):
            began = time.monotonic()
            launch.request_stop(folder, how)
            assert launch.follow(folder).state == state
            assert time.monotonic() - began < 5
        assert jobs.queue_of(shop.workspace) == ()
    finally:
        there.stop("somebody-else")
    time.sleep(8)  # the cluster has room now
    for folder, state in zip(folders, ends.values(), strict=True):
        assert launch.follow(folder).state == state
        assert [event["event"] for event in read_events(folder)] == ["launched", state]


def test_scoring_goes_there(shop, there):
    run = experts.launch_scoring(shop.project, ["bm25", "tfidf"], "test")
    seen = until(lambda seen: seen.is_final, RunFolder(shop.workspace.run_folder(run)))
    assert seen.state == FINISHED
    known = [job.run for job in ray_cluster.RayCluster.named().look().jobs]
    assert run in known


def test_a_job_that_fails_there_says_why_and_has_its_log(tmp_path, there):
    folder = launch.launch(tmp_path / "runs" / "odd-1", {"kind": "odd", "cluster": "place"})
    assert "of the kind odd" in str(until(lambda seen: seen.is_final, folder).error)
    assert "Traceback" in launch.log_tail(folder)


def test_secrets_never_reach_the_cluster(tmp_path, there):
    """Ray writes a job's environment into its logs: a job with a key stays on this machine."""
    request = {"kind": "odd", "cluster": "place"}
    folder = launch.launch(tmp_path / "runs" / "odd-2", request, {"SOME_API_KEY": "secret"})
    seen = until(lambda seen: seen.is_final, folder)
    assert not seen.on_cluster and "of the kind odd" in str(seen.error)
    submitted = [job.run for job in ray_cluster.RayCluster.named().look().jobs]
    assert "odd-2" not in submitted


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """240 texts in a Parquet file; every fourth one is the same."""
    texts = [f"parcel number {n} is late" if n % 4 else "where is my parcel" for n in range(240)]
    path = tmp_path_factory.mktemp("corpus") / "texts.parquet"
    pq.write_table(pa.table({"text": texts}), path)
    return path


def test_a_corpus_is_encoded_by_actors_and_a_killed_run_repeats_no_finished_shard(
    corpus, installed_models, tmp_path, there
):
    """Killed with SIGKILL after its first shards; the same command then does the others only."""
    workspace, out = tmp_path / "ws", tmp_path / "out"
    workspace.mkdir()
    (workspace / "models").symlink_to(installed_models)
    command = [sys.executable, "-m", "core", "encode", str(corpus)]
    command += ["--model", "wordllama-l2-supercat-256", "--shard", "6", "--out", str(out)]
    command += ["--workspace", str(workspace), "--ray", there.gcs, "--json"]
    process = subprocess.Popen(command, cwd=launchers.REPOSITORY, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while not list(out.glob("vectors-*.parquet")):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.01)
    process.kill()
    process.wait()
    time.sleep(3)  # Ray ends the actors of a driver that is gone
    kept = {path.name: path.stat().st_mtime_ns for path in out.glob("vectors-*.parquet")}
    assert 0 < len(kept) < 40, "killed too late to show anything"
    told = subprocess.run(
        command, cwd=launchers.REPOSITORY, capture_output=True, check=True, text=True
    )
    done = json.loads(told.stdout.splitlines()[-1])
    assert (done["shards"], done["shards_kept"], done["texts"]) == (40, len(kept), 240)
    for name, changed in kept.items():
        assert (out / name).stat().st_mtime_ns == changed
    rows = pq.read_table(sorted(out.glob("vectors-*.parquet"))).sort_by("row")
    assert rows["row"].to_pylist() == list(range(240))
    texts = pq.read_table(corpus)["text"].to_pylist()
    encoder = load_encoder(
        find_entry("wordllama-l2-supercat-256"), ModelStore(installed_models), "cpu"
    )
    vectors = np.array(rows["vector"].to_pylist(), np.float32)
    assert np.allclose(vectors, encoder.encode(texts, "document"), atol=1e-6)
    cache = VectorCache(workspace / "vectors")
    found = read_cached(encoder.fingerprint, texts, encoder.prompt("document"), cache)
    assert found is not None and np.array_equal(found, vectors)


def test_a_wrong_token_is_told(tmp_path, there, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "another")
    with pytest.raises(JobError, match="does not accept the token"):
        launch.launch(tmp_path / "runs" / "odd-3", {"kind": "odd", "cluster": "place"})
    seen = launch.follow(RunFolder(tmp_path / "runs" / "odd-3"))
    assert seen.state == INTERRUPTED and "RAY_AUTH_TOKEN" in str(seen.note)


def test_when_the_cluster_is_gone_it_is_told_and_nothing_is_lost(shop, there, monkeypatch):
    """The last test: the cluster dies with all its workers. The run goes on without it."""
    folder = shop.launch()
    until(learning, folder)
    there.kill()
    monkeypatch.setattr(ray_cluster, "_TRUSTED_SECONDS", 2.5)
    seen = until(lambda seen: seen.state == INTERRUPTED, folder)
    assert "does not answer" in str(seen.note)
    began = time.monotonic()
    for _ in range(20):
        launch.follow(folder)
    assert time.monotonic() - began < 4, "pages wait for a cluster that is away"
    with pytest.raises(JobError, match="does not answer"):
        launch.resume(folder)
    assert launch.follow(folder).state == INTERRUPTED
    monkeypatch.delenv("RAY_JOBS_ADDRESS")
    launch.resume(folder)
    seen = until(lambda seen: seen.state == FINISHED, folder)
    assert not seen.on_cluster and seen.attempts == 3
