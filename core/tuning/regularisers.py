r"""What holds a model back while it learns: terms beside the loss on labels (METHOD §5).

Both are functions of the vectors of a whole step, weighted by a setting; 0 leaves a term out.

Shapes
------
vectors : float tensor [n, d], unit length, gradient flows through it
base : float tensor [n, d], unit length, of the base model; None where a term does not ask for it
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import TuningError
from core.experts.encoding import to_device
from core.tuning.batches import turn_of
from core.tuning.gradients import Term, TextSet
from core.tuning.student import QUERY
from core.types.tuning_config import TuningConfig

if TYPE_CHECKING:
    from torch import Tensor

ANSWERS, NEUTRAL = "answers", "neutral"
RELATED = 2  # neutral sentences side by side are about one thing: they are dealt together
SENTENCES = 16  # neutral ones in a step
_FOLDER = Path(__file__).parent / "neutral"
_OTHERWISE = "en"


@dataclass(frozen=True)
class Regulariser:
    """One term.

    Attributes
    ----------
    setting : str
        Field of the config that holds its weight.
    reads : str
        Whose vectors it looks at: ``ANSWERS`` of the step, or ``NEUTRAL`` sentences.
    compute : callable
        ``(vectors, base)`` to a scalar tensor >= 0.
    """

    setting: str
    reads: str
    compute: Callable[[Tensor, Tensor | None], Tensor]

    def weight(self, config: TuningConfig) -> float:
        """Return its weight in a run; 0 where the vectors it looks at are fixed."""
        fixed = self.reads == ANSWERS and config.answers_stay
        return 0.0 if fixed else float(getattr(config, self.setting))


def stay_close(vectors: Tensor, base: Tensor | None) -> Tensor:
    r"""Return the mean squared change of similarities since the base model.

    :math:`\frac{1}{n(n-1)} \sum_{i \ne j} (v_i \cdot v_j - b_i \cdot b_j)^2`. Similarities, not
    vectors, are held: a rotation of the whole space changes no search.
    """
    assert base is not None
    return _apart(vectors @ vectors.T - base @ base.T).square().mean()


def orthogonal(vectors: Tensor, base: Tensor | None) -> Tensor:
    r"""Return how far vectors are from spread evenly over the sphere.

    :math:`M_1^2 + \max(0, M_2 - 1/d)` with the mean :math:`M_1` and the mean square :math:`M_2` of
    the cosines of different vectors: 0 and 1/d for points at random on the sphere. Zhang et al.
    2017, arXiv:1708.06320.
    """
    cosines = _apart(vectors @ vectors.T)
    even = 1 / vectors.shape[1]
    return cosines.mean().square() + (cosines.square().mean() - even).clamp(min=0)


def _apart(table: Tensor) -> Tensor:
    """Return the cells of a square table off its diagonal; a single 0 where there are none."""
    import torch

    count = len(table)
    if count < 2:
        return table.new_zeros(1)
    return table[~torch.eye(count, dtype=torch.bool, device=table.device)]


REGULARISERS: dict[str, Regulariser] = {
    term.setting: term
    for term in (
        Regulariser("stay_close", NEUTRAL, stay_close),
        Regulariser("orthogonal", ANSWERS, orthogonal),
    )
}


@dataclass(frozen=True, eq=False)
class NeutralTexts:
    """Everyday sentences, related ones side by side, and how the base model reads them.

    Attributes
    ----------
    texts : sequence of str, n long
    vectors : float32 array [n, d]
        Unit vectors of the base model, read as questions are.
    """

    texts: Sequence[str]
    vectors: np.ndarray

    def turn(self, number: int, seed: int) -> np.ndarray:
        """Return the places of the sentences of one step, int array [m]."""
        groups = turn_of(len(self.texts) // RELATED, SENTENCES // RELATED, number, seed)
        return (groups[:, None] * RELATED + np.arange(RELATED)).ravel()


def _needs_neutral(config: TuningConfig) -> bool:
    """Return True if a run with these settings reads neutral sentences."""
    return any(term.reads == NEUTRAL and term.weight(config) > 0 for term in REGULARISERS.values())


def neutral_texts(language: str) -> tuple[str, ...]:
    """Return the shipped everyday sentences in a language, English ones for any other.

    Parameters
    ----------
    language : str
        ISO 639-1 code.
    """
    paths = {path.stem: path for path in _FOLDER.glob("*.txt")}
    lines = paths.get(language, paths[_OTHERWISE]).read_text("utf-8").splitlines()
    return tuple(line for line in lines if line)


def wanted_neutral(config: TuningConfig, texts: Sequence[str]) -> Sequence[str]:
    """Return the neutral sentences that a run reads: all, or none where no term asks for them.

    Raises
    ------
    TuningError
        If there are too few to compare.
    """
    if not _needs_neutral(config):
        return ()
    if len(texts) < 2 * RELATED:
        raise TuningError(
            "To stay close to the base model, at least {least} everyday sentences are needed; "
            "{count} were given. Give more, or set the weight stay_close to 0.",
            least=2 * RELATED,
            count=len(texts),
        )
    return texts


def regularised(
    config: TuningConfig, sets: Sequence[TextSet], neutral: NeutralTexts | None, number: int
) -> tuple[list[TextSet], list[Term]]:
    """Return what a step reads besides its text sets, and the terms added to its loss.

    Parameters
    ----------
    sets : sequence of TextSet
        Questions and, unless they are fixed, answers; the terms expect further sets after these.
    number : int
        Of the step, from 0: a resumed run reads what it would have read.
    """
    weights = {key: term.weight(config) for key, term in REGULARISERS.items()}
    wanted = {key: weight for key, weight in weights.items() if weight > 0}
    more: list[TextSet] = []
    base: np.ndarray | None = None
    if neutral is not None and _needs_neutral(config):
        places = neutral.turn(number, config.seed)
        more.append(TextSet(QUERY, [neutral.texts[place] for place in places]))
        base = neutral.vectors[places]
    where = {ANSWERS: 1, NEUTRAL: len(sets)}
    terms = [
        _term(REGULARISERS[key], weight, where[REGULARISERS[key].reads], base)
        for key, weight in wanted.items()
    ]
    return more, terms


def _term(regulariser: Regulariser, weight: float, place: int, base: np.ndarray | None) -> Term:
    def term(vectors: Sequence[Tensor]) -> Tensor:
        import torch

        mine = vectors[place]
        held = to_device(torch.from_numpy(base), mine.device) if base is not None else None
        return weight * regulariser.compute(mine, held)

    return term
