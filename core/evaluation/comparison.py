"""Several systems on the same held-out questions, and how tuned differs from base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from core.documents import from_json
from core.errors import BrokenSystemError, ComparisonError, TooLittleDataError, WorkspaceError
from core.evaluation.slices import slice_differences
from core.evaluation.systems import System, held_out_rows, measured, origin_of, why_refused
from core.evaluation.verdict import BASE, TUNED, contrasts, differences
from core.messages import N_, Message
from core.types import (
    KNOWN,
    REGIMES,
    TEST_KNOWN,
    UNSEEN,
    ArmResult,
    Comparison,
    Difference,
    Generality,
    QADataset,
    Reporter,
    SliceDifference,
)


def compare(
    dataset: QADataset,
    systems: Sequence[System],
    *,
    run_id: str,
    seed: int,
    report: Reporter,
    generality: Sequence[Generality] = (),
    absent: Mapping[str, Message] | None = None,
) -> Comparison:
    """Measure every system on the held-out questions; where both are there, tuned against base.

    Parameters
    ----------
    systems : sequence of EncodedSystem or ListedSystem
        ``base`` and ``tuned`` are compared with each other; all others are shown beside them.
        A system with values that are not numbers is left out with a warning, and so is every other
        system than these two that does not fit the data.
    run_id : str
        The tuning run that is judged; "" where there is none.
    seed : int
        Of bootstrap and randomisation.
    generality, absent
        Passed on; ``absent`` says why a system is missing.

    Raises
    ------
    TooLittleDataError
        If no question is held out.
    ComparisonError
        If base or tuned does not fit the dataset or two systems have the same name.
    """
    rows = held_out_rows(dataset)
    if rows.size == 0:
        raise TooLittleDataError(
            "The data {name} has no held-out question with a right answer, so nothing can be "
            "compared. Split the data again, or add questions.",
            name=dataset.name,
        )
    names = [system.name for system in systems]
    for name in names:
        if names.count(name) > 1:
            raise ComparisonError(
                "Two systems are both called {name}. Give each its own name.", name=name
            )
    expected = origin_of(dataset)
    missing = dict(absent or {})
    results: list[ArmResult] = []
    for i, system in enumerate(systems):
        report.progress(
            i / len(systems), Message(N_("Searching with {title}"), {"title": system.title})
        )
        refusal = why_refused(system.title, system.origin, expected) if system.origin else None
        try:
            if refusal is not None:
                raise ComparisonError(refusal.template, **refusal.params)
            results.append(measured(dataset, rows, system))
        except ComparisonError as error:
            if system.name in (BASE, TUNED) and not isinstance(error, BrokenSystemError):
                raise
            missing[system.name] = error.message
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


def to_files(comparison: Comparison) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return a JSON document and arrays (for safetensors) that :func:`from_files` reads back."""
    document: dict[str, Any] = {
        "dataset_id": comparison.dataset_id,
        "run_id": comparison.run_id,
        "arms": [
            {
                "name": arm.name,
                "title": arm.title,
                "kind": arm.kind,
                "fingerprint": arm.fingerprint,
                "metrics": list(arm.metrics),
                "notes": [note.to_json() for note in arm.notes],
            }
            for arm in comparison.arms
        ],
        "differences": [asdict(difference) for difference in comparison.differences],
        "contrasts": [asdict(difference) for difference in comparison.contrasts],
        "slices": [asdict(part) for part in comparison.slices],
        "generality": [asdict(probe) for probe in comparison.generality],
        "absent": {name: reason.to_json() for name, reason in comparison.absent.items()},
    }
    arrays = {
        "question_rows": comparison.question_rows,
        # texts are not tensors: a regime is stored as its position in REGIMES
        "regimes": np.array([REGIMES.index(str(r)) for r in comparison.regimes], np.uint8),
        "groups": comparison.groups,
    }
    for i, arm in enumerate(comparison.arms):
        arrays[f"arms.{i}.top_answers"] = arm.top_answers
        arrays[f"arms.{i}.top_scores"] = arm.top_scores
        arrays[f"arms.{i}.right_rank"] = arm.right_rank
        arrays |= {f"arms.{i}.metrics.{name}": values for name, values in arm.metrics.items()}
    return document, {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def from_files(document: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Comparison:
    """Build the comparison that :func:`to_files` took apart.

    Raises
    ------
    WorkspaceError
        If a part is missing or does not fit: the result is damaged or of another version.
    """
    try:
        return Comparison(
            dataset_id=str(document["dataset_id"]),
            run_id=str(document["run_id"]),
            question_rows=arrays["question_rows"],
            regimes=np.array(REGIMES)[arrays["regimes"]],
            groups=arrays["groups"],
            arms=tuple(_arm(i, values, arrays) for i, values in enumerate(document["arms"])),
            differences=tuple(from_json(Difference, d) for d in document["differences"]),
            generality=tuple(from_json(Generality, g) for g in document["generality"]),
            absent={name: Message.from_json(m) for name, m in document["absent"].items()},
            # Comparisons made before there were contrasts and slices lack them.
            contrasts=tuple(from_json(Difference, d) for d in document.get("contrasts", ())),
            slices=tuple(from_json(SliceDifference, s) for s in document.get("slices", ())),
        )
    except (KeyError, IndexError, TypeError, AttributeError, AssertionError) as error:
        raise WorkspaceError(
            "The comparison on disk is damaged or from another version ({problem}). Run the "
            "comparison again.",
            problem=f"{type(error).__name__}: {error}",
        ) from error


def _arm(i: int, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> ArmResult:
    return ArmResult(
        name=values["name"],
        title=values["title"],
        kind=values["kind"],
        fingerprint=values["fingerprint"],
        metrics={name: arrays[f"arms.{i}.metrics.{name}"] for name in values["metrics"]},
        top_answers=arrays[f"arms.{i}.top_answers"],
        top_scores=arrays[f"arms.{i}.top_scores"],
        right_rank=arrays[f"arms.{i}.right_rank"],
        notes=tuple(Message.from_json(note) for note in values.get("notes", ())),
    )
