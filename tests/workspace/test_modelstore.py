import json

import pytest

from core.errors import ModelUnavailableError, WorkspaceError
from core.hashing import file_sha256
from core.workspace.modelstore import ModelStore


def build(text="weights"):
    calls = []

    def fill(folder):
        calls.append(folder)
        (folder / "sub").mkdir()
        (folder / "sub" / "model.safetensors").write_text(text)
        return {"package": "x"}

    return fill, calls


def test_model_is_built_once_and_listed_with_hashes(tmp_path):
    store = ModelStore(tmp_path)
    fill, calls = build()
    folder = store.install("model-a", fill)
    assert store.install("model-a", fill) == folder == store.folder_for("model-a")
    assert len(calls) == 1 and store.is_valid("model-a")
    manifest = json.loads((folder / "store.json").read_text())
    entry = manifest["files"]["sub/model.safetensors"]
    assert entry["sha256"] == file_sha256(folder / "sub" / "model.safetensors")
    assert store.model("model-a").origin() == {"package": "x"}


def test_build_that_fails_leaves_nothing_that_looks_like_a_model(tmp_path):
    store = ModelStore(tmp_path)

    def fail(folder):
        (folder / "model.safetensors").write_text("half")
        raise ModelUnavailableError("The disk caught fire.")

    with pytest.raises(ModelUnavailableError):
        store.install("model-a", fail)
    assert not store.is_valid("model-a") and not store.folder_for("model-a").exists()
    assert store.is_valid(store.install("model-a", build()[0]).name)


def test_leftovers_of_a_kill_do_not_get_into_the_model(tmp_path):
    partial = tmp_path / ".partial" / "model-a"
    partial.mkdir(parents=True)
    (partial / "old.safetensors").write_text("left by a kill")
    folder = ModelStore(tmp_path).install("model-a", build()[0])
    assert not (folder / "old.safetensors").exists()


@pytest.mark.parametrize("damage", ["cut", "gone", "list"])
def test_damaged_model_is_noticed_and_built_again(tmp_path, damage):
    store = ModelStore(tmp_path)
    folder = store.install("model-a", build()[0])
    weights = folder / "sub" / "model.safetensors"
    if damage == "cut":
        weights.write_text("w")
    elif damage == "gone":
        weights.unlink()
    else:
        (folder / "store.json").write_text("{")
    assert not store.is_valid("model-a")
    store.install("model-a", build()[0])
    assert store.is_valid("model-a") and weights.read_text() == "weights"


def test_remembered_hash_is_given_up_when_the_file_changes(tmp_path):
    """A stale hash would serve one model's cached vectors for another."""
    store, path = ModelStore(tmp_path / "store"), tmp_path / "model.safetensors"
    path.write_text("one")
    first = store.file_sha256(path)
    path.write_text("other")
    assert store.file_sha256(path) == file_sha256(path) != first
    assert ModelStore(tmp_path / "store").file_sha256(path) == file_sha256(path)


def test_damaged_measurements_are_measured_again(tmp_path):
    (tmp_path / "measurements.json").write_text("not json")
    store = ModelStore(tmp_path)
    assert store.speeds() == {}
    store.record_speed("model-a", "cpu", 12.5)
    assert ModelStore(tmp_path).speeds() == {"model-a": 12.5}


@pytest.mark.parametrize("key", ["../x", "a/b", "", ".hidden", "local:/tmp"])
def test_key_is_never_a_path(tmp_path, key):
    with pytest.raises(WorkspaceError):
        ModelStore(tmp_path).folder_for(key)


def test_weights_of_the_same_size_and_time_are_noticed(tmp_path):
    """Who exchanges weights can give them the old size and time, but not the old ctime."""
    import os
    import time

    store = ModelStore(tmp_path / "models")
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"a" * 100)
    before, status = store.file_sha256(path), path.stat()
    time.sleep(0.02)
    path.write_bytes(b"b" * 100)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_mtime_ns == status.st_mtime_ns
    assert store.file_sha256(path) != before
