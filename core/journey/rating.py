"""People rate pairs: which pair is next, what was said, undo, and files with ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ExpertError
from core.types import QADataset
from core.workspace.feedback import CANNOT_SAY, POINTS, STARS, WITHDRAWN, Rating, in_force
from core.workspace.records import now
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.data.ratings import RatingFile
    from core.labels.pair_sample import PairSample

_SEED = 0
MOST_STARS = 5


@dataclass(frozen=True, eq=False)
class RatingPool:
    """Pairs that may be proposed; no question of the test split is among them.

    Attributes
    ----------
    spread : float32 array [n]
        Disagreement of the experts; 0 before any has scored.
    """

    sample: PairSample
    spread: np.ndarray


@dataclass(frozen=True)
class RatingTask:
    """Where one rater is: nothing in it tells what experts or other people think.

    Attributes
    ----------
    question_row, answer_row : int
        The pair to rate now; -1 when there is none left.
    done, total : int
        Of the present batch.
    given : int
        Pairs that this rater has dealt with in all.
    """

    question_row: int
    answer_row: int
    done: int
    total: int
    given: int


def rating_pool(workspace: Workspace, dataset: QADataset, experts: Sequence[str]) -> RatingPool:
    """Return the pairs to propose from, with the disagreement of these experts.

    Without experts the pairs are drawn by chance, and all count as equally disputed.
    """
    from core.journey.labels import default_recipe, label_model
    from core.journey.scoring import load_expert_scores
    from core.labels.pair_sample import sample_for_inspection
    from core.labels.review import find_suspects

    scores = load_expert_scores(workspace, dataset, experts)
    sample = sample_for_inspection(dataset, scores, seed=_SEED)
    if not experts:
        return RatingPool(sample, np.zeros(len(sample), np.float32))
    model = label_model(workspace, dataset, default_recipe(experts))
    findings = find_suspects(sample, model.expert_pairs(sample), model.weights)
    return RatingPool(sample, findings.spread)


def rating_task(project: Project, dataset: QADataset, pool: RatingPool, rater: str) -> RatingTask:
    """Return the pair that a rater should look at now."""
    from core.labels.review import current_batch

    rated = set(_pairs_of(dataset, project.workspace.records.ratings(project.id), rater))
    batch, done = current_batch(pool.sample, pool.spread, rated, seed=_SEED)
    if not len(batch):
        return RatingTask(-1, -1, 0, 0, len(rated))
    here = batch[int(np.argmin(done))]
    return RatingTask(
        int(pool.sample.question_rows[here]),
        int(pool.sample.answer_rows[here]),
        int(done.sum()),
        len(batch),
        len(rated),
    )


def _pairs_of(
    dataset: QADataset, ratings: Sequence[Rating], rater: str
) -> dict[tuple[int, int], Rating]:
    question_row = {text: row for row, text in enumerate(dataset.questions)}
    answer_row = {text: row for row, text in enumerate(dataset.answers)}
    return {
        (question_row[r.question], answer_row[r.answer]): r
        for r in in_force(ratings)
        if r.rater == rater and r.question in question_row and r.answer in answer_row
    }


def rate_pair(
    project: Project,
    dataset: QADataset,
    pair: tuple[int, int],
    rater: str,
    stars: int | None,
) -> None:
    """Record 1–5 stars on a pair (question row, answer row), None for “cannot say”.

    Raises
    ------
    ExpertError
        If there are not 1 to 5 stars.
    """
    if stars is not None and not 1 <= stars <= MOST_STARS:
        raise ExpertError("A rating has 1 to 5 stars; {stars} does not fit.", stars=stars)
    value = None if stars is None else (stars - 1) / (MOST_STARS - 1)
    scale = CANNOT_SAY if stars is None else STARS
    texts = dataset.questions[pair[0]], dataset.answers[pair[1]]
    project.workspace.records.add_ratings(project.id, [Rating(*texts, rater, value, scale, now())])


def undo_rating(project: Project, dataset: QADataset, rater: str) -> bool:
    """Withdraw a rater's newest word; the pair comes up again. False if there is none."""
    own = _pairs_of(dataset, project.workspace.records.ratings(project.id), rater)
    if not own:
        return False
    last = list(own.values())[-1]
    undone = Rating(last.question, last.answer, rater, None, WITHDRAWN, now())
    project.workspace.records.add_ratings(project.id, [undone])
    return True


def read_rating_file(content: bytes, name: str, dataset: QADataset, who: str) -> RatingFile:
    """Read an uploaded file with ratings; see :func:`core.data.ratings.read_ratings`."""
    from core.data.ratings import read_ratings

    return read_ratings(content, name, dataset, who)


def add_rating_file(project: Project, file: RatingFile, who: str) -> int:
    """Record the ratings of a file; returns how many were new."""
    from core.data.ratings import FIVE

    known = {
        (r.rater, r.question, r.answer): r.value
        for r in in_force(project.workspace.records.ratings(project.id))
    }
    scale, at = STARS if file.scale == FIVE else POINTS, now()
    new = [
        Rating(
            r.question, r.answer, r.rater, r.value, scale if r.value is not None else CANNOT_SAY, at
        )
        for r in file.ratings
        if known.get((r.rater, r.question, r.answer), -1.0) != r.value
    ]
    project.workspace.records.add_ratings(project.id, new)
    detail = {"ratings": len(new), "set_aside": len(file.problems)}
    project.note("ratings uploaded", who, detail)
    return len(new)
