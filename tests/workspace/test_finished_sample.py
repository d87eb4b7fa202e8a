"""A finished project in a file: what was learned as factors, ids of another workspace, damage."""

from __future__ import annotations

import dataclasses
import json
import zipfile

import numpy as np
import pytest

from core.errors import WorkspaceError
from core.types import LabelRecipe
from core.workspace.files import write_json, write_tensors
from core.workspace.finished_sample import (
    FORMAT,
    FinishedSample,
    learned_factors,
    pack_up,
    read_sample,
    say_the_same,
    unpack,
    with_learned,
)
from core.workspace.vectors import VectorCache

RNG = np.random.default_rng(7)
BASE = {
    "layer.weight": RNG.normal(size=(12, 9)).astype(np.float32),
    "norm.weight": RNG.normal(size=5).astype(np.float32),
    "position_ids": np.arange(4),
}
RUNS = {"score": "score-1", "tune": "tune-1", "compare": "compare-1"}


def tuned(rank=2):
    change = RNG.normal(size=(12, rank)) @ RNG.normal(size=(rank, 9))
    return {
        "layer.weight": BASE["layer.weight"] + 0.1 * change.astype(np.float32),
        "norm.weight": BASE["norm.weight"],
    }


def test_weights_come_back_but_for_rounding_and_places_of_words_are_no_weights():
    after = tuned()
    learned = learned_factors(BASE, after, 2)
    assert set(learned) == {"layer.weight.u", "layer.weight.v"}
    made = with_learned(BASE, learned)
    assert set(made) == set(after)
    np.testing.assert_allclose(made["layer.weight"], after["layer.weight"], atol=2e-3)
    assert made["norm.weight"] is BASE["norm.weight"]


def test_a_run_that_learned_whole_weights_is_refused_and_not_cut_down():
    with pytest.raises(WorkspaceError, match="more than adapters"):
        learned_factors(BASE, tuned(rank=6), 2)


@pytest.fixture
def pack(tmp_path):
    """A pack of three small runs, one of which names the others."""
    old = tmp_path / "old"
    for kind, run in RUNS.items():
        write_json(old / "runs" / run / "request.json", {"kind": kind, "tune_run": RUNS["tune"]})
        (old / "runs" / run / "run.lock").touch()
    write_json(old / "runs" / "tune-1" / "model" / "config.json", {"of": "project-1"})
    write_tensors(old / "runs" / "tune-1" / "model" / "model.safetensors", tuned())
    words = {"words": [["a", -7.471577644348144]]}
    for folder in (old / "runs" / "tune-1" / "model", tmp_path / "base"):
        write_json(folder / "tokenizer.json", words)
    write_json(tmp_path / "base" / "config.json", {"of": "the base model"})
    cache = VectorCache(old / "vectors")
    keys = RNG.integers(0, 255, (6, 16)).astype(np.uint8)
    cache.put("print", keys[:4], np.ones((4, 3), np.float32))
    cache.put("print", keys[3:], np.ones((3, 3), np.float32))
    cache.put_matrices("words", "texts", {"data": np.arange(3)})
    sample = FinishedSample(
        FORMAT, "data", ("bm25",), "first", LabelRecipe(("bm25",)), "base", "project-1", RUNS
    )
    target = tmp_path / "pack.zip"
    learned = learned_factors(BASE, tuned(), 2)
    base = tmp_path / "base"
    pack_up(sample, old / "runs", old / "vectors", ("print", "words"), learned, base, target)
    sample = dataclasses.replace(sample, of_base=("tokenizer.json",))
    return target, sample, keys


def unpacked(tmp_path, target):
    base = tmp_path / "base"
    write_tensors(base / "model.safetensors", BASE)
    names = {run: f"{kind}-2" for kind, run in RUNS.items()} | {"project-1": "project-2"}
    cache = VectorCache(tmp_path / "new" / "vectors")
    unpack(target, tmp_path / "new" / "runs", cache, base, names)
    return tmp_path / "new" / "runs", cache


def test_a_pack_becomes_runs_of_another_workspace(tmp_path, pack):
    target, sample, keys = pack
    assert read_sample(target) == sample
    runs, cache = unpacked(tmp_path, target)
    assert {path.name for path in runs.iterdir()} == {"score-2", "tune-2", "compare-2"}
    assert json.loads((runs / "compare-2" / "request.json").read_text())["tune_run"] == "tune-2"
    assert "project-2" in (runs / "tune-2" / "model" / "config.json").read_text()
    assert (runs / "tune-2" / "model" / "model.safetensors").is_file()
    assert not (runs / "tune-2" / "run.lock").exists()
    vectors, found = cache.get("print", keys)
    assert found.all() and vectors.dtype == np.float32 and (vectors == 1).all()
    assert cache.get_matrices("words", "texts")["data"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("content", [b"", b"no zip at all"])
def test_a_damaged_pack_says_so_and_leaves_nothing(tmp_path, pack, content):
    target, _, _ = pack
    target.write_bytes(content)
    with pytest.raises(WorkspaceError, match="finished sample"):
        read_sample(target)
    with pytest.raises(WorkspaceError, match="finished sample"):
        unpacked(tmp_path, target)
    assert not list((tmp_path / "new").glob("runs/*"))


def test_words_of_the_base_model_are_copied_from_it_and_never_packed(tmp_path, pack):
    target, _, _ = pack
    with zipfile.ZipFile(target) as file:
        assert not [name for name in file.namelist() if name.endswith("tokenizer.json")]
    runs, _ = unpacked(tmp_path, target)
    model, base = runs / "tune-2" / "model", tmp_path / "base"
    assert (model / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()
    assert "project-2" in (model / "config.json").read_text(), "its own, not the base model's"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ('{"words":[["a",-7.4715776443481445]]}', True),  # the last digit, as a float32 is written
        ('{"words":[["a",-7.4716]]}', False),
        ('{"words":[["b",-7.471577644348144]]}', False),
        ("no JSON", False),
    ],
)
def test_only_words_that_are_the_same_but_for_their_writing_are_left_out(tmp_path, other, same):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    write_json(one, {"words": [["a", -7.471577644348144]]})
    two.write_text(other)
    assert say_the_same(one, two) is same
    assert not say_the_same(one, tmp_path / "absent.json")
