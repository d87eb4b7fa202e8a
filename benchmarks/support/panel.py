"""What experts of the catalogue say of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def panel_scores(keys: Sequence[str], dataset: Any, context: Any) -> list[Any]:
    """Return the scores of experts in their order; every text is read once.

    Parameters
    ----------
    keys : sequence of str
        Of the catalogue.
    dataset : QADataset
    context : ScoringContext
        With the models and the vectors that were read before.

    Returns
    -------
    list of ExpertScores
    """
    from core.experts.catalogue import find_entry
    from core.types import SilentReporter

    found = []
    for key in keys:
        expert = find_entry(key)
        if expert.recall(dataset, context) is None:
            expert.score(dataset, context, SilentReporter())
        found.append(expert.recall(dataset, context))
    return found
