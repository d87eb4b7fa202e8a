import httpx2
import pytest

from core.errors import ModelUnavailableError, Stopped
from core.experts import hub
from core.experts.catalogue import find_entry
from core.experts.encoders import load_encoder
from core.experts.hub import HubFile, ask_hub
from core.workspace.modelstore import ModelStore
from tests.experts.hub_server import COMMIT, HubServer

MODULES = b'[{"path": "", "type": "sentence_transformers.models.Transformer"}]'
FILES = {
    "modules.json": MODULES,
    "config.json": b"{}",
    "model.safetensors": bytes(range(256)) * 20_000,
    "pytorch_model.bin": b"never fetched",
    "onnx/model.safetensors": b"never fetched either",
    "README.md": b"nor this",
}
WANTED = {"modules.json", "config.json", "model.safetensors"}


@pytest.fixture
def served(monkeypatch):
    """A hub with one small model, used by every repository name."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with HubServer(dict(FILES)).running() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models")


def fetch(store, report=None, key="gte-small"):
    return find_entry(key).folder(store, report)


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:9", "http://no-such-host.invalid", "http://10.255.255.1"]
)
def test_unreachable_hub_is_said_within_seconds(tmp_path, monkeypatch, endpoint):
    """Behind a company proxy a download used to hang for minutes without a word."""
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setattr(hub, "ANSWER_SECONDS", 2.0)
    patience, send = [], httpx2.HTTPTransport.handle_request

    def watched(transport, request):
        if request.url.path.startswith("/api/models/"):
            patience.append(request.extensions["timeout"])
        return send(transport, request)

    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", watched)
    with pytest.raises(ModelUnavailableError) as caught:
        load_encoder(find_entry("gte-small"), ModelStore(tmp_path), "cpu")
    assert len(patience) == 1, "asked once, not again and again"
    assert all(limit == 2.0 for limit in patience[0].values())
    said = str(caught.value)
    assert "thenlper/gte-small" in said and "HF_ENDPOINT" in said and "came with the app" in said
    assert not (tmp_path / "gte-small").exists()
    assert ask_hub(ModelStore(tmp_path), now=5.0) is False
    assert ModelStore(tmp_path).hub() == (False, 5.0)


def test_a_model_arrives_whole_with_progress_and_its_revision(served, store, listener):
    """Without the revision nobody can say later which weights gave the scores."""
    report = listener()
    folder = fetch(store, report)
    assert {p.relative_to(folder).as_posix() for p in folder.rglob("*")} == WANTED | {"store.json"}
    assert all((folder / name).read_bytes() == FILES[name] for name in WANTED)
    assert report.fractions == sorted(report.fractions) and report.fractions[-1] == 1
    assert "Downloading gte-small: 5 of 5 MB" in report.messages
    origin = store.model("gte-small").origin()
    assert origin["repo"] == "thenlper/gte-small" and origin["revision"] == COMMIT
    asked = len(served.asked)
    assert fetch(store) == folder and len(served.asked) == asked, "a second use asks nobody"


def test_a_download_that_broke_off_goes_on_where_it_was(served, store):
    """2 GB over a workshop's line would otherwise never arrive."""
    weights, cut = len(FILES["model.safetensors"]), 3_000_000
    served.breaks_after = [10**9, 10**9, cut]
    with pytest.raises(ModelUnavailableError, match="could not be fetched"):
        fetch(store)
    assert not store.is_valid("gte-small")
    before = served.sent["model.safetensors"]
    folder = fetch(store)
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert before == cut and 0 < served.sent["model.safetensors"] - before < weights
    assert served.sent["config.json"] == len(FILES["config.json"]), "small files came once"


def test_stop_keeps_what_was_downloaded(served, store, listener):
    with pytest.raises(Stopped):
        fetch(store, listener(stop_after=4))
    kept = sum(p.stat().st_size for p in (store.root / ".partial").rglob("*") if p.is_file())
    assert kept > 0 and not store.is_valid("gte-small")
    assert fetch(store).is_dir()


def test_half_a_file_of_another_revision_is_never_continued(served, store):
    """Its first half and the new one's second half would be a model of noise."""
    served.breaks_after = [10**9, 10**9, 3_000_000]
    with pytest.raises(ModelUnavailableError):
        fetch(store)
    served.files["model.safetensors"] = served.served["model.safetensors"] = bytes(6_000_000)
    folder = fetch(store)
    assert (folder / "model.safetensors").read_bytes() == bytes(6_000_000)
    assert not list(folder.rglob("*.part"))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_what_arrives_changed_is_thrown_away(served, store, name):
    """A proxy's error page, or an attack, must not become a model; small files are checked too."""
    served.served[name] = FILES[name][::-1] if len(FILES[name]) > 2 else b"[]"
    with pytest.raises(ModelUnavailableError, match="did not arrive as the model hub lists it"):
        fetch(store)
    served.served[name] = FILES[name]
    assert (fetch(store) / name).read_bytes() == FILES[name]


def test_downloaded_weights_with_another_hash_are_refused(served, store):
    """The hub lists what it has; what this version was tested with stands in the catalogue."""
    entry = find_entry("all-MiniLM-L6-v2")
    with pytest.raises(ModelUnavailableError, match="sha256"):
        entry.files.hub.fetch(entry, store)
    assert not store.is_valid(entry.key)


def test_weights_that_could_hold_code_are_not_even_downloaded(served, store):
    del served.files["model.safetensors"]
    with pytest.raises(ModelUnavailableError, match="no safetensors weights"):
        fetch(store)
    assert not served.sent


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_where_downloads_are_switched_off_nothing_is_asked(served, store, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    with pytest.raises(ModelUnavailableError, match="switched off"):
        fetch(store)
    assert ask_hub(store, now=1.0) is False
    assert served.asked == []


def test_asking_the_hub_is_one_request_that_is_remembered(served, store):
    assert store.hub() is None
    assert ask_hub(store, now=7.0) is True
    assert store.hub() == (True, 7.0) and len(served.asked) == 1


@pytest.mark.parametrize("name", ["../x.json", "/etc/x.json", "a\\..\\x.json", "a/../../x.json"])
def test_a_file_name_that_leaves_the_folder_is_left_out(name):
    assert not HubFile(name, 1, "").wanted and HubFile("1_Pooling/config.json", 1, "").wanted
