"""The command of a report repeats what was done, to the last setting."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from core.cli.options import parser
from core.documents import to_json
from core.errors import AppError
from core.hashing import document_id
from core.journey import command_inputs as inputs
from core.reporting.repeat_command import OVERRIDES, OVERRIDES_FILE, repeat_command
from core.tuning.presets import PRESETS
from core.types import Calibration, LabelRecipe, Override
from core.types.tuning import TuneRequest
from core.types.tuning_config import TuningConfig


def asked(recipe, config, overrides=()) -> TuneRequest:
    return TuneRequest("d", "mine", recipe, overrides, config)


RECIPES = (
    LabelRecipe(("bm25", "tfidf"), rule="median", blend=0.25),
    LabelRecipe(("bm25",), blend=1 / 3),  # no short number
    LabelRecipe(("bm25",), calibrations={"bm25": Calibration("rank")}, recentre=("category",)),
    LabelRecipe((), rule="hard"),
)
SETTINGS = (
    PRESETS["thorough"].config(base_model="m", seed=3),
    PRESETS["quick"].config(base_model="m", seed=0),
    TuningConfig(base_model="m", epochs=17, learning_rate=3.3e-5),
)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("config", SETTINGS)
def test_the_command_repeats_every_setting(recipe, config, tmp_path, monkeypatch):
    """A report whose command does something else than what was done is worse than none."""
    changed = (Override("q", "a", 0.4, "ann", 'because "=1+1"\ud83d', "2026-01-01"),)
    imported = {"file": "my faq.csv", "seed": 3}
    found = repeat_command(imported, asked(recipe, config, changed))
    monkeypatch.chdir(tmp_path)
    for name, text in found.files.items():
        Path(name).write_text(text, "utf-8")
    options = parser().parse_args(shlex.split(found.command)[3:])
    assert (str(options.file), options.seed, found.notes) == ("my faq.csv", 3, ())
    again = inputs.parse_recipe(options.recipe, options.experts or ("unasked",))
    assert document_id(to_json(again)) == document_id(to_json(recipe))
    settings = inputs.read_settings(options.config) if options.config else None
    chosen = inputs.chosen_settings(None, settings, options.preset, options.base, options.seed)
    assert document_id(to_json(chosen)) == document_id(to_json(config))
    again = inputs.read_overrides(options.overrides)
    # Whoever hands the file over may have written any name into it: it is kept as claimed.
    assert again == (replace(changed[0], who="claimed: ann"),)
    twice = repeat_command(imported, asked(recipe, config, again)).files[OVERRIDES_FILE]
    Path(OVERRIDES_FILE).write_text(twice, "utf-8")
    assert inputs.read_overrides(Path(OVERRIDES_FILE)) == again


def test_what_a_word_can_say_needs_no_file():
    found = repeat_command({"file": "f.csv", "seed": 3}, asked(RECIPES[0], SETTINGS[0]))
    assert found.files == {}
    assert found.command.endswith(
        "f.csv --experts bm25,tfidf --recipe median:0.25 --base m --preset thorough --seed 3 "
        "--verdict split"
    )
    by_hand = repeat_command(
        {"file": "f.csv", "seed": 3, "mapped_by_hand": True}, asked(RECIPES[0], SETTINGS[0])
    )
    assert "chosen by hand" in str(by_hand.notes[0])


def test_only_the_newest_override_of_a_pair_counts():
    def override(value, at, question="q"):
        return Override(question, "a", value, "w", "r", at)

    changes = (
        *(override(0.9, "3"), override(0.1, "1")),
        *(override(None, "5", "p"), override(1.0, "4", "p")),
    )
    found = repeat_command({}, asked(RECIPES[0], SETTINGS[0], changes))
    labels = json.loads(found.files[OVERRIDES_FILE])[OVERRIDES]
    assert [(label["question"], label["value"]) for label in labels] == [("q", 0.9)]


@pytest.mark.parametrize("content", ["[]", "{}", '{"overrides": [1]}', '{"overrides": [{}]}', "{"])
def test_a_wrong_file_of_labels_is_a_readable_error(tmp_path, content):
    file = tmp_path / "overrides.json"
    file.write_text(content)
    with pytest.raises(AppError):
        inputs.read_overrides(file)
