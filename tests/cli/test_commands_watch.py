"""``python -m core watch``: for cron, so its exit status says whether to learn again."""

from __future__ import annotations

import json

import pytest

from core.cli.options import main
from core.journey.compare import load_comparison
from core.journey.pilot import watching
from core.journey.pilot.versions import promote
from core.types.watch_looks import WatchCriteria
from tests.reporting.finished_journey import finished_journey


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return finished_journey(tmp_path / "workspace", evil="")


def test_the_status_says_whether_a_criterion_holds_and_json_says_which(made, capsys):
    root = str(made.workspace.layout.root)
    asked = ["watch", made.project.id, "--workspace", root]
    assert main(asked) == 0
    assert "Nothing says to learn again." in capsys.readouterr().out
    comparison = load_comparison(made.workspace, made.compare_run)
    promote(made.project, comparison, "ann", reason="to see what the watch says")
    assert main([*asked, "--json"]) == 3
    out = capsys.readouterr().out
    assert "! The frozen test" in out and "The model should learn again." in out
    told = json.loads(out.splitlines()[-1])
    assert told["fired"] == ["lost"] and told["run"].startswith("watch-")
    assert len(watching.looks(made.project)) == 2
    watching.set_criteria(made.project, WatchCriteria(lost=None), "ann")
    assert main(asked) == 0, "the criteria of the page count"
    assert main(["watch", "nobody", "--workspace", root]) == 1
