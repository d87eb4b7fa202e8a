"""Which pairs the review shows, in which order, and where the reviewer stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import streamlit as st

from core.journey import labels
from core.journey.question_notes import reported_pairs
from core.labels.overrides import conflicts, standing
from core.labels.pair_sample import with_pairs
from core.messages import N_
from core.types import Override
from core.workspace.notes import QuestionNote
from pages.parts.labels.label_studio import Studio
from pages.parts.page import Context

MOST = 300  # pairs of an endless list; a person reviews no more in one go


@dataclass(frozen=True, eq=False)
class Review:
    """The pairs at hand: those of the sample and those that people judged, wherever they lie."""

    studio: Studio
    reports: Mapping[tuple[str, str], QuestionNote] = field(default_factory=dict)

    @cached_property
    def held(self) -> Mapping[tuple[str, str], tuple[Override, ...]]:
        """Values by hand that hold, per pair of texts, the one in force last."""
        return standing(self.studio.model.overrides)

    @cached_property
    def conflicts(self) -> Mapping[tuple[str, str], tuple[Override, ...]]:
        """Pairs on which people contradict each other."""
        return conflicts(self.studio.model.overrides)

    def texts(self, position: int) -> tuple[str, str]:
        """Return question and answer of one pair."""
        sample, dataset = self.studio.sample, self.studio.dataset
        return (
            dataset.questions[int(sample.question_rows[position])],
            dataset.answers[int(sample.answer_rows[position])],
        )

    @cached_property
    def keys(self) -> np.ndarray:
        """One number per pair, int64 [n]: the same for as long as the data are the same."""
        sample = self.studio.sample
        count = len(self.studio.dataset.answers)
        return sample.question_rows.astype(np.int64) * count + sample.answer_rows

    def among(self, pairs: Mapping[tuple[str, str], object]) -> np.ndarray:
        """Return the positions of these pairs of texts, those changed last first, int [m]."""
        dataset = self.studio.dataset
        question_row = {text: row for row, text in enumerate(dataset.questions)}
        answer_row = {text: row for row, text in enumerate(dataset.answers)}
        place = {int(key): position for position, key in enumerate(self.keys)}
        found = [
            place.get(question_row[q] * len(dataset.answers) + answer_row[a])
            for q, a in pairs
            if q in question_row and a in answer_row
        ]
        return np.array([one for one in reversed(found) if one is not None], np.int64)


@dataclass(frozen=True)
class ReviewList:
    """One choice of the filter.

    Attributes
    ----------
    find : callable
        Returns positions in the sample, first things first.
    judged : bool
        It holds pairs that were judged already: there is nothing to work off.
    """

    title: str
    find: Callable[[Review], np.ndarray]
    judged: bool = False


def _sorted(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    positions = np.flatnonzero(among)
    return positions[np.argsort(values[positions], kind="stable")]


LISTS: Mapping[str, ReviewList] = {
    "suspected": ReviewList(
        N_("Suspected wrong labels: experts contradict the data"),
        lambda review: review.studio.findings.most_suspicious,
    ),
    "reported": ReviewList(
        N_("Reported on the Compare page"), lambda review: review.among(review.reports)
    ),
    "disputed": ReviewList(
        N_("Experts disagree most"),
        lambda review: review.studio.findings.most_disputed[:MOST],
    ),
    "right": ReviewList(
        N_("Right answers with the lowest label"),
        lambda review: _sorted(review.studio.alone, review.studio.sample.hard_label > 0)[:MOST],
    ),
    "other": ReviewList(
        N_("Other pairs with the highest label"),
        lambda review: _sorted(-review.studio.alone, review.studio.sample.hard_label == 0)[:MOST],
    ),
    "all": ReviewList(
        N_("All pairs, the most suspicious first"),
        lambda review: np.argsort(-review.studio.findings.suspicion, kind="stable"),
    ),
    "by_hand": ReviewList(
        N_("Changed by hand"), lambda review: review.among(review.held), judged=True
    ),
    "conflict": ReviewList(
        N_("In conflict: two people set different labels"),
        lambda review: review.among(review.conflicts),
        judged=True,
    ),
}


@dataclass
class Place:
    """Where one person stands in the review; lives as long as the browser tab.

    Attributes
    ----------
    opened : int or None
        Key of the pair on the table; None = the first that is left.
    skipped : set of int
        Keys of pairs to leave for later.
    turn : int
        Grows with each step, so that widgets of the next pair start afresh.
    """

    opened: int | None = None
    skipped: set[int] = field(default_factory=set)
    turn: int = 0
    problem: Exception | None = None

    def move(self, key: int | None) -> None:
        """Open another pair."""
        self.opened = key
        self.turn += 1


def place_of(context: Context) -> Place:
    """Return where this person stands in this project."""
    key = f"review_{context.project.id}_{context.project.dataset_id}"
    place = st.session_state.setdefault(key, Place())
    assert isinstance(place, Place)
    return place


def open_review(context: Context, studio: Studio) -> Review:
    """Return the pairs at hand, with what people recorded up to this moment."""
    model = studio.model.with_overrides(labels.overrides(context.workspace, context.project))
    reports = reported_pairs(context.workspace, context.project)
    sample = with_pairs(
        studio.sample.of_experts(model.recipe.experts),
        studio.dataset,
        model.scores,
        [*standing(model.overrides), *reports],
    )
    return Review(replace(studio, model=model, sample=sample), reports)
