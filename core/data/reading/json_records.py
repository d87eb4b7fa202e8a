"""JSON, JSONL and Parquet: lists of records, of which list-valued texts become several rows."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from core.data.columns import role_of
from core.data.reading.spreadsheets import cell_text
from core.data.table import MAX_CELLS, MAX_ROWS, SetAside, Table, build_table
from core.errors import DataError
from core.messages import N_, Message

MAX_DEPTH = 4  # {"answer": {"text": …}} becomes the column answer.text; deeper is kept as JSON
MAX_UNPACKED_BYTES = 1_000_000_000
_UNREADABLE_LINE = N_("Line {line} is not a JSON object ({detail}).")


def read_json(text: str, name: str) -> Table | None:
    """Read a JSON list of records, an object holding one, or JSONL.

    Returns None where the text is neither, so that the caller can try other formats.

    Raises
    ------
    DataError
        If it is JSON, but nowhere in it is a list of records.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _read_lines(text, name)
    records = _find_records(document)
    if records is None:
        if isinstance(document, dict) and "\n" not in text.strip():
            return _read_lines(text, name)
        raise DataError(
            "{name} is JSON, but holds no list of records. It should look like this: {example}",
            name=name,
            example='[{"question": "…", "answer": "…"}, …]',
        )
    numbered = list(enumerate(records, 1))
    return _build(numbered, name, "json")


def _find_records(document: object) -> list[object] | None:
    """Return the list of records: the document, its ``data``, the first such list, its columns."""
    if isinstance(document, list):
        if document and all(isinstance(item, list) for item in document):
            header = [cell_text(_scalar(value)) for value in document[0]]
            return [dict(zip(header, item, strict=False)) for item in document[1:]]
        return document if any(isinstance(item, dict) for item in document) else None
    if not isinstance(document, dict):
        return None
    places = [document.get("data"), *document.values()]
    for place in places:
        if isinstance(place, list) and any(isinstance(item, dict) for item in place):
            return place
    lists = [value for value in document.values() if isinstance(value, list)]
    if len(lists) >= 2 and len(lists) == len(document) and len({len(v) for v in lists}) == 1:
        return [dict(zip(document, values, strict=True)) for values in zip(*lists, strict=True)]
    return None


def _read_lines(text: str, name: str) -> Table | None:
    numbered: list[tuple[int, object]] = []
    unreadable: list[SetAside] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            detail = "" if isinstance(record, dict) else type(record).__name__
        except (ValueError, RecursionError) as error:
            record, detail = None, str(error)[:120] or type(error).__name__
        if detail:
            reason = Message(_UNREADABLE_LINE, {"line": number, "detail": detail})
            unreadable.append(SetAside(number, reason, line.strip()[:500]))
        else:
            numbered.append((number, record))
    if not numbered or len(unreadable) > len(numbered):
        return None
    return _build(numbered, name, "jsonl", unreadable)


def read_parquet(content: bytes, name: str) -> Table:
    """Read a Parquet file; lists and structs are treated as in JSON.

    Raises
    ------
    DataError
        If the file is damaged or unpacks to more than ``MAX_UNPACKED_BYTES``.
    """
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        meta = file.metadata
        size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        if size > MAX_UNPACKED_BYTES or meta.num_rows > MAX_ROWS:
            raise DataError(
                "{name} holds {rows} rows and unpacks to {size} MB; the limits are {most} rows "
                "and {limit} MB. Upload a part of it.",
                name=name,
                rows=meta.num_rows,
                size=size // 1_000_000,
                most=MAX_ROWS,
                limit=MAX_UNPACKED_BYTES // 1_000_000,
            )
        columns = file.read().to_pylist()
    except DataError:
        raise
    except Exception as error:  # the parser meets damaged files with errors of every kind
        raise DataError(
            "{name} looks like a Parquet file but is damaged ({detail}). Export it again.",
            name=name,
            detail=f"{type(error).__name__}: {error}"[:200],
        ) from error
    return _build(list(enumerate(columns, 1)), name, "parquet")


def _build(
    numbered: Sequence[tuple[int, object]],
    name: str,
    kind: str,
    unreadable: Sequence[SetAside] = (),
) -> Table:
    columns: dict[str, None] = {}
    flat: list[tuple[int, dict[str, str]]] = []
    aside = list(unreadable)
    for number, record in numbered:
        if not isinstance(record, dict):
            reason = Message(
                N_("Record {line} is not an object with named values."), {"line": number}
            )
            aside.append(SetAside(number, reason, str(record)[:500]))
            continue
        for row in rows_of(record):
            columns.update(dict.fromkeys(row))
            flat.append((number, row))
            if len(flat) > MAX_ROWS or len(flat) * len(columns) > MAX_CELLS:
                raise DataError(
                    "{name} has more than {rows} rows or {cells} cells. Upload a part of it.",
                    name=name,
                    rows=MAX_ROWS,
                    cells=MAX_CELLS,
                )
    if not flat:
        raise DataError(
            "{name} holds no records. Add your questions and answers and upload it again.",
            name=name,
        )
    names = list(columns)
    return build_table(
        names,
        [[row.get(column, "") for column in names] for _, row in flat],
        [number for number, _ in flat],
        name=name,
        kind=kind,
        unreadable=aside,
    )


def rows_of(record: Mapping[str, object]) -> Iterable[dict[str, str]]:
    """Flatten one record; several questions or answers in it make one row per combination.

    Lists in other columns (tags, categories) are joined into one text.
    """
    parts: list[list[dict[str, str]]] = []
    single: dict[str, str] = {}
    for key, value in _flatten(record, "", 0):
        if isinstance(value, list):
            if role_of(key.split(".")[0]) in ("question", "answer") and value:
                parts.append([_element(key, item) for item in value])
            else:
                single[key] = ", ".join(cell_text(_scalar(item)) for item in value)
        else:
            single[key] = cell_text(_scalar(value))
    # lists inside one object, such as {"text": [...], "start": [...]}, run in parallel
    merged: dict[tuple[str, int], list[dict[str, str]]] = {}
    for part in parts:
        slot = (next(iter(part[0])).split(".")[0], len(part))
        rows = merged.setdefault(slot, [{} for _ in part])
        for row, values in zip(rows, part, strict=True):
            row.update(values)
    for combination in product(*merged.values()):
        row = dict(single)
        for values in combination:
            row.update(values)
        yield row


def _flatten(record: Mapping[str, object], prefix: str, depth: int) -> Iterable[tuple[str, object]]:
    for key, value in record.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and depth < MAX_DEPTH and value:
            yield from _flatten(value, f"{path}.", depth + 1)
        else:
            yield path, value


def _element(key: str, item: object) -> dict[str, str]:
    if isinstance(item, dict):
        return {path: cell_text(_scalar(v)) for path, v in _flatten(item, f"{key}.", 0)} or {
            key: ""
        }
    return {key: cell_text(_scalar(item))}


def _scalar(value: object) -> object:
    """Keep what a cell can show; write the rest as JSON."""
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str) if value else ""
    return value
