"""Upload: look at a file, import it, and read back what the import found, in words."""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.checks import LONG_TEXT, PERSONAL_DATA, SHORT_ANSWER, SHORT_QUESTION
from core.data.columns import ColumnMapping, Guess, guess_columns, unused_columns
from core.data.ratings import SCALES as SCALES
from core.data.reading.decoding import USUAL_ENCODINGS as USUAL_ENCODINGS
from core.data.reading.formats import (
    MAX_UPLOAD_MB as MAX_UPLOAD_MB,
    READERS as READERS,
    read_table,
)
from core.data.reading.layouts import LAYOUTS as LAYOUTS
from core.data.reading.upload import ReadingChoices
from core.data.splitting import (
    MIN_GROUPS as MIN_GROUPS,
    MIN_QUESTIONS as MIN_QUESTIONS,
    SPLIT_TITLES as SPLIT_TITLES,
)
from core.data.table import NotUsed, Table, set_aside_csv
from core.errors import DataError
from core.messages import N_, Message
from core.progress import Progress
from core.types import SPLITS, QADataset, Reporter, Rows, SilentReporter
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.data.importing import ImportResult

BEIR = "beir"
_READ = 0.95  # share of the time of an import until the data are saved
_READING = N_("Reading the texts")
MOST_TRIED = 50_000  # rows that are tried out while somebody chooses columns
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


@dataclass(frozen=True, eq=False)
class Preview:
    """A file as it was understood, before anything is imported.

    Attributes
    ----------
    table : Table
        As it lies in the file: lists stand in their cells.
    guess : Guess
        Which column is what, and what is to be said about it.
    """

    table: Table
    guess: Guess

    @property
    def mapping(self) -> ColumnMapping:
        """The columns as they were guessed."""
        return self.guess.mapping

    @property
    def can_be_mapped(self) -> bool:
        """False for a BEIR folder, whose files say themselves what is what."""
        return self.table.format != BEIR


@dataclass(frozen=True)
class Outcome:
    """What would be taken of a file with a choice of columns.

    Attributes
    ----------
    rows : int
        Rows that were looked at, the first of them where there are very many.
    pairs, wrong, questions, answers : int
        Right pairs, pairs known to be wrong, different questions and answers.
    set_aside : tuple of (reason, count)
        The commonest reason first, each as its first row has it.
    warnings : tuple of Message
    refused : Message or None
        Why nothing can be taken.
    """

    rows: int
    pairs: int = 0
    wrong: int = 0
    questions: int = 0
    answers: int = 0
    set_aside: tuple[tuple[Message, int], ...] = ()
    warnings: tuple[Message, ...] = ()
    refused: Message | None = None


def preview(
    content: bytes,
    filename: str,
    sheet: str | None = None,
    encoding: str = "",
    hidden_rows: bool = True,
) -> Preview:
    """Read an uploaded file and guess which column is what; raises DataError if it cannot be.

    Parameters
    ----------
    sheet : str or None
        Which sheet of a workbook; None takes the first with a table in it.
    encoding : str
        Of a text; "" = found from its bytes.
    hidden_rows : bool
        Whether hidden and filtered rows of a workbook are read.
    """
    choices = ReadingChoices(sheet=sheet, encoding=encoding or None, hidden_rows=hidden_rows)
    table = read_table(content, filename, choices=choices, unfold=False)
    return Preview(table, guess_columns(table))


def outcome(found: Preview, mapping: ColumnMapping) -> Outcome:
    """Return what would be taken with these columns; of very long files judged by their start."""
    from core.data.importing import check_variety, collect_pairs

    table = found.table
    if len(table.frame) > MOST_TRIED:
        table = replace(
            table,
            frame=table.frame.head(MOST_TRIED),
            row_numbers=table.row_numbers[:MOST_TRIED],
            wrong=table.wrong[:MOST_TRIED],
        )
    rows = len(table.frame)
    try:
        pairs = collect_pairs(table, mapping)
        first = {item.reason.template: item.reason for item in reversed(pairs.set_aside)}
        counts = Counter(item.reason.template for item in pairs.set_aside)
        result = Outcome(
            rows,
            pairs=len(pairs.right_question),
            wrong=len(pairs.known_wrong),
            questions=len(pairs.questions),
            answers=len(pairs.answers),
            set_aside=tuple((first[key], count) for key, count in counts.most_common()),
            warnings=pairs.warnings,
        )
        check_variety(pairs)
    except DataError as error:
        return replace(Outcome(rows), refused=error.message)
    return result


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


def read_dataset(
    content: bytes,
    filename: str,
    mapping: ColumnMapping | None = None,
    *,
    seed: int = 0,
    found: Preview | None = None,
    report: Reporter | None = None,
    split_anew: bool = False,
) -> tuple[QADataset, dict[str, Any]]:
    """Turn an uploaded file into a dataset and a JSON report of what happened to its rows.

    Parameters
    ----------
    mapping : ColumnMapping or None
        None takes the guess.
    found : Preview or None
        The same file as :func:`preview` read it, so that it is not read twice.
    seed : int
        Of the split.
    report : Reporter or None
        Told how far it is.
    split_anew : bool
        Leave aside the splits that a BEIR folder comes with.

    Raises
    ------
    DataError
        If the file cannot be used; nothing is kept then.
    """
    from core.data.importing import ImportSettings, import_table

    found = found or preview(content, filename)
    sha256 = hashlib.sha256(content).hexdigest()
    settings, name = ImportSettings(seed=seed, split_anew=split_anew), Path(filename).stem
    stretch = Progress(report or SilentReporter(), 0.0, _READ, Message(_READING))
    if found.table.format == BEIR:
        from core.data.beir import read_beir

        result = read_beir(
            content, name=name, settings=settings, source_sha256=sha256, stretch=stretch
        )
    else:
        result = import_table(
            found.table,
            mapping or found.mapping,
            name=name,
            settings=settings,
            source_sha256=sha256,
            stretch=stretch,
        )
    understood = {
        "format": found.table.format,
        "encoding": found.table.encoding,
        "sheet": found.table.sheet,
        "mapping": asdict(mapping or found.mapping),
        "mapped_by_hand": mapping not in (None, found.mapping),
        "not_used": [
            asdict(item)
            for item in (*found.table.not_used, *_unused(found, mapping or found.mapping))
        ],
    }
    return result.dataset, {"file": filename, "seed": seed, **understood, **_account(result)}


def _unused(found: Preview, mapping: ColumnMapping) -> list[NotUsed]:
    return unused_columns(found.table, mapping) if found.can_be_mapped else []


def read_folder(
    folder: Path, *, seed: int = 0, split_anew: bool = False
) -> tuple[QADataset, dict[str, Any]]:
    """Read a BEIR folder from disk; for the command line."""
    from core.data.beir import read_beir
    from core.data.importing import ImportSettings

    result = read_beir(
        folder, name=folder.name, settings=ImportSettings(seed=seed, split_anew=split_anew)
    )
    understood = {"file": folder.name, "seed": seed, "format": BEIR}
    return result.dataset, understood | _account(result)


def _account(result: ImportResult) -> dict[str, Any]:
    """Return as JSON what became of every row."""
    return {
        "summary": asdict(result.summary),
        "set_aside": [
            {"row": s.row, "reason": s.reason.to_json(), "question": s.question, "answer": s.answer}
            for s in result.set_aside
        ],
        "warnings": [warning.to_json() for warning in result.warnings],
    }


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
) -> QADataset:
    """Import a file and make it the project's data; raises DataError and changes nothing if bad."""
    report = report or SilentReporter()
    dataset, account = read_dataset(
        content, filename, mapping, found=found, report=report, split_anew=split_anew
    )
    report.progress(_READ, Message(N_("Saving the data")))
    project.workspace.save_dataset(dataset, account)
    project.workspace.records.use_dataset(project.id, dataset.id, who)
    return dataset


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
    rows = dataset.rows(*SPLITS) if rows is None else rows
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


@dataclass(frozen=True)
class FoundRows:
    """One thing that stands out.

    Attributes
    ----------
    title, meaning : Message
        What it is, with its number; what to make of it.
    rows : tuple of tuples of int
        Rows in the user's own file; rows that belong together stand together. The first of them
        only where there are many.
    serious : bool
        True: worth a decision before going on.
    """

    title: Message
    meaning: Message
    rows: tuple[tuple[int, ...], ...]
    serious: bool = False


_LIMITED = {
    "short_questions": SHORT_QUESTION,
    "short_answers": SHORT_ANSWER,
    "long_texts": LONG_TEXT,
}
_SINGLE: Mapping[str, tuple[str, str]] = {
    "short_questions": (
        N_("Very short questions: {count}"),
        N_("Fewer than {limit} characters: hardly enough to say what is asked."),
    ),
    "short_answers": (
        N_("Very short answers: {count}"),
        N_("Fewer than {limit} characters: a search can hardly tell them apart."),
    ),
    "long_texts": (
        N_("Very long texts: {count}"),
        N_(
            "More than {limit} characters: models read the first few hundred words only. "
            "Consider cutting them into several answers."
        ),
    ),
    "wordless": (
        N_("Texts without a word: {count}"),
        N_("Numbers, dates or signs only: models of language have nothing to read there."),
    ),
}
_CONTRADICTORY = (
    N_("Contradictory ratings: {count}"),
    N_(
        "The same question and answer were rated differently; the highest rating was "
        "taken. Correct the file if that is wrong."
    ),
)
_NOT_USED = (
    N_("Parts of the file that are not used: {count}"),
    N_("With the number of what they hold: {names}."),
)
_PERSONAL = N_(
    "If they belong to people rather than to your company, remove them before "
    "you go on: texts are shown to everybody who opens this project, and in "
    "its report."
)
_PERSONAL_TITLES: Mapping[str, str] = {
    "email": N_("Rows with e-mail addresses: {count}"),
    "phone": N_("Rows with telephone numbers: {count}"),
    "card": N_("Rows with card numbers: {count}"),
    "iban": N_("Rows with bank accounts (IBAN): {count}"),
}
# Key of the count in the summary, key of its rows, title, meaning.
_REPEATED: Sequence[tuple[str, str, str, str]] = (
    (
        "rows_merged",
        "merged_rows",
        N_("Repeated rows: {count}"),
        N_("The same question with the same answer again: it counts once."),
    ),
    (
        "near_duplicate_questions",
        "near_duplicate_rows",
        N_("Groups of nearly the same questions: {count}"),
        N_(
            "They differ in a typo or a small word. They are kept, and always stand on the "
            "same side of the test, so that the test stays honest."
        ),
    ),
    (
        "near_duplicate_answers",
        "",
        N_("Groups of nearly the same answers: {count}"),
        N_(
            "They are kept apart as answers but count as one answer group. If they are "
            "meant to be the same, use one wording in the file."
        ),
    ),
)


def findings(report: Mapping[str, Any]) -> list[FoundRows]:
    """Return what stands out in an import report, the serious things first.

    Parameters
    ----------
    report : mapping
        As :func:`import_report` returns it.
    """
    summary: Mapping[str, Any] = report.get("summary", {})
    found: list[FoundRows] = []

    def add(
        title: str, meaning: Message, count: int, rows: Iterable[Iterable[int]], serious: bool
    ) -> None:
        if count:
            together = tuple(tuple(group) for group in rows)
            found.append(FoundRows(Message(title, {"count": count}), meaning, together, serious))

    contradictions = summary.get("contradictions", ())
    pairs = [pair["rows"] for pair in contradictions]
    add(_CONTRADICTORY[0], Message(_CONTRADICTORY[1]), len(pairs), pairs, True)
    for kind, counted in summary.get("personal_data", {}).items():
        if kind in PERSONAL_DATA:
            rows = ((row,) for row in counted["rows"])
            add(_PERSONAL_TITLES[kind], Message(_PERSONAL), counted["count"], rows, True)
    for key, examples, title, meaning in _REPEATED:
        add(title, Message(meaning), summary.get(key, 0), summary.get(examples, ()), False)
    unused = report.get("not_used", ())
    told = "; ".join(f"{item['kind']} {item['name']} ({item['count']})" for item in unused[:20])
    add(_NOT_USED[0], Message(_NOT_USED[1], {"names": told}), len(unused), (), False)
    for key, (title, meaning) in _SINGLE.items():
        counted = summary.get(key, {})
        values = {"limit": _LIMITED[key]} if key in _LIMITED else {}
        rows = ((row,) for row in counted.get("rows", ()))
        add(title, Message(meaning, values), counted.get("count", 0), rows, False)
    return found
