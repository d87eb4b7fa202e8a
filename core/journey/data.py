"""Upload: look at a file, import it, and read back what the import found, in words."""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.data import file_preview
from core.data.checks import Finding
from core.data.columns.column_mapping import ColumnMapping
from core.data.file_preview import (
    BEIR as BEIR,
    READ_SHARE,
    Outcome as Outcome,
    Preview as Preview,
    unknown_ratings as unknown_ratings,
)
from core.data.import_findings import FoundRows as FoundRows, findings as findings
from core.data.judging.ratings import SCALES as SCALES
from core.data.logs.question_log import (
    LogColumns as LogColumns,
    LogPreview as LogPreview,
    add_log,
    guess_log,
    read_log,
)
from core.data.open_questions import open_told as open_told, without_open_questions
from core.data.personal.masking import handled_import, rewritten
from core.data.reading.decoding import USUAL_ENCODINGS as USUAL_ENCODINGS
from core.data.reading.formats import MAX_UPLOAD_MB as MAX_UPLOAD_MB, READERS as READERS
from core.data.reading.layouts import LAYOUTS as LAYOUTS
from core.data.reading.upload import ReadingChoices as ReadingChoices
from core.data.splitting import (
    MIN_GROUPS as MIN_GROUPS,
    MIN_QUESTIONS as MIN_QUESTIONS,
    SPLIT_TITLES as SPLIT_TITLES,
)
from core.data.table import file_title, set_aside_csv
from core.errors import DataError, WorkspaceError
from core.evaluation.data_sufficiency import gain_text as gain_text, sufficiency
from core.journey.personal import handling_of, keep_placeholders, reading_prompts
from core.journey.uploads import read_apart, warm_up as warm_up
from core.messages import N_, Message
from core.progress import Progress
from core.types import SPLITS, WRITTEN, QADataset, Reporter, Rows, SilentReporter
from core.types.open_account import OPEN_ACCOUNTS, OpenAccount
from core.types.personal_rules import KEEP, MASK
from core.types.rights import CHANGE, DELETE
from core.types.scoring import ScoringResult
from core.types.sufficiency import KnownSufficiency, Sufficiency
from core.workspace.erasure import ErasureReceipt, erase_texts as erase_everywhere
from core.workspace.workspace import Project, Workspace, asks

WITHOUT_OPEN = "without_open"  # in the report of an import: the dataset before logs were added
_TEMPLATES: Mapping[str, Sequence[tuple[str, ...]]] = {
    "en": (
        ("question", "answer", "category"),
        ("When are you open?", "We are open from nine to five.", "Hours"),
        ("are you open on sunday", "On Sundays we are closed.", "Hours"),
    ),
    "ja": (
        ("質問", "回答", "カテゴリ"),
        ("営業時間を教えてください", "午前九時から午後五時まで営業しています。", "営業時間"),
        ("日曜日も開いていますか", "日曜日は休業です。", "営業時間"),
    ),
}


def templates() -> dict[str, bytes]:
    """Return small files to fill in: CSV and XLSX with English and Japanese column names."""
    from core.reporting.spreadsheet import Column, Row, Sheet, workbook

    files: dict[str, bytes] = {}
    for language, rows in _TEMPLATES.items():
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        files[f"questions_{language}.csv"] = text.getvalue().encode("utf-8-sig")
        columns = tuple(Column(n, w) for n, w in zip(rows[0], (40, 60, 16), strict=True))
        sheet = Sheet("questions", columns, [Row(row) for row in rows[1:]])
        files[f"questions_{language}.xlsx"] = workbook(
            [sheet], title="questions", language=language
        )
    return files


def what_data_allow(dataset: QADataset, scoring: ScoringResult | None = None) -> Sufficiency:
    """Return whether data are enough to learn from and to prove a gain, and what would help.

    Parameters
    ----------
    scoring : ScoringResult or None
        What the scores in use say about the experts, None before the first scoring.
    """
    return sufficiency(dataset, teacher=scoring is not None and scoring.has_teacher)


def keep_what_data_allow(project: Project, found: Sufficiency) -> None:
    """Keep what the present data allow for the first page, which does not read them."""
    known = KnownSufficiency(project.dataset_id or "", found)
    try:
        kept = project.state.allowed
    except WorkspaceError:  # of another version, or damaged: it is found again
        kept = None
    if kept != known:
        project.state.allowed = known


def preview(
    content: bytes,
    filename: str,
    choices: ReadingChoices | None = None,
    *,
    report: Reporter | None = None,
) -> Preview:
    """Read an uploaded file, see :func:`core.data.file_preview.preview`, apart and with limits.

    Parameters
    ----------
    report : Reporter or None
        Asked whether to stop.
    """
    return read_apart(
        file_preview.preview, content, filename, choices, name=filename, report=report
    )


def outcome(
    found: Preview, mapping: ColumnMapping, filename: str = "", report: Reporter | None = None
) -> Outcome:
    """Return what would be taken, see :func:`core.data.file_preview.outcome`, with limits."""
    start = file_preview.first_rows(found)
    return read_apart(file_preview.outcome, start, mapping, name=filename, report=report)


def personal_in_beir(
    content: bytes, filename: str, report: Reporter | None = None
) -> dict[str, Finding]:
    """Return what :func:`core.data.file_preview.personal_in_beir` finds, apart and with limits."""
    return read_apart(file_preview.personal_in_beir, content, name=filename, report=report)


def read_dataset(
    content: bytes,
    filename: str,
    mapping: ColumnMapping | None = None,
    *,
    found: Preview | None = None,
    report: Reporter | None = None,
    **options: Any,
) -> tuple[QADataset, dict[str, Any]]:
    """Turn a file into a dataset, see :func:`core.data.file_preview.read_dataset`, with limits."""
    if found is not None:
        options["found"] = found
        if found.can_be_mapped:  # its table is all that is needed
            options["sha256"], content = hashlib.sha256(content).hexdigest(), b""
    return read_apart(
        file_preview.read_dataset,
        *(content, filename, mapping),
        name=filename,
        report=report,
        reports=True,
        **options,
    )


@asks(CHANGE)
def import_file(
    project: Project,
    content: bytes,
    filename: str,
    *,
    who: str,
    mapping: ColumnMapping | None = None,
    found: Preview | None = None,
    report: Reporter | None = None,
    split_anew: bool = False,
    open_questions: bool = True,
    personal: str = KEEP,
) -> QADataset:
    """Import a file and make it the project's data; raises DataError and changes nothing if bad.

    Parameters
    ----------
    personal : str
        What is done with personal data: ``keep``, ``mask`` or ``drop``.
    """
    report, handling = report or SilentReporter(), handling_of(project, personal)
    dataset, account = read_dataset(
        *(content, filename, mapping),
        found=found,
        report=report,
        split_anew=split_anew,
        open_questions=open_questions,
    )
    dataset, account = handled_import(dataset, account, handling)
    keep_placeholders(project, handling)
    report.progress(READ_SHARE, Message(N_("Saving the data")))
    project.workspace.save_dataset(dataset, account)
    project.workspace.records.use_dataset(project.id, dataset.id, who)
    return dataset


def read_questions(content: bytes, filename: str, *, report: Reporter | None = None) -> LogPreview:
    """Read a file with questions and guess which column is what, apart and with limits."""
    table = read_apart(read_log, content, filename, name=filename, report=report)
    return LogPreview(file_title(filename), table, guess_log(table))


@asks(CHANGE)
def add_open_questions(
    project: Project,
    log: LogPreview,
    *,
    who: str,
    columns: LogColumns | None = None,
    report: Reporter | None = None,
    personal: str = KEEP,
) -> OpenAccount:
    """Give the project's data the questions of a log as open questions.

    The project goes on with another version of its data. Vectors are kept per text, so that
    scoring it reads only what is new.

    Parameters
    ----------
    columns : LogColumns or None
        None takes the guess.
    personal : str
        What is done with personal data: ``keep``, ``mask`` or ``drop``.

    Raises
    ------
    DataError
        If there is no column of questions, or none of its rows is a question; nothing is changed.
    """
    stretch = Progress(report, 0.0, READ_SHARE, Message(N_("Reading the questions")))
    dataset = project.load_dataset()
    handling, columns = handling_of(project, personal), columns or log.columns
    added, account = add_log(dataset, log.table, columns, log.filename, stretch, handling)
    keep_placeholders(project, handling)
    go_on_with_open(project, dataset, added, account, who)
    return account


@asks(CHANGE)
def go_on_with_open(
    project: Project, dataset: QADataset, added: QADataset, account: OpenAccount, who: str
) -> None:
    """Make data with more open questions those of the project, with the account of them.

    Raises
    ------
    DataError
        If none of the rows was a question; nothing is changed.
    """
    if added is dataset:
        raise DataError(
            "None of the {count} rows of {name} holds a question that can be used.",
            count=account.rows_read,
            name=account.file,
        )
    known = import_report(project.workspace, dataset.id)
    accounts = [*known.get(OPEN_ACCOUNTS, ()), account.to_json()]
    closed = known.get(WITHOUT_OPEN) or dataset.id
    go_on_with(
        project, dataset, added, known | {OPEN_ACCOUNTS: accounts, WITHOUT_OPEN: closed}, who
    )


def try_open_questions(dataset: QADataset, log: LogPreview, columns: LogColumns) -> OpenAccount:
    """Return what would become of the questions of a log; nothing is written."""
    return add_log(dataset, log.table, columns, log.filename)[1]


def with_log_columns(columns: LogColumns, chosen: Mapping[str, str | None]) -> LogColumns:
    """Return the columns of a log with those that were chosen for some roles."""
    return replace(columns, **chosen)


def open_accounts(report: Mapping[str, Any]) -> tuple[OpenAccount, ...]:
    """Return what became of each file of questions, as the report of an import has it."""
    return tuple(OpenAccount.from_json(account) for account in report.get(OPEN_ACCOUNTS, ()))


@asks(CHANGE)
def remove_open_questions(project: Project, who: str, rows: Rows | None = None) -> QADataset:
    """Take open questions out of the project's data again, and return what is left.

    Parameters
    ----------
    rows : int array or None
        Their rows; None takes all out. Where they came from logs, the data are again as they were
        before, weights included.
    """
    dataset = project.load_dataset()
    known = import_report(project.workspace, dataset.id)
    closed, left = known.get(WITHOUT_OPEN), without_open_questions(dataset, rows)
    if rows is None and closed:
        left = without_open_questions(project.workspace.load_dataset(closed))
    if not len(left.open_rows):
        known = known | {OPEN_ACCOUNTS: []}
        known.pop(WITHOUT_OPEN, None)
    go_on_with(project, dataset, left, known, who)
    return left


@asks(CHANGE)
def go_on_with(
    project: Project, before: QADataset, after: QADataset, account: dict[str, Any], who: str
) -> None:
    """Make another version of the project's data the one in use.

    The label recipe in use stays in use, and scores that people gave or uploaded stay theirs.
    """
    workspace, state = project.workspace, project.state
    if not (workspace.layout.datasets / after.id / "meta.json").is_file():
        workspace.save_dataset(after, account)
    row_of = {text: row for row, text in enumerate(after.questions)}
    moved = np.array([row_of.get(text, -1) for text in before.questions], np.int64)
    if before.answers == after.answers:
        workspace.score_files.carry_over(before.id, after.id, moved)
    workspace.records.use_dataset(project.id, after.id, who)
    if state.recipe_id and state.recipe_dataset in (None, before.id):
        state.recipe_dataset = after.id


@asks(CHANGE)
def take_out_personal_data(project: Project, action: str, who: str) -> QADataset:
    """Mask the personal data of the project's data, or leave the texts out that hold some.

    The project goes on with another version of its data; what the import reported is masked, too.

    Raises
    ------
    DataError
        If nothing would be left.
    """
    before, handling = project.load_dataset(), handling_of(project, action)
    after, account = handled_import(before, import_report(project.workspace, before.id), handling)
    keep_placeholders(project, handling)
    if after.id != before.id:
        account.pop(WITHOUT_OPEN, None)  # that version still holds the texts
        go_on_with(project, before, after, account, who)
        project.note("personal data " + ("masked" if action == MASK else "left out"), who, {})
    return after


def find_texts(dataset: QADataset, words: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the questions, open ones too, and the answers that hold all words.

    Parameters
    ----------
    words : str
        Parted by spaces; width and case do not count. Empty finds nothing.
    """
    wanted = _folded(words).split()

    def holding(texts: Sequence[str]) -> tuple[str, ...]:
        folded = zip(texts, map(_folded, texts), strict=True)
        return tuple(text for text, plain in folded if all(word in plain for word in wanted))

    return (holding(dataset.questions), holding(dataset.answers)) if wanted else ((), ())


@asks(DELETE)
def erase_texts(project: Project, texts: Sequence[str], who: str) -> ErasureReceipt:
    """Erase questions and answers for good; returns the receipt.

    The project goes on without them. Versions of the data that hold one of them are deleted with
    the runs made of them, since models and reports may hold the texts, too.

    Raises
    ------
    DataError
        If nothing would be left.
    """
    before, gone = project.load_dataset(), set(texts)
    after = rewritten(
        before,
        [None if text in gone else text for text in before.questions],
        [None if text in gone else text for text in before.answers],
    )
    account = _without_texts(import_report(project.workspace, before.id), gone)
    account.pop(WITHOUT_OPEN, None)
    summary = dict(account.get("summary", {}))
    summary |= {
        "questions": len(after.questions) - len(after.open_rows),
        "answers": len(after.answers),
    }
    account["summary"] = summary
    go_on_with(project, before, after, account, who)
    handling = handling_of(project, MASK)
    masked = {handling.masked(text)[0] for text in gone}
    prompts = reading_prompts(project.workspace)
    return erase_everywhere(project.workspace, project.id, before, after, who, prompts, masked)


def _without_texts(document: Any, gone: set[str]) -> Any:
    """Return a JSON document without the texts to erase."""
    if isinstance(document, Mapping):
        return {key: _without_texts(value, gone) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [_without_texts(value, gone) for value in document]
    return "" if isinstance(document, str) and document in gone else document


def import_stamp(workspace: Workspace, dataset_id: str) -> tuple[object, ...]:
    """Return what changes whenever :func:`import_report` would; costs no reading."""
    try:
        found = (workspace.layout.datasets / dataset_id / "meta.json").stat()
    except OSError:
        return (dataset_id, None)
    return (dataset_id, found.st_size, found.st_mtime_ns)


def import_report(workspace: Workspace, dataset_id: str) -> dict[str, Any]:
    """Return what the import of a dataset found."""
    return workspace.load_import_report(dataset_id)


def set_aside_rows(report: Mapping[str, Any]) -> list[tuple[int, Message, str, str]]:
    """Return row number, reason, question and answer of the rows that were not taken."""
    return [
        (row["row"], Message.from_json(row["reason"]), row["question"], row["answer"])
        for row in report["set_aside"]
    ]


def set_aside_download(rows: Sequence[tuple[int, str, str, str]]) -> bytes:
    """Return row number, reason, question and answer as CSV that spreadsheet programs open."""
    return set_aside_csv(list(rows))


def find_questions(dataset: QADataset, words: str, rows: Rows | None = None) -> np.ndarray:
    """Return the question rows whose question or right answers hold all words, ascending.

    Parameters
    ----------
    words : str
        Parted by spaces; width and case do not count. Empty finds all.
    rows : int array or None
        Only these questions; None = all.
    """
    rows = dataset.rows(*SPLITS, WRITTEN) if rows is None else rows
    wanted = _folded(words).split()
    if not wanted:
        return rows
    answers = [_folded(answer) for answer in dataset.answers]
    texts = (
        "\n".join([_folded(dataset.questions[q]), *(answers[a] for a in dataset.right_answers(q))])
        for q in rows
    )
    return rows[[all(word in text for word in wanted) for text in texts]]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
