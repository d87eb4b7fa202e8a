"""What the Labels page works on: the pairs looked at and the labels that the sliders ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import streamlit as st

from core.experts.catalogue import find_entry
from core.hashing import content_id
from core.journey import labels
from core.types import LabelRecipe, QADataset
from pages.parts import session
from pages.parts.page import Context

if TYPE_CHECKING:
    import numpy as np

    from core.labels.model import LabelModel
    from core.labels.pair_sample import PairSample
    from core.labels.review import PairFindings


@dataclass(frozen=True, eq=False)
class Studio:
    """One set of sliders applied to one sample of pairs.

    Attributes
    ----------
    model : LabelModel
        With the recipe of the sliders and all overrides.
    sample : PairSample
        Pairs of training and validation questions; the test questions are not among them.
    """

    model: LabelModel
    sample: PairSample

    @property
    def dataset(self) -> QADataset:
        """The project's data."""
        return self.model.dataset

    @property
    def names(self) -> list[str]:
        """Titles of the experts of the recipe."""
        return [find_entry(key).title for key in self.model.recipe.experts]

    @cached_property
    def key(self) -> tuple[object, ...]:
        """What decides on everything here: content hashes of labels and pairs, and the order."""
        pairs = [self.sample.question_rows, self.sample.answer_rows, self.sample.raw]
        return (self.model.id, self.model.recipe.experts, content_id(pairs))

    @cached_property
    def calibrated(self) -> np.ndarray:
        """Calibrated scores float32 [K, n]."""
        return self.model.expert_pairs(self.sample)

    @cached_property
    def combined(self) -> np.ndarray:
        """Soft labels float32 [n], overrides included."""
        return self.model.of_sample(self.sample, self.calibrated)[0]

    @cached_property
    def alone(self) -> np.ndarray:
        """What the experts say together before known answers, curve and overrides, float32 [n]."""
        assert len(self.model.weights) == len(self.names)  # found here once, shared by the copy
        bare = replace(self.model.recipe, blend=0.0, gain=1.0, threshold=0.5, temperature=1.0)
        model = self.model.with_overrides(()).with_recipe(bare)
        return model.of_sample(self.sample, self.calibrated)[0]

    @cached_property
    def findings(self) -> PairFindings:
        """Disagreement and suspected wrong hard labels."""
        from core.labels.review import find_suspects

        return find_suspects(self.sample, self.calibrated, self.model.weights)


@st.cache_resource(show_spinner=False, max_entries=4)
def _sample(root: str, dataset_id: str, experts: tuple[str, ...]) -> PairSample:
    """Draw the pairs once, with the scores of all experts at hand."""
    dataset = session.dataset_of(dataset_id)
    return labels.inspection_sample(session.workspace(), dataset, experts)


@st.cache_resource(show_spinner=False, max_entries=8)
def _fitted(root: str, dataset_id: str, experts: tuple[str, ...]) -> LabelModel:
    """Fit once per panel, on the same pairs as tuning does; slider moves only recombine."""
    workspace, dataset = session.workspace(), session.dataset_of(dataset_id)
    recipe = labels.default_recipe(experts) if experts else LabelRecipe((), "hard")
    model = labels.label_model(workspace, dataset, recipe)
    assert len(model.weights) == len(experts)  # found here once, shared by moves that keep them
    return model


def open_studio(context: Context, experts: tuple[str, ...], recipe: LabelRecipe) -> Studio:
    """Return the studio for the recipe of the controls.

    Raises
    ------
    ExpertError
        If the scores of an expert are gone from the workspace.
    """
    root, dataset_id = str(context.workspace.layout.root), context.project.dataset_id
    assert dataset_id is not None
    model = _fitted(root, dataset_id, recipe.experts)
    changed = labels.overrides(context.workspace, context.project)
    return Studio(
        model.with_recipe(recipe).with_overrides(changed), _sample(root, dataset_id, experts)
    )
