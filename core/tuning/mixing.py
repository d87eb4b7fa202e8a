"""Models between base and tuned: θ = (1 − α)·base + α·tuned (LM-Cocktail, arXiv:2311.13534).

Weights in between often search as well and forget less. How much of what was learned to keep, α,
is decided on validation questions; an α that forgets too much is out.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from core.errors import TuningError
from core.experts.encoding import load_model
from core.tuning.checkpoints import above, near
from core.tuning.student import load_weights
from core.tuning.task import GeneralityCheck
from core.types.tuning import SweepPoint

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

ALPHAS = (0.4, 0.6, 0.8)  # besides 1, which every run measures anyway
AT_ONCE = 2**20  # numbers that are mixed at a time: in float64 a whole table takes gigabytes
NO_ROWS: Mapping[str, Tensor] = MappingProxyType({})
FINISHED = "modules.json"  # written by sentence-transformers; the folder appears by a rename


def chosen(
    points: Sequence[SweepPoint],
    check: GeneralityCheck | None,
    floors: Mapping[str, float] | None = None,
    noise: float = 0.0,
) -> SweepPoint:
    """Return the point that searches best of those that keep general ability.

    Parameters
    ----------
    points : sequence of SweepPoint
        With the base model (alpha 0) among them.
    check : GeneralityCheck or None
        Says what loss of generality is accepted; None = any.
    floors : mapping of regime to nDCG@10, optional
        What each regime has to reach, too.
    noise : float
        Of points that are :func:`core.tuning.checkpoints.near` the highest, the one with most of
        what was learned is taken.

    Returns
    -------
    SweepPoint
        Of equals the one nearest to the base model; the base where nothing else stays inside.
    """
    fit = [p for p in _inside(points, check) if p.alpha == 0 or above(floors or {}, p.regimes)]
    highest = max(fit, key=lambda point: (point.score, -point.alpha))
    base = next(point.score for point in points if point.alpha == 0)
    return max(near(fit, highest, base, noise), key=lambda point: point.alpha)


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


def mix_into(
    model: SentenceTransformer,
    base: Mapping[str, Tensor],
    tuned: Mapping[str, Tensor],
    alpha: float,
    rows: Mapping[str, Tensor] = NO_ROWS,
) -> None:
    """Give a model the weights of :func:`mixed`, one by one: no third set of them is held.

    Parameters
    ----------
    base : mapping of name to tensor
        May be the weights of the model itself.
    rows : mapping of name to int64 tensor
        Of a weight of which only some rows learned: these; ``base`` and ``tuned`` hold no others,
        see :func:`only_rows`. The other rows of the model stay: they are the base model's.

    Raises
    ------
    TuningError
        As :func:`interpolated_weights` and :func:`core.tuning.student.load_weights`.
    """
    own = model.state_dict()
    if not base or not tuned.keys() <= own.keys():  # adapters, or weights that are refused there
        load_weights(model, mixed(base, tuned, alpha))
        return
    share = _share(base, tuned, alpha)
    for name, after in tuned.items():
        if name in rows:
            part = _mix(base[name], after, share)
            own[name].index_copy_(0, rows[name].to(own[name].device), part.to(own[name]))
        else:
            _mix(base[name], after, share, own[name])


def only_rows(weights: Mapping[str, Tensor], rows: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights with these rows alone of the tables that are named; the rest as it is."""
    return {
        name: value[rows[name].to(value.device)] if name in rows else value
        for name, value in weights.items()
    }


def interpolated_weights(
    base: Mapping[str, Tensor], tuned: Mapping[str, Tensor], alpha: float, kept: float = 1.0
) -> dict[str, Tensor]:
    """Return (1 − α)·base + α·learned, weight by weight.

    Parameters
    ----------
    base, tuned : mapping of name to tensor
        The same names and shapes. Whole numbers (positions of tokens) are taken from ``tuned``.
    alpha : float in [0, 1]
        0 = base, 1 = what was learned, ``kept`` = ``tuned``; the first and the last exactly.
    kept : float in (0, 1]
        Share of what was learned in ``tuned``, which may be a mix itself. Beyond it the straight
        line through base and tuned is followed, which comes to what was learned but for rounding.

    Raises
    ------
    TuningError
        If alpha is outside [0, 1], or the models are not of the same build.
    """
    share = _share(base, tuned, alpha, kept)
    return {
        name: after if _stays(after, share) else _mix(base[name], after, share)
        for name, after in tuned.items()
    }


def _share(
    base: Mapping[str, Tensor], tuned: Mapping[str, Tensor], alpha: float, kept: float = 1.0
) -> float:
    """Return the share of ``tuned``; raises TuningError where the two cannot be mixed."""
    if not 0 <= alpha <= 1 or not 0 < kept <= 1:
        raise TuningError("α is {alpha}; it must lie between 0 and 1.", alpha=alpha)
    different = sorted(
        name
        for name in {*base, *tuned}
        if name not in base or name not in tuned or base[name].shape != tuned[name].shape
    )
    if different:
        raise TuningError(
            "Base and tuned model are not of the same build: {count} weights differ in name or "
            "shape, the first is {name}. Only a model and what was tuned from it can be mixed.",
            count=len(different),
            name=different[0],
        )
    return alpha / kept


def _stays(after: Tensor, share: float) -> bool:
    """Return True for what is taken from the tuned model as it is."""
    return share == 1 or not after.is_floating_point()


def _mix(before: Tensor, after: Tensor, share: float, target: Tensor | None = None) -> Tensor:
    """Mix one weight, into ``target`` (which may be ``before``) or into a new tensor."""
    import torch

    mixed = torch.empty_like(after) if target is None else target
    if _stays(after, share):
        return mixed.copy_(after)
    if share == 0:
        return mixed.copy_(before)
    flat = (tensor.reshape(-1).split(AT_ONCE) for tensor in (before, after))
    for part, old, new in zip(mixed.view(-1).split(AT_ONCE), *flat, strict=True):
        # In float64, so that half-precision weights are rounded once.
        part.copy_((1 - share) * old.double() + share * new.double())
    return mixed


def interpolated_model(
    base: Path, tuned: Path, alpha: float, target: Path, kept: float = 1.0
) -> Path:
    """Write the model between two sentence-transformers folders; kept ones are not made again.

    Prompts, tokenizer and maximum length are those of the tuned model.

    Parameters
    ----------
    base, tuned : Path
        Folders with safetensors weights.
    alpha, kept : float
        As for :func:`interpolated_weights`.
    target : Path
        Folder to make; it appears whole or not at all. Name it after both models, α and ``kept``.

    Returns
    -------
    Path
        ``target``.

    Raises
    ------
    TuningError
        If the two are not of the same build or alpha is outside [0, 1].
    """
    if (target / FINISHED).is_file():
        return target
    before, model = load_model(base, "cpu"), load_model(tuned, "cpu")
    weights = interpolated_weights(before.state_dict(), model.state_dict(), alpha, kept)
    model.load_state_dict(weights)
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=target.parent, prefix=".alpha-"))
    try:
        model.save_pretrained(str(made), create_model_card=False, safe_serialization=True)
        try:
            made.replace(target)
        except OSError:
            if not (target / FINISHED).is_file():  # else another process was faster
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target
