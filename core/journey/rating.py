"""People as experts: the next pair, what was said, files with ratings, a place in the panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.data.columns.guessing import guess_mapping
from core.data.judging.ratings import FIVE
from core.data.rating_file import RatingFile, match_ratings, read_rating_table
from core.errors import ExpertError
from core.experts.people import (
    FAIR as FAIR,
    GOOD as GOOD,
    Agreement as Agreement,
    PairRatings,
    calibrate,
    is_people as is_people,
    krippendorff_alpha,
    people_scores,
    rater_weights,
)
from core.journey.experts import join_panel, leave_panel, load_expert_scores
from core.journey.labels import default_recipe, label_model
from core.journey.projects import scored_experts
from core.journey.uploads import read_apart
from core.labels.drawn_pairs import pairs_to_look_at
from core.labels.pair_sample import PairSample
from core.labels.review import current_batch, find_suspects
from core.progress import Reporter
from core.types import QADataset
from core.types.judgements import WITHDRAWN, bare_name, claimed
from core.types.rights import CHANGE
from core.workspace.database import now
from core.workspace.feedback import CANNOT_SAY, POINTS, STARS, Rating, in_force
from core.workspace.workspace import Project, Workspace, asks

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
    scores = load_expert_scores(workspace, dataset, experts)
    sample = pairs_to_look_at(workspace.pair_files, dataset, scores)
    if not experts:
        return RatingPool(sample, np.zeros(len(sample), np.float32))
    model = label_model(workspace, dataset, default_recipe(experts))
    findings = find_suspects(sample, model.expert_pairs(sample), model.weights)
    return RatingPool(sample, findings.spread)


def rating_task(project: Project, dataset: QADataset, pool: RatingPool, rater: str) -> RatingTask:
    """Return the pair that a rater should look at now."""
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
    own = [rating for rating in in_force(ratings) if rating.rater == rater]
    keyed = ((dataset.pair_key(rating.question, rating.answer), rating) for rating in own)
    return {divmod(key, len(dataset.answers)): rating for key, rating in keyed if key is not None}


@asks(CHANGE)
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


@asks(CHANGE)
def undo_rating(project: Project, dataset: QADataset, rater: str) -> bool:
    """Withdraw a rater's newest word; the pair comes up again. False if there is none."""
    own = _pairs_of(dataset, project.workspace.records.ratings(project.id), rater)
    if not own:
        return False
    last = list(own.values())[-1]
    undone = Rating(last.question, last.answer, rater, None, WITHDRAWN, now())
    project.workspace.records.add_ratings(project.id, [undone])
    return True


def read_ratings(
    content: bytes, name: str, dataset: QADataset, rater: str, report: Reporter | None = None
) -> RatingFile:
    """Read a file with ratings, see :func:`core.data.rating_file.read_ratings`, with limits."""
    table = read_apart(read_rating_table, content, name, name=name, report=report)
    return match_ratings(table, name, dataset, rater, guess_mapping(table, rated=True))


@asks(CHANGE)
def add_rating_file(project: Project, file: RatingFile, who: str) -> int:
    """Record the ratings of a file; returns how many were new.

    Raters that the file names are kept as claimed.
    """
    known = {
        (bare_name(r.rater), r.question, r.answer): r.value
        for r in in_force(project.workspace.records.ratings(project.id))
    }
    scale, at = STARS if file.scale == FIVE else POINTS, now()
    named = "rater" in file.columns or bool(file.raters)
    new = [
        Rating(
            r.question,
            r.answer,
            claimed(r.rater) if named else r.rater,
            r.value,
            scale if r.value is not None else CANNOT_SAY,
            at,
        )
        for r in file.ratings
        if known.get((bare_name(r.rater), r.question, r.answer), -1.0) != r.value
    ]
    project.workspace.records.add_ratings(project.id, new)
    detail = {"ratings": len(new), "set_aside": len(file.problems)}
    project.note("ratings uploaded", who, detail)
    return len(new)


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
    on_record = project.workspace.records.ratings(project.id)
    ratings = PairRatings.of(dataset, on_record)
    weights = rater_weights(ratings, calibrate(ratings))
    passed: dict[str, int] = {}
    for rating in in_force(on_record):
        if rating.scale == CANNOT_SAY:
            passed[rating.rater] = passed.get(rating.rater, 0) + 1
    raters = [
        RaterFigures(name, int((ratings.rater == i).sum()), passed.get(name, 0), float(weights[i]))
        for i, name in enumerate(ratings.raters)
    ]
    raters += [RaterFigures(n, 0, c, 0.0) for n, c in passed.items() if n not in ratings.raters]
    agreement = krippendorff_alpha(ratings.pair, ratings.value, seed=_SEED)
    return RatingSummary(
        tuple(raters), ratings.pairs, len(ratings), agreement, ratings.held_out, ratings.unknown
    )


@asks(CHANGE)
def use_people(project: Project, dataset: QADataset, who: str) -> str:
    """Make the ratings as they are now one of the experts in use; returns the expert's key.

    The key names the content, so a saved recipe never changes when more ratings come. People of an
    earlier moment leave the panel.

    Raises
    ------
    ExpertError
        If nobody has rated a pair outside the held-out test questions.
    """
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
    return next((key for key in scored_experts(project) if is_people(key)), None)


@asks(CHANGE)
def leave_people(project: Project, dataset: QADataset, who: str) -> None:
    """Take people off the experts in use; their ratings stay on record."""
    key = people_expert(project)
    if key is not None:
        leave_panel(project, dataset, key)
        project.note("people left the experts", who, {"expert": key})
