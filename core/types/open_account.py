"""What became of questions without a known answer: rows of a file, or a whole search log."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.documents import from_json
from core.messages import N_, Message, N_n

OPEN_ACCOUNTS = "open_accounts"  # in the report of an import
TRAINING, VALIDATION, TEST = "training", "validation", "test"


@dataclass(frozen=True)
class QuestionSetAside:
    """A row of a log that is no question."""

    row: int
    reason: Message
    question: str = ""


@dataclass(frozen=True)
class JoinedQuestion:
    """An open question with the other wordings that count as the same.

    Attributes
    ----------
    question : str
        The most frequent wording.
    asked : float
        How often it was asked in all, or what it is worth.
    wordings : tuple of (wording, asked)
        The others, the most frequent first.
    """

    question: str
    asked: float
    wordings: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class RowsFound:
    """How many rows show something, with the first of them."""

    count: int
    rows: tuple[int, ...]


@dataclass(frozen=True)
class OpenAccount:
    """What became of the questions without an answer of one file.

    Everything that was asked is somewhere: ``asked`` is what the open questions of the dataset
    gained, plus what went to questions with a known answer (``known_asked``), plus
    ``left_out_asked``.

    Attributes
    ----------
    file : str
        Name of the file.
    columns : mapping of role to column
        ``question``, ``count``, ``date``; empty for rows of the data file itself.
    rows_read : int
        Filled rows; those that are questions and those set aside.
    asked : float
        Sum over the rows that are questions: of their counts, else one each.
    questions : int
        Open questions that these rows became, near-duplicates joined.
    all_questions : int
        Open questions of the dataset afterwards.
    joined : int
        Different wordings that were joined to a more frequent one.
    known, known_asked : mapping
        Different wordings, and how often they were asked, that are the same as, or nearly the same
        as, a question with a known answer: by its part, ``training``, ``validation`` or ``test``.
        They are not learned from (those of the test would be a leak); how often they were asked
        adds to the weight of that question.
    left_out : int
    left_out_asked : float
        Open questions beyond the most that are taken, the least frequent ones.
    set_aside : tuple of QuestionSetAside
    examples : tuple of JoinedQuestion
        Questions that several wordings were joined to, the most frequent first; the first of them.
    personal_data : mapping of kind to RowsFound
    warnings : tuple of Message
    first_day, last_day : str
        Dates of the log, ISO 8601; "" where it has none that can be read for sure.
    """

    file: str
    columns: Mapping[str, str]
    rows_read: int
    asked: float
    questions: int
    all_questions: int
    joined: int
    known: Mapping[str, int]
    known_asked: Mapping[str, float]
    left_out: int = 0
    left_out_asked: float = 0.0
    set_aside: tuple[QuestionSetAside, ...] = ()
    examples: tuple[JoinedQuestion, ...] = ()
    personal_data: Mapping[str, RowsFound] = field(default_factory=dict)
    warnings: tuple[Message, ...] = ()
    first_day: str = ""
    last_day: str = ""

    @property
    def leaks(self) -> int:
        """Different wordings that were removed because the test asks nearly the same."""
        return self.known.get(TEST, 0)

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` reads."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> OpenAccount:
        """Read an account back; raises WorkspaceError if it is damaged."""
        return from_json(cls, document)


def open_told(account: OpenAccount) -> list[Message]:
    """Return what became of the rows of a log, in sentences."""
    known = {part: account.known.get(part, 0) for part in (TRAINING, VALIDATION, TEST)}
    personal = sum(found.count for found in account.personal_data.values())
    facts: list[tuple[int, str, dict[str, str | int | float]]] = [
        (
            1,
            N_("{file}: {rows} rows, asked {asked} times in all, are {questions} open questions."),
            {
                "file": account.file,
                "rows": account.rows_read,
                "asked": _amount(account.asked),
                "questions": account.questions,
            },
        ),
        (
            account.joined,
            N_("Wordings joined to a more frequent one that is nearly the same: {count}."),
            {"count": account.joined},
        ),
        (
            known[TEST],
            N_(
                "Removed, because the test asks nearly the same: {count} wordings, asked {asked} "
                "times. Learning from them would make the test too easy."
            ),
            {"count": known[TEST], "asked": _amount(account.known_asked.get(TEST, 0))},
        ),
        (
            known[TRAINING] + known[VALIDATION],
            N_(
                "Nearly the same as another question with a known answer, to whose weight they "
                "add: {count} wordings, asked {asked} times."
            ),
            {
                "count": known[TRAINING] + known[VALIDATION],
                "asked": _amount(
                    account.known_asked.get(TRAINING, 0) + account.known_asked.get(VALIDATION, 0)
                ),
            },
        ),
        (
            account.left_out,
            N_("Left out, because only the {most} most frequent are taken: {count}."),
            {"most": account.all_questions, "count": account.left_out},
        ),
        (
            personal,
            N_(
                "Rows with personal data (e-mail, telephone, card or account numbers): {count}. "
                "Take them out before others see these questions."
            ),
            {"count": personal},
        ),
        (
            len(account.set_aside),
            N_n("Set aside: {count} row.", "Set aside: {count} rows."),
            {"count": len(account.set_aside)},
        ),
        (
            len(account.first_day),
            N_("Asked from {first} to {last}."),
            {"first": account.first_day, "last": account.last_day},
        ),
    ]
    return [Message(template, values) for count, template, values in facts if count]


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
