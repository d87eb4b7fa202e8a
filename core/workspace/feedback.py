"""What people say: ratings of pairs, blind votes, notes on questions. Rows are only ever added.

Nobody overwrites anybody: what is taken back gets a row that says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from core.errors import WorkspaceError
from core.types.judgements import (
    CHOICES,
    COMMENT,
    NOTE_KINDS,
    WITHDRAWN,
    QuestionNote,
    Vote,
    VoteOpening,
    VoteRound,
)
from core.workspace.database import Database

STARS, POINTS = "stars", "points"
CANNOT_SAY = "cannot say"
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
        return tuple(self._all(self._tables.ratings, Rating, project_id))


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


class VoteRecords(Database):
    """The blind votes of one workspace."""

    def start_vote(self, project_id: str, round_: VoteRound) -> None:
        """Record a round."""
        settings = asdict(round_)
        kept = {key: settings.pop(key) for key in ("id", "who", "at")}
        self._add(self._tables.vote_rounds, project_id=project_id, settings=settings, **kept)

    def vote_rounds(self, project_id: str) -> tuple[VoteRound, ...]:
        """Return the rounds of a project, newest first."""
        table = self._tables.vote_rounds
        query = table.select().where(table.c.project_id == project_id)
        return tuple(
            VoteRound(
                id=row.id,
                who=row.who,
                at=row.at,
                **{**row.settings, "positions": tuple(row.settings["positions"])},
            )
            for row in self._read(query.order_by(table.c.number.desc()))
        )

    def add_vote(self, round_id: str, vote: Vote) -> bool:
        """Record a vote unless the round was ended; returns whether it counts.

        Raises
        ------
        WorkspaceError
            If the voter has no name or the choice is unknown.
        """
        if not vote.voter.strip():
            raise WorkspaceError("A vote needs the name of its voter. Type your name first.")
        if vote.choice not in CHOICES:
            raise WorkspaceError(
                "There is no choice {choice}. Choose one of: {known}.",
                choice=vote.choice,
                known=", ".join(CHOICES),
            )
        from sqlalchemy import exists, insert, literal, select

        table, opened = self._tables.votes, self._tables.vote_openings
        row = {**asdict(vote), "round_id": round_id}
        # One statement, so that a round ended by another browser takes no more votes.
        values = select(*(literal(value, table.c[key].type) for key, value in row.items())).where(
            ~exists().where(opened.c.round_id == round_id)
        )
        with self._write() as connection:
            # psycopg does not count the rows of such a statement: ask for them.
            kept = insert(table).from_select(list(row), values).returning(table.c.number)
            return connection.execute(kept).first() is not None

    def votes(self, round_id: str) -> tuple[Vote, ...]:
        """Return every vote ever given in a round, oldest first."""
        return tuple(self._all(self._tables.votes, Vote, round_id, of="round_id"))

    def open_vote(self, round_id: str, opening: VoteOpening) -> None:
        """Record that somebody opened the result; only the first opening counts."""
        row = asdict(opening) | {"early": int(opening.early)}
        self._add(self._tables.vote_openings, round_id=round_id, **row)

    def vote_opening(self, round_id: str) -> VoteOpening | None:
        """Return who ended a round first, None while it runs."""
        openings = self._all(self._tables.vote_openings, VoteOpening, round_id, of="round_id")
        return replace(openings[0], early=bool(openings[0].early)) if openings else None


def new_round_id() -> str:
    """Return an id that cannot be guessed: it is part of the link that voters get."""
    return secrets.token_hex(8)


LONGEST = 2000  # characters of a note


class NoteRecords(Database):
    """The notes of one workspace."""

    def add_note(self, project_id: str, note: QuestionNote) -> None:
        """Record a note.

        Raises
        ------
        WorkspaceError
            If its kind is unknown, it says nothing, or it is too long.
        """
        if note.kind not in NOTE_KINDS:
            raise WorkspaceError(
                "There is no kind of note {kind}. Choose one of: {known}.",
                kind=note.kind,
                known=", ".join(NOTE_KINDS),
            )
        if note.kind == COMMENT and not note.text.strip():
            raise WorkspaceError("The comment is empty. Write something first.")
        if len(note.text) > LONGEST:
            raise WorkspaceError(
                "The text has {length} characters; at most {most} are kept. Shorten it.",
                length=len(note.text),
                most=LONGEST,
            )
        self._add(self._tables.question_notes, project_id=project_id, **asdict(note))

    def notes(self, project_id: str) -> tuple[QuestionNote, ...]:
        """Return every note of a project, oldest first."""
        return tuple(self._all(self._tables.question_notes, QuestionNote, project_id))
