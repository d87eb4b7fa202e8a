"""Typed values as bytes and back, between a process and one that it does not trust: no pickle.

A parcel is eight bytes of length, a JSON tree, then the raw content of its arrays, tables and byte
strings. What comes out are plain values, arrays of numbers and texts, tables of texts, and frozen
dataclasses of this product's documents: nothing in a parcel can name code to be run.
"""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.errors import JobError
from core.messages import Plural, Term

# Documents may come from these rooms alone.
_ROOMS = ("core.data.", "core.types.", "core.messages.")
_PLAIN = (str, int, float, bool, type(None))
_ARRAYS = frozenset("biufU")  # kinds of numpy: numbers, yes and no, texts; never objects
_FOREIGN = "What another process sent cannot be read: {reason}. Try again."


def pack(value: object, file: BinaryIO) -> None:
    """Write a value to a file.

    Raises
    ------
    TypeError
        If it holds something that is no document; a mistake of the program.
    """
    blobs: list[bytes | memoryview] = []
    tree = _tree(value, blobs)
    sizes = [memoryview(blob).nbytes for blob in blobs]
    head = json.dumps([sizes, tree]).encode()
    file.write(len(head).to_bytes(8, "little"))
    file.write(head)
    for blob in blobs:
        file.write(blob)


def unpack(file: BinaryIO) -> Any:
    """Return the value that :func:`pack` wrote.

    Raises
    ------
    JobError
        If it is not such a parcel, or not whole.
    """
    try:
        head = file.read(int.from_bytes(_exactly(file, 8), "little"))
        sizes, tree = json.loads(head)
        blobs = [_exactly(file, int(size)) for size in sizes]
        return _value(tree, blobs)
    except (
        ValueError,
        TypeError,
        LookupError,
        ImportError,
        RecursionError,
        OverflowError,
    ) as error:
        raise JobError(_FOREIGN, reason=f"{type(error).__name__}: {error}"[:200]) from error


def _exactly(file: BinaryIO, size: int) -> bytes:
    content = file.read(size)
    if len(content) != size:
        raise ValueError(f"{len(content)} bytes where {size} were told")
    return content


def _tree(value: Any, blobs: list[bytes | memoryview]) -> object:
    """Return a value as JSON: a plain one as it is, any other as a list that begins with a word."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Plural):
        return ["plural", str(value), value.singular, value.by]
    if isinstance(value, Term):
        return ["term", str(value)]
    if isinstance(value, list | tuple | set | frozenset):
        items = list(value)
        plain = set(map(type, items)) <= set(_PLAIN)
        kind = "list" if isinstance(value, list) else "tuple" if isinstance(value, tuple) else "set"
        return [kind, plain, items if plain else [_tree(item, blobs) for item in items]]
    if isinstance(value, Mapping):
        return ["map", [[_tree(k, blobs), _tree(v, blobs)] for k, v in value.items()]]
    if isinstance(value, bytes):
        blobs.append(value)
        return ["bytes", len(blobs) - 1]
    if isinstance(value, np.generic):
        return _tree(value.item(), blobs)
    if isinstance(value, np.ndarray) and value.dtype.kind in _ARRAYS:
        blobs.append(value.tobytes())
        return ["array", value.dtype.str, list(value.shape), len(blobs) - 1]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        made = type(value)
        names = [f.name for f in dataclasses.fields(value) if f.init]
        fields = [[name, _tree(getattr(value, name), blobs)] for name in names]
        return ["document", made.__module__, made.__qualname__, fields]
    if isinstance(value, Path):
        return ["path", str(value)]
    if type(value).__name__ == "DataFrame":
        return ["table", list(value.columns), _arrow(value, blobs)]
    raise TypeError(f"{type(value).__name__} is no part of a document")


def _arrow(frame: Any, blobs: list[bytes | memoryview]) -> int:
    """Append a table of texts in Arrow's own form; its columns lie in memory like that already."""
    import pyarrow as pa

    names = [str(place) for place in range(frame.shape[1])]
    columns = [pa.array(frame.iloc[:, place], pa.large_string()) for place in range(frame.shape[1])]
    columns = [c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for c in columns]
    table = pa.table(dict(zip(names, columns, strict=True)))
    content = io.BytesIO()
    with pa.ipc.new_stream(content, table.schema) as stream:
        stream.write_table(table)
    blobs.append(content.getbuffer())
    return len(blobs) - 1


def _value(tree: Any, blobs: Sequence[bytes]) -> Any:
    if not isinstance(tree, list):
        return tree
    return _READ[tree[0]](tree[1:], blobs)


def _items(make: Callable[[list[Any]], Any]) -> Callable[[list[Any], Sequence[bytes]], Any]:
    def read(tree: list[Any], blobs: Sequence[bytes]) -> Any:
        plain, items = tree
        return make(items if plain else [_value(item, blobs) for item in items])

    return read


def _array(tree: list[Any], blobs: Sequence[bytes]) -> np.ndarray:
    kind = np.dtype(tree[0])
    if kind.kind not in _ARRAYS:
        raise ValueError(f"arrays of {kind}")
    # a copy, because documents own their arrays
    return np.frombuffer(blobs[tree[2]], kind).reshape(tree[1]).copy()


def _frame(tree: list[Any], blobs: Sequence[bytes]) -> Any:
    import pandas as pd
    import pyarrow as pa

    columns, place = tree
    try:
        table = pa.ipc.open_stream(blobs[place]).read_all()
        table.validate(full=True)  # lengths and places that do not fit would read foreign memory
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error
    if any(field.type != pa.large_string() for field in table.schema):
        raise ValueError("a table that is not one of texts")
    data = {i: pd.array(table.column(i), dtype="str") for i in range(table.num_columns)}
    frame = pd.DataFrame(data, index=range(table.num_rows))
    return frame.set_axis(columns, axis=1)


def _document(tree: list[Any], blobs: Sequence[bytes]) -> Any:
    module, name, fields = tree
    kind = getattr(importlib.import_module(module), name, None) if _is_ours(module) else None
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        raise ValueError(f"{module}.{name} is no document")
    return kind(**{key: _value(part, blobs) for key, part in fields})


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{type(value).__name__} where a text was told")
    return value


def _is_ours(module: str) -> bool:
    return f"{module}.".startswith(_ROOMS)


_READ: Mapping[str, Callable[[list[Any], Sequence[bytes]], Any]] = {
    "list": _items(list),
    "tuple": _items(tuple),
    "set": _items(frozenset),
    "map": lambda tree, blobs: {_value(k, blobs): _value(v, blobs) for k, v in tree[0]},
    "bytes": lambda tree, blobs: blobs[tree[0]],
    "array": _array,
    "document": _document,
    "path": lambda tree, blobs: Path(tree[0]),
    "plural": lambda tree, blobs: Plural(_text(tree[0]), _text(tree[1]), _text(tree[2])),
    "term": lambda tree, blobs: Term(_text(tree[0])),
    "table": _frame,
}
