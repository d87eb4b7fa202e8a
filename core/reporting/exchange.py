"""Data and results in the formats that search people exchange; this app reads all of them back.

TREC run and qrels (https://trec.nist.gov, read by trec_eval, ir_measures, ranx), BEIR folder
(https://github.com/beir-cellar/beir), and one table with a row per held-out question.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np

from core.evaluation.verdict import TUNED, present_regimes, regime_positions
from core.messages import N_, Message
from core.reporting import data_sheet
from core.reporting.model_export import archive_info, plain_name
from core.reporting.report_facts import best_placed
from core.reporting.spreadsheet import csv_bytes
from core.tuning.experiments.race import RaceResult
from core.types import (
    SPLITS,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_KNOWN,
    VALIDATION_UNSEEN,
    Comparison,
    QADataset,
    Rows,
    SystemResult,
)
from core.types.tuning import Contestant

OPEN_FILE = "open_questions.jsonl"  # of the BEIR folder; no part of the format
WRITTEN_FILE = "written_questions.jsonl"  # apart, so that nobody takes them for asked
BEIR_QRELS = {  # file name to the splits in it: the names that BEIR's own loader knows
    "train": (TRAIN,),
    "dev": (VALIDATION_KNOWN, VALIDATION_UNSEEN),
    "test": (TEST_KNOWN, TEST_UNSEEN),
}
_LINE_ENDS = re.compile(r"[^\S ]|[\x00-\x1f\x7f-\x9f]")  # white space but the plain space; controls


@dataclass(frozen=True)
class ExchangeFormat:
    """One kind of file.

    Attributes
    ----------
    title, meaning : str
        Message ids; the meaning says who reads it, and how this app takes it back.
    suffix, mime : str
        Of the download.
    make : callable
        ``(dataset, comparison) -> bytes``.
    """

    key: str
    title: str
    meaning: str
    suffix: str
    mime: str
    make: Callable[[QADataset, Comparison], bytes]


def exchange_ids(ids: Sequence[str], prefix: str) -> tuple[str, ...]:
    """Return ids that fit into one cell of a line; numbered ones where that makes two the same."""
    plain = tuple(_LINE_ENDS.sub(" ", key).strip() for key in ids)
    if len(set(plain)) == len(plain) and all(plain):
        return plain
    return tuple(f"{prefix}{number}" for number in range(1, len(ids) + 1))


def trec_run(
    dataset: QADataset, comparison: Comparison, system: SystemResult, regime: str = ""
) -> str:
    """Return one system's lists: ``question Q0 answer rank score system``, best first.

    Of one regime, where one is named: cross-fitted, a question is there once per regime.

    Columns are separated by spaces, or by tabs where an id of the user's holds a space. Scores
    that tie are told apart by their rank, which trec_eval does not look at: they are lowered by
    the least step, so that every tool reads the order that was measured.
    """
    questions, answers = _both_ids(dataset)
    gap = _separator((*questions, *answers))
    name = re.sub(r"\s+", "-", system.name) or "run"
    lines = []
    for position in regime_positions(comparison, regime):
        row, last = comparison.question_rows[position], np.float32(np.inf)
        for rank, answer in enumerate(system.top_answers[position], start=1):
            if answer < 0:
                break
            score = np.float32(system.top_scores[position][rank - 1])
            if not score < last:
                score = np.nextafter(last, np.float32(-np.inf), dtype=np.float32)
            last = score
            cells = (questions[row], "Q0", answers[answer], str(rank), f"{score:.9g}", name)
            lines.append(gap.join(cells))
    return "".join(f"{line}\n" for line in lines)


def trec_qrels(dataset: QADataset, rows: np.ndarray) -> str:
    """Return the judgements of the given questions: ``question 0 answer grade``.

    Grades are whole numbers, as trec_eval demands: where they are not, all are multiplied by 100,
    which leaves nDCG as it is.
    """
    questions, answers = _both_ids(dataset)
    gap = _separator((*questions, *answers))
    asked = np.isin(dataset.right_question, rows)
    grades = whole_grades(dataset.right_grade[asked])
    pairs = zip(dataset.right_question[asked], dataset.right_answer[asked], grades, strict=True)
    return "".join(f"{gap.join((questions[q], '0', answers[a], str(g)))}\n" for q, a, g in pairs)


def whole_grades(grades: np.ndarray) -> list[int]:
    """Return grades as whole numbers above 0; see :func:`trec_qrels`."""
    if np.array_equal(grades, np.round(grades)):
        return [int(grade) for grade in grades]
    return [max(1, round(float(grade) * 100)) for grade in grades]


def _trec_archive(dataset: QADataset, comparison: Comparison) -> bytes:
    """Return the judgements and the lists of every system as a ZIP archive."""
    files = {"qrels.txt": trec_qrels(dataset, comparison.question_rows)}
    for system in comparison.systems:
        # Names of experts may be addresses or paths: only plain letters go into an archive.
        for regime in present_regimes(comparison) if comparison.folds else ("",):
            end = f".{regime}.run" if regime else ".run"
            name = plain_name(system.name)
            while f"runs/{name}{end}" in files:
                name += "_"
            files[f"runs/{name}{end}"] = trec_run(dataset, comparison, system, regime)
    return _zipped(files.items())


def beir_archive(dataset: QADataset) -> bytes:
    """Return the whole data as a zipped BEIR folder with a data sheet (Croissant).

    Groups, splits and attributes go along (``group`` and ``metadata`` of the records,
    ``splits.json``), so that this app gets back what it gave; other tools leave them aside. Open
    questions stand in a file of their own, which can be added again as a log, and so do questions
    that nobody asked: who wrote each stands in its ``metadata``.
    """
    questions, answers = _both_ids(dataset)

    def files() -> Iterator[tuple[str, str]]:
        yield "corpus.jsonl", "".join(_documents(dataset, answers))
        yield "queries.jsonl", "".join(_queries(dataset, questions, dataset.judged_rows))
        if len(dataset.open_rows):
            yield OPEN_FILE, "".join(_queries(dataset, questions, dataset.open_rows))
        if len(dataset.written_rows):
            yield WRITTEN_FILE, "".join(_queries(dataset, questions, dataset.written_rows))
        for name, splits in BEIR_QRELS.items():
            rows = dataset.rows(*splits)
            if len(rows):
                yield f"qrels/{name}.tsv", "".join(_qrels_table(dataset, rows, questions, answers))
        named = {split: [questions[row] for row in dataset.rows(split)] for split in SPLITS}
        filled = {split: ids for split, ids in named.items() if ids}
        yield "splits.json", json.dumps(filled, ensure_ascii=False, indent=1)

    made = dict(files())
    made[data_sheet.NAME] = data_sheet.croissant(dataset, made)
    return _zipped((f"beir/{name}", text) for name, text in made.items())


def per_question_csv(dataset: QADataset, comparison: Comparison) -> bytes:
    """Return one row per held-out question with rank and metrics of every system, as CSV.

    ``answer`` is the right answer that the tuned model (else the first system) places best. With
    a byte order mark, so that Excel reads Japanese; read it back on the Data page, where
    question, answer and their categories are found by the names of the columns.
    """
    questions, answers = _both_ids(dataset)
    attributes = [name for name, values in dataset.attributes.items() if any(values)]
    head = ["question_id", "question", "answer_id", "answer", *attributes, "test", "right_answers"]
    for system in comparison.systems:
        head += [f"{system.name} rank", *(f"{system.name} {metric}" for metric in system.metrics)]
    tuned = comparison.system(TUNED)
    shown = (tuned,) if tuned else comparison.systems[:1]
    rows: list[list[str | int | float]] = []
    for position, row in enumerate(comparison.question_rows):
        right = dataset.right_answers(int(row))
        answer = best_placed(right, shown, position)
        cells: list[str | int | float] = [questions[row], dataset.questions[row]]
        cells += [answers[answer], dataset.answers[answer]]
        cells += [dataset.attributes[name][row] for name in attributes]
        cells += [str(comparison.regimes[position]), len(right)]
        for system in comparison.systems:
            cells.append(int(system.right_rank[position]))
            cells += [round(float(values[position]), 6) for values in system.metrics.values()]
        rows.append(cells)
    return csv_bytes(head, rows)


def _zipped(files: Iterable[tuple[str, str]]) -> bytes:
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name, text in files:
            archive.writestr(archive_info(name, ZIP_DEFLATED), text.encode())
    return content.getvalue()


def _both_ids(dataset: QADataset) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return exchange_ids(dataset.question_ids, "q"), exchange_ids(dataset.answer_ids, "a")


def _separator(ids: Iterable[str]) -> str:
    return "\t" if any(" " in key for key in ids) else " "


def _documents(dataset: QADataset, ids: Sequence[str]) -> Iterator[str]:
    for key, text, group in zip(ids, dataset.answers, dataset.answer_group, strict=True):
        yield _record({"_id": key, "title": "", "text": text, "group": int(group)})


def _queries(dataset: QADataset, ids: Sequence[str], rows: Rows) -> Iterator[str]:
    for row in rows.tolist():
        key, weight = ids[row], float(dataset.question_weight[row])
        given = {name: values[row] for name, values in dataset.attributes.items() if values[row]}
        yield _record(
            {
                "_id": key,
                "text": dataset.questions[row],
                "metadata": given,
                "group": int(dataset.question_group[row]),
                **({"count": weight} if weight != 1 else {}),
            }
        )


def _record(document: dict[str, object]) -> str:
    return f"{json.dumps(document, ensure_ascii=False)}\n"


def _qrels_table(
    dataset: QADataset, rows: np.ndarray, questions: Sequence[str], answers: Sequence[str]
) -> Iterator[str]:
    yield "query-id\tcorpus-id\tscore\n"
    for place in np.flatnonzero(np.isin(dataset.right_question, rows)):
        # Whole grades as BEIR's own loader demands; others as they are, so that nothing is lost.
        grade = f"{float(dataset.right_grade[place]):.9g}"
        question, answer = dataset.right_question[place], dataset.right_answer[place]
        yield f"{questions[question]}\t{answers[answer]}\t{grade}\n"


FORMATS: dict[str, ExchangeFormat] = {
    form.key: form
    for form in (
        ExchangeFormat(
            "questions",
            N_("One row per held-out question (CSV)"),
            N_(
                "Rank and metrics of every system, for your own analysis in Excel or pandas. "
                "The Data page reads it back as questions and answers."
            ),
            "-questions.csv",
            "text/csv",
            per_question_csv,
        ),
        ExchangeFormat(
            "runs",
            N_("Result lists and judgements (TREC runs and qrels)"),
            N_(
                "For trec_eval, ir_measures, ranx and other evaluation tools. The Compare page "
                "takes a run file as one more system."
            ),
            "-trec.zip",
            "application/zip",
            _trec_archive,
        ),
        ExchangeFormat(
            "beir",
            N_("The whole data (BEIR folder as ZIP)"),
            N_(
                "Questions, answers, judgements, splits and groups, for MTEB and other search "
                "tools, with a data sheet (Croissant). The Data page reads it back with the same "
                "splits."
            ),
            "-beir.zip",
            "application/zip",
            lambda dataset, _: beir_archive(dataset),
        ),
    )
}


def race_csv(result: RaceResult) -> bytes:
    """Return the table of a race for other programs: one line per contestant, numbers as numbers.

    The untuned model is the last line; what failed has no figures.
    """
    names = {"score": "validation", "generality": "generality_change"}
    columns = [names.get(column, f"validation_{column}") for column in result.columns]
    header = ["recipe", "loss", "hard_labels_only", "runs", "failed"]
    header += [f"{name}_{part}" for name in columns for part in ("mean", "std")]
    header += ["gain_low", "gain_high", "behind", "behind_low", "behind_high", "tied", "reason"]
    rows: list[list[object]] = []
    for standing in result.standings:
        row = _who(standing.contestant, standing.seeds, standing.failures)
        for column in result.columns:
            spread = standing.figures[column]
            row += [_six(spread.mean), _six(spread.std)] if spread else [None, None]
        row += [_six(standing.gain.low), _six(standing.gain.high)]
        behind = standing.behind
        row += [_six(behind.value), _six(behind.low), _six(behind.high)] if behind else [None] * 3
        rows.append([*row, int(standing.tied), _reasons(standing.failures)])
    for contestant, failures in result.absent:
        row = _who(contestant, 0, failures)
        rows.append([*row, *[None] * (len(header) - len(row) - 1), _reasons(failures)])
    if result.untuned:
        row = ["", "untuned", 0, 1, 0]
        for column in result.columns:
            row += [_six(result.untuned.get(column)), None]
        rows.append([*row, *[None] * (len(header) - len(row))])
    return csv_bytes(header, rows)


def _who(contestant: Contestant, runs: int, failures: Mapping[int, Message]) -> list[object]:
    baseline = int(contestant.baseline)
    return [contestant.recipe_name, contestant.loss, baseline, runs, len(failures)]


def _reasons(failures: Mapping[int, Message]) -> str:
    return "; ".join(str(reason) for reason in failures.values())


def _six(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
