"""Values cross to a process that nobody trusts and back: whole, typed, and never code."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from core.data.columns.column_mapping import ColumnMapping
from core.errors import JobError
from core.jobs.parcel import pack, unpack
from core.messages import Message, N_n, Term


def there_and_back(value):
    content = io.BytesIO()
    pack(value, content)
    content.seek(0)
    return unpack(content)


def made(tree, blobs=()) -> io.BytesIO:
    head = json.dumps([[len(blob) for blob in blobs], tree]).encode()
    return io.BytesIO(len(head).to_bytes(8, "little") + head + b"".join(blobs))


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 7, 1.5, "é\ud800", b"\x00\xff", [], (), [1, "a", None], (("a", 1), [b"x"])),
        *({"a": 1, "b": (1, 2)}, {1: {"x": [None]}}, frozenset({"a", "b"})),
        ColumnMapping(question="q", further=(("a", "b"),), words=(("ja", 1.0),)),
        [Message("Row {row}", {"row": 7})],
        Message(N_n("{count} row", "{count} rows"), {"count": 1}),
        Term("owner"),
    ],
)
def test_a_value_comes_back_as_it_was(value):
    again = there_and_back(value)
    assert again == value
    assert type(again) is type(value)


def test_a_sentence_that_counts_still_counts():
    told = there_and_back(Message(N_n("{count} row", "{count} rows"), {"count": 1}))
    assert str(told) == "1 row"


@pytest.mark.parametrize("kind", ["int32", "float32", "bool", "U18", "int64"])
def test_an_array_keeps_kind_and_shape_and_can_be_changed(kind):
    array = np.array([[1, 0], [0, 1], [1, 1]]).astype(kind)
    again = there_and_back(array)
    assert again.dtype == array.dtype
    assert np.array_equal(again, array)
    again[0, 0] = again[1, 0]


def test_objects_and_functions_are_not_sent():
    for value in (np.array([object()]), print, object()):
        with pytest.raises(TypeError):
            there_and_back(value)


@pytest.mark.parametrize(
    "tree",
    [
        ["document", "os", "stat_result", []],
        ["document", "subprocess", "Popen", [["args", "true"]]],
        ["document", "core.jobs.folder", "RunFolder", [["root", "/"]]],  # no document of data
        ["document", "core.messages", "N_", [["template", "x"]]],
        ["document", "core.messages", "Message", [["nothing", 1]]],
        ["array", "|O", [1], 0],
        ["array", "<f8", [10**9], 0],
        ["table", ["a"], 0],
        ["nothing", 1],
        ["plural", "rows", "row"],
        ["plural", "rows", ["row"], "count"],
        ["term", 7],
        ["bytes", 7],
        [],
        ["list"],
    ],
)
def test_what_a_child_made_up_is_refused(tree):
    with pytest.raises(JobError):
        unpack(made(tree, [b"12345678"]))


def test_a_parcel_that_is_cut_or_endlessly_deep_is_refused():
    content = io.BytesIO()
    pack({"a": [b"x" * 1000]}, content)
    for size in (0, 4, 20, content.tell() - 1):
        with pytest.raises(JobError):
            unpack(io.BytesIO(content.getvalue()[:size]))
    deep = b"[[]," + b"[" * 200_000 + b"]" * 200_000 + b"]"
    with pytest.raises(JobError):
        unpack(io.BytesIO(len(deep).to_bytes(8, "little") + deep))
    with pytest.raises(JobError):
        unpack(io.BytesIO(b"\xff" * 40))
