"""Scores that the user brings along as a file: looked at, matched, kept as one more expert."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from core.data.score_table import ScoreColumns, guess_score_columns, match_scores
from core.data.table import Table, file_title
from core.documents import from_json, to_json
from core.experts.catalogue import FILE_PREFIX
from core.journey.experts import join_panel, leave_panel
from core.journey.uploads import read_apart
from core.messages import Message
from core.progress import Reporter
from core.types import QADataset
from core.types.rights import CHANGE
from core.workspace.project_state import ProjectState
from core.workspace.records import now
from core.workspace.workspace import Project, asks

_MOST_KEPT = 1000  # rows set aside that are kept with the scores; the count is of all


@dataclass(frozen=True, eq=False)
class ScorePreview:
    """A file of scores as it was understood, before anything is kept."""

    table: Table
    columns: ScoreColumns


@dataclass(frozen=True)
class ScoreFile:
    """Uploaded scores in use by a project.

    Attributes
    ----------
    key : str
        ``file:<name>``, the expert.
    filename : str
        Of the upload.
    rows, pairs, questions : int
        Rows of the file, pairs scored, questions with a scored pair.
    by_id, repeated : int
        Rows found by id; rows that repeat an earlier one.
    set_aside : tuple of (row, reason, question, answer)
        Rows that were not taken, at most the first thousand.
    set_aside_count : int
        All of them.
    at, who : str
    sha256 : str
        Of the upload.
    columns : mapping of role to column of the upload
    """

    key: str
    filename: str
    rows: int
    pairs: int
    questions: int
    by_id: int
    repeated: int
    set_aside: tuple[tuple[int, Message, str, str], ...]
    set_aside_count: int
    at: str
    who: str
    sha256: str = ""
    columns: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What the user calls it."""
        return self.key.removeprefix(FILE_PREFIX)


def preview_scores(
    content: bytes, filename: str, sheet: str | None = None, report: Reporter | None = None
) -> ScorePreview:
    """Read a file of scores and guess its columns; raises DataError if it cannot be read."""
    from core.data.reading.formats import read_table

    table = read_apart(read_table, content, filename, name=filename, report=report, sheet=sheet)
    return ScorePreview(table, guess_score_columns(table))


@asks(CHANGE)
def add_score_file(
    project: Project,
    dataset: QADataset,
    content: bytes,
    filename: str,
    *,
    who: str,
    columns: ScoreColumns | None = None,
    preview: ScorePreview | None = None,
) -> ScoreFile:
    """Match a file with the data, keep its scores, and make them one of the experts in use.

    The same name uploaded again replaces what this project has under it.

    Parameters
    ----------
    columns : ScoreColumns or None
        None takes the guess.
    preview : ScorePreview or None
        The same file as :func:`preview_scores` read it, so that it is not read twice.

    Raises
    ------
    DataError
        If the file cannot be used; nothing is kept then.
    """
    filename = file_title(filename)
    preview = preview or preview_scores(content, filename)
    matched = match_scores(preview.table, columns or preview.columns, dataset, name=filename)
    key = _free_key(project, dataset, filename)
    arrays = {
        "question_rows": matched.question_rows,
        "answer_rows": matched.answer_rows,
        "values": matched.values,
    }
    file = ScoreFile(
        key=key,
        filename=filename,
        rows=matched.rows,
        pairs=len(matched.values),
        questions=len(set(matched.question_rows.tolist())),
        by_id=matched.by_id,
        repeated=matched.repeated,
        set_aside=tuple(
            (item.row, item.reason, item.question, item.answer)
            for item in matched.set_aside[:_MOST_KEPT]
        ),
        set_aside_count=len(matched.set_aside),
        at=now(),
        who=who,
        sha256=hashlib.sha256(content).hexdigest(),
        columns=asdict(columns or preview.columns),
    )
    project.workspace.score_files.save(dataset.id, key, arrays, to_json(file))
    project.state.change(
        ProjectState.score_files, lambda known: known if key in known else (*known, key)
    )
    project.note("scores uploaded", who, {"expert": key, "pairs": len(matched.values)})
    join_panel(project, dataset, key)
    return file


def score_files(project: Project, dataset: QADataset) -> list[ScoreFile]:
    """Return the uploaded scores of a project for its present data, oldest first."""
    stored = (project.workspace.score_files.about(dataset.id, key) for key in _keys(project))
    return [from_json(ScoreFile, document) for document in stored if document is not None]


@asks(CHANGE)
def remove_score_file(project: Project, dataset: QADataset, key: str, who: str) -> None:
    """Delete uploaded scores and take them off the experts in use.

    Recipes that name them keep their name and need the file again.
    """
    leave_panel(project, dataset, key)
    project.state.change(
        ProjectState.score_files, lambda known: tuple(other for other in known if other != key)
    )
    project.workspace.score_files.delete(dataset.id, key)
    project.note("scores deleted", who, {"expert": key})


def _keys(project: Project) -> list[str]:
    return list(project.state.score_files)


def _free_key(project: Project, dataset: QADataset, filename: str) -> str:
    """Return ``file:<name>``, numbered where another project has these scores of the same data."""
    # A comma parts experts on the command line.
    stem = "".join(sign if sign.isprintable() else " " for sign in Path(filename).stem)
    name = " ".join(stem.replace(",", " ").split())[:60] or "scores"
    own, key, number = _keys(project), f"{FILE_PREFIX}{name}", 1
    while key not in own and project.workspace.score_files.about(dataset.id, key) is not None:
        number += 1
        key = f"{FILE_PREFIX}{name} ({number})"
    return key
