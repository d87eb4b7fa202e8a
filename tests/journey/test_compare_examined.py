"""What the comparison job finds besides search quality: kept, read back, and never in the way."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass

import numpy as np
import pytest

from core.data import mteb_task
from core.errors import DataError
from core.jobs.folder import RunFolder
from core.journey import compare
from core.journey.compare import examine, load_examination
from core.journey.compare_systems import ComparedSystems
from core.types import SilentReporter
from core.workspace.files import write_json, write_tensors
from core.workspace.workspace import Workspace


@dataclass(frozen=True)
class WordEncoder:
    """Sums a random vector per word; ``noise`` blurs it as bad tuning would."""

    fingerprint: str
    noise: float = 0.0
    dimension: int = 24
    max_length: int | None = None
    device: str = "cpu"

    def prompt(self, role: str) -> str:
        return ""

    def load(self, texts, role) -> None:
        pass

    def encode(self, texts, role, report=None) -> np.ndarray:
        return np.stack([self._one(text) for text in texts]).astype(np.float32)

    def _one(self, text: str) -> np.ndarray:
        vector = sum(self._draw(word) for word in text.lower().split())
        vector = vector + self.noise * self._draw(self.fingerprint + text)
        return vector / np.linalg.norm(vector)

    def _draw(self, word: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
        return np.random.default_rng(seed).normal(size=self.dimension)


MODELS = WordEncoder("a" * 16), WordEncoder("b" * 16, noise=3.0)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    workspace = Workspace.open(tmp_path / "workspace")
    return workspace, workspace.create_project("Pilot", "ann")


def beir_zip(topics: int = 30, damaged: bool = False) -> bytes:
    corpus = [
        {"_id": f"d{i}", "title": f"topic{i}", "text": f"about topic{i}"} for i in range(topics)
    ]
    queries = [{"_id": f"q{i}", "text": f"what is topic{i}"} for i in range(topics)]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, rows in (("corpus", corpus), ("queries", queries)):
            lines = "\n".join(json.dumps(row) for row in rows)
            archive.writestr(f"set/{name}.jsonl", "{" if damaged else lines)
        judged = "".join(f"q{i}\td{i}\t1\n" for i in range(topics))
        archive.writestr("set/qrels/test.tsv", f"query-id\tcorpus-id\tscore\n{judged}")
        archive.writestr("set/qrels/train.tsv", "query-id\tcorpus-id\tscore\nq0\td1\t1\n")
    return content.getvalue()


def run(workspace, project, dataset):
    folder = RunFolder(workspace.run_folder("compare-1"))
    systems = ComparedSystems(workspace, dataset, folder, *MODELS)
    chosen = compare.generality_sets(project)
    document, arrays = examine(systems, chosen, ("Old", "New"), [], SilentReporter())
    folder.root.mkdir(parents=True)
    write_json(folder.result, document)
    write_tensors(folder.arrays, arrays)
    return load_examination(workspace, "compare-1")


def test_everything_is_read_back_from_the_run_folder(place, tiny_dataset):
    workspace, project = place
    compare.add_beir_set(project, beir_zip(), "field", "ann")
    found = run(workspace, project, tiny_dataset)
    assert [one.measure for one in found.shape] == [
        "anisotropy", "effective_rank", "alignment", "uniformity"
    ]  # fmt: skip
    count = len(found.map.questions) + len(found.map.answers)
    assert found.map.before.shape == found.map.after.shape == (count, 2)
    assert set(tiny_dataset.right_answers(int(found.map.questions[0]))) <= set(found.map.answers)
    assert [cost.arm for cost in found.costs] == ["base", "tuned"]
    for cost in found.costs:
        assert 0 < cost.slowest <= cost.texts_per_second <= cost.fastest
        assert cost.vectors_mb == pytest.approx(len(tiny_dataset.answers) * 24 * 4 / 1e6)
    (one,) = found.sets
    assert (one.name, one.questions, one.documents) == ("field", 30, 30)
    assert one.difference.before > 0.5 and one.difference.word == "worse"


def test_set_that_fails_is_told_with_its_reason_and_spoils_nothing(place, tiny_dataset):
    workspace, project = place
    kept = compare.GeneralitySet(compare.BEIR, "gone", "0" * 16)
    project.state.generality_sets = (kept,)
    found = run(workspace, project, tiny_dataset)
    (one,) = found.sets
    assert one.difference is None and str(one.failure)
    assert found.shape and found.costs


def test_old_comparison_without_examination_is_empty(place):
    workspace, _ = place
    folder = RunFolder(workspace.run_folder("compare-0"))
    folder.root.mkdir(parents=True)
    write_json(folder.result, {"dataset_id": "x"})
    found = load_examination(workspace, "compare-0")
    assert (found.shape, found.map, found.sets, found.costs) == ((), None, (), ())


def test_sets_are_added_once_and_taken_off(place, tmp_path):
    workspace, project = place
    added = compare.add_beir_set(project, beir_zip(), "field", "ann")
    assert compare.generality_sets(project) == (added,)
    with pytest.raises(DataError, match="already a set named"):
        compare.add_beir_set(project, beir_zip(), "field", "ann")
    with pytest.raises(DataError, match="not a BEIR record"):
        compare.add_beir_set(project, beir_zip(damaged=True), "bad", "ann")
    with zipfile.ZipFile(io.BytesIO(beir_zip())) as archive:
        archive.extractall(tmp_path)
    folder = compare.add_beir_set(project, tmp_path / "set", "folder", "ann")
    assert workspace.load_dataset(folder.dataset_id).questions[0] == "what is topic0"
    compare.remove_set(project, "field", "ann")
    assert compare.generality_sets(project) == (folder,)


def test_mteb_is_asked_for_only_where_it_is_installed(place, monkeypatch):

    for module in (compare, mteb_task):
        monkeypatch.setattr(module, "mteb_is_installed", lambda: False)
    with pytest.raises(DataError, match=r"pip install -r requirements-mteb\.txt"):
        compare.add_mteb_task(place[1], "SciFact", "ann")
    assert compare.generality_sets(place[1]) == ()


def test_mteb_task_becomes_a_set(monkeypatch):
    """A stand-in with the layout of mteb 2: the hub cannot be reached from a test."""
    import sys
    from types import ModuleType, SimpleNamespace

    data = {
        "corpus": [{"id": "d1", "title": "A", "text": "b"}, {"id": "d2", "text": "c"}],
        "queries": [{"id": "q1", "text": "b?"}],
        "relevant_docs": {"q1": {"d1": 1, "d2": 0}},
    }

    def task(kind="Retrieval", foreign=False, load=lambda: None):
        about = SimpleNamespace(type=kind, dataset={"trust_remote_code": foreign})
        return SimpleNamespace(metadata=about, load_data=load, dataset={"default": {"test": data}})

    def no_network():
        raise OSError("no network")

    tasks = {
        "Fine": task(),
        "Other": task("Clustering"),
        "Foreign": task(foreign=True),
        "Far": task(load=no_network),
    }
    fake = ModuleType("mteb")
    fake.get_task = tasks.__getitem__
    monkeypatch.setitem(sys.modules, "mteb", fake)
    monkeypatch.setattr(mteb_task, "mteb_is_installed", lambda: True)
    found = mteb_task.load_mteb_task("Fine")
    assert found.answers == ("A b", "c") and list(found.right_answer) == [0]
    for name, reason in (
        ("Other", "only Retrieval"),
        ("Foreign", "foreign code"),
        ("Far", "no network"),
        ("None", "knows no task"),
    ):
        with pytest.raises(DataError, match=reason):
            mteb_task.load_mteb_task(name)
