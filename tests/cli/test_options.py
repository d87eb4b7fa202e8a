"""Options are written once: what argparse reads is what a command gets."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from core.cli.options import VERBS, RaceOptions, RunOptions, TuneOptions, main, parser

ROOT = Path(__file__).parents[2]


def read(*words: str):
    asked = vars(parser().parse_args(words))
    return VERBS[asked.pop("verb")].options(**asked)


def test_words_become_typed_values():
    assert read("run", "a.csv") == RunOptions(file=Path("a.csv"))
    given = read("tune", "--project", "P", "--experts", "bm25,,tfidf", "--seed", "3", "--json")
    assert given == TuneOptions(project="P", experts=("bm25", "tfidf"), seed=3, json=True)
    assert read("race", "P", "--losses", "kl").losses == ("kl",)
    assert read("race", "P").losses == RaceOptions(project="P").losses == ("kl", "mse")
    assert read("run", "a.csv", "--workspace", "w").workspace == Path("w")


@pytest.mark.parametrize("verb", VERBS)
def test_help_names_every_option(verb, capsys):
    with pytest.raises(SystemExit) as left:
        main([verb, "--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert all(
        option.name.rstrip("_").replace("_", "-") in told for option in fields(VERBS[verb].options)
    )
    assert VERBS[verb].options.__doc__.split()[0] in told


@pytest.mark.parametrize("words", [[], ["run"], ["run", "a.csv", "--language", "fr"], ["dance"]])
def test_wrong_usage_is_status_two(words):
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2


def test_what_a_person_can_act_on_comes_without_a_traceback(faq, tmp_path):
    """Twenty lines of Python before the reason hide it."""
    words = ["run", str(faq), "--experts", "bm25", "--recipe", "mean:0.3", "--base"]
    words += ["wordllama-l2-supercat-256", "--workspace", str(tmp_path / "workspace")]
    (tmp_path / "break.py").write_text(
        "from core.cli.options import main\n"
        "from core.errors import TuningError\n"
        "import core.journey.experts as stop, sys\n"
        "def fail(*_): raise TuningError('The reason.')\n"
        "stop.run_scoring = fail\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, str(tmp_path / "break.py"), *words]
    done = subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 1 and done.stderr.splitlines()[-1] == "The reason."
    assert "Traceback" not in done.stderr
