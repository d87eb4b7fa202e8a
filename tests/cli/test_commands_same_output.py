"""What the command line prints is an interface: scripts read it. It stays as it was recorded.

``recorded_output.json`` was written by commit fc37d6c. After a change that is meant, write it anew
with ``$RECORD`` set (``python -m pytest -n 0`` and this file), and look at the difference.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from core.cli.options import main
from core.jobs import launch
from core.tuning.presets import to_document
from core.types.tuning_config import TuningConfig

RECORD = Path(__file__).with_name("recorded_output.json")
WORDLLAMA = "wordllama-l2-supercat-256"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "settings.json"
    path.write_bytes(to_document(TuningConfig(WORDLLAMA, epochs=1)))
    return path


@pytest.fixture(autouse=True)
def _in_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.delenv("DATABASE_URL", raising=False)


def structure(value: Any) -> Any:
    """Names, types and nesting of a JSON value."""
    if isinstance(value, dict):
        return {key: structure(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [structure(value[0])] if value else []
    return type(value).__name__


def layout(text: str) -> list[str]:
    """Lines without their figures and without what differs from machine to machine."""
    text = re.sub(r"(?<=: )/\S+|(?<=:  )/\S+|(?<=:   )/\S+", "PATH", text)
    text = re.sub(r" on \S+, ", " on DEVICE, ", text)
    figure = re.compile(r"(?<![\w@.-]) *-?\d[\d,]*(\.\d+)?(?![\w.@])")
    return figure.sub(lambda found: " #" if " " in found[0] else "#", text).splitlines()


def recorded(what: str, seen: Any) -> Any:
    """What was printed when this was recorded; with ``$RECORD``, what is printed now."""
    record = json.loads(RECORD.read_text("utf-8"))
    if os.environ.get("RECORD"):
        record[what] = seen
        RECORD.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return record[what]


def test_run_prints_the_same_table_and_the_same_keys(faq, capsys):
    words = ["--base", WORDLLAMA, "--preset", "quick", "--experts", f"{WORDLLAMA},bm25"]
    assert main(["run", str(faq), *words, "--examine", "--json", "--seed", "2"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    seen = {"lines": layout("\n".join(lines)), "json": structure(json.loads(last))}
    assert seen == recorded("run", seen)


def test_tune_prints_the_same_lines_and_the_same_keys(faq, settings, capsys):
    words = ["--config", str(settings), "--experts", "bm25", "--json"]
    assert main(["tune", str(faq), *words]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    document = json.loads(last)
    for name in ("memory_gb", "index"):  # null without a graphics card
        del document["device"][name]
    seen = {"lines": layout("\n".join(lines)), "json": structure(document)}
    assert seen == recorded("tune", seen)


def test_race_prints_the_same_table(old_workspace, work_here, capsys):
    words = ["--losses", "kl", "--seeds", "1", "--preset", "quick", "--base", WORDLLAMA]
    assert main(["race", "Old shop FAQ", *words]) == 0
    lines = layout(capsys.readouterr().out)
    # Which of two contestants is ahead on so few questions may differ between machines.
    seen = [lines[0], *sorted(lines[1:-1])]
    assert seen == recorded("race", seen)


@pytest.fixture
def work_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do a background job in this process: the launched command would start Python anew."""
    monkeypatch.setattr(
        launch, "_start", lambda folder, _environment=None: main(["work", str(folder.root)])
    )


def test_experts_prints_the_same_list(capsys):
    assert main(["experts"]) == 0
    seen = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert seen == recorded("experts", seen)


@pytest.mark.parametrize("verb", ["run", "tune", "race", "experts", "work"])
def test_every_option_is_still_there(verb, capsys):
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    seen = set(re.findall(r"--[a-z]+", capsys.readouterr().out))
    assert seen >= set(recorded(f"{verb} options", sorted(seen)))
