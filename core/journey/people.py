"""People as an expert: what they said so far, how far they agree, and their place in the panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.experts.people import is_people as is_people
from core.types import QADataset
from core.workspace.feedback import CANNOT_SAY, in_force
from core.workspace.records import now
from core.workspace.workspace import Project

if TYPE_CHECKING:
    from core.experts.people import Agreement

_SEED = 0


@dataclass(frozen=True)
class RaterFigures:
    """One rater: pairs rated, pairs passed, and how much the rater counts (1 = average)."""

    name: str
    rated: int
    passed: int
    weight: float


@dataclass(frozen=True)
class RatingSummary:
    """What people said so far.

    Attributes
    ----------
    agreement : Agreement or None
        None where no pair has two ratings that could differ.
    held_out, unknown : int
        Ratings on record that are not used: of test questions, of texts not in the data.
    """

    raters: tuple[RaterFigures, ...]
    pairs: int
    ratings: int
    agreement: Agreement | None
    held_out: int
    unknown: int


def rating_summary(project: Project, dataset: QADataset) -> RatingSummary:
    """Return who rated how much, and how far people agree."""
    from core.experts.people import PairRatings, calibrate, krippendorff_alpha, rater_weights

    on_record = project.workspace.records.ratings(project.id)
    ratings = PairRatings.of(dataset, on_record)
    weights = rater_weights(ratings, calibrate(ratings))
    passed: dict[str, int] = {}
    for one in in_force(on_record):
        if one.scale == CANNOT_SAY:
            passed[one.rater] = passed.get(one.rater, 0) + 1
    raters = [
        RaterFigures(name, int((ratings.rater == i).sum()), passed.get(name, 0), float(weights[i]))
        for i, name in enumerate(ratings.raters)
    ]
    raters += [RaterFigures(n, 0, c, 0.0) for n, c in passed.items() if n not in ratings.raters]
    agreement = krippendorff_alpha(ratings.pair, ratings.value, seed=_SEED)
    return RatingSummary(
        tuple(raters), ratings.pairs, len(ratings), agreement, ratings.held_out, ratings.unknown
    )


def use_people(project: Project, dataset: QADataset, who: str) -> str:
    """Make the ratings as they are now one of the experts in use; returns the expert's key.

    The key names the content, so a saved recipe never changes when more ratings come. People of an
    earlier moment leave the panel.

    Raises
    ------
    ExpertError
        If nobody has rated a pair outside the held-out test questions.
    """
    from core.experts.people import PairRatings, people_scores
    from core.journey.panel import join_panel, leave_panel
    from core.journey.projects import scored_experts

    ratings = PairRatings.of(dataset, project.workspace.records.ratings(project.id))
    scores = people_scores(dataset, ratings)
    arrays = {
        "question_rows": scores.question_rows,
        "answer_rows": scores.answer_rows,
        "values": scores.values,
    }
    about = {"raters": len(ratings.raters), "ratings": len(ratings), "at": now()}
    project.workspace.score_files.save(dataset.id, scores.expert, arrays, about)
    join_panel(project, dataset, scores.expert)
    for key in scored_experts(project):
        if is_people(key) and key != scores.expert:
            leave_panel(project, dataset, key)
    project.note("people as expert", who, {"expert": scores.expert, **about})
    return scores.expert


def people_expert(project: Project) -> str | None:
    """Return the key of people among the experts in use, None where they are not."""
    from core.journey.projects import scored_experts

    return next((key for key in scored_experts(project) if is_people(key)), None)


def leave_people(project: Project, dataset: QADataset, who: str) -> None:
    """Take people off the experts in use; their ratings stay on record."""
    from core.journey.panel import leave_panel

    key = people_expert(project)
    if key is not None:
        leave_panel(project, dataset, key)
        project.note("people left the experts", who, {"expert": key})


def keep_people(chosen: dict[str, None], present: Sequence[str]) -> None:
    """Bring a choice of experts in line with the people in use: they join and leave elsewhere.

    Parameters
    ----------
    chosen : dict with expert keys
        Changed in place.
    present : sequence of str
        Keys of people among the experts in use.
    """
    for key in [key for key in chosen if is_people(key) and key not in present]:
        del chosen[key]
    chosen.update(dict.fromkeys(present))
