"""What people wrote about single questions: comments, and labels they take for wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from core.errors import WorkspaceError
from core.workspace.database import Database

COMMENT, BAD_LABEL, SETTLED = "comment", "bad label", "settled"
KINDS = (COMMENT, BAD_LABEL, SETTLED)
LONGEST = 2000  # characters of a note


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


class NoteRecords(Database):
    """The notes of one workspace."""

    def add_note(self, project_id: str, note: QuestionNote) -> None:
        """Record a note.

        Raises
        ------
        WorkspaceError
            If its kind is unknown, it says nothing, or it is too long.
        """
        if note.kind not in KINDS:
            raise WorkspaceError(
                "There is no kind of note {kind}. Choose one of: {known}.",
                kind=note.kind,
                known=", ".join(KINDS),
            )
        if note.kind == COMMENT and not note.text.strip():
            raise WorkspaceError("The comment is empty. Write something first.")
        if len(note.text) > LONGEST:
            raise WorkspaceError(
                "The text has {length} characters; at most {most} are kept. Shorten it.",
                length=len(note.text),
                most=LONGEST,
            )
        row = {**asdict(note), "project_id": project_id}
        with self._write() as connection:
            connection.execute(self._tables.question_notes.insert().values(**row))

    def notes(self, project_id: str) -> tuple[QuestionNote, ...]:
        """Return every note of a project, oldest first."""
        table = self._tables.question_notes
        query = table.select().where(table.c.project_id == project_id).order_by(table.c.number)
        return tuple(
            QuestionNote(r.kind, r.question, r.answer, r.text, r.who, r.at)
            for r in self._read(query)
        )


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
