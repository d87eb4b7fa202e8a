"""Questions that nobody asked: written from answers, and what is asked of their writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.messages import N_
from core.types.scoring import ChatConnection

QUESTION, KEYWORDS, COMPLAINT, TITLE = "question", "keywords", "complaint", "title"
STYLES: Mapping[str, str] = {
    QUESTION: N_("question"),
    KEYWORDS: N_("keywords"),
    COMPLAINT: N_("complaint"),
    TITLE: N_("title"),
}
PATTERNS = "patterns"  # written by the patterns of a language, without any model


@dataclass(frozen=True)
class WrittenQuestion:
    """A question written from an answer.

    Attributes
    ----------
    text : str
    answer : int
        Row of the answer.
    style : str
        Key of :data:`STYLES`.
    by : str
        ``patterns``, or what its writer is called: the name of a connection.
    """

    text: str
    answer: int
    style: str
    by: str = PATTERNS

    @property
    def provenance(self) -> str:
        """Who wrote it and in which style, as the dataset keeps it."""
        return f"{self.by}: {self.style}"


@dataclass(frozen=True)
class WriteRequest:
    """What a writer is asked.

    Attributes
    ----------
    dataset_id : str
    most : int
        Questions of one answer.
    llm : tuple of ChatConnection
        The model that somebody agreed to let write, as it was set up then; empty: patterns.
    """

    dataset_id: str
    most: int
    llm: tuple[ChatConnection, ...] = ()

    @property
    def may_send(self) -> tuple[ChatConnection, ...]:
        """Every server that texts may be sent to."""
        return self.llm


@dataclass(frozen=True)
class WriteResult:
    """What came of writing: nothing of it is in the data yet.

    Attributes
    ----------
    dataset_id : str
        Data whose answers it was written from.
    written : tuple of WrittenQuestion
        Those that lead the experts back to their answer.
    lost : tuple of WrittenQuestion
        Those that do not, the first of them; they are left out.
    lost_count, answers : int
        All that were left out, and answers that were written from.
    experts : tuple of str
        Who looked for the answers.
    """

    dataset_id: str
    written: tuple[WrittenQuestion, ...]
    lost: tuple[WrittenQuestion, ...]
    lost_count: int
    answers: int
    experts: tuple[str, ...]
