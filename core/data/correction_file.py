"""Labels set by hand as a file: a workbook (or CSV) read row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from core.data.columns.column_names import TEXT_ROLES, name_list, plain_name, role_of, says_who
from core.data.judging.rating_words import RATING_WORDS
from core.data.judging.ratings import Numbers, doubtful_number, plain_rating, read_numbers
from core.data.matching import TextIndex
from core.data.table import SetAside, Table
from core.errors import LabelError
from core.messages import N_, Message
from core.types import Override, QADataset
from core.types.judgements import bare_name, claimed

COLUMNS = ("question", "answer", "label", "reason", "who", "at")
# What people call those columns that columns of data are not called.
_CALLED = MappingProxyType(
    {
        "label": name_list(
            "label labels value correction corrected target newlabel grade wert zielwert etikett",
            "korrektur valeur étiquette etiquette cible valor etiqueta corrección correccion",
            "ラベル 値 正しい値 修正値 訂正 修正 标签 標籤 值 标注 修正值 更正 라벨",
        ),
        "reason": name_list(
            "reason why because grund begründung begruendung warum raison motif pourquoi razón",
            "razon motivo porqué justificación 理由 根拠 原因 이유",
        ),
        "who": name_list("who by wer von qui par quién quien por 誰 修正者 訂正者 谁 修改人"),
        "at": name_list(
            "at when time date datetime timestamp zeit zeitpunkt datum wann heure quand fecha hora",
            "cuándo cuando 日時 日付 時刻 时间 日期",
        ),
    }
)


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


def match_corrections(
    table: Table,
    name: str,
    dataset: QADataset,
    who: str,
    moment: str,
    *,
    on_record: Iterable[Override] = (),
    holding: Iterable[Override] = (),
    chosen: Mapping[str, str] | None = None,
) -> CorrectionFile:
    """Read the rows of an uploaded workbook (or CSV); nothing is recorded yet.

    Parameters
    ----------
    name : str
        Of the uploaded file, only for messages.
    who : str
        Stands for rows without a name.
    moment : str
        Time in UTC, ISO 8601: stands for rows without a time, none lies behind it.
    on_record, holding : iterable of Override
        All records of the project, and those whose values hold: neither is taken again.
    chosen : mapping of role to column, or None

    Raises
    ------
    LabelError
        If one of the columns question, answer, label, reason is missing.
    """
    places = _places(table.columns) | dict(chosen or {})
    absent = [column for column in COLUMNS[:4] if column not in places]
    if absent:
        raise LabelError(
            "{name} has no column {absent}. The first row must name the columns {columns}; who and "
            "at may be left out.",
            name=name,
            absent=", ".join(absent),
            columns=", ".join(COLUMNS),
        )
    index = TextIndex(dataset)
    labels = read_numbers(table.frame[places["label"]].tolist())
    share, notes = _are_shares(labels)
    words = _words(table.frame[places["label"]].tolist(), labels, notes)
    known = {_record(override) for override in on_record}
    held = {_record(override)[:4] for override in holding}
    taken: dict[tuple[object, ...], tuple[int, Override]] = {}
    problems, already = list(table.unreadable), 0
    columns = [column for column in COLUMNS if column in places]
    cells = zip(*(table.frame[places[column]] for column in columns), strict=True)
    for number, row in zip(table.row_numbers, cells, strict=True):
        said = dict(zip(columns, row, strict=True))
        value = labels.values.get(said["label"])
        value = words.get(said["label"]) if value is None else value * 100 if share else value
        override = _override(said, value, dataset, index, who, moment)
        if isinstance(override, Message):
            problems.append(SetAside(int(number), override, said["question"], said["answer"]))
        elif (record := _record(override)) in known or record[:4] in held or record in taken:
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


def _places(columns: Sequence[str]) -> dict[str, str]:
    """Return which column is what: by the names of the export, else as people call them."""
    folded = {column.strip().casefold(): column for column in columns}
    places = {column: folded[column] for column in COLUMNS if column in folded}
    for part in COLUMNS:
        free = [c for c in columns if c not in places.values()]
        called = _CALLED.get(part, ())
        found = [c for c in free if plain_name(c) in called]
        found += [c for c in free if part == "who" and says_who(c)]
        found += [c for c in free if part == "label" and role_of(c) == "rating"]
        found += [c for c in free if part in TEXT_ROLES and role_of(c) == part]
        if part not in places and found:
            places[part] = found[0]
    return places


def _words(texts: Sequence[str], labels: Numbers, notes: list[Message]) -> dict[str, float]:
    """Return what labels in words mean, 0 to 100: yes is 100, no is 0."""
    words = {
        text: 100 * RATING_WORDS[plain]
        for text in dict.fromkeys(texts)
        if text not in labels.values and (plain := plain_rating(text)) in RATING_WORDS
    }
    if words:
        told = ", ".join(f"{word} = {value:g}" for word, value in list(words.items())[:12])
        notes.append(Message(N_("Labels in words were read as: {words}."), {"words": told}))
    return words


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
    named = cells.get("who", "").strip()
    by = claimed(named) if named else who
    return Override(*texts, round(value / 100, 6), by, reason, made)


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
    # What was downloaded names people without the mark, and is the same record.
    return *override.pair, value, bare_name(override.who), override.at
