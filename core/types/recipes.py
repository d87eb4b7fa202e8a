"""How soft labels are made: recipe, calibration, overrides, and what tuning knows of labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from core.errors import LabelError
from core.types.dataset import Rows


@dataclass(frozen=True)
class Calibration:
    """How raw scores of one expert become [0, 1]: METHOD §2.

    Attributes
    ----------
    method : str
        Key of the calibration registry.
    low, high : float in percent
        Percentiles of the training pairs that become 0 and 1 (method ``percentile``).
    gamma : float > 0
        Exponent after scaling: above 1 is stricter, below 1 is milder.
    """

    method: str = "percentile"
    low: float = 1.0
    high: float = 99.9
    gamma: float = 1.0


@dataclass(frozen=True)
class LabelRecipe:
    """How soft labels are made from experts; immutable once saved, METHOD §2–3.

    Attributes
    ----------
    experts : tuple of str
        Catalogue keys; may be empty only for the rule ``hard``.
    rule : str
        Key of the rule registry.
    blend : float in [0, 1]
        λ: share of the hard label; 0 = experts alone, 1 = hard label alone.
    calibrations : mapping of expert to Calibration
        Experts that are not named use the default.
    weights : mapping of expert to float >= 0
        For the rule ``weighted_mean``; experts that are not named weigh 1.
    gain, threshold, temperature : float
        Curve adjustments after the blend: ``clip(gain · (y − threshold) + threshold)``, then
        ``sigmoid(logit(y) / temperature)``; 1, 0.5, 1 change nothing.
    recentre : tuple of str
        Attributes (``category``, ``answer_length`` …) whose groups are brought to the same means
        before the blend, in this order.
    """

    experts: tuple[str, ...]
    rule: str = "reliability"
    blend: float = 0.5
    calibrations: Mapping[str, Calibration] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    gain: float = 1.0
    threshold: float = 0.5
    temperature: float = 1.0
    recentre: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.blend <= 1:
            raise LabelError("The blend is {blend}; it must lie between 0 and 1.", blend=self.blend)
        if self.temperature <= 0 or self.gain <= 0:
            raise LabelError(
                "Gain ({gain}) and temperature ({temperature}) must be above 0.",
                gain=self.gain,
                temperature=self.temperature,
            )

    def calibration_of(self, expert: str) -> Calibration:
        """Return the calibration of one expert, the default where none was set."""
        return self.calibrations.get(expert, Calibration())

    @property
    def cuts(self) -> tuple[float, float]:
        """The labels before the curve that gain and threshold move to 0 and to 1.

        ``gain · (y − threshold) + threshold`` is 0 at the low one and 1 at the high one. Below a
        gain of 1 nothing reaches the ends, and both lie outside [0, 1].
        """
        low = self.threshold * (1 - 1 / self.gain)
        return low, low + 1 / self.gain

    def with_cuts(self, low: float, high: float) -> LabelRecipe:
        """Return the same recipe whose curve moves ``low`` to 0 and ``high`` to 1.

        Parameters
        ----------
        low, high : float in [0, 1]
            Labels before the curve, ``low`` below ``high``.

        Raises
        ------
        LabelError
            If they are out of order or outside [0, 1].
        """
        if not 0 <= low < high <= 1:
            raise LabelError(
                "The cut lines are at {low} and {high}; the first must lie left of the second, "
                "both between 0 and 100.",
                low=round(100 * low, 1),
                high=round(100 * high, 1),
            )
        outside = low + 1 - high
        # Nothing is cut: any threshold will do.
        threshold = min(low / outside, 1.0) if outside > 1e-9 else 0.5
        return replace(self, gain=1 / (high - low), threshold=threshold)


@dataclass(frozen=True)
class LabelStart:
    """What the first labels of a project begin with, because it went with gains elsewhere."""

    rule: str
    blend: float


@dataclass(frozen=True)
class LabelDraft:
    """What a person set on the Labels page and did not put to use yet.

    Attributes
    ----------
    panel : tuple of str
        Experts that were chosen to take part when it was set; those of a later panel count.
    """

    recipe: LabelRecipe
    dataset_id: str
    panel: tuple[str, ...]


@dataclass(frozen=True)
class Override:
    """A human's word on one pair: it wins over every rule.

    Attributes
    ----------
    question, answer : str
        The texts, not row numbers: an override outlives a new upload of the same data.
    value : float in [0, 1] or None
        None withdraws an earlier override (undo); nothing is ever deleted.
    who, reason : str
    at : str
        Time in UTC, ISO 8601.
    """

    question: str
    answer: str
    value: float | None
    who: str
    reason: str
    at: str

    @property
    def pair(self) -> tuple[str, str]:
        """Question and answer."""
        return self.question, self.answer


class Labels(Protocol):
    """Soft labels of any block of pairs; what tuning needs to know about labels."""

    def block(self, question_rows: Rows, answer_rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return targets float32 [b_q, b_a] in [0, 1] and a bool mask, True = learn from it."""
        ...


@dataclass(frozen=True)
class SavedRecipe:
    """A named label recipe; never changed once saved."""

    id: str
    name: str
    recipe: LabelRecipe
    who: str
    at: str
