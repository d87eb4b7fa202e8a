"""``--open``: a search log beside the data, on the command line."""

from __future__ import annotations

import json

import pytest

from core.cli.options import main
from core.journey.projects import scored_experts
from core.tuning.presets import to_document
from core.types.tuning_config import TuningConfig


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("query,count\nis there a kayak for two,9\nmy kayak leaks,4\n7,1\nMy parcel,3\n")
    return path


@pytest.mark.parametrize("kind", ["open", "questions"])
def test_read_says_what_becomes_of_a_log(kind, faq, log, capsys):
    assert main(["read", str(log), "--kind", kind, "--for", str(faq), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["columns"] == {"question": "query", "count": "count"}
    assert told["open"][:2] == ["is there a kayak for two", "my kayak leaks"]
    assert told["open_asked"][:2] == [9, 4]
    assert [row for row, *_ in told["set_aside"]] == [4]
    assert told["rows_read"] == 4 and told["rows_taken"] == 3
    account = told["open_account"]
    assert account["asked"] == 16 == sum(told["open_asked"]) + sum(account["known_asked"].values())
    assert main(["read", str(log), "--kind", kind, "--for", str(faq)]) == 0
    assert "asked 16 times in all" in capsys.readouterr().out


def test_read_takes_the_columns_that_are_named(faq, log, capsys):
    arguments = ["read", str(log), "--kind", "open", "--for", str(faq), "--json"]
    assert main([*arguments, "--columns", "question=query,count="]) == 0
    assert set(json.loads(capsys.readouterr().out)["open_asked"]) == {1.0}
    assert main([*arguments, "--columns", "question=sum"]) == 1
    assert "There is no column sum" in json.loads(capsys.readouterr().out)["refused"]


def test_a_run_learns_with_a_log_and_the_app_shows_it(
    faq, log, workspace, tiny_static, tmp_path, capsys
):
    config = TuningConfig(base_model=f"local:{tiny_static}", epochs=1, device="cpu")
    (tmp_path / "settings.json").write_bytes(to_document(config))
    begin = ["--config", str(tmp_path / "settings.json"), "--experts", "bm25", "--json"]
    assert main(["run", str(faq), "--open", str(log), *begin]) == 0
    assert "asked 16 times in all" in capsys.readouterr().err
    (project,) = workspace.projects()
    dataset = project.load_dataset()
    assert "my kayak leaks" in [dataset.questions[row] for row in dataset.open_rows]
    assert scored_experts(project) == ("bm25",)


def test_a_bad_log_is_refused_before_a_project_is_made(faq, log, workspace, capsys):
    log.write_bytes(b"")
    assert main(["run", str(faq), "--open", str(log), "--experts", "bm25"]) == 1
    assert "is empty" in capsys.readouterr().err and workspace.projects() == []


def test_tuning_a_project_adds_the_log_and_lets_its_experts_read_it(
    faq, log, workspace, tiny_static, tmp_path, capsys
):
    config = TuningConfig(base_model=f"local:{tiny_static}", epochs=1, device="cpu")
    (tmp_path / "settings.json").write_bytes(to_document(config))
    settings = ["--config", str(tmp_path / "settings.json")]
    assert main(["tune", str(faq), *settings, "--experts", "bm25"]) == 0
    assert main(["tune", "--project", "faq", "--open", str(log), *settings]) == 0
    (project,) = workspace.projects()
    assert len(project.load_dataset().open_rows) >= 2
    assert scored_experts(project) == ("bm25",)
