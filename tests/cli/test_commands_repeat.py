"""``python -m core run``: settings from a file, and a report whose command repeats the run."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from urllib.parse import unquote

import pytest

from core.cli.options import main
from core.hashing import document_id
from core.jobs.folder import RunFolder
from core.tuning.presets import to_document
from core.types.tuning_config import TuningConfig


@pytest.fixture
def place(tmp_path, workspace, monkeypatch, tiny_bert, faq) -> Path:
    """A folder with a data file, settings that are no preset, and labels set by hand."""
    monkeypatch.chdir(tmp_path)
    faq.rename("my faq.csv")
    config = TuningConfig(
        base_model=f"local:{tiny_bert}", epochs=1, questions_per_batch=8, max_length=16, seed=5
    )
    Path("settings.json").write_bytes(to_document(config))
    kept = {"question": "my refund", "answer": "About your parcel code.", "value": 0.4}
    kept |= {"who": "ann", "reason": "close", "at": "2026-01-01T00:00:00+00:00"}
    Path("overrides.json").write_text(json.dumps({"overrides": [kept]}))
    return tmp_path


def test_the_command_of_a_report_repeats_the_run(place, workspace, capsys, monkeypatch):
    """Settings changed by hand used to be lost: the command trained another model."""

    def request_of(run: dict) -> dict:
        folder = RunFolder(workspace.run_folder(Path(run["model"]).parent.name))
        request = folder.read_request()["config"]
        return {name: value for name, value in request.items() if "estimate" not in name}

    first = ["run", "my faq.csv", "--config", "settings.json", "--overrides", "overrides.json"]
    more = ["--experts", "bm25", "--out", "first", "--examine", "--json"]
    assert main([*first, *more, "--seed", "2"]) == 0
    done = json.loads(capsys.readouterr().out.splitlines()[-1])
    page = Path(done["report"]).read_text("utf-8")
    assert "Texts per second" in page and "The shape of the vectors" in page
    command = re.search(r"<pre>(python -m core run .*?)</pre>", page, re.DOTALL)[1]
    attached = re.findall(r'download="([^"]+)" href="data:[^,]+,([^"]+)"', page)
    assert {name for name, _ in attached} == {"settings.json", "overrides.json"}
    other = place / "elsewhere"
    other.mkdir()
    monkeypatch.chdir(other)
    (other / "my faq.csv").write_bytes((place / "my faq.csv").read_bytes())
    for name, text in attached:
        (other / name).write_text(unquote(text), "utf-8")
    words = shlex.split(command.replace("&#39;", "'"))[3:]
    assert main([*words, "--out", "second", "--json"]) == 0
    again = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert document_id(request_of(again)) == document_id(request_of(done))
    assert request_of(again)["tuning"]["seed"] == 5 and len(request_of(again)["overrides"]) == 1
    assert again["arms"] == done["arms"], "same settings, another model"
    assert "Texts per second" not in Path(again["report"]).read_text("utf-8")
