"""What people said about single pairs: rows are only ever added, so nobody overwrites anybody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from core.errors import WorkspaceError
from core.workspace.database import Database

STARS, POINTS = "stars", "points"
CANNOT_SAY, WITHDRAWN = "cannot say", "withdrawn"
SCALES = (STARS, POINTS, CANNOT_SAY, WITHDRAWN)


@dataclass(frozen=True)
class Rating:
    """One rater's word on one pair.

    Attributes
    ----------
    question, answer : str
        The texts, not row numbers: a rating outlives a new upload of the same data.
    rater : str
    value : float in [0, 1] or None
        0 = does not answer the question at all, 1 = answers it fully.
    scale : str
        How it was given: ``stars`` (1–5), ``points`` (0–100); without a value ``cannot say`` (the
        rater looked at the pair and passes) or ``withdrawn`` (undone: as if never rated).
    at : str
        Time in UTC, ISO 8601.
    """

    question: str
    answer: str
    rater: str
    value: float | None
    scale: str
    at: str


class RatingRecords(Database):
    """The ratings of one workspace."""

    def add_ratings(self, project_id: str, ratings: Sequence[Rating]) -> None:
        """Record ratings, all or none; earlier ones of the same rater and pair are kept.

        Raises
        ------
        WorkspaceError
            If a rating has no rater, an unknown scale, or a value that does not fit its scale.
        """
        for rating in ratings:
            _check(rating)
        rows = [{**asdict(rating), "project_id": project_id} for rating in ratings]
        if rows:
            with self._write() as connection:
                connection.execute(self._tables.ratings.insert(), rows)

    def ratings(self, project_id: str) -> tuple[Rating, ...]:
        """Return every rating ever given in a project, oldest first."""
        table = self._tables.ratings
        query = table.select().where(table.c.project_id == project_id).order_by(table.c.number)
        return tuple(
            Rating(r.question, r.answer, r.rater, r.value, r.scale, r.at) for r in self._read(query)
        )


def in_force(ratings: Iterable[Rating]) -> list[Rating]:
    """Return the newest rating of each rater and pair, oldest first, without withdrawn ones."""
    newest: dict[tuple[str, str, str], Rating] = {}
    for rating in ratings:
        key = (rating.rater, rating.question, rating.answer)
        newest.pop(key, None)
        if rating.scale != WITHDRAWN:
            newest[key] = rating
    return list(newest.values())


def _check(rating: Rating) -> None:
    if not rating.rater.strip():
        raise WorkspaceError("A rating needs the name of its rater. Type your name and try again.")
    if rating.scale not in SCALES:
        raise WorkspaceError(
            "There is no rating scale {scale}. Choose one of: {known}.",
            scale=rating.scale,
            known=", ".join(SCALES),
        )
    if (rating.value is not None) != (rating.scale in (STARS, POINTS)):
        raise WorkspaceError(
            "A rating by {scale} came with the value {value}; only ratings by stars or points "
            "have one.",
            scale=rating.scale,
            value="–" if rating.value is None else rating.value,
        )
    if rating.value is not None and not 0 <= rating.value <= 1:
        raise WorkspaceError(
            "A rating must lie between 0 and 1; {value} does not.", value=rating.value
        )
