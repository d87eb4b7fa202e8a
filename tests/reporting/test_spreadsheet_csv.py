"""A recipe may be called anything; a spreadsheet must not run its name."""

from __future__ import annotations

import csv
import io

import pytest

from core.reporting.spreadsheet import csv_bytes


@pytest.mark.parametrize("name", ["=cmd|'/C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_names_never_become_formulas(name):
    ((header,), (cell,)) = read(csv_bytes([name], [[name]]))
    assert header == cell == f"'{name}"


def test_numbers_stay_numbers_and_unknown_ones_are_empty():
    assert read(csv_bytes(["a", "b", "c"], [[-0.25, None, float("nan")]]))[1] == ["-0.25", "", ""]


def test_quotes_commas_lines_and_japanese_come_back():
    texts = ['say "hi", now', "two\nlines", "配送・返品"]
    content = csv_bytes(["x", "y", "z"], [texts])
    assert content.startswith(b"\xef\xbb\xbf") and read(content)[1] == texts


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
