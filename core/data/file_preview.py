"""A file before it is imported: how it was understood, what would be taken, the dataset of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.data.checks import EXAMPLE_ROWS, Finding
from core.data.columns.column_mapping import ColumnMapping, Guess, unused_columns
from core.data.columns.guessing import guess_columns
from core.data.judging.ratings import judge
from core.data.personal.recognition import personal_data
from core.data.reading.archives import open_beir
from core.data.reading.formats import read_table
from core.data.reading.upload import ReadingChoices
from core.data.table import NotUsed, Table, file_title
from core.errors import DataError
from core.messages import N_, Message
from core.progress import Progress
from core.types import QADataset, Reporter, SilentReporter
from core.types.open_account import OPEN_ACCOUNTS

if TYPE_CHECKING:
    from core.data.importing import ImportResult
    from core.data.pairs import Pairs

BEIR = "beir"
READ_SHARE = 0.95  # share of the time of an import until the data are saved
_READING = N_("Reading the texts")
_MOST_WORDS = 30  # of ratings that the user is asked about
MOST_TRIED = 50_000  # rows that are tried out while somebody chooses columns


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
    unanswered : int
        Rows with a question and no answer.
    set_aside : tuple of (reason, count)
        The commonest reason first, each as its first row has it.
    warnings : tuple of Message
    refused : Message or None
        Why nothing can be taken.
    personal : mapping of kind to Finding
        Rows that would be taken and hold personal data.
    """

    rows: int
    pairs: int = 0
    wrong: int = 0
    questions: int = 0
    answers: int = 0
    unanswered: int = 0
    set_aside: tuple[tuple[Message, int], ...] = ()
    warnings: tuple[Message, ...] = ()
    refused: Message | None = None
    personal: Mapping[str, Finding] = field(default_factory=dict)


def preview(content: bytes, filename: str, choices: ReadingChoices | None = None) -> Preview:
    """Read an uploaded file and guess which column is what; raises DataError if it cannot be."""
    table = read_table(content, filename, choices=choices, unfold=False)
    return Preview(table, guess_columns(table))


def warm_up() -> None:
    """Read a file of two rows, so that all that reading needs is loaded."""
    import docx  # noqa: F401
    import openpyxl.styles.numbers  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import yaml  # noqa: F401
    from lxml import etree  # noqa: F401

    with suppress(DataError):  # too few rows to be a dataset, but all is loaded by then
        read_dataset("question,answer\ncaf\xe9?,\xe4\nb?,c\n".encode("latin-1"), "warm_up.csv")


def unknown_ratings(found: Preview, mapping: ColumnMapping) -> tuple[str, ...]:
    """Return the words among the ratings whose meaning is not known, the commonest first."""
    if mapping.rating is None:
        return ()
    columns = [c for c in (mapping.rating, *mapping.raters) if c in found.table.columns]
    cells = [cell for c in columns for cell in found.table.frame[c].head(MOST_TRIED).tolist()]
    unknown = judge(cells, range(len(cells))).unknown
    return tuple(sorted(unknown, key=lambda word: -unknown[word]))[:_MOST_WORDS]


def first_rows(found: Preview) -> Preview:
    """Return the same file with the rows alone that are tried out, the first of very many."""
    table = found.table
    if len(table.frame) <= MOST_TRIED:
        return found
    start = replace(
        table,
        frame=table.frame.head(MOST_TRIED),
        row_numbers=table.row_numbers[:MOST_TRIED],
        wrong=table.wrong[:MOST_TRIED],
    )
    return replace(found, table=start)


def outcome(found: Preview, mapping: ColumnMapping) -> Outcome:
    """Return what would be taken with these columns; of very long files judged by their start."""
    from core.data.pairs import DOCUMENTS, check_variety, collect_pairs

    table = first_rows(found).table
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
            unanswered=len(pairs.unanswered.rows),
            set_aside=tuple((first[key], count) for key, count in counts.most_common()),
            warnings=pairs.warnings,
            personal=_personal_of(pairs),
        )
        check_variety(pairs, in_document=table.format in DOCUMENTS)
    except DataError as error:
        return replace(Outcome(rows), refused=error.message)
    return result


def read_dataset(
    content: bytes,
    filename: str,
    mapping: ColumnMapping | None = None,
    *,
    seed: int = 0,
    found: Preview | None = None,
    report: Reporter | None = None,
    split_anew: bool = False,
    open_questions: bool = True,
    sha256: str = "",
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
    open_questions : bool
        Take rows without an answer as open questions; else they are set aside.
    sha256 : str
        Of the content, where ``found`` stands for it and the content is left out.

    Raises
    ------
    DataError
        If the file cannot be used; nothing is kept then.
    """
    from core.data.importing import ImportSettings, import_table

    found = found or preview(content, filename)
    sha256 = sha256 or hashlib.sha256(content).hexdigest()
    settings = ImportSettings(seed=seed, split_anew=split_anew, open_questions=open_questions)
    filename = file_title(filename)
    name = Path(filename).stem
    stretch = Progress(report or SilentReporter(), 0.0, READ_SHARE, Message(_READING))
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


def _personal_of(pairs: Pairs) -> dict[str, Finding]:
    """Return the rows with personal data, open questions included."""
    asked = personal_data(pairs.unanswered.texts, pairs.unanswered.rows)
    none = Finding(0, ())
    return {
        kind: Finding(
            pairs.personal_data.get(kind, none).count + asked.get(kind, none).count,
            (*pairs.personal_data.get(kind, none).rows, *asked.get(kind, none).rows)[:EXAMPLE_ROWS],
        )
        for kind in dict.fromkeys((*pairs.personal_data, *asked))
    }


def personal_in_beir(content: bytes) -> dict[str, Finding]:
    """Return how many texts of a zipped BEIR folder hold personal data, judged or not, per kind.

    No rows are named: its texts lie in two files.
    """
    files = open_beir(content)
    texts = [*files.queries.values(), *files.corpus.values()]
    found = personal_data(texts, range(len(texts)))
    return {kind: Finding(one.count, ()) for kind, one in found.items()}


def _unused(found: Preview, mapping: ColumnMapping) -> list[NotUsed]:
    return unused_columns(found.table, mapping) if found.can_be_mapped else []


def read_folder(
    folder: Path, *, seed: int = 0, split_anew: bool = False
) -> tuple[QADataset, dict[str, Any]]:
    """Read a BEIR folder from disk; for the command line."""
    from core.data.beir import read_beir
    from core.data.importing import ImportSettings

    settings = ImportSettings(seed=seed, split_anew=split_anew)
    name = file_title(folder.name)
    result = read_beir(folder, name=name, settings=settings)
    understood = {"file": name, "seed": seed, "format": BEIR}
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
        OPEN_ACCOUNTS: [result.open_account.to_json()] if result.open_account else [],
    }
