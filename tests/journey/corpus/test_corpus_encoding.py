"""A corpus in Parquet becomes vectors: every row once, what is there is not made again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.cli.options import main
from core.errors import ExpertError, Stopped
from core.experts import shards
from core.experts.shards import Shard, corpus_files, encode_shards_on_ray, shards_of
from core.jobs.launchers import REPOSITORY
from core.jobs.ray_cluster import CODE_VARIABLE
from core.journey.corpus.corpus_encoding import (
    LIST,
    CorpusOptions,
    code_on_cluster,
    encode_corpus,
)
from core.types import SilentReporter
from core.workspace.workspace import Workspace

MODEL = "wordllama-l2-supercat-256"


@pytest.fixture
def workspace(tmp_path, installed_models, monkeypatch) -> Workspace:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    root = tmp_path / "ws"
    root.mkdir()
    (root / "models").symlink_to(installed_models)
    return Workspace.open(root)


@pytest.fixture
def corpus(tmp_path):
    """Two files, 60 texts in row groups of 7; a text that stands twice, and one that is missing."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    texts = [f"parcel {n} is late" for n in range(58)] + ["parcel 0 is late", None]
    for number, part in enumerate((texts[:35], texts[35:])):
        table = pa.table({"id": [str(n) for n in range(len(part))], "text": part})
        pq.write_table(table, folder / f"part-{number}.parquet", row_group_size=7)
    return folder


def vectors_in(folder) -> np.ndarray:
    """Return the vectors of the files that are listed, in their order."""
    files = [folder / name for name in json.loads((folder / LIST).read_bytes())["files"]]
    return np.array(pq.read_table(files)["vector"].to_pylist(), np.float32)


def encoded(workspace, corpus, out, report=None, **options):
    asked = CorpusOptions(**{"shard": 16, **options})
    return encode_corpus(workspace, corpus, MODEL, out, asked, report or SilentReporter())


def test_every_row_has_its_vector_whatever_the_shards(workspace, corpus, tmp_path):
    one = encoded(workspace, corpus, tmp_path / "one")
    assert (one.texts, one.shards, one.shards_kept) == (60, 5, 0)
    assert one.encoded == 60  # "parcel 0" stands in two shards, which know nothing of each other
    other = encoded(workspace, corpus, tmp_path / "other", shard=1000)
    assert (other.shards, other.encoded) == (2, 0), "the cache knows all"
    assert np.array_equal(vectors_in(one.folder), vectors_in(other.folder))
    assert np.allclose(np.linalg.norm(vectors_in(one.folder)[:-1], axis=1), 1, atol=1e-5)
    keys = pq.read_table(sorted(one.folder.glob("*.parquet")))["key"].to_pylist()
    assert keys[0] == keys[58] and len(set(keys)) == 59


def test_a_stopped_run_goes_on_and_a_changed_text_is_made_anew(workspace, corpus, tmp_path):
    class StopInTheThirdShard(SilentReporter):
        asked = 0

        def should_stop(self) -> bool:
            self.asked += 1
            return self.asked == 3

    with pytest.raises(Stopped):
        encoded(workspace, corpus, tmp_path / "out", StopInTheThirdShard())
    assert len(list((tmp_path / "out").glob("vectors-*"))) == 2
    again = encoded(workspace, corpus, tmp_path / "out")
    assert (again.shards_kept, again.encoded) == (2, 60 - 32 - 1)  # one of them the cache knew
    table = pq.read_table(corpus / "part-1.parquet").to_pydict()
    table["text"][0] = "something else"
    pq.write_table(pa.table(table), corpus / "part-1.parquet")
    changed = encoded(workspace, corpus, tmp_path / "out")
    assert (changed.shards_kept, changed.encoded) == (4, 1)
    # the file of the text as it was still lies there: the list names those that count
    assert len(list(changed.folder.glob("vectors-*"))) == 6
    listed = json.loads((changed.folder / LIST).read_bytes())
    assert (listed["model"], listed["role"], listed["texts"]) == (MODEL, "document", 60)
    assert len(vectors_in(changed.folder)) == 60


def test_a_file_that_is_being_written_is_not_taken_for_a_shard(workspace, corpus, tmp_path):
    def killed(*_arguments, **_settings):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shards.Path, "replace", killed)
        encoded(workspace, corpus, tmp_path / "out")
    assert encoded(workspace, corpus, tmp_path / "out").shards_kept == 0


@pytest.mark.parametrize(
    ("columns", "asked", "said"),
    [
        ({"a": ["x"], "b": ["y"]}, "", "Columns with texts: a, b"),
        ({"a": ["x"]}, "c", "no column c"),
        ({"n": [1]}, "", "no column –"),
    ],
)
def test_a_column_that_nobody_can_guess_is_asked_for(workspace, tmp_path, columns, asked, said):
    path = tmp_path / "odd.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(ExpertError, match=said):
        encoded(workspace, path, tmp_path / "out", column=asked)


def test_what_is_no_corpus_is_refused(workspace, tmp_path):
    with pytest.raises(ExpertError, match="no Parquet file"):
        encoded(workspace, tmp_path / "nowhere.parquet", tmp_path / "out")
    path = tmp_path / "text.parquet"
    path.write_text("text\nhello\n")
    with pytest.raises(ExpertError, match="cannot be read as Parquet"):
        encoded(workspace, path, tmp_path / "out")


def test_shards_lie_within_their_files(corpus):
    found = shards_of(corpus_files(corpus), 16)
    assert [(one.start, one.stop) for one in found] == [
        *((0, 16), (16, 32), (32, 35)),
        *((0, 16), (16, 25)),
    ]
    assert Shard(str(corpus / "part-0.parquet"), 0, 16) == found[0]


def test_a_cluster_that_is_not_there_is_told(monkeypatch, tmp_path):
    ray = pytest.importorskip("ray", reason="needs requirements-ray.txt")

    def refused(**_):
        raise ConnectionError("ray client connection timeout")

    monkeypatch.setattr(ray, "init", refused)
    with pytest.raises(ExpertError, match=r"nowhere:1 does not answer: ray client connection"):
        list(encode_shards_on_ray(None, [], SilentReporter(), "nowhere:1", 1, tmp_path))


def test_the_command_says_where_the_vectors_are(workspace, corpus, capsys):
    command = ["encode", str(corpus), "--model", MODEL, "--json"]
    assert main([*command, "--workspace", str(workspace.layout.root)]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["folder"] == str(workspace.layout.root / "corpora" / "corpus" / MODEL)
    assert told["texts"] == 60


@pytest.mark.parametrize("told", ["", "  ", "/srv/program"])
def test_where_the_program_lies_on_the_cluster_is_told_as_for_its_jobs(told):
    """By the same variable: with another one half of the work would run another version."""
    code = code_on_cluster({CODE_VARIABLE: told})
    assert code == Path(told.strip() or REPOSITORY)
