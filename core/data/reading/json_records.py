"""JSON, JSONL and Parquet: records, of which nested objects become columns."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.data.cells import cell_text
from core.data.reading.layouts import Found, expand_lines, find_records
from core.data.reading.records.loose_json import mended, mended_line, several, unwrapped
from core.data.reading.row_kinds import QUESTION_MARKS
from core.data.table import (
    MAX_ROWS,
    OneColumnError,
    SetAside,
    Table,
    build_table,
    check_size,
    one_column,
)
from core.errors import DataError
from core.messages import N_, Message

MAX_DEPTH = 4  # {"answer": {"text": …}} becomes the column answer.text; deeper is kept as JSON
MAX_UNPACKED_BYTES = 1_000_000_000
_NO_RECORDS = N_(
    "{name} is JSON, but holds no list of records. It should look like this: {example}"
)
_EXAMPLE = '[{"question": "…", "answer": "…"}, …]'
_ROWS_AT_ONCE = 2000  # of a Parquet file
_BYTES_AT_ONCE = 200_000_000  # at most, where a few bytes can stand for many
_YAML_BOOL = "tag:yaml.org,2002:bool"
_TRIPLET = ("question", "answer", "negative")
_TEXT = 12  # characters on average of what is neither an id nor a topic
_LIST_VALUES = 3  # values in lists for each cell that a table may have
_UNREADABLE_LINE = N_("Line {line} is not a JSON object ({detail}).")


def read_json(text: str, name: str) -> Table | None:
    """Read a JSON document with records, however deep they lie, or JSONL.

    Returns None where the text is neither, so that the caller can try other formats.

    Raises
    ------
    DataError
        If it is JSON, but nowhere in it is a list of records.
    """
    try:
        document = json.loads(text)
        notes: list[Message] = []
    except (ValueError, RecursionError):
        bare, notes = mended(text)
        try:
            document = json.loads(bare) if notes else None
        except (ValueError, RecursionError):
            document = None
        if document is None:
            return _read_lines(text, name) or _read_several(bare, notes, name)
    document, inside = unwrapped(document)
    notes = [*notes, *inside]
    found = find_records(document)
    if found is None:
        if isinstance(document, dict) and "\n" not in text.strip():
            return _read_lines(text, name)
        if isinstance(document, list) and all(isinstance(item, str) for item in document):
            table = one_column(document, range(1, len(document) + 1), name=name, kind="json")
            raise OneColumnError(_NO_RECORDS, table, name=name, example=_EXAMPLE)
        raise DataError(_NO_RECORDS, name=name, example=_EXAMPLE)
    table = build_records(found, range(1, len(found.records) + 1), name, "json")
    return replace(table, warnings=(*notes, *table.warnings))


def _read_several(text: str, notes: Sequence[Message], name: str) -> Table | None:
    """Read objects one after another, each over several lines; None for any other text."""
    documents, told = several(text)
    if not documents:
        return None
    table = records_table(documents, name, "jsonl")
    return replace(table, warnings=(*notes, *told, *table.warnings))


def _read_lines(text: str, name: str) -> Table | None:
    numbered: list[tuple[int, object]] = []
    lists: list[tuple[int, object]] = []
    unreadable: list[SetAside] = []
    notes: list[Message] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        record, detail, done = _line(line)
        notes += [note for note in done if note not in notes]
        if isinstance(record, list):
            lists.append((number, record))
        if detail:
            reason = Message(_UNREADABLE_LINE, {"line": number, "detail": detail})
            unreadable.append(SetAside(number, reason, line.strip()[:500]))
        elif record is not None:
            numbered.append((number, record))
    found = find_records([record for _, record in lists]) if lists and not numbered else None
    if found is not None and found.layout == "rows":  # a list of cells in each line
        found = _triplets(found) or found
        numbered = lists[-len(found.records) :]  # without the names of the columns
        places = {number for number, _ in lists}
        unreadable = [item for item in unreadable if item.row not in places]
    if not numbered or len(unreadable) > len(numbered):
        return None
    found = found or expand_lines([record for _, record in numbered])
    table = build_records(found, [number for number, _ in numbered], name, "jsonl", unreadable)
    return replace(table, warnings=(*notes, *table.warnings)) if notes else table


def _triplets(found: Found) -> Found | None:
    """Return lists of three texts as question, right and wrong answer, None for any others.

    So sentence-transformers writes them:
    https://huggingface.co/datasets/sentence-transformers/embedding-training-data
    """
    rows = [list(record.items()) for record in found.records if isinstance(record, dict)]
    if any(len(row) != 3 or row[2][0] != "column 3" for row in rows):
        return None
    asked, right, wrong = ([str(cell) for _, cell in column] for column in zip(*rows, strict=True))
    shortest = min(sum(map(len, column)) for column in (asked, right, wrong))
    asking = sum(text.rstrip().endswith(QUESTION_MARKS) for text in right)
    if shortest < _TEXT * len(rows) or asking > len(rows) / 2 or len({*wrong}) < len(rows) / 2:
        return None  # with ids, topics or titles
    if any(text.startswith(("http://", "https://")) for text in wrong):
        return None
    named = [dict(zip(_TRIPLET, row, strict=True)) for row in zip(asked, right, wrong, strict=True)]
    text = N_(
        "Each line holds three texts without names, so they were read as a question, its right "
        "answer and a wrong one, as sentence-transformers writes them. If the third is something "
        "else, write the names of the columns into a first line."
    )
    return replace(found, records=named, warnings=[*found.warnings[:1], Message(text)])


def _line(line: str) -> tuple[object, str, list[Message]]:
    """Return what a line holds, why it is no object, and what was mended; a comment is nothing."""
    notes: list[Message] = []
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        bare, notes = mended_line(line)
        if notes and not bare:
            return None, "", notes
        try:
            record = json.loads(bare) if notes else None
        except (ValueError, RecursionError):
            record = None
        if record is None:
            return None, str(error)[:120] or type(error).__name__, []
    return (record, "", notes) if isinstance(record, dict) else (record, type(record).__name__, [])


def read_parquet(content: bytes, name: str) -> Table:
    """Read a Parquet file; lists and structs are treated as in JSON.

    What it unpacks to is known before a text is made: from its metadata, and from its
    dictionaries, whose texts can be repeated a million times at no cost.

    Raises
    ------
    DataError
        If the file is damaged or unpacks to more than ``MAX_UNPACKED_BYTES``.
    """
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        meta = file.metadata
        batch_size = _check_parquet(meta, name)
        check_unpacked(_dictionary_size(content, meta, name), meta.num_rows, name)
        columns: list[object] = []
        size = 0
        for batch in file.iter_batches(batch_size=batch_size):
            size += batch.nbytes
            check_unpacked(size, meta.num_rows, name)
            columns += batch.to_pylist()
    except DataError:
        raise
    except Exception as error:  # the parser meets damaged files with errors of every kind
        raise DataError(
            "{name} looks like a Parquet file but is damaged ({detail}). Export it again.",
            name=name,
            detail=f"{type(error).__name__}: {error}"[:200],
        ) from error
    return build_records(expand_lines(columns), range(1, len(columns) + 1), name, "parquet")


def _chunks(meta: Any) -> Iterator[Any]:
    for group in map(meta.row_group, range(meta.num_row_groups)):
        for column in range(group.num_columns):
            yield group.column(column)


def _check_parquet(meta: Any, name: str) -> int:
    """Check what the metadata of a Parquet file say; return how many rows to read at once."""
    size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
    check_unpacked(size, meta.num_rows, name)
    check_size(meta.num_rows, len(meta.schema.to_arrow_schema()), name)
    values = sum(chunk.num_values for chunk in _chunks(meta))  # of lists each element counts
    check_size(0, 0, name, cells=values // _LIST_VALUES)
    # texts that only say how they differ from the one before may each be as long as all together
    longest = [
        chunk.total_uncompressed_size
        for chunk in _chunks(meta)
        if "DELTA_BYTE_ARRAY" in chunk.encodings
    ]
    return max(1, min(_ROWS_AT_ONCE, _BYTES_AT_ONCE // max(longest, default=1)))


def _dictionary_size(content: bytes, meta: Any, name: str) -> int:
    """Return the bytes of all texts that stand in dictionaries, counted as often as they occur."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    packed = {
        chunk.path_in_schema
        for chunk in _chunks(meta)
        if chunk.physical_type == "BYTE_ARRAY"
        if {"PLAIN_DICTIONARY", "RLE_DICTIONARY"} & set(chunk.encodings)
    }
    if not packed:
        return 0
    size = 0
    file = pq.ParquetFile(io.BytesIO(content), read_dictionary=sorted(packed))
    roots = sorted({path.split(".")[0] for path in packed})
    for batch in file.iter_batches(batch_size=10 * _ROWS_AT_ONCE, columns=roots):
        for column in batch.columns:
            for array in _leaves(column):
                if pa.types.is_dictionary(array.type):
                    lengths = pc.binary_length(array.dictionary)
                    size += pc.sum(lengths.take(array.indices)).as_py() or 0
        check_unpacked(size, meta.num_rows, name)
    return size


def _leaves(array: Any) -> Iterator[Any]:
    """Yield the arrays of values inside lists and structs."""
    import pyarrow as pa

    if pa.types.is_struct(array.type):
        for part in array.flatten():
            yield from _leaves(part)
    elif pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        yield from _leaves(array.flatten())
    else:
        yield array


def check_unpacked(size: int, rows: int, name: str) -> None:
    """Raise DataError where a packed file holds more than can be read."""
    if size > MAX_UNPACKED_BYTES or rows > MAX_ROWS:
        raise DataError(
            "{name} holds {rows} rows and unpacks to {size} MB; the limits are {most} rows "
            "and {limit} MB. Upload a part of it.",
            name=name,
            rows=rows,
            size=size // 1_000_000,
            most=MAX_ROWS,
            limit=MAX_UNPACKED_BYTES // 1_000_000,
        )


def load_yaml(text: str) -> object:
    """Return a YAML document of plain values, None where it is none.

    Of words only ``true`` and ``false`` are values, as YAML 1.2 has it: *Yes* is an answer.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        """Reads plain values only, as its parent does."""

    Loader.yaml_implicit_resolvers = {
        sign: [kind for kind in kinds if kind[0] != _YAML_BOOL]
        for sign, kinds in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(_YAML_BOOL, re.compile("^(?:true|false)$", re.I), list("tTfF"))
    if len(re.findall(r"[*&]\w", text)) > 1000:  # references grow a document without end
        return None
    try:
        document: object = Loader(text).get_single_data()
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return document


def read_yaml(text: str, name: str) -> Table | None:
    """Read training data of a chatbot or records as YAML; None where it is none."""
    document = load_yaml(text)
    found = find_records(document) if isinstance(document, dict | list) else None
    if found is None:
        return None
    return build_records(found, range(1, len(found.records) + 1), name, "yaml")


def records_table(
    numbered: Sequence[tuple[int, object]],
    name: str,
    kind: str,
    unreadable: Sequence[SetAside] = (),
) -> Table:
    """Return numbered records as a table, see :func:`build_records`."""
    found = expand_lines([record for _, record in numbered])
    return build_records(found, [number for number, _ in numbered], name, kind, unreadable)


def build_records(
    found: Found,
    numbers: Sequence[int],
    name: str,
    kind: str,
    unreadable: Sequence[SetAside] = (),
) -> Table:
    """Return records as a table; nested objects become columns such as ``answer.text``.

    Parameters
    ----------
    numbers : sequence of int
        Line or place of each record; a list of records in the place of one shares its number.
    """
    columns: dict[str, None] = {}
    flat: list[tuple[int, dict[str, str]]] = []
    aside = list(unreadable)
    for number, item in zip(numbers, found.records, strict=True):
        for record in item if isinstance(item, list) else [item]:
            if not isinstance(record, dict):
                reason = Message(
                    N_("Record {line} is not an object with named values."), {"line": number}
                )
                aside.append(SetAside(number, reason, str(record)[:500]))
                continue
            row = flat_record(record)
            columns.update(dict.fromkeys(row))
            flat.append((number, row))
        check_size(len(flat), len(columns), name)
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
        warnings=found.warnings,
        not_used=found.not_used,
    )


def flat_record(record: Mapping[str, object]) -> dict[str, str]:
    """Return a record as cells by the names of their columns, such as ``answer.text``."""
    return {path: _cell(value) for path, value in _flatten(record, "", 0)}


def _flatten(record: Mapping[str, object], prefix: str, depth: int) -> Iterable[tuple[str, object]]:
    for key, value in record.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and depth < MAX_DEPTH and value:
            yield from _flatten(value, f"{path}.", depth + 1)
        else:
            yield path, value


def _cell(value: object) -> str:
    """Return what a cell can show; lists stay JSON until it is known what they are."""
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str) if value else ""
    return cell_text(value)
