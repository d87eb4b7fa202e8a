"""A small Parquet file that unpacks to gigabytes is refused before it is unpacked."""

import io
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data.reading.formats import read_table
from core.errors import DataError

ROWS = 300_000


def saved(table, **options):
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", **options)
    return buffer.getvalue()


def repeated(text, times):
    return pa.DictionaryArray.from_arrays(pa.array([0] * times, pa.int32()), pa.array([text]))


def lists(array, each):
    return pa.ListArray.from_arrays(pa.array(range(0, len(array) + 1, each), pa.int32()), array)


BOMBS = {
    "dictionary": lambda: pa.table(
        {"question": repeated("why?", ROWS), "answer": repeated("x" * 4000, ROWS)}
    ),
    "dictionary in lists": lambda: pa.table(
        {"question": repeated("why?", ROWS), "answer": lists(repeated("x" * 2000, 2 * ROWS), 2)}
    ),
    "dictionary in objects": lambda: pa.table(
        {
            "question": repeated("why?", ROWS),
            "answer": pa.StructArray.from_arrays([repeated("x" * 4000, ROWS)], ["text"]),
        }
    ),
    "nothing in lists": lambda: pa.table(
        {"question": ["a", "b"], "answer": lists(pa.nulls(70_000_000, pa.int8()), 35_000_000)}
    ),
    "columns": lambda: pa.table({f"column {i}": pa.nulls(10_000) for i in range(3_000)}),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_what_unpacks_to_gigabytes_is_refused_at_once(kind):
    content = saved(BOMBS[kind]())
    assert len(content) < 2_000_000
    tracemalloc.start()
    with pytest.raises(DataError, match="Upload a part of it"):
        read_table(content, "bomb.parquet")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000_000


def test_texts_that_say_how_they_differ_from_the_one_before_are_read_in_small_parts():
    texts = [f"{'y' * 200_000}{i}" for i in range(3_000)]
    table = pa.table({"question": [str(i) for i in range(3_000)], "answer": texts})
    content = saved(table, use_dictionary=False, column_encoding={"answer": "DELTA_BYTE_ARRAY"})
    with pytest.raises(DataError, match=r"million characters|unpacks to"):
        read_table(content, "bomb.parquet")


def test_repeated_texts_and_lists_of_ordinary_size_are_read():
    questions = [f"What is number {i}?" for i in range(3_000)]
    answers = [[f"Answer {i % 5}", "Ask again"] for i in range(3_000)]
    table = read_table(saved(pa.table({"question": questions, "answer": answers})), "faq.parquet")
    assert len(table.frame) == 6_000
    assert table.frame["answer"].tolist()[:2] == ["Answer 0", "Ask again"]
