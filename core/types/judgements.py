"""What people say about questions and answers: votes of a blind round, notes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

COMMENT, BAD_LABEL, SETTLED = "comment", "bad label", "settled"
NOTE_KINDS = (COMMENT, BAD_LABEL, SETTLED)

LEFT, RIGHT, TIE = "left", "right", "tie"
WITHDRAWN = "withdrawn"  # undone: as if never given
CHOICES = (LEFT, RIGHT, TIE, WITHDRAWN)


# Before a name that stands in a file: it proves nothing, and is never the person who signed in.
CLAIMED = "claimed: "


def claimed(name: str) -> str:
    """Return a name of a file as it is kept: told apart from everybody who acts here."""
    return f"{CLAIMED}{bare_name(name)}"


def bare_name(name: str) -> str:
    """Return a name without the mark that only a file says so."""
    return name.removeprefix(CLAIMED)


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


def votes_in_force(votes: Iterable[Vote]) -> list[Vote]:
    """Return the newest vote of each voter and question, oldest first, without withdrawn ones."""
    newest: dict[tuple[str, int], Vote] = {}
    for vote in votes:
        newest.pop((vote.voter, vote.position), None)
        if vote.choice != WITHDRAWN:
            newest[vote.voter, vote.position] = vote
    return list(newest.values())


@dataclass(frozen=True)
class QuestionNote:
    """One note; never changed or deleted.

    Attributes
    ----------
    kind : str
        ``comment``; ``bad label``: somebody takes the judgement of the pair for wrong; ``settled``:
        the report of the pair was looked at or taken back.
    question, answer : str
        The texts, not row numbers: a note outlives a new upload of the same data. A comment has no
        answer ("").
    text, who : str
    at : str
        Time in UTC, ISO 8601.
    """

    kind: str
    question: str
    answer: str
    text: str
    who: str
    at: str


def reported(notes: Iterable[QuestionNote]) -> dict[tuple[str, str], QuestionNote]:
    """Return the pairs whose label is reported as bad and not settled, newest report last."""
    found: dict[tuple[str, str], QuestionNote] = {}
    for note in notes:
        pair = note.question, note.answer
        if note.kind in (BAD_LABEL, SETTLED):
            found.pop(pair, None)
        if note.kind == BAD_LABEL:
            found[pair] = note
    return found
