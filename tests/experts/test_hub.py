import time

import pytest

from core.errors import ModelUnavailableError
from core.experts import hub
from core.experts.catalogue import find_entry
from core.experts.encoders import load_encoder
from core.experts.hub import HubRepository
from core.workspace.modelstore import ModelStore


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:9", "http://no-such-host.invalid", "http://10.255.255.1"]
)
def test_unreachable_hub_is_said_within_seconds(tmp_path, monkeypatch, endpoint):
    """Behind a company proxy a download used to hang for minutes without a word."""
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setattr(hub, "ANSWER_SECONDS", 2.0)
    start = time.monotonic()
    with pytest.raises(ModelUnavailableError) as caught:
        load_encoder(find_entry("gte-small"), ModelStore(tmp_path), "cpu")
    assert time.monotonic() - start < 15
    said = str(caught.value)
    assert "thenlper/gte-small" in said and "HF_ENDPOINT" in said and "came with the app" in said
    assert not (tmp_path / "gte-small").exists()


def test_downloaded_weights_with_another_hash_are_refused(tmp_path, monkeypatch):
    entry = find_entry("all-MiniLM-L6-v2")

    def download(repo, *, local_dir, **_):
        (local_dir / "modules.json").write_text(
            '[{"path": "", "type": "sentence_transformers.models.Transformer"}]'
        )
        (local_dir / "model.safetensors").write_bytes(b"swapped")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    monkeypatch.setattr(HubRepository, "_current_revision", lambda *_: "0" * 40)
    store = ModelStore(tmp_path)
    with pytest.raises(ModelUnavailableError, match="sha256"):
        entry.files.hub.fetch(entry, store)
    assert not store.is_valid(entry.key)


def test_revision_of_a_download_is_recorded(tmp_path, monkeypatch):
    """Without it nobody can say later which weights gave the scores."""

    def download(repo, *, revision, local_dir, **_):
        (local_dir / "modules.json").write_text(
            '[{"path": "", "type": "sentence_transformers.models.Transformer"}]'
        )
        (local_dir / "model.safetensors").write_bytes(revision.encode())

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    monkeypatch.setattr(HubRepository, "_current_revision", lambda *_: "a" * 40)
    store = ModelStore(tmp_path)
    find_entry("gte-small").folder(store)
    origin = store.model("gte-small").origin()
    assert origin["repo"] == "thenlper/gte-small" and origin["revision"] == "a" * 40
