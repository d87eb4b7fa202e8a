"""A comparison as JSON and plain arrays, so that a job can leave it on disk without pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from core.documents import from_json
from core.errors import WorkspaceError
from core.messages import Message
from core.types import REGIMES, ArmResult, Comparison, Difference, Generality, SliceDifference


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
