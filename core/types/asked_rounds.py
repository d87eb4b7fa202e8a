"""What people are asked through a link: to write questions for answers, or to judge results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.types.judgements import WITHDRAWN

COLLECT, JUDGE = "collect", "judge"
ROUND_KINDS = (COLLECT, JUDGE)

RIGHT_ANSWER, PARTLY, WRONG_ANSWER, CANNOT_JUDGE = "right", "partly", "wrong", "cannot judge"
# What a judgement is worth as a relevance grade; who cannot say is as if never asked.
GRADES = {RIGHT_ANSWER: 1.0, PARTLY: 0.5, WRONG_ANSWER: 0.0}
WRITTEN = "written"
WORDS = (WRITTEN, *GRADES, CANNOT_JUDGE, WITHDRAWN)

CLOSED, TAKEN_IN = "closed", "taken in"


@dataclass(frozen=True)
class AskRound:
    """A round as it was opened; never changed afterwards.

    Attributes
    ----------
    kind : str
        ``collect`` or ``judge``.
    dataset_id : str
        The version of the data that its rows count in.
    rows : tuple of int
        Collecting: rows of the answers. Judging: rows of the questions, in the order of judging.
    pools : tuple of tuple of int
        Judging: rows of the answers to judge, for each question; nothing says who found them.
    wanted : int
        Collecting: questions wanted for each answer. Judging: people wanted for each pair.
    depth : int
        Judging: how many of the first answers of each system went into the pools.
    systems : tuple of str
        Judging: titles of the systems whose answers were pooled.
    seed : int
        Of the order in which answers are shown.
    who, at : str
    """

    id: str
    kind: str
    dataset_id: str
    rows: tuple[int, ...]
    pools: tuple[tuple[int, ...], ...]
    wanted: int
    depth: int
    systems: tuple[str, ...]
    seed: int
    who: str
    at: str

    @property
    def pairs(self) -> int:
        """Pairs of a question and an answer that are to be judged."""
        return sum(map(len, self.pools))


@dataclass(frozen=True)
class Contribution:
    """What one person gave with one key press.

    Attributes
    ----------
    place : int
        Position in :attr:`AskRound.rows`.
    answer : int
        Row of the answer: the one that a question was written for, or that was judged.
    person : str
        What they call themselves.
    word : str
        ``written``; ``right``, ``partly``, ``wrong`` or ``cannot judge``; or ``withdrawn``.
    text : str
        The question that was written; of one that is withdrawn, its token.
    token : str
        Made by the page that was shown, once in a round: what a browser sends twice counts once.
    at : str
        Time in UTC, ISO 8601.
    """

    place: int
    answer: int
    person: str
    word: str
    text: str
    token: str
    at: str


@dataclass(frozen=True)
class RoundStep:
    """A round was closed, or its result taken into the data.

    Attributes
    ----------
    what : str
        ``closed`` or ``taken in``; each happens once.
    dataset_id : str
        The data that came of it; "" for closing.
    """

    what: str
    dataset_id: str
    who: str
    at: str


def questions_in_force(entries: Iterable[Contribution]) -> list[Contribution]:
    """Return the questions that were written and not taken back, oldest first."""
    found: dict[str, Contribution] = {}
    for entry in entries:
        if entry.word == WRITTEN:
            found[entry.token] = entry
        elif entry.word == WITHDRAWN:
            found.pop(entry.text, None)
    return list(found.values())


def judgements_in_force(entries: Iterable[Contribution]) -> list[Contribution]:
    """Return the newest word of each person on each pair, oldest first, without withdrawn ones."""
    newest: dict[tuple[str, int, int], Contribution] = {}
    for entry in entries:
        newest.pop((entry.person, entry.place, entry.answer), None)
        if entry.word != WITHDRAWN:
            newest[entry.person, entry.place, entry.answer] = entry
    return list(newest.values())
