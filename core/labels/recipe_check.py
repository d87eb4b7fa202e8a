"""Whether a recipe fits the experts and the data at hand."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import LabelError
from core.labels.groups import groupings
from core.labels.rules import RULES
from core.types import LabelRecipe, QADataset


def check_recipe(recipe: LabelRecipe, scored: Sequence[str], dataset: QADataset) -> None:
    """Raise LabelError if the recipe asks for what is not there; the text says what is.

    Parameters
    ----------
    scored : sequence of str
        Experts that have scored the dataset.
    """
    rule = RULES.get(recipe.rule)
    if rule is None:
        raise LabelError(
            "There is no combination rule {rule}. Choose one of: {known}.",
            rule=recipe.rule,
            known=", ".join(RULES),
        )
    if rule.needs_experts and not recipe.experts:
        raise LabelError(
            "The combination rule {rule} needs at least one expert. Choose an expert or the rule "
            "that uses known right answers only.",
            rule=recipe.rule,
        )
    missing = [expert for expert in recipe.experts if expert not in scored]
    if missing:
        raise LabelError(
            "The recipe uses {missing}, not scored on these data. Scored: {scored}. Score the "
            "missing experts or leave them out.",
            missing=", ".join(missing),
            scored=", ".join(scored) or "–",
        )
    if recipe.recentre:
        known = groupings(dataset)
        unknown = [key for key in recipe.recentre if key not in known]
        if unknown:
            raise LabelError(
                "Labels cannot be evened out by {unknown}: these data have no such groups. They "
                "can be by: {known}.",
                unknown=", ".join(unknown),
                known=", ".join(known) or "–",
            )
