"""Blind votes: rounds, votes and openings; rows are only ever added."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from core.errors import WorkspaceError
from core.workspace.database import Database

LEFT, RIGHT, TIE, WITHDRAWN = "left", "right", "tie", "withdrawn"
CHOICES = (LEFT, RIGHT, TIE, WITHDRAWN)


@dataclass(frozen=True)
class VoteRound:
    """What people are asked; never changed once started.

    Attributes
    ----------
    compare_run : str
        The comparison whose result lists are shown.
    first, second : str
        Names of the two systems, for example ``base`` and ``tuned``.
    positions : tuple of int
        Positions in ``Comparison.question_rows``, in the order in which everybody is asked.
    candidates : int
        Questions to choose from: those whose shown answers differ between the two systems.
    depth : int
        Answers shown of each list.
    needed : int
        Votes before anybody may see the result without being recorded as early.
    seed : int
        Of the sides and of the choice of questions.
    who, at : str
    """

    id: str
    compare_run: str
    first: str
    second: str
    positions: tuple[int, ...]
    candidates: int
    depth: int
    needed: int
    seed: int
    who: str
    at: str


@dataclass(frozen=True)
class Vote:
    """One person's choice on one question.

    Attributes
    ----------
    position : int
        As in :attr:`VoteRound.positions`.
    left_arm : str
        Which system stood on the left for this person and question.
    choice : str
        ``left``, ``right``, ``tie`` or ``withdrawn`` (undone: as if never given).
    """

    position: int
    voter: str
    left_arm: str
    choice: str
    at: str


@dataclass(frozen=True)
class VoteOpening:
    """Somebody opened the result, which ended the round.

    Attributes
    ----------
    votes : int
        In force at that moment.
    early : bool
        There were fewer votes than the round asked for.
    """

    who: str
    at: str
    votes: int
    early: bool


class VoteRecords(Database):
    """The blind votes of one workspace."""

    def start_vote(self, project_id: str, round_: VoteRound) -> None:
        """Record a round."""
        settings = asdict(round_)
        kept = {key: settings.pop(key) for key in ("id", "who", "at")}
        row = {**kept, "project_id": project_id, "settings": settings}
        with self._write() as connection:
            connection.execute(self._tables.vote_rounds.insert().values(**row))

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
        table = self._tables.votes
        query = table.select().where(table.c.round_id == round_id).order_by(table.c.number)
        return tuple(
            Vote(row.position, row.voter, row.left_arm, row.choice, row.at)
            for row in self._read(query)
        )

    def open_vote(self, round_id: str, opening: VoteOpening) -> None:
        """Record that somebody opened the result; only the first opening counts."""
        row = {**asdict(opening), "early": int(opening.early), "round_id": round_id}
        with self._write() as connection:
            connection.execute(self._tables.vote_openings.insert().values(**row))

    def vote_opening(self, round_id: str) -> VoteOpening | None:
        """Return who ended a round first, None while it runs."""
        table = self._tables.vote_openings
        query = table.select().where(table.c.round_id == round_id).order_by(table.c.number)
        rows = self._read(query.limit(1))
        if not rows:
            return None
        return VoteOpening(rows[0].who, rows[0].at, rows[0].votes, bool(rows[0].early))


def new_round_id() -> str:
    """Return an id that cannot be guessed: it is part of the link that voters get."""
    return uuid.uuid4().hex[:12]


def votes_in_force(votes: Iterable[Vote]) -> list[Vote]:
    """Return the newest vote of each voter and question, oldest first, without withdrawn ones."""
    newest: dict[tuple[str, int], Vote] = {}
    for vote in votes:
        newest.pop((vote.voter, vote.position), None)
        if vote.choice != WITHDRAWN:
            newest[vote.voter, vote.position] = vote
    return list(newest.values())
