"""``trim`` prints the folder of a smaller model, which is there to be tuned."""

from __future__ import annotations

from pathlib import Path

from core.cli.options import main
from core.experts.catalogue import find_entry
from core.workspace.files import read_json
from tests.tiny_models import write_multilingual


def test_trim_keeps_a_model_in_the_store_and_says_what_was_lost(tmp_path, capsys):
    base = write_multilingual(tmp_path / "base", "Unigram")
    asked = ["trim", f"local:{base}", "--languages", "ja,en", "--workspace", str(tmp_path / "ws")]
    assert main(asked) == 0
    said = capsys.readouterr()
    folder = Path(said.out.strip())
    assert "letter by letter" in said.err
    assert "1.0000" in said.err
    assert folder.parent == tmp_path / "ws" / "models"
    assert find_entry(f"local:{folder}").trainable
    origin = read_json(folder / "store.json")["origin"]
    assert origin["trimmed_from"] == f"local:{base}"
    assert origin["languages"] == ["en", "ja"]
    written = folder.stat().st_mtime_ns
    assert main(asked) == 0  # made once
    assert folder.stat().st_mtime_ns == written


def test_a_language_must_be_named_or_a_project(tmp_path, capsys):
    base = write_multilingual(tmp_path / "base", "Unigram")
    assert main(["trim", f"local:{base}", "--workspace", str(tmp_path / "ws")]) == 1
    assert "Languages:" in capsys.readouterr().err
