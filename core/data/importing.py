"""Rows of a table to a dataset, with an account of every row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.data.checks import (
    EXAMPLE_ROWS,
    Finding,
    guess_language,
)
from core.data.columns.column_mapping import ColumnMapping
from core.data.near_duplicates.grouping import Grouping, GroupingSettings, group_texts
from core.data.open_questions import with_open_questions
from core.data.pairs import DOCUMENTS, check_variety, collect_pairs
from core.data.splitting import SplitFigures, SplitSettings, split_by_group, split_figures
from core.data.table import SetAside, Table
from core.messages import N_, Message
from core.progress import Progress
from core.types import QADataset
from core.types.open_account import OpenAccount

# Shares of the time after which rows are checked and texts compared.
_CHECKED, _COMPARED = 0.2, 0.9


@dataclass(frozen=True)
class ImportSettings:
    """How rows become a dataset.

    Attributes
    ----------
    split_anew : bool
        Leave aside the splits that a BEIR folder comes with.
    open_questions : bool
        Whether rows without an answer become open questions; else they are set aside.
    """

    grouping: GroupingSettings = field(default_factory=GroupingSettings)
    splitting: SplitSettings = field(default_factory=SplitSettings)
    seed: int = 0
    split_anew: bool = False
    open_questions: bool = True


@dataclass(frozen=True)
class Contradiction:
    """The same question and answer with different ratings; the higher one was taken."""

    rows: tuple[int, ...]
    grades: tuple[float, ...]


@dataclass(frozen=True)
class ImportSummary:
    """What became of the rows; plain numbers, so that it can be stored as JSON.

    Attributes
    ----------
    rows_read : int
        Filled rows; ``rows_taken + rows_set_aside + rows_open``.
    rows_merged : int
        Rows taken that repeat an earlier pair exactly (width and spaces do not count).
    questions_with_several_answers : int
    near_duplicate_questions, near_duplicate_answers : int
        Clusters of texts that are nearly, but not quite, the same.
    near_duplicate_rows : tuple of tuples of int
        Rows of the nearly same questions, cluster by cluster; the first ``EXAMPLE_ROWS`` clusters.
    merged_rows : tuple of tuples of int
        Rows that hold the same pair; the first ``EXAMPLE_ROWS`` pairs.
    groups : int
        Answer groups, METHOD §6, that have questions.
    contradictions : tuple of Contradiction
    short_questions, short_answers, long_texts, wordless : Finding
        Rows by what stands out; ``wordless`` texts are numbers, dates or signs only.
    personal_data : mapping of kind to Finding
        See ``personal.recognition.PERSONAL_DATA``.
    language : str
        ``ja``, ``en`` or ``other``.
    rows_open : int
        Rows without an answer that are open questions, or ask what others ask.
    """

    rows_read: int
    rows_taken: int
    rows_set_aside: int
    rows_merged: int
    questions: int
    answers: int
    questions_with_several_answers: int
    near_duplicate_questions: int
    near_duplicate_answers: int
    groups: int
    short_questions: Finding
    short_answers: Finding
    long_texts: Finding
    wordless: Finding
    personal_data: Mapping[str, Finding]
    language: str
    split: SplitFigures
    contradictions: tuple[Contradiction, ...] = ()
    near_duplicate_rows: tuple[tuple[int, ...], ...] = ()
    merged_rows: tuple[tuple[int, ...], ...] = ()
    rows_open: int = 0


@dataclass(frozen=True, eq=False)
class ImportResult:
    """The dataset, the rows that are not in it and why, and what to know about it.

    Attributes
    ----------
    open_account : OpenAccount or None
        What became of rows without an answer; None where there are none.
    """

    dataset: QADataset
    set_aside: tuple[SetAside, ...]
    summary: ImportSummary
    warnings: tuple[Message, ...]
    open_account: OpenAccount | None = None


def import_table(
    table: Table,
    mapping: ColumnMapping,
    *,
    name: str,
    settings: ImportSettings | None = None,
    source_sha256: str = "",
    stretch: Progress | None = None,
) -> ImportResult:
    """Turn rows into a dataset that is grouped and split.

    Parameters
    ----------
    mapping : ColumnMapping
        Which column is what; question and answer are needed.
    name : str
        What the user calls the dataset.
    source_sha256 : str
        Hash of the uploaded file, kept with the dataset.
    stretch : Progress, optional
        To tell how far it is.

    Raises
    ------
    DataError
        If a column does not exist, no row is usable, or all questions or all answers are the same.
    TooLittleDataError
        See :func:`core.data.splitting.check_enough`.
    """
    settings, stretch = settings or ImportSettings(), stretch or Progress()
    checking = Message(N_("Checking every row ({count} rows)"), {"count": len(table.frame)})
    pairs = collect_pairs(table, mapping, stretch.part(0.0, _CHECKED, checking))
    check_variety(pairs, in_document=table.format in DOCUMENTS)
    grouping = group_texts(
        pairs.questions,
        pairs.answers,
        pairs.right_question,
        pairs.right_answer,
        settings=settings.grouping,
        stretch=stretch.part(_CHECKED, _COMPARED),
    )
    stretch.part(_COMPARED, 1.0, Message(N_("Keeping a part back for the test"))).reached(0.0)
    split = split_by_group(
        grouping.question_group,
        seed=settings.seed,
        settings=settings.splitting,
        question_cluster=grouping.question_cluster,
    )
    dataset = QADataset(
        name=name,
        questions=pairs.questions,
        answers=pairs.answers,
        question_ids=pairs.question_ids,
        answer_ids=pairs.answer_ids,
        right_question=pairs.right_question,
        right_answer=pairs.right_answer,
        right_grade=pairs.right_grade,
        question_group=grouping.question_group,
        answer_group=grouping.answer_group,
        split=split,
        question_row=pairs.question_row,
        attributes=pairs.attributes,
        question_weight=pairs.question_weight,
        must_find=pairs.must_find,
        source_sha256=source_sha256,
        wrong_question=pairs.wrong_question,
        wrong_answer=pairs.wrong_answer,
    )
    aside, open_rows = pairs.set_aside, len(pairs.unanswered.rows)
    if not settings.open_questions:
        aside, open_rows = pairs.all_set_aside, 0
    summary = summarise(
        dataset,
        grouping,
        RowCounts(
            pairs.rows_taken + open_rows + len(aside),
            pairs.rows_taken,
            pairs.rows_merged,
            open_rows,
        ),
        pairs.findings,
        pairs.personal_data,
        contradictions=tuple(
            Contradiction(tuple(rows), tuple(grades)) for rows, grades in pairs.contradictions
        ),
        near_duplicate_rows=_crowded_rows(grouping.question_cluster, pairs.question_row),
        merged_rows=pairs.merged_rows[:EXAMPLE_ROWS],
    )
    warnings = (*table.warnings, *pairs.warnings, *grouping.warnings, *summary.split.warnings)
    account = None
    if open_rows:
        dataset, account = with_open_questions(dataset, pairs.unanswered, file=name)
    return ImportResult(dataset, aside, summary, warnings, account)


@dataclass(frozen=True)
class RowCounts:
    """How many rows were read, taken, repeat an earlier pair, and have no answer."""

    read: int
    taken: int
    merged: int = 0
    open: int = 0


def summarise(
    dataset: QADataset,
    grouping: Grouping,
    rows: RowCounts,
    findings: Mapping[str, Any],
    personal: Mapping[str, Finding],
    **examples: Any,
) -> ImportSummary:
    """Return what became of the rows of a dataset; ``examples``: more fields of the summary."""
    several = np.bincount(dataset.right_question, minlength=len(dataset.questions)) > 1
    return ImportSummary(
        rows_read=rows.read,
        rows_taken=rows.taken,
        rows_set_aside=rows.read - rows.taken - rows.open,
        rows_merged=rows.merged,
        rows_open=rows.open,
        questions=len(dataset.questions),
        answers=len(dataset.answers),
        questions_with_several_answers=int(several.sum()),
        near_duplicate_questions=grouping.question_near_duplicates,
        near_duplicate_answers=grouping.answer_near_duplicates,
        groups=len(np.unique(dataset.question_group)),
        personal_data=personal,
        language=guess_language([*dataset.questions, *dataset.answers]),
        split=split_figures(dataset.split, dataset.question_group),
        **findings,
        **examples,
    )


def _crowded_rows(cluster: np.ndarray, row: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """Return the rows of the clusters that hold two or more questions, the first of them."""
    crowded = np.flatnonzero(np.bincount(cluster) > 1)[:EXAMPLE_ROWS]
    return tuple(tuple(row[cluster == label][:EXAMPLE_ROWS].tolist()) for label in crowded)
