"""The held-out questions that moved: losses, the worst first, and wins, the best first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.reporting.report_content import Movement
from core.types import ArmResult, Comparison, QADataset

if TYPE_CHECKING:
    from core.evaluation.movements import QuestionChange


def best_and_worst(
    dataset: QADataset, comparison: Comparison
) -> tuple[tuple[Movement, ...], tuple[Movement, ...], int]:
    """Return all losses, all wins, and the number of lost right answers.

    Nothing of any where base or tuned is absent.
    """
    from core.evaluation.movements import wins_and_losses
    from core.evaluation.verdict import BASE, TUNED

    base, tuned = comparison.arm(BASE), comparison.arm(TUNED)
    if base is None or tuned is None:
        return (), (), 0
    changes = wins_and_losses(comparison)
    losses = [change for change in changes if change.lost or change.change < 0]
    best = sorted((c for c in changes if c.change > 0), key=lambda c: (-c.change, c.position))
    lost = sum(change.lost for change in changes)

    def movements(chosen: Sequence[QuestionChange]) -> tuple[Movement, ...]:
        found = []
        for change in chosen:
            right = dataset.right_answers(change.question)
            first = int(tuned.top_answers[change.position][0])
            found.append(
                Movement(
                    regime=change.regime,
                    question=dataset.questions[change.question],
                    answer=dataset.answers[_shown_answer(right, (tuned, base), change.position)],
                    before_rank=change.before_rank,
                    after_rank=change.after_rank,
                    change=change.change,
                    first_now="" if first < 0 or first in right else dataset.answers[first],
                    lost=change.lost,
                    question_id=dataset.question_ids[change.question],
                )
            )
        return tuple(found)

    return movements(losses), movements(best), lost


def _shown_answer(right: np.ndarray, arms: tuple[ArmResult, ...], position: int) -> int:
    """Return the right answer that stands best after tuning, else before, else the first."""
    for arm in arms:
        top = arm.top_answers[position]
        hits = top[np.isin(top, right)]
        if hits.size:
            return int(hits[0])
    return int(right[0])
