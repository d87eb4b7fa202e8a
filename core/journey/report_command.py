"""The command line that repeats a journey, and what it leaves out."""

from __future__ import annotations

import shlex

from core.messages import N_, Message
from core.tuning.config import TuningConfig
from core.types import LabelRecipe


def repeat_command(
    file: str, recipe: LabelRecipe, config: TuningConfig, *, by_hand: bool, split_seed: int
) -> tuple[str, tuple[Message, ...]]:
    """Return the command line that repeats the journey, and what it leaves out.

    Parameters
    ----------
    file : str
        Name of the uploaded file.
    by_hand : bool
        Whether labels were set by hand.
    split_seed : int
        With which the data were split.
    """
    from core.tuning.presets import PRESETS

    notes = []
    simple = LabelRecipe(recipe.experts, rule=recipe.rule, blend=recipe.blend) == recipe
    shown = f"{recipe.rule}:{recipe.blend:g}" if simple else "recipe.json"
    if not simple:
        notes.append(N_("Save the part “recipe” of the configuration below as recipe.json first."))
    same = {"base_model": config.base_model, "seed": config.seed}
    preset = next((key for key, p in PRESETS.items() if p.config(**same) == config), None)
    if preset is None:
        notes.append(
            N_(
                "The tuning settings were changed by hand and are no preset: set them on the Tune "
                "page as listed under Settings."
            )
        )
    if by_hand:
        notes.append(N_("Labels that were set by hand are not repeated by the command."))
    if config.seed != split_seed:
        notes.append(N_("The data were split with another seed than the tuning; see below."))
    words = ["python", "-m", "core", "run", file or "FILE"]
    words += ["--base", config.base_model]
    words += ["--experts", ",".join(recipe.experts)] if recipe.experts else []
    words += ["--recipe", shown, "--preset", preset or "balanced", "--seed", str(config.seed)]
    return shlex.join(words), tuple(Message(note) for note in notes)
