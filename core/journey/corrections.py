"""Labels set by hand: pairs to look at, undo and redo, two people on one pair, a workbook of them.

The workbook has one row per value that holds; where two people contradict each other both have
their row. Texts are written as texts: a question that begins with ``=`` never becomes a formula.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.data.correction_file import (
    COLUMNS as COLUMNS,
    CorrectionFile as CorrectionFile,
    match_corrections,
)
from core.data.reading.formats import read_table
from core.errors import LabelError
from core.evaluation.label_preview import LISTS as LISTS, LabelPreview, Review as Review
from core.journey.decisions import reported_pairs
from core.journey.labels import override_pair, overrides
from core.labels.overrides import conflicts, standing, steps_of as steps_of
from core.labels.pair_sample import with_pairs
from core.reporting.spreadsheet import ANY, TEXT, Column, Row, Sheet, workbook
from core.types import Override, QADataset
from core.workspace.records import now
from core.workspace.workspace import Project

_SHEET = tuple(
    Column(title, width, ANY if title == "label" else TEXT)
    for title, width in zip(COLUMNS, (50, 70, 8, 40, 16, 26), strict=True)
)


def undo(project: Project, who: str) -> Override | None:
    """Withdraw this person's newest change; returns it, None where there is none."""
    done = steps_of(overrides(project), who).done
    if not done:
        return None
    override_pair(project, *done[-1].pair, None, who, "")
    return done[-1]


def redo(project: Project, who: str) -> Override | None:
    """Make the change again that this person undid last; returns it, None where there is none."""
    undone = steps_of(overrides(project), who).undone
    if not undone:
        return None
    last = undone[-1]
    override_pair(project, *last.pair, last.value, who, last.reason)
    return last


def correct(
    project: Project,
    pair: tuple[str, str],
    value: float,
    who: str,
    reason: str,
    seen: Sequence[Override],
) -> None:
    """Set the label of a pair, unless others contradicted each other about it meanwhile.

    A value set on a pair in conflict decides the conflict, so nobody may do that unaware.

    Parameters
    ----------
    pair : (question, answer)
    value : float in [0, 1]
    seen : sequence of Override
        The values by hand that were on the screen when the person decided.

    Raises
    ------
    LabelError
        If the pair came into conflict since, the value is outside [0, 1], or the reason is missing.
    """
    now_held = conflicts(overrides(project)).get(pair, ())
    if set(now_held) - set(seen):
        newest = now_held[-1]
        raise LabelError(
            "{who} set this pair to {value} a moment ago, and another value stands beside it. Look "
            "at both, then decide.",
            who=newest.who,
            value=round((newest.value or 0) * 100),
        )
    override_pair(project, *pair, value, who, reason)


def open_review(project: Project, preview: LabelPreview) -> Review:
    """Return the pairs at hand, with what people recorded up to this moment."""
    model = preview.model.with_overrides(overrides(project))
    reports = reported_pairs(project)
    sample = with_pairs(
        preview.sample.of_experts(model.recipe.experts),
        preview.dataset,
        model.scores,
        [*standing(model.overrides), *reports],
    )
    return Review(LabelPreview(model, sample), reports)


def write_corrections(changes: Sequence[Override]) -> bytes:
    """Return every value that holds as an XLSX workbook, oldest first."""
    held = (override for values in standing(changes).values() for override in values)
    rows = [
        Row((o.question, o.answer, round((o.value or 0) * 100, 2), o.reason, o.who, o.at))
        for o in sorted(held, key=lambda override: override.at)
    ]
    return workbook([Sheet("labels", _SHEET, rows)], title="labels", language="en")


def read_corrections(
    content: bytes, name: str, dataset: QADataset, on_record: Sequence[Override], who: str
) -> CorrectionFile:
    """Read an uploaded workbook (or CSV) row by row; nothing is recorded yet.

    Parameters
    ----------
    name : str
        Of the uploaded file, only for messages.
    on_record : sequence of Override
        All records of the project.
    who : str
        Stands for rows without a name.

    Raises
    ------
    DataError
        If the file cannot be read at all.
    LabelError
        If it lacks one of the columns question, answer, label, reason.
    """
    holding = [override for held in standing(on_record).values() for override in held]
    table = read_table(content, name)
    return match_corrections(table, name, dataset, who, now(), on_record=on_record, holding=holding)


def take_corrections(project: Project, file: CorrectionFile, name: str, who: str) -> int:
    """Record the rows of an uploaded workbook and note who took them in; returns how many."""
    for override in file.overrides:
        project.workspace.records.add_override(project.id, override)
    project.note("labels imported", who, {"file": name[:120], "rows": len(file.overrides)})
    return len(file.overrides)
