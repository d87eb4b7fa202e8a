"""Labels set by hand: pairs to look at, undo and redo, two people on one pair, a workbook of them.

The workbook has one row per value that holds; where two people contradict each other both have
their row. Texts are written as texts: a question that begins with ``=`` never becomes a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

import numpy as np

from core.data.matching import TextIndex
from core.data.ratings import Numbers, doubtful_number, read_numbers
from core.data.reading.formats import read_table
from core.data.table import SetAside, Table
from core.errors import LabelError
from core.journey.decisions import reported_pairs
from core.journey.labels import LabelPreview, override_pair, overrides
from core.labels.overrides import conflicts, standing
from core.labels.pair_sample import with_pairs
from core.messages import N_, Message
from core.reporting.spreadsheet import ANY, TEXT, Column, Row, Sheet, workbook
from core.types import Override, QADataset
from core.workspace.feedback import QuestionNote
from core.workspace.records import now
from core.workspace.workspace import Project

COLUMNS = ("question", "answer", "label", "reason", "who", "at")
_SHEET = tuple(
    Column(title, width, ANY if title == "label" else TEXT)
    for title, width in zip(COLUMNS, (50, 70, 8, 40, 16, 26), strict=True)
)
MOST = 300  # pairs of an endless list; a person reviews no more in one go


@dataclass
class Steps:
    """One person's changes as an editor keeps them, replayed from the records.

    Attributes
    ----------
    done : list of Override
        Changes that can be undone, newest last.
    undone : list of Override
        Changes that can be done again, the one undone last at the end; a new change empties it.
    """

    done: list[Override] = field(default_factory=list)
    undone: list[Override] = field(default_factory=list)


def steps_of(changes: Sequence[Override], who: str) -> Steps:
    """Replay the records and return what this person can undo and redo.

    Parameters
    ----------
    changes : sequence of Override
        All records of the project, oldest first.
    """
    steps = Steps()
    for change in changes:
        if change.who != who:
            continue
        if change.value is not None:
            if steps.undone and _same(steps.undone[-1], change):
                steps.undone.pop()
            else:
                steps.undone.clear()
            steps.done.append(change)
            continue
        own = [at for at, done in enumerate(steps.done) if done.pair == change.pair]
        if own:
            steps.undone.append(steps.done.pop(own[-1]))
    return steps


def _same(change: Override, other: Override) -> bool:
    return replace(change, who="", at="") == replace(other, who="", at="")


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


@dataclass(frozen=True, eq=False)
class Review:
    """The pairs at hand: those of the sample and those that people judged, wherever they lie."""

    preview: LabelPreview
    reports: Mapping[tuple[str, str], QuestionNote] = field(default_factory=dict)

    @cached_property
    def held(self) -> Mapping[tuple[str, str], tuple[Override, ...]]:
        """Values by hand that hold, per pair of texts, the one in force last."""
        return standing(self.preview.model.overrides)

    @cached_property
    def conflicts(self) -> dict[tuple[str, str], tuple[Override, ...]]:
        """Pairs on which people contradict each other."""
        return conflicts(self.preview.model.overrides)

    def texts(self, position: int) -> tuple[str, str]:
        """Return question and answer of one pair."""
        sample, dataset = self.preview.sample, self.preview.dataset
        return (
            dataset.questions[int(sample.question_rows[position])],
            dataset.answers[int(sample.answer_rows[position])],
        )

    @cached_property
    def keys(self) -> np.ndarray:
        """One number per pair, int64 [n]: the same for as long as the data are the same."""
        sample = self.preview.sample
        return self.preview.dataset.pair_keys(sample.question_rows, sample.answer_rows)

    def containing(self, wanted: str, positions: np.ndarray) -> np.ndarray:
        """Return the positions whose question or answer contains a text, in any case."""
        needle = wanted.strip().casefold()
        if not needle:
            return positions
        dataset, sample = self.preview.dataset, self.preview.sample
        questions, answers = (
            np.fromiter((needle in text.casefold() for text in texts), bool, len(texts))
            for texts in (dataset.questions, dataset.answers)
        )
        rows = sample.question_rows[positions], sample.answer_rows[positions]
        return positions[questions[rows[0]] | answers[rows[1]]]

    def among(self, pairs: Mapping[tuple[str, str], object]) -> np.ndarray:
        """Return the positions of these pairs of texts, those changed last first, int [m]."""
        place = {key: position for position, key in enumerate(self.keys.tolist())}
        keys = [self.preview.dataset.pair_key(*pair) for pair in pairs]
        return np.array([place[key] for key in reversed(keys) if key in place], np.int64)


@dataclass(frozen=True)
class ReviewList:
    """One choice of the filter.

    Attributes
    ----------
    find : callable
        Returns positions in the sample, first things first.
    judged : bool
        It holds pairs that were judged already: there is nothing to work off.
    """

    title: str
    find: Callable[[Review], np.ndarray]
    judged: bool = False


def _sorted(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    positions = np.flatnonzero(among)
    return positions[np.argsort(values[positions], kind="stable")]


LISTS: Mapping[str, ReviewList] = {
    "suspected": ReviewList(
        N_("Suspected wrong labels: experts contradict the data"),
        lambda review: review.preview.findings.most_suspicious,
    ),
    "reported": ReviewList(
        N_("Reported on the Compare page"), lambda review: review.among(review.reports)
    ),
    "disputed": ReviewList(
        N_("Experts disagree most"),
        lambda review: review.preview.findings.most_disputed[:MOST],
    ),
    "right": ReviewList(
        N_("Right answers with the lowest label"),
        lambda review: _sorted(review.preview.alone, review.preview.sample.hard_label > 0)[:MOST],
    ),
    "other": ReviewList(
        N_("Other pairs with the highest label"),
        lambda review: _sorted(-review.preview.alone, review.preview.sample.hard_label == 0)[:MOST],
    ),
    "all": ReviewList(
        N_("All pairs, the most suspicious first"),
        lambda review: np.argsort(-review.preview.findings.suspicion, kind="stable"),
    ),
    "by_hand": ReviewList(
        N_("Changed by hand"), lambda review: review.among(review.held), judged=True
    ),
    "conflict": ReviewList(
        N_("In conflict: two people set different labels"),
        lambda review: review.among(review.conflicts),
        judged=True,
    ),
}


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


@dataclass(frozen=True)
class CorrectionFile:
    """What an uploaded workbook holds.

    Attributes
    ----------
    overrides : tuple of Override
        Rows that can be taken and are not on record yet.
    known : int
        Rows that are on record already.
    problems : tuple of SetAside
    """

    overrides: tuple[Override, ...]
    known: int
    problems: tuple[SetAside, ...]
    notes: tuple[Message, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


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
    return match_corrections(read_table(content, name), name, dataset, on_record, who)


def match_corrections(
    table: Table,
    name: str,
    dataset: QADataset,
    on_record: Sequence[Override],
    who: str,
    chosen: Mapping[str, str] | None = None,
) -> CorrectionFile:
    """Do the same for a table that was read already; ``chosen`` names columns by role."""
    folded = {column.strip().casefold(): column for column in table.columns}
    places = {column: folded[column] for column in COLUMNS if column in folded} | dict(chosen or {})
    absent = [column for column in COLUMNS[:4] if column not in places]
    if absent:
        raise LabelError(
            "{name} has no column {absent}. The first row must name the columns {columns}; who and "
            "at may be left out.",
            name=name,
            absent=", ".join(absent),
            columns=", ".join(COLUMNS),
        )
    index, moment = TextIndex(dataset), now()
    labels = read_numbers(table.frame[places["label"]].tolist())
    share, notes = _are_shares(labels)
    known = {_record(override) for override in on_record}
    holding = {_record(override)[:4] for held in standing(on_record).values() for override in held}
    taken: dict[tuple[object, ...], tuple[int, Override]] = {}
    problems, already = list(table.unreadable), 0
    columns = [column for column in COLUMNS if column in places]
    cells = zip(*(table.frame[places[column]] for column in columns), strict=True)
    for number, row in zip(table.row_numbers, cells, strict=True):
        said = dict(zip(columns, row, strict=True))
        value = labels.values.get(said["label"])
        value = None if value is None else value * 100 if share else value
        override = _override(said, value, dataset, index, who, moment)
        if isinstance(override, Message):
            problems.append(SetAside(int(number), override, said["question"], said["answer"]))
        elif (record := _record(override)) in known or record[:4] in holding or record in taken:
            already += 1
        else:
            taken[record] = (int(number), override)
    kept = _without_contradictions(list(taken.values()), problems)
    return CorrectionFile(
        tuple(sorted(kept, key=lambda override: override.at)),
        already,
        tuple(sorted(problems, key=lambda item: item.row)),
        (*notes, *doubtful_number(labels)),
        places,
    )


def _are_shares(labels: Numbers) -> tuple[bool, list[Message]]:
    """Tell whether labels go from 0 to 1 rather than to 100: all do, and some lie between."""
    values = labels.values.values()
    shares = bool(values) and not labels.percent and max(values) <= 1
    if not shares:
        return False, []
    if all(value in (0, 1) for value in values):
        text = N_("All labels are 0 or 1, so they were read as 0 % and 100 %.")
        return True, [Message(text)]
    text = N_("All labels lie between 0 and 1, so they were read as shares: 0.8 is 80.")
    return True, [Message(text)]


def _without_contradictions(
    taken: Sequence[tuple[int, Override]], problems: list[SetAside]
) -> list[Override]:
    """Set aside what one person corrects in a later row of the file, for the same moment."""
    groups: dict[tuple[str, str, str, str], list[tuple[int, Override]]] = {}
    for row, override in taken:
        key = (override.question, override.answer, override.who, override.at)
        groups.setdefault(key, []).append((row, override))
    kept = []
    for group in groups.values():
        if len({override.value for _, override in group}) == 1:
            kept += [override for _, override in group]
            continue
        last, counts = group[-1]
        kept.append(counts)
        text = N_(
            "Row {last} has another label of the same person for this pair; the later row counts."
        )
        for row, override in group[:-1]:
            message = Message(text, {"last": last})
            problems.append(SetAside(row, message, override.question, override.answer))
    return kept


def take_corrections(project: Project, file: CorrectionFile, name: str, who: str) -> int:
    """Record the rows of an uploaded workbook and note who took them in; returns how many."""
    for override in file.overrides:
        project.workspace.records.add_override(project.id, override)
    project.note("labels imported", who, {"file": name[:120], "rows": len(file.overrides)})
    return len(file.overrides)


def _override(
    cells: Mapping[str, str],
    value: float | None,
    dataset: QADataset,
    index: TextIndex,
    who: str,
    at: str,
) -> Override | Message:
    """Return the override of a row, or what is wrong with the row."""
    question, answer = index.questions.find(cells["question"]), index.answers.find(cells["answer"])
    unknown = question.reason or answer.reason
    if unknown:
        return unknown
    if value is None or not 0 <= value <= 100:
        return Message(
            N_("The label is {label}; it must be a number from 0 to 100."),
            {"label": cells["label"][:40] or "–"},
        )
    reason = cells["reason"].strip()
    if not reason:
        return Message(N_("The reason is missing. Say in a few words why."))
    made = _moment(cells.get("at", ""), at)
    if made is None:
        return Message(
            N_("The time is {at}; it must look like {example} and must not lie in the future."),
            {"at": cells.get("at", "")[:40], "example": at},
        )
    texts = dataset.questions[question.row], dataset.answers[answer.row]
    return Override(
        *texts, round(value / 100, 6), cells.get("who", "").strip() or who, reason, made
    )


def _moment(text: str, latest: str) -> str | None:
    """Return a time in UTC as the records write it; no time = now."""
    if not text.strip():
        return latest
    try:
        made = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    made = made if made.tzinfo else made.replace(tzinfo=UTC)
    written = made.astimezone(UTC).isoformat(timespec="milliseconds")
    return written if written <= latest else None


def _record(override: Override) -> tuple[object, ...]:
    value = None if override.value is None else round(override.value, 4)
    return *override.pair, value, override.who, override.at
