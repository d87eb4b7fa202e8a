"""What a file says, without doing anything with it: how it was read, what is taken, what is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.data.columns.column_mapping import ColumnMapping, Guess, unused_beside, unused_columns
from core.data.columns.column_names import role_of
from core.data.columns.guessing import guess_columns, guess_mapping
from core.data.judging.ratings import SCALES
from core.data.open_questions import EMPTY, without_open_questions
from core.data.reading.formats import read_table
from core.data.reading.upload import ReadingChoices
from core.data.splitting import MIN_QUESTIONS
from core.data.table import NotUsed, Table, no_column
from core.errors import AppError, DataError
from core.messages import N_, Message, N_n
from core.types import QADataset
from core.types.judgements import bare_name
from core.types.open_account import OpenAccount

KINDS = ("data", "ratings", "scores", "corrections", "run", "open", "questions")
MEANINGS = {"right": 1.0, "partly": 0.5, "wrong": 0.0}  # of rating words, as --columns says them
_UPLOADER = "you"  # stands for raters and correctors where a file names none
_NO_TEXT = N_("The document has no text.")


@dataclass(frozen=True)
class ReadingOptions:
    """How a file is to be read where the guess is not wanted.

    Attributes
    ----------
    columns : str
        ``question=…,answer=…,rating=…``; a name with ``+`` takes several columns, an empty one
        none; ``scale=1-10`` says what the ratings mean, ``right=…`` and ``wrong=…`` what words do.
    sheet : str or None
    encoding : str
    hidden_rows : bool
    below : bool
        Whether sums and other tables below the first are read, too.
    order : str
        Of a run whose ranks contradict its scores: ``rank`` or ``score``.
    system : str
        Which of several systems in a run.
    """

    columns: str = ""
    sheet: str | None = None
    encoding: str = ""
    hidden_rows: bool = True
    below: bool = False
    order: str = ""
    system: str = ""

    @property
    def choices(self) -> ReadingChoices:
        """What of it belongs to the reading of bytes."""
        return ReadingChoices(
            sheet=self.sheet,
            encoding=self.encoding or None,
            hidden_rows=self.hidden_rows,
            below=self.below,
        )


@dataclass
class FileReport:
    """What a file says.

    Attributes
    ----------
    columns : mapping of role to column, or to a list of columns
    pairs : list of (question, answer, grade)
        Grade 0 = known to be wrong; of scores the score.
    open : list of str
        Questions without an answer; of a log those that become open questions, joined.
    open_asked : list of float
        How often each of these was asked; of a log only.
    open_account : OpenAccount or None
        What becomes of the rows of a log.
    set_aside : list of (row, reason, question, answer)
    refused : Message or None
        Why the file cannot be used.
    """

    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    columns: dict[str, Any] = field(default_factory=dict)
    rows_read: int = 0
    rows_taken: int = 0
    set_aside: list[tuple[int, Message, str, str]] = field(default_factory=list)
    pairs: list[tuple[str, str, float | None]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    warnings: list[Message] = field(default_factory=list)
    not_used: list[NotUsed] = field(default_factory=list)
    raters: list[str] = field(default_factory=list)
    systems: list[str] = field(default_factory=list)
    scale: str = ""
    open_asked: list[float] = field(default_factory=list)
    open_account: OpenAccount | None = None
    refused: Message | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the report as one JSON object with texts in English."""
        document: dict[str, Any] = {
            "format": self.format,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "sheet": self.sheet,
            "columns": self.columns,
            "rows_read": self.rows_read,
            "rows_taken": self.rows_taken,
            "set_aside": [[row, str(why), q, a] for row, why, q, a in self.set_aside],
            "pairs": [list(pair) for pair in self.pairs],
            "open": self.open,
            "warnings": [str(warning) for warning in self.warnings],
            "not_used": [
                {"kind": item.kind, "name": item.name, "count": item.count}
                for item in self.not_used
            ],
        }
        for key in ("raters", "systems", "scale"):
            if getattr(self, key):
                document[key] = getattr(self, key)
        if self.open_account is not None:
            document["open_asked"] = self.open_asked
            document["open_account"] = _plain(self.open_account)
        if self.refused is not None:
            document["refused"] = str(self.refused)
        return document


def _plain(account: OpenAccount) -> dict[str, Any]:
    """Return an account with its sentences in English; rows set aside are told once."""
    return account.to_json() | {
        "set_aside": len(account.set_aside),
        "warnings": [str(warning) for warning in account.warnings],
    }


def report_on(
    path: Path,
    kind: str = "data",
    data: Path | None = None,
    options: ReadingOptions | None = None,
) -> FileReport:
    """Read a file and say what is in it; nothing is computed or written.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`; all but ``data`` belong to data that are there already.
    data : Path or None
        The file with those data.
    """
    options, report = options or ReadingOptions(), FileReport()
    try:
        if kind == "data":
            _report_data(path, options, report)
        elif kind not in _REPORTS:
            raise DataError(
                "There is no kind {kind}. Choose one of: {known}.",
                kind=kind,
                known=", ".join(KINDS),
            )
        elif data is None:
            raise DataError(
                "A file of the kind {kind} belongs to data: name their file with --for.", kind=kind
            )
        else:
            _REPORTS[kind](read_content(path), path.name, _dataset(data), options, report)
    except AppError as error:
        report.refused = error.message
    return report


def read_content(path: Path) -> bytes:
    """Return the bytes of a file; raises DataError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            "The file {file} cannot be read: {reason}. Check the path.",
            file=str(path),
            reason=error.strerror or str(error),
        ) from error


def _dataset(path: Path) -> QADataset:
    from core.data.file_preview import read_dataset, read_folder

    return read_folder(path)[0] if path.is_dir() else read_dataset(read_content(path), path.name)[0]


def chosen_columns(text: str, table: Table, guess: ColumnMapping) -> ColumnMapping:
    """Return the guess with what ``role=column,…`` says instead.

    Raises
    ------
    DataError
        If a role or a column does not exist; names those that do.
    """
    mapping = guess
    changes: dict[str, Any] = {}
    questions: list[str] = []
    answers: list[str] = []
    for part in filter(None, re.split(r",\s*(?=[a-z_]+\s*=)", text.strip())):
        role, _, value = part.partition("=")
        role, value = role.strip().removesuffix("s") if role != "negatives" else role, value.strip()
        if role == "scale":
            mapping = replace(mapping, scale=_known_scale(value))
            continue
        if role in MEANINGS:
            words = [(word.strip(), MEANINGS[role]) for word in value.split("+") if word.strip()]
            mapping = replace(mapping, words=(*mapping.words, *words))
            continue
        names = [_existing(name, table) for name in _parted(value, table)]
        if role in ("negative", "negatives"):
            mapping = replace(mapping, negatives=tuple(names))
        elif role in ("score", "label", "rating", "rater"):
            rating = names[0] if names else None
            scale = mapping.scale if rating == guess.rating or "scale=" in text else ""
            mapping = replace(mapping, rating=rating, raters=tuple(names[1:]), scale=scale)
            mapping = replace(mapping, rater=mapping.rater if rating == guess.rating else None)
        elif role in ("question", "answer"):
            if not names:
                raise DataError(
                    "--columns names no column for {role}. Choose one of: {columns}.",
                    role=role,
                    columns=", ".join(table.columns),
                )
            changes[role] = names[0]
            (questions if role == "question" else answers).extend(names)
        elif role in (*ColumnMapping().__dataclass_fields__,):
            changes[role] = names[0] if names else None
        else:
            raise DataError(
                "--columns knows no role {role}. Roles: question, answer, rating, category, "
                "language, source, weight, must_find, question_id, answer_id, context, negatives; "
                "scale=1-5 says what ratings mean, right=… and wrong=… what words mean.",
                role=role,
            )
    mapping = replace(mapping, **changes)
    if questions or answers:
        mapping = replace(mapping, further=())
    held = {*questions[:1], *answers[:1]}
    freed: dict[str, Any] = {
        role: None
        for role, column in mapping.roles().items()
        if role not in ("question", "answer") and column in held and f"{role}=" not in text
    }
    mapping = replace(mapping, **freed)
    if len(questions) > 1 or len(answers) > 1:
        first = questions or [str(mapping.question)], answers or [str(mapping.answer)]
        count = max(map(len, first))
        pairs = [tuple(names[min(i, len(names) - 1)] for names in first) for i in range(count)]
        mapping = replace(mapping, further=tuple((pair[0], pair[1]) for pair in pairs[1:]))
    return mapping


def _known_scale(value: str) -> str:
    if value in SCALES or not value:
        return value
    raise DataError(
        "There is no scale {scale}. Choose one of: {known}.",
        scale=value,
        known=", ".join(f"scale={key}" for key in SCALES),
    )


def _parted(value: str, table: Table) -> list[str]:
    if not value or value in table.columns:
        return [value] if value else []
    return [part.strip() for part in value.split("+")]


def _existing(name: str, table: Table) -> str:
    if name in table.columns:
        return name
    folded = {column.casefold(): column for column in table.columns}
    if name.casefold() in folded:
        return folded[name.casefold()]
    raise no_column(name, table.columns)


def describe_columns(mapping: ColumnMapping) -> dict[str, Any]:
    """Return role → column, as a report shows it."""
    columns: dict[str, Any] = dict(mapping.roles())
    if mapping.raters:
        columns["raters"] = [mapping.rating, *mapping.raters]
    if mapping.rater:
        columns["rater"] = mapping.rater
    if mapping.context:
        columns["context"] = mapping.context
    if mapping.negatives:
        columns["negatives"] = list(mapping.negatives)
    if mapping.further:
        columns["further"] = [list(pair) for pair in mapping.further]
    return columns


def further_columns(guess: Guess, mapping: ColumnMapping) -> list[Message]:
    """Return a sentence on more questions and answers that could be taken."""
    left = [pair for pair in guess.offered if pair not in mapping.further]
    left = [p for p in left if {*p} - {mapping.question, mapping.answer}]
    if not left:
        return []
    text = N_(
        "More columns hold questions or answers: {pairs}. They are not used unless you take them, "
        "too (--columns question=A+B,answer=A+B)."
    )
    return [Message(text, {"pairs": "; ".join(f"{q} → {a}" for q, a in left[:8])})]


def _seen(report: FileReport, table: Table) -> None:
    report.format, report.encoding = table.format, table.encoding
    report.delimiter, report.sheet = table.delimiter, table.sheet
    report.warnings += table.warnings
    report.not_used += table.not_used
    report.rows_read = len(set(table.row_numbers.tolist()) | {r.row for r in table.unreadable})


def _aside(report: FileReport, items: Iterable[Any]) -> None:
    report.set_aside += [(item.row, item.reason, item.question, item.answer) for item in items]


def _report_data(path: Path, options: ReadingOptions, report: FileReport) -> None:
    from core.data.pairs import DOCUMENTS, check_variety, collect_pairs
    from core.data.reading.archives import is_beir

    if path.is_dir():
        _report_beir(path, report)
        return
    content = read_content(path)
    if is_beir(content):
        _report_beir(content, report)
        return
    table = read_table(
        content,
        path.name,
        choices=options.choices,
        unfold=False,
    )
    _seen(report, table)
    guess = guess_columns(table)
    mapping = chosen_columns(options.columns, table, guess.mapping)
    report.columns = describe_columns(mapping)
    if not options.columns:
        report.warnings += guess.notes
    report.not_used += unused_columns(table, mapping)
    pairs = collect_pairs(table, mapping)
    report.warnings += [*further_columns(guess, mapping), *pairs.warnings]
    _aside(report, pairs.set_aside)
    report.open = list(pairs.open_questions)
    triples = zip(pairs.right_question, pairs.right_answer, pairs.right_grade, strict=True)
    report.pairs = [(pairs.questions[q], pairs.answers[a], _rounded(g)) for q, a, g in triples]
    report.pairs += [(question, answer, 0.0) for question, answer in pairs.known_wrong]
    report.rows_taken = report.rows_read - len({row for row, *_ in report.set_aside})
    check_variety(pairs, in_document=table.format in DOCUMENTS)
    _check_amount(len(pairs.questions), report)


def _check_amount(questions: int, report: FileReport) -> None:
    if questions < MIN_QUESTIONS:
        text = N_n(
            "There is {count} different question; at least {least} are needed to tune and test.",
            "There are {count} different questions; at least {least} are needed to tune and test.",
        )
        report.warnings.append(Message(text, {"count": questions, "least": MIN_QUESTIONS}))


def _rounded(value: float) -> float:
    return round(float(value), 6)


def _report_beir(source: Path | bytes, report: FileReport) -> None:
    from core.data.beir import named_splits
    from core.data.reading.archives import beir_warnings, open_beir
    from core.types import TRAIN

    files = open_beir(source)
    report.format, report.encoding = "beir", "utf-8"
    report.columns = {"question": "queries.jsonl", "answer": "corpus.jsonl", "rating": "qrels"}
    report.warnings += beir_warnings(files)
    report.not_used += files.not_used
    judged: dict[tuple[str, str], float] = {}
    dangling = 0
    for pairs in files.qrels.values():
        for query, document, grade in pairs:
            if not (query in files.queries and document in files.corpus):
                dangling += 1
            elif not files.corpus[document]:
                report.set_aside.append((0, Message(_NO_TEXT), files.queries[query], ""))
            elif not files.queries[query]:
                report.set_aside.append((0, Message(EMPTY), "", files.corpus[document]))
            else:
                judged[query, document] = max(grade, judged.get((query, document), 0.0))
    report.pairs = [(files.queries[q], files.corpus[d], g) for (q, d), g in judged.items()]
    right = {q for (q, _), g in judged.items() if g > 0}
    report.open = [text for key, text in files.queries.items() if text and key not in right]
    report.rows_read = len(files.queries)
    report.rows_taken = len(right)
    if dangling:
        report.not_used.append(NotUsed("rows", "judgements of unknown ids", dangling))
    if not right:
        raise DataError(
            "No judgement in the qrels of {name} names a query and a document that exist.",
            name=source.name if isinstance(source, Path) else "ZIP",
        )
    named = named_splits(files)
    if named is not None and TRAIN not in named.values():
        report.warnings.append(Message(NO_TRAINING))
    _check_amount(len(right), report)


NO_TRAINING = N_(
    "All judgements are for the test and none is for training, so nothing can be tuned with these "
    "splits. The questions can be split anew (--split on the command line)."
)


# Files about data that are there already


def _table_of(content: bytes, name: str, options: ReadingOptions, report: FileReport) -> Table:
    table = read_table(
        content,
        name,
        choices=options.choices,
    )
    _seen(report, table)
    return table


def _left_over(report: FileReport, table: Table, used: Sequence[str | None]) -> None:
    """Name the columns that nothing is read from; those that may judge also in a sentence."""
    left = unused_beside(table, used)
    report.not_used += left
    judging = [item.name for item in left if role_of(item.name) == "rating"]
    if judging:
        text = N_("More columns may hold judgements and are not used: {columns}.")
        report.warnings.append(Message(text, {"columns": ", ".join(judging)}))


def _report_ratings(
    content: bytes, name: str, dataset: QADataset, options: ReadingOptions, report: FileReport
) -> None:
    from core.data.rating_file import match_ratings, read_rating_table

    table = read_rating_table(content, name, options.choices)
    _seen(report, table)
    mapping = chosen_columns(options.columns, table, guess_mapping(table, rated=True))
    file = match_ratings(table, name, dataset, _UPLOADER, mapping)
    report.columns, report.scale = dict(file.columns), file.scale
    if file.raters:
        report.columns["raters"] = [file.columns["rating"], *file.raters]
    _left_over(report, table, [*file.columns.values(), *file.raters, *file.answers])
    report.warnings += file.notes
    if file.blank:
        text = N_n(
            "{count} row has no rating and is left out.",
            "{count} rows have no rating and are left out.",
        )
        report.warnings.append(Message(text, {"count": file.blank}))
        report.not_used.append(NotUsed("rows", "without a rating", file.blank))
    report.pairs = [
        (r.question, r.answer, None if r.value is None else _rounded(r.value)) for r in file.ratings
    ]
    report.raters = sorted({r.rater for r in file.ratings})
    report.set_aside += [(row, why, "", "") for row, why in file.problems]
    report.rows_taken = len(file.ratings)
    _some(report, file.problems)


def _some(report: FileReport, problems: Sequence[tuple[int, Message]]) -> None:
    if not report.pairs and problems:
        row, reason = problems[0]
        raise DataError(
            "No row can be used. The first reason (row {row}): {reason}",
            row=row,
            reason=str(reason),
        )


def _report_scores(
    content: bytes, name: str, dataset: QADataset, options: ReadingOptions, report: FileReport
) -> None:
    from core.data.score_table import ScoreColumns, guess_score_columns, match_scores

    table = _table_of(content, name, options, report)
    columns = guess_score_columns(table)
    if options.columns:
        guess = ColumnMapping(columns.question, columns.answer, rating=columns.score)
        chosen = chosen_columns(options.columns, table, guess)
        columns = ScoreColumns(chosen.question, chosen.answer, chosen.rating)
    named = {"question": columns.question, "answer": columns.answer, "score": columns.score}
    report.columns = {role: column for role, column in named.items() if column}
    _left_over(report, table, list(named.values()))
    matched = match_scores(table, columns, dataset, name=name)
    report.warnings += matched.notes
    triples = zip(matched.question_rows, matched.answer_rows, matched.values, strict=True)
    report.pairs = [(dataset.questions[q], dataset.answers[a], _rounded(v)) for q, a, v in triples]
    _aside(report, matched.set_aside)
    report.rows_taken = report.rows_read - len({row for row, *_ in report.set_aside})


def _report_corrections(
    content: bytes, name: str, dataset: QADataset, options: ReadingOptions, report: FileReport
) -> None:
    from core.data.correction_file import match_corrections

    table = _table_of(content, name, options, report)
    chosen = {}
    for part in filter(None, options.columns.split(",")):
        role, _, column = part.partition("=")
        chosen[role.strip()] = _existing(column.strip(), table)
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    file = match_corrections(table, name, dataset, _UPLOADER, moment, chosen=chosen)
    report.columns = dict(file.columns)
    _left_over(report, table, list(file.columns.values()))
    report.warnings += file.notes
    report.pairs = [(o.question, o.answer, o.value) for o in file.overrides]
    report.raters = sorted({bare_name(o.who) for o in file.overrides})
    _aside(report, file.problems)
    report.rows_taken = report.rows_read - len({row for row, *_ in report.set_aside})
    _some(report, [(item.row, item.reason) for item in file.problems])


def _report_run(
    content: bytes, name: str, dataset: QADataset, options: ReadingOptions, report: FileReport
) -> None:
    from core.data.trec_run import parse_runs, run_notes

    report.format, report.encoding = "trec", "utf-8"
    runs = parse_runs(content, dataset, order=options.order)
    report.systems = [run.name for run in runs]
    chosen = [run for run in runs if not options.system or run.name == options.system] or runs
    if len(runs) > 1:
        text = N_("The file holds {count} systems: {names}. Each is a system of its own.")
        names = ", ".join(run.name or "–" for run in runs)
        report.warnings.append(Message(text, {"count": len(runs), "names": names}))
    for run in chosen:
        report.rows_read += run.lines
        report.warnings += run_notes(run)
        for question, answers in run.lists.items():
            for answer, score in zip(answers, run.scores[question], strict=True):
                if answer >= 0:
                    pair = dataset.questions[question], dataset.answers[answer]
                    report.pairs.append((*pair, _rounded(score)))
    report.rows_taken = len(report.pairs)


def _report_open(
    content: bytes, name: str, dataset: QADataset, options: ReadingOptions, report: FileReport
) -> None:
    from core.data.logs.question_log import (
        add_log,
        chosen_log_columns,
        guess_log,
        read_log,
        unused_log_columns,
    )

    table = read_log(content, name, options.choices)
    _seen(report, table)
    columns = chosen_log_columns(options.columns, table, guess_log(table))
    report.columns = dict(columns.roles())
    report.not_used += unused_log_columns(table, columns)
    before = without_open_questions(dataset)
    added, account = add_log(before, table, columns, name)
    report.open_account = account
    report.open = [added.questions[row] for row in added.open_rows.tolist()]
    report.open_asked = [_rounded(added.question_weight[row]) for row in added.open_rows]
    report.warnings += [told for told in account.warnings if told not in report.warnings]
    report.set_aside += [(i.row, i.reason, i.question, "") for i in account.set_aside]
    report.rows_taken = report.rows_read - len({row for row, *_ in report.set_aside})
    if not report.rows_taken:
        _some(report, [(item.row, item.reason) for item in account.set_aside])


_REPORTS: Mapping[str, Callable[[bytes, str, QADataset, ReadingOptions, FileReport], None]] = {
    "ratings": _report_ratings,
    "scores": _report_scores,
    "corrections": _report_corrections,
    "run": _report_run,
    "open": _report_open,
    "questions": _report_open,
}
