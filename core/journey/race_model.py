"""The documents of a race."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from core.messages import N_
from core.tuning.config import TuningConfig
from core.types import LabelRecipe, Override

WINNER_MODEL, NO_MODELS, ALL_MODELS = "winner", "none", "all"
KEEP: Mapping[str, str] = {
    WINNER_MODEL: N_("Only the winner's model"),
    ALL_MODELS: N_("Every model (needs most disk space)"),
    NO_MODELS: N_("No model, only the figures"),
}


@dataclass(frozen=True)
class Contestant:
    """One recipe with one loss.

    Attributes
    ----------
    key : str
        ``c01``, ``c02`` …
    recipe_name : str
        What the user calls the recipe; "" for a baseline.
    recipe : LabelRecipe
    loss : str
        Key of the loss.
    baseline : bool
        Known right answers only: what the experts' labels have to beat.
    """

    key: str
    recipe_name: str
    recipe: LabelRecipe
    loss: str
    baseline: bool = False

    def trial(self, seed: int) -> str:
        """Return the key of its run with one seed."""
        return f"{self.key}-s{seed}"

    def config(self, shared: TuningConfig, seed: int) -> TuningConfig:
        """Return its settings."""
        return dataclasses.replace(shared, loss=self.loss, seed=seed)


@dataclass(frozen=True)
class RaceRequest:
    """What a race is told; written once, before it starts.

    Attributes
    ----------
    dataset_id : str
    tuning : TuningConfig
        What all contestants share.
    contestants : tuple of Contestant
    seeds : tuple of int
    overrides : tuple of Override
        By value, so that nothing that is changed later changes this race. Baselines do without.
    keep : str
        Key of ``KEEP``.
    """

    dataset_id: str
    tuning: TuningConfig
    contestants: tuple[Contestant, ...]
    seeds: tuple[int, ...]
    overrides: tuple[Override, ...] = ()
    keep: str = WINNER_MODEL
