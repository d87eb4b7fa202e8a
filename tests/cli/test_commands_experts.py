"""``experts``: what there is as JSON, and getting one; errors say what to do."""

from __future__ import annotations

import json

import pytest

from core.cli.options import main
from core.experts.package_parts import PackagedPart

WORDLLAMA = "wordllama-l2-supercat-256"


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(PackagedPart, "path", lambda _: None)


def test_json_lists_every_expert_with_availability_and_published_figures(capsys):
    assert main(["experts", "--json"]) == 0
    listed = {e["key"]: e for e in json.loads(capsys.readouterr().out)["experts"]}
    assert listed["bm25"]["ready"] and not listed["bge-m3"]["ready"]
    teacher = listed["all-mpnet-base-v2"]
    assert teacher["teacher_for"] == ["en"] and teacher["where"] == "hub"
    assert teacher["published"]["value"] == 57.02 and teacher["commercial_use"] is True


def test_get_brings_a_model_here_and_says_where(capsys):
    assert main(["experts", "--get", WORDLLAMA]) == 0
    key, folder = capsys.readouterr().out.split()
    assert key == WORDLLAMA and folder.endswith(WORDLLAMA)
    assert main(["experts", "--get", WORDLLAMA, "--json"]) == 0
    (expert,) = json.loads(capsys.readouterr().out)["experts"]
    assert expert["key"] == WORDLLAMA and expert["ready"]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("bm25", "needs no model"),
        ("nobody", "There is no expert called nobody"),
        ("all-mpnet-base-v2", "could not be fetched"),
    ],
)
def test_what_cannot_be_got_is_said_with_the_reason(key, said, capsys, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert main(["experts", "--get", key]) == 1
    assert said in capsys.readouterr().err
