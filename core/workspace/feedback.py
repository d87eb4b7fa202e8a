"""What people say: ratings, votes, notes, what they give in a round. Rows are only ever added.

Nobody overwrites anybody: what is taken back gets a row that says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.documents import from_json, to_json
from core.errors import WorkspaceError
from core.types.asked_rounds import CLOSED, WORDS, WRITTEN, AskRound, Contribution, RoundStep
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


def new_token() -> str:
    """Return what marks one thing that a person is about to do; sent twice it counts once."""
    return secrets.token_hex(12)


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


MOST_LETTERS = 1000  # characters of a question that somebody writes


class AskRecords(Database):
    """The rounds in which people write questions or judge results, of one workspace."""

    def start_ask(self, project_id: str, round_: AskRound) -> None:
        """Record a round."""
        settings = to_json(round_)
        kept = {key: settings.pop(key) for key in ("id", "kind", "who", "at")}
        self._add(self._tables.ask_rounds, project_id=project_id, settings=settings, **kept)

    def ask_rounds(self, project_id: str, kind: str | None = None) -> tuple[AskRound, ...]:
        """Return the rounds of a project, newest first."""
        table = self._tables.ask_rounds
        query = table.select().where(table.c.project_id == project_id)
        if kind is not None:
            query = query.where(table.c.kind == kind)
        return tuple(_ask_round(row) for row in self._read(query.order_by(table.c.number.desc())))

    def ask_round(self, ask_id: str) -> tuple[str, AskRound] | None:
        """Return a round with the id of its project, None if the id is wrong."""
        table = self._tables.ask_rounds
        rows = self._read(table.select().where(table.c.id == ask_id))
        return (str(rows[0].project_id), _ask_round(rows[0])) if rows else None

    def add_entry(self, project_id: str, ask_id: str, entry: Contribution) -> bool:
        """Record what somebody gave; False where the round was closed before.

        What carries a token that the round has seen already is that very thing, sent twice: it is
        kept once, and that is no error.

        Raises
        ------
        WorkspaceError
            If the person has no name, the word is unknown, or a question is empty or too long.
        """
        _check_entry(entry)
        from sqlalchemy import exists, literal, select
        from sqlalchemy.dialects import postgresql, sqlite

        table, steps = self._tables.ask_entries, self._tables.ask_steps
        row = {**asdict(entry), "project_id": project_id, "ask_id": ask_id}
        is_closed = exists().where(steps.c.ask_id == ask_id, steps.c.what == CLOSED)
        # One statement, so that a round closed by another browser takes nothing more.
        values = select(*(literal(value, table.c[key].type) for key, value in row.items()))
        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        with self._write() as connection:
            new = insert(table).from_select(list(row), values.where(~is_closed))
            added = new.on_conflict_do_nothing().returning(table.c.number)
            if connection.execute(added).first() is not None:
                return True
            known = select(table.c.number).where(
                table.c.ask_id == ask_id, table.c.token == entry.token
            )
            return connection.execute(known).first() is not None

    def entries(self, ask_id: str) -> tuple[Contribution, ...]:
        """Return everything that was given in a round, oldest first."""
        return tuple(self._all(self._tables.ask_entries, Contribution, ask_id, of="ask_id"))

    def add_step(self, project_id: str, ask_id: str, step: RoundStep) -> bool:
        """Record that a round was closed or taken in; False where somebody did so before."""
        from sqlalchemy.dialects import postgresql, sqlite

        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        table = self._tables.ask_steps
        row = {**asdict(step), "project_id": project_id, "ask_id": ask_id}
        with self._write() as connection:
            added = insert(table).values(**row).on_conflict_do_nothing().returning(table.c.number)
            return connection.execute(added).first() is not None

    def steps(self, ask_id: str) -> dict[str, RoundStep]:
        """Return what became of a round, by ``closed`` and ``taken in``."""
        found = self._all(self._tables.ask_steps, RoundStep, ask_id, of="ask_id")
        return {step.what: step for step in found}


def _ask_round(row: Any) -> AskRound:
    own = {"id": row.id, "kind": row.kind, "who": row.who, "at": row.at}
    return from_json(AskRound, {**row.settings, **own})


def _check_entry(entry: Contribution) -> None:
    if not entry.person.strip():
        raise WorkspaceError("Type your name first, so that what you give can be told from others.")
    if entry.word not in WORDS:
        raise WorkspaceError(
            "There is no answer {word} here. Choose one of: {known}.",
            word=entry.word,
            known=", ".join(WORDS),
        )
    if entry.word == WRITTEN and not entry.text.strip():
        raise WorkspaceError("The question is empty. Write how a customer would ask.")
    if len(entry.text) > MOST_LETTERS:
        raise WorkspaceError(
            "The text has {length} characters; at most {most} are kept. Shorten it.",
            length=len(entry.text),
            most=MOST_LETTERS,
        )
