"""After learning: how much of the change to keep, θ = (1 − α)·base + α·tuned.

Weights between base and tuned often search as well and forget less (LM-Cocktail, arXiv:2311.13534).
Which α is best is decided on validation questions; an α that forgets too much is out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.tuning.interpolation import interpolated_weights

if TYPE_CHECKING:
    from torch import Tensor

ALPHAS = (0.4, 0.6, 0.8)  # besides 1, which every run measures anyway
EncodeTexts = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class GeneralityCheck:
    """How well a model still understands everyday language; supplied by the journey.

    Attributes
    ----------
    measure : callable
        ``measure(encode)`` with ``encode(texts) → unit vectors [n, d]`` returns a figure of which
        more is better, for example Spearman's correlation with people's grades.
    limit : float
        Largest loss against the base model that is accepted.
    """

    measure: Callable[[EncodeTexts], float]
    limit: float


@dataclass(frozen=True)
class SweepPoint:
    """One model between base and tuned.

    Attributes
    ----------
    alpha : float in [0, 1]
        Share of the tuned model; 0 = base.
    score : float in [0, 1]
        Validation nDCG@10, mean over regimes.
    regimes : mapping of regime to nDCG@10
    generality : float or None
        None where nothing measures it.
    """

    alpha: float
    score: float
    regimes: dict[str, float] = field(default_factory=dict)
    generality: float | None = None


def chosen(points: Sequence[SweepPoint], check: GeneralityCheck | None) -> SweepPoint:
    """Return the point that searches best of those that keep general ability.

    Parameters
    ----------
    points : sequence of SweepPoint
        With the base model (alpha 0) among them.
    check : GeneralityCheck or None
        Says what loss of generality is accepted; None = any.

    Returns
    -------
    SweepPoint
        Of equals the one nearest to the base model; the base where nothing else stays inside.
    """
    return max(_inside(points, check), key=lambda point: (point.score, -point.alpha))


def all_forget(points: Sequence[SweepPoint], check: GeneralityCheck | None) -> bool:
    """Return True if every model but the base loses more general ability than is accepted."""
    return all(point.alpha == 0 for point in _inside(points, check))


def _inside(points: Sequence[SweepPoint], check: GeneralityCheck | None) -> list[SweepPoint]:
    base = next(point for point in points if point.alpha == 0)
    limit = float("inf") if check is None else check.limit
    return [point for point in points if _loss(base, point) <= limit]


def _loss(base: SweepPoint, point: SweepPoint) -> float:
    if base.generality is None or point.generality is None:
        return 0.0
    return base.generality - point.generality


def mixed(
    base: Mapping[str, Tensor], tuned: Mapping[str, Tensor], alpha: float
) -> dict[str, Tensor]:
    """Return the weights at α.

    Parameters
    ----------
    base, tuned : mapping of name to tensor
        Whole weights, or LoRA adapters. Of adapters the second factor alone is scaled: their
        product, which is what is added to the base model, is then scaled by α exactly.
    """
    factors = [name for name in tuned if ".lora_B." in name]
    if factors:
        return {name: t * alpha if name in factors else t for name, t in tuned.items()}
    return interpolated_weights(base, tuned, alpha)
