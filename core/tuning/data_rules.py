"""What a run decides by what the data are: rules that are stated, tested and told.

Presets say what suits most data; where one figure of the data decides better, it decides. How each
rule was measured stands in docs/method.md ("What follows from the data").

* How much of a text is read: as much as nearly all answers need, within limits. Where answers are
  passages or pages, their first 128 word pieces teach little that holds for whole ones, and
  validation, which reads what learning reads, does not see it. Where they are short, the limit
  costs nothing.
* Whether it is learned how alike answers are: only where questions have several right answers,
  because likeness says which answers belong together.
* How large the steps of a short run are: n steps in directions of chance come √n as far.

Two more depend on what the experts know and are decided when a run begins
(:mod:`core.tuning.run`): open questions and likeness of answers are learned from only where an
expert searches clearly better than the base model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.experts.encoding import token_estimates
from core.messages import N_, Message
from core.tuning.losses import LOSSES
from core.types import TRAIN, QADataset, Rows
from core.types.tuning_config import TuningConfig

USUAL, LONGEST = 128, 256  # word pieces: at least and at most, where the data decide
READ_WHOLE = 0.95  # of the answers
LEAST = 8
ROUNDED_AWAY = 0.005  # a share that would be told as 0%
SEVERAL = 1.5  # right answers per question from which likeness tells which ones belong together
MOST_OF_FEW = 2.0  # by which a short run may raise the learning rate
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
        Share of answers with more than ``USUAL`` word pieces, told from their bytes.
    cut : float in [0, 1]
        Share of answers with more than ``length``.
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


def right_answers_each(dataset: QADataset, rows: Rows) -> float:
    """Return how many right answers the questions have on average.

    Of judged questions a few answers were looked at, which says little about how many fit: they
    are left out, unless there are no others.
    """
    counted = np.setdiff1d(rows, dataset.pooled_rows)
    counted = counted if len(counted) else rows
    return float(np.isin(dataset.right_question, counted).sum() / max(len(counted), 1))


def short_run_factor(steps: int, config: TuningConfig) -> float:
    """Return by how much a run of so many steps raises the learning rate, 1 to 2."""
    return float(min(max((config.usual_steps / max(steps, 1)) ** 0.5, 1.0), MOST_OF_FEW))


def rules_for(dataset: QADataset, config: TuningConfig, steps: int) -> tuple[Message, ...]:
    """Say in sentences what the data decide in a run with these settings.

    Parameters
    ----------
    steps : int
        Of all passes.
    """
    return tuple(_told(dataset, config, steps))


def _told(dataset: QADataset, config: TuningConfig, steps: int) -> Iterator[Message]:
    reading = reading_of(config, dataset)
    if reading.by_data:
        shares = {"longer": reading.longer, "cut": reading.cut, "usual": USUAL}
        if reading.length > USUAL:
            text = N_(
                "Up to {length} word pieces of each text are read, because {longer:.0%} of your "
                "answers have more than {usual}; {cut:.0%} are cut."
            )
        elif reading.cut < ROUNDED_AWAY:
            text = N_("{length} word pieces of each text are read, enough for your answers.")
        else:
            text = N_(
                "{length} word pieces of each text are read: {cut:.0%} of your answers are longer."
            )
        yield Message(text, {"length": reading.length, **shares})
    rows = dataset.rows(TRAIN)
    likeness = LOSSES[config.loss].uses_labels and config.neighbourhoods_per_batch > 0
    if likeness and config.guard_regimes and len(rows):
        each = right_answers_each(dataset, rows)
        text = (
            N_(
                "How alike answers are is not learned from: your questions have {each:.1f} right "
                "answers on average, and it helps from {several} on."
            )
            if each < SEVERAL
            else N_(
                "How alike the experts find answers is learned from, if an expert searches clearly "
                "better than the base model: your questions have {each:.1f} right answers on "
                "average."
            )
        )
        yield Message(text, {"each": each, "several": SEVERAL})
    factor = short_run_factor(steps, config)
    if factor > 1:
        text = N_(
            "{steps} steps are few, so each is {factor:.1f} times as large (learning rate "
            "{rate:.1e})."
        )
        yield Message(
            text, {"steps": steps, "factor": factor, "rate": factor * config.learning_rate}
        )
