"""How much of a text a run reads: as much as nearly all answers need, within limits.

Where answers are passages or pages, a run that reads their first 128 word pieces learns little that
holds for whole ones, and validation, which reads what learning reads, does not see it
(docs/method.md, "How much of a text is read"). Where they are short, the limit costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.experts.encoding import token_estimates
from core.types import QADataset
from core.types.tuning_config import TuningConfig

USUAL, LONGEST = 128, 256  # word pieces: at least and at most, where the data decide
READ_WHOLE = 0.95  # of the answers
LEAST = 8
_STEP = 32
_NO_LIMIT = 1 << 30
_LOOKED_AT = 2_000  # answers, evenly spread: told on a page at every look


@dataclass(frozen=True)
class Reading:
    """How much of each text a run reads.

    Attributes
    ----------
    length : int
        Word pieces.
    by_data : bool
        Whether the data decided, not the settings.
    longer : float in [0, 1]
        Share of answers that are longer than ``USUAL``, by their bytes.
    cut : float in [0, 1]
        Share of answers that are longer than ``length``.
    """

    length: int
    by_data: bool
    longer: float
    cut: float


def reading_of(config: TuningConfig, dataset: QADataset) -> Reading:
    """Return how much of each text a run with these settings reads."""
    texts = dataset.answers[:: max(1, len(dataset.answers) // _LOOKED_AT)]
    tokens = token_estimates(texts, _NO_LIMIT)
    length = max(config.max_length, LEAST)
    if not config.max_length:
        wanted = float(np.quantile(tokens, READ_WHOLE)) if len(tokens) else 0.0
        length = int(np.clip(np.ceil(wanted / _STEP) * _STEP, USUAL, LONGEST))
    longer, cut = ((tokens > limit).mean() if len(tokens) else 0.0 for limit in (USUAL, length))
    return Reading(length, not config.max_length, float(longer), float(cut))
