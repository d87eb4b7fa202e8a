"""Result lists of another search, as TREC run files or ranx JSON, matched by the user's own ids.

A TREC run has six columns per line, separated by spaces or tabs: question id, ``Q0``, answer id,
rank, score, name of the system. Lists are ordered by score, then by rank, as ir_measures and ranx
read them; the rank column alone never decides. ranx writes ``{question id: {answer id: score}}``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.data.matching import TextIndex
from core.errors import DataError
from core.messages import N_, Message
from core.types import QADataset, Rows

COLUMNS = 6
RANK, SCORE = "rank", "score"
_EXAMPLES = 5  # ids and rows that a message names; counts are of all
MOST_LINES = 5_000_000
MOST_SYSTEMS = 100  # in one file; more names are another column in the place of the name
UNKNOWN = -1  # an answer that the data do not have still holds its rank


class ContradictoryRanksError(DataError):
    """Ranks contradict scores, and nobody said which of them counts."""


class SeveralSystemsError(DataError):
    """A run holds several systems, and nobody said which one is meant."""


@dataclass(frozen=True)
class _RunLine:
    """One line of a run: an answer that the other search found.

    Attributes
    ----------
    row : int
        Line of the file, the first being 1; of JSON the place of the entry.
    """

    row: int
    question: str
    answer: str
    rank: float
    score: float


@dataclass(frozen=True, eq=False)
class ParsedRun:
    """A run file matched with a dataset.

    Attributes
    ----------
    name : str
        What the file calls the system, "" if nothing.
    lists : mapping of question row to int32 array
        Answer rows, best first; ``UNKNOWN`` where the id is not in the data: in the live search
        that answer stands above those below it, so it keeps its rank.
    scores : mapping of question row to float32 array
        Beside ``lists``.
    lines : int
    unknown_questions, unknown_answers : tuple of str
        Ids that are not in the data, in the order of the file, each once.
    repeated : tuple of int
        Lines that name an answer of a question once more; the better scored one is kept.
    by_rank : bool
        The lists are ordered by rank, because the user said so: scores are distances.
    """

    name: str
    lists: dict[int, np.ndarray]
    scores: dict[int, np.ndarray]
    lines: int
    unknown_questions: tuple[str, ...]
    unknown_answers: tuple[str, ...]
    repeated: tuple[int, ...]
    by_rank: bool = False

    def missing(self, rows: Rows) -> Rows:
        """Return those of the given question rows that the run has no list for."""
        return np.array([row for row in rows if int(row) not in self.lists], np.int32)

    def table(self, rows: Rows, depth: int) -> tuple[np.ndarray, np.ndarray]:
        """Return answers int32 [n, depth] and scores float32 [n, depth] of the given questions.

        -1 and -inf where nothing is listed.
        """
        answers = np.full((len(rows), depth), UNKNOWN, np.int32)
        scores = np.full((len(rows), depth), -np.inf, np.float32)
        for place, row in enumerate(rows):
            listed = self.lists.get(int(row))
            if listed is not None:
                kept = min(depth, len(listed))
                answers[place, :kept] = listed[:kept]
                scores[place, :kept] = self.scores[int(row)][:kept]
        return answers, scores


def parse_runs(content: bytes, dataset: QADataset, *, order: str = "") -> tuple[ParsedRun, ...]:
    """Read a run file and match its ids with a dataset; every name in it is a system of its own.

    Parameters
    ----------
    content : bytes
        UTF-8, with or without byte order mark.
    order : str
        What counts where ranks contradict scores: ``rank`` or ``score``; "" = nobody said yet.

    Raises
    ------
    DataError
        If the file is not text, a line cannot be read (its number is named), no line fits the
        data, or ranks contradict scores and nobody said which counts.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            "The file is not UTF-8 text (byte {place}). Export the run as a UTF-8 text file.",
            place=error.start,
        ) from error
    start = text.lstrip()[:1]
    if start == "[":
        raise DataError(
            "The file is a JSON list, not a run. A JSON run is an object: "
            '{{"question id": {{"answer id": score}}}}; a TREC run has six columns per line.'
        )
    systems = {"": _json_lines(text)} if start == "{" else _trec_lines(text)
    if not any(systems.values()):
        raise DataError("The file has no result. A run has one line per answer that was found.")
    if order not in (RANK, SCORE):
        for name, lines in systems.items():
            _check_order(name, lines)
    return tuple(_matched(name, lines, dataset, order == RANK) for name, lines in systems.items())


def parse_run(
    content: bytes, dataset: QADataset, *, order: str = "", system: str = ""
) -> ParsedRun:
    """Return one system of a run file, see :func:`parse_runs`; without a name the only one.

    Raises
    ------
    DataError
        If the file holds several systems and none of them is named.
    """
    runs = parse_runs(content, dataset, order=order)
    chosen = [run for run in runs if run.name == system] if system else list(runs)
    if len(chosen) != 1:
        raise SeveralSystemsError(
            "The file holds the results of {count} systems: {names}. Choose one of them.",
            count=len(runs),
            names=", ".join(run.name or "–" for run in runs),
        )
    return chosen[0]


def _check_order(name: str, lines: Sequence[_RunLine]) -> None:
    """Raise where better ranks have lower scores: then the scores are probably distances."""
    lists: dict[str, list[_RunLine]] = {}
    for line in lines:
        lists.setdefault(line.question, []).append(line)
    told = against = 0
    for found in lists.values():
        ranks = sorted(found, key=lambda line: line.rank)
        steps = [b.score - a.score for a, b in pairwise(ranks) if b.rank > a.rank]
        up, down = sum(step > 0 for step in steps), sum(step < 0 for step in steps)
        told += bool(up or down)
        against += up > down
    if told and against > told / 2:
        raise ContradictoryRanksError(
            "In {count} of {lists} lists of {name} the ranks contradict the scores: better ranks "
            "have lower scores, as with distances. Say which counts (on the command line: --order "
            "rank or --order score), or upload scores of which higher is better.",
            count=against,
            lists=told,
            name=name or "–",
        )


def _trec_lines(text: str) -> dict[str, list[_RunLine]]:
    systems: dict[str, list[_RunLine]] = {}
    count = 0
    for row, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        # Ids of a user's own may hold spaces; then the columns are separated by tabs.
        parts = [part.strip() for part in line.split("\t")] if "\t" in line else line.split()
        if len(parts) != COLUMNS:
            raise DataError(
                "Line {row} has {found} columns; a TREC run has {needed}: question id, Q0, answer "
                "id, rank, score, name. Ids with spaces need columns separated by tabs.",
                row=row,
                found=len(parts),
                needed=COLUMNS,
            )
        question, _, answer, rank, score, name = parts
        found = _RunLine(row, question, answer, _number(rank, row), _number(score, row))
        systems.setdefault(name, []).append(found)
        if len(systems) > MOST_SYSTEMS:
            raise DataError(
                "The last column names more than {most} systems. It must hold the name of the "
                "search, the same in every line of it.",
                most=MOST_SYSTEMS,
            )
        count += 1
        if count > MOST_LINES:
            raise DataError(
                "The file has more than {most} lines. Keep the first hundred answers per question.",
                most=MOST_LINES,
            )
    return systems


def _json_lines(text: str) -> list[_RunLine]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(
            "The file begins like JSON but cannot be read as such: {reason}. Export it again.",
            reason=str(error),
        ) from error
    return list(_entries(document))


def _entries(document: object) -> Iterator[_RunLine]:
    row = 0
    assert isinstance(document, dict)  # the text begins with a brace
    for question, answers in document.items():
        if not isinstance(answers, dict):
            raise DataError(
                "The entry {question} is not a list of answers with scores. A JSON run is "
                '{{"question id": {{"answer id": score}}}}.',
                question=question,
            )
        for answer, score in answers.items():
            row += 1
            number = _number(score if isinstance(score, int | float) else str(score), row)
            yield _RunLine(row, question, answer, row, number)


def _number(value: str | float, row: int) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DataError(
            "Line {row}: {value} is not a number. Rank and score must be numbers.",
            row=row,
            value=str(value)[:40],
        )
    return number


def _matched(name: str, lines: Iterable[_RunLine], dataset: QADataset, by_rank: bool) -> ParsedRun:
    index = TextIndex(dataset)
    questions, answers = index.questions.by_id, index.answers.by_id
    unknown_questions: dict[str, None] = {}
    unknown_answers: dict[str, None] = {}
    by_question: dict[int, list[_RunLine]] = {}
    count = 0
    for line in lines:
        count += 1
        if line.question in questions:
            by_question.setdefault(questions[line.question], []).append(line)
        else:
            unknown_questions[line.question] = None
    repeated: list[int] = []
    lists, scores = {}, {}
    for question, found in by_question.items():
        if by_rank:
            found.sort(key=lambda line: (line.rank, line.row))
        else:
            found.sort(key=lambda line: (-line.score, line.rank, line.row))
        kept: dict[str, _RunLine] = {}
        for line in found:
            if line.answer in kept:
                repeated.append(line.row)
            else:
                kept[line.answer] = line
        unknown_answers |= {answer: None for answer in kept if answer not in answers}
        lists[question] = np.array([answers.get(a, UNKNOWN) for a in kept], np.int32)
        scores[question] = np.array(
            [-line.score if by_rank else line.score for line in kept.values()], np.float32
        )
    known = sum(int((listed >= 0).sum()) for listed in lists.values())
    if not known:
        raise DataError(
            "No line names a question and an answer of these data. The file's first ids are "
            "{question} and {answer}; the data's are {known_question} and {known_answer}. Use the "
            "ids of the uploaded file.",
            question=next(iter([*unknown_questions, *(dataset.question_ids[q] for q in lists)])),
            answer=next(iter([*unknown_answers, "–"])),
            known_question=dataset.question_ids[0],
            known_answer=dataset.answer_ids[0],
        )
    return ParsedRun(
        name,
        lists,
        scores,
        count,
        tuple(unknown_questions),
        tuple(unknown_answers),
        tuple(sorted(repeated)),
        by_rank,
    )


def run_notes(parsed: ParsedRun) -> list[Message]:
    """Return what in a run does not fit the data, counted, with the first examples."""
    told = (
        (
            parsed.unknown_answers,
            N_(
                "{count} answer ids are not in the data, for example {examples}. They keep "
                "their ranks and count as not right."
            ),
        ),
        (
            parsed.unknown_questions,
            N_("{count} question ids are not in the data, for example {examples}: left out."),
        ),
        (
            [str(row) for row in parsed.repeated],
            N_(
                "{count} lines name an answer of a question once more, for example line "
                "{examples}; the better score counts."
            ),
        ),
    )
    return [Message(text, _examples(found)) for found, text in told if found]


def _examples(texts: Sequence[str]) -> dict[str, str | int | float]:
    return {"count": len(texts), "examples": ", ".join(text[:40] for text in texts[:_EXAMPLES])}
