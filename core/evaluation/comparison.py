"""Several systems on the same held-out questions, and how tuned differs from base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.errors import BrokenArmError, ComparisonError, TooLittleDataError
from core.evaluation.arms import ArmInput as ArmInput
from core.evaluation.arms import RankedArm, measured, origin_of, why_refused
from core.evaluation.arms import held_out_rows as held_out_rows
from core.evaluation.differences import BASE, TUNED, contrasts, differences
from core.evaluation.slices import slice_differences
from core.messages import N_, Message
from core.types import (
    KNOWN,
    TEST_KNOWN,
    UNSEEN,
    ArmResult,
    Comparison,
    Generality,
    QADataset,
    Reporter,
)


def compare(
    dataset: QADataset,
    arms: Sequence[ArmInput | RankedArm],
    *,
    run_id: str,
    seed: int,
    report: Reporter,
    generality: Sequence[Generality] = (),
    absent: Mapping[str, Message] | None = None,
) -> Comparison:
    """Measure every arm on the held-out questions; where both are there, tuned against base.

    Parameters
    ----------
    arms : sequence of ArmInput or RankedArm
        ``base`` and ``tuned`` are compared with each other; all others are shown beside them.
        An arm with values that are not numbers is left out with a warning, and so is every other
        arm than these two that does not fit the data.
    run_id : str
        The tuning run that is judged; "" where there is none.
    seed : int
        Of bootstrap and randomisation.
    generality, absent
        Passed on; ``absent`` says why an arm is missing.

    Raises
    ------
    TooLittleDataError
        If no question is held out.
    ComparisonError
        If base or tuned does not fit the dataset or two arms have the same name.
    """
    rows = held_out_rows(dataset)
    if rows.size == 0:
        raise TooLittleDataError(
            "The data {name} has no held-out question with a right answer, so nothing can be "
            "compared. Split the data again, or add questions.",
            name=dataset.name,
        )
    names = [arm.name for arm in arms]
    for name in names:
        if names.count(name) > 1:
            raise ComparisonError(
                "Two systems are both called {name}. Give each its own name.", name=name
            )
    expected = origin_of(dataset)
    missing = dict(absent or {})
    results: list[ArmResult] = []
    for i, arm in enumerate(arms):
        report.progress(i / len(arms), Message(N_("Searching with {title}"), {"title": arm.title}))
        refusal = why_refused(arm.title, arm.origin, expected) if arm.origin else None
        try:
            if refusal is not None:
                raise ComparisonError(refusal.template, **refusal.params)
            results.append(measured(dataset, rows, arm))
        except ComparisonError as error:
            if arm.name in (BASE, TUNED) and not isinstance(error, BrokenArmError):
                raise
            missing[arm.name] = error.message
            report.warning(error.message)
    comparison = Comparison(
        dataset_id=dataset.id,
        run_id=run_id,
        question_rows=rows,
        regimes=np.where(dataset.split[rows] == TEST_KNOWN, KNOWN, UNSEEN),
        groups=dataset.question_group[rows],
        arms=tuple(results),
        differences=(),
        generality=tuple(generality),
        absent=missing,
    )
    report.progress(0.9, Message(N_("Working out how sure the difference is")))
    return replace(
        comparison,
        differences=differences(comparison, seed=seed),
        contrasts=contrasts(comparison, seed=seed),
        slices=slice_differences(comparison, dataset, seed=seed),
    )
