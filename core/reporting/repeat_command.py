"""The command line that repeats a journey, the files that it takes, and what it leaves out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.documents import to_json
from core.labels.overrides import in_force
from core.messages import N_, Message
from core.tuning.presets import PRESETS, to_document
from core.types import CROSS_FIT, SPLIT, LabelRecipe
from core.types.open_account import OPEN_ACCOUNTS
from core.types.tuning import TuneRequest
from core.types.tuning_config import TuningConfig

RECIPE_FILE, SETTINGS_FILE, OVERRIDES_FILE = "recipe.json", "settings.json", "overrides.json"
OVERRIDES = "overrides"  # the one key of a file of labels set by hand


@dataclass(frozen=True)
class Repeat:
    """How a journey is repeated.

    Attributes
    ----------
    command : str
        For a shell, run where the data file and ``files`` lie.
    files : mapping of file name to text
        What the command reads besides the data.
    notes : tuple of Message
        What it does not repeat.
    """

    command: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Message, ...] = ()


def split_seed(imported: Mapping[str, Any]) -> int:
    """Return with which seed the data were split; older imports all took 0."""
    return int(imported.get("seed", 0))


def repeat_command(imported: Mapping[str, Any], request: TuneRequest) -> Repeat:
    """Return the command line that repeats the journey.

    What a word or two can say stands in the command itself; everything else goes into files.

    Parameters
    ----------
    imported : mapping
        As :func:`core.data.file_preview.read_dataset` reports it.
    request : TuneRequest
        What the tuning run was told; of its overrides, those in force count.
    """
    recipe, config, seed = request.recipe, request.tuning, split_seed(imported)
    overrides = tuple(reversed(in_force(request.overrides)))  # the newest first, as in the report
    files: dict[str, str] = {}
    rule = f"{recipe.rule}:{recipe.blend:g}"
    said = LabelRecipe(recipe.experts, rule=recipe.rule, blend=float(f"{recipe.blend:g}"))
    if not recipe.experts or said != recipe:
        rule, files[RECIPE_FILE] = RECIPE_FILE, _text(to_json(recipe))
    words = ["python", "-m", "core", "run", str(imported.get("file", "")) or "FILE"]
    logs = [account for account in imported.get(OPEN_ACCOUNTS, ()) if account["columns"]]
    for account in logs[:1]:
        columns = ",".join(f"{role}={column}" for role, column in account["columns"].items())
        words += ["--open", str(account["file"]), "--open-columns", columns]
    words += ["--experts", ",".join(recipe.experts)] if recipe.experts else []
    words += ["--recipe", rule]
    preset = _preset(config) if config.seed == seed else None
    if preset is None:
        words += ["--config", SETTINGS_FILE]
        files[SETTINGS_FILE] = to_document(config).decode()
    else:
        words += ["--base", config.base_model, "--preset", preset]
    if overrides:
        words += ["--overrides", OVERRIDES_FILE]
        files[OVERRIDES_FILE] = _text({OVERRIDES: [to_json(override) for override in overrides]})
    words += ["--seed", str(seed), "--verdict", CROSS_FIT if request.from_cross_fit else SPLIT]
    notes = []
    if len(logs) > 1:
        text = N_(
            "Open questions came from {count} files; the command adds the first of them, the "
            "others are added on the Data page."
        )
        notes.append(Message(text, {"count": len(logs)}))
    if imported.get("mapped_by_hand"):
        notes.append(
            Message(
                N_(
                    "The columns of the file were chosen by hand; the command finds them by their "
                    "names. Compare the hash of the data."
                )
            )
        )
    return Repeat(shlex.join(words), files, tuple(notes))


def _preset(config: TuningConfig) -> str | None:
    same = {"base_model": config.base_model, "seed": config.seed}
    return next((key for key, preset in PRESETS.items() if preset.config(**same) == config), None)


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1) + "\n"  # ASCII: also half an emoji comes back whole
