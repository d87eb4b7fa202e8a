"""Named choices of settings for people who do not want to choose settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.messages import N_
from core.tuning.config import TuningConfig


@dataclass(frozen=True)
class Preset:
    """A named choice of settings for people who do not want to choose settings.

    Attributes
    ----------
    key : str
    title, meaning : str
        Message ids.
    changes : mapping-like tuple of (field, value)
        What differs from the defaults of :class:`TuningConfig`.
    """

    key: str
    title: str
    meaning: str
    changes: tuple[tuple[str, Any], ...] = ()

    def config(self, **settings: Any) -> TuningConfig:
        """Return the preset as a config; ``settings`` (base model, seed, …) win over the preset."""
        return TuningConfig(**{**dict(self.changes), **settings})


PRESETS: dict[str, Preset] = {
    preset.key: preset
    for preset in (
        Preset(
            "quick",
            N_("Quick look"),
            N_("One pass over the data: shows in the shortest time whether tuning helps."),
            (("epochs", 1), ("max_length", 96), ("interpolation", "off")),
        ),
        Preset(
            "balanced",
            N_("Balanced"),
            N_("The recommended settings: most of the gain in a few minutes."),
        ),
        Preset(
            "thorough",
            N_("Thorough"),
            N_("Longer texts and twice as many passes; takes several times longer."),
            (
                ("epochs", 6),
                ("max_length", 256),
                ("patience", 6),
            ),
        ),
    )
}
