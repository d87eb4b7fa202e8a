"""What people say about single questions of a comparison: comments, and labels they doubt."""

from __future__ import annotations

from core.errors import LabelError
from core.workspace.database import now
from core.workspace.feedback import BAD_LABEL, COMMENT, SETTLED, QuestionNote, reported
from core.workspace.workspace import Project


def add_comment(project: Project, question: str, text: str, who: str) -> None:
    """Keep a comment on a question; raises WorkspaceError if it is empty or too long."""
    project.workspace.records.add_note(
        project.id, QuestionNote(COMMENT, question, "", text.strip(), who, now())
    )


def report_label(project: Project, pair: tuple[str, str], reason: str, who: str) -> None:
    """Say that the judgement of a pair (question, answer) is wrong; it becomes a suspect.

    Nothing else changes: the Labels page lists the pair, and the verdict stays as it is, because a
    test that is corrected where it hurts is no test any more.

    Raises
    ------
    LabelError
        If the reason is missing.
    """
    if not reason.strip():
        raise LabelError("Say in a few words what is wrong, so that others can follow it.")
    note = QuestionNote(BAD_LABEL, *pair, reason.strip(), who, now())
    project.workspace.records.add_note(project.id, note)
    project.note("label reported", who, {"question": pair[0][:200]})


def settle_report(project: Project, pair: tuple[str, str], who: str) -> None:
    """Take a report back; it stays on record."""
    project.workspace.records.add_note(project.id, QuestionNote(SETTLED, *pair, "", who, now()))


def notes_on(project: Project, question: str) -> tuple[QuestionNote, ...]:
    """Return every note on one question, oldest first."""
    return tuple(
        note for note in project.workspace.records.notes(project.id) if note.question == question
    )


def reported_pairs(project: Project) -> dict[tuple[str, str], QuestionNote]:
    """Return the pairs whose label is in doubt, the newest report last."""
    return reported(project.workspace.records.notes(project.id))
