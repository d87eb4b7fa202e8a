"""The workbook says what the report says, computes as numbers, and never runs a formula."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from core.reporting.repeat_command import Repeat
from core.reporting.report_content import Movement
from core.reporting.spreadsheet import Column, Row, Sheet, sheet_title, workbook
from core.reporting.workbook import SHEETS, decision_workbook
from tests.reporting.sample_report import EVIL, sample_report

FORMULAS = ("=1+1", "+SUM(A1)", "-2+3", "@A1", "\t=1", '=HYPERLINK("http://x","y")', "\r=1")


def opened(content: bytes):
    from openpyxl import load_workbook

    return load_workbook(io.BytesIO(content))


def everything(book) -> str:
    return "\n".join(
        str(cell.value) for sheet in book for row in sheet for cell in row if cell.value is not None
    )


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_sheet_is_there_with_widths_and_print_setup(language):
    """A sheet with default widths shows ### and cut words; nobody reads on."""
    book = opened(decision_workbook(sample_report(), language))
    assert len(book.worksheets) == len(SHEETS) == 12
    if language == "en":
        names = (
            "Summary,Metrics,Slices,Losses,Wins,Labels changed,Label distribution,Bias,"
            "Experts,Mixes (α),Speed and memory,Configuration"
        )
        assert book.sheetnames == names.split(",")
    for sheet in book:
        assert sheet.freeze_panes and sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        widths = [sheet.column_dimensions[cell.column_letter].width for cell in sheet[2]]
        assert all(8 <= width <= 120 for width in widths)


def test_numbers_are_numbers_with_a_format():
    """Figures stored as text cannot be summed, sorted or charted."""
    book = opened(decision_workbook(sample_report(), "en"))
    metrics = book["Metrics"]
    heads = [cell.value for cell in metrics[2]]
    rows = [dict(zip(heads, row, strict=True)) for row in metrics.iter_rows(3, values_only=True)]
    assert len(rows) == 2 * 5 * 3
    tuned = next(row for row in rows if row["System"] == "Tuned model")
    assert tuned["Value"] == pytest.approx(0.8)
    assert tuned["Tuned minus base"] == pytest.approx(0.06) and tuned["Verdict"] == "Better"
    assert (tuned["Better"], tuned["The same"], tuned["Worse"]) == (30, 60, 10)
    place = heads.index("Value") + 1
    assert metrics.cell(3, place).number_format == "0.000"
    assert metrics.cell(3, place).data_type == "n"
    mixes = list(book["Mixes (α)"].iter_rows(3, 4, values_only=True))
    assert mixes == [(0, 0.6, 0.82, None), (0.8, 0.66, 0.815, "kept")]
    speed = list(book["Speed and memory"].iter_rows(3, 4, min_col=2, max_col=6, values_only=True))
    assert speed == [(812, 700, 1234, 3.4, 90), (9.5, 9, 10, 104, None)]


def test_the_summary_holds_decision_caveats_and_licence_warning():
    text = everything(opened(decision_workbook(sample_report(), "en")))
    for part in (
        "Better in one test; no clear difference in the other.",
        "Better: +0.06 (0.04 to 0.08), on 100 held-out questions.",
        "The licence of an expert does not allow commercial use",
        "commercial use not allowed",
        "Evened out by",
        "1,340 texts to api.example.com",
        "5 min",
        "Few questions: this part alone says little.",
        "python -m core run",
        "abc123",
        "E-mail addresses: 3 rows",
        "Per month: 600 fewer misses, 50.0 hours, 2,000",
        "The refusal was overruled with the reason",
        "People prefer Tuned model.",
        "prefer the same system on 16 of 20 questions",
    ):
        assert part in text, part


def test_label_distribution_and_bias_are_tables():
    book = opened(decision_workbook(sample_report(), "en"))
    bins = list(book["Label distribution"].iter_rows(3, values_only=True))
    assert len(bins) == 25 and bins[1][:2] == (4, 8)
    assert sum(row[2] for row in bins) == pytest.approx(1)
    bias = list(book["Bias"].iter_rows(3, values_only=True))
    assert len(bias) == 6 and bias[0][1:] == ("together", pytest.approx(6.3), "yes")
    assert bias[2][2:] == (None, None)
    bare = replace(sample_report().labels, spread=None, bias=None)
    book = opened(decision_workbook(replace(sample_report(), labels=bare), "en"))
    assert "cannot be drawn" in everything(book) and "all texts are alike" in everything(book)


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_text_of_a_user_becomes_a_formula(formula):
    """A question "=HYPERLINK(…)" would send a colleague's data away on the first click."""
    report = sample_report()
    moved = Movement("known", formula, formula, 2, 14, -0.6, formula, True, formula)
    labels = replace(
        report.labels,
        overrides=tuple(
            replace(one, question=formula, answer=formula, who=formula, reason=formula)
            for one in report.labels.overrides
        ),
    )
    report = replace(report, name=formula, losses=(moved,), wins=(moved,), labels=labels)
    content = decision_workbook(report, "en")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [archive.read(n).decode() for n in archive.namelist() if "worksheets/" in n]
    assert not any("<f>" in sheet or "<f " in sheet for sheet in sheets)
    losses = opened(content)["Losses"]
    assert losses["C3"].value.strip() == formula.strip()
    assert losses["C3"].data_type == "s" and losses["C3"].quotePrefix


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_survives(first, second):
    """One odd sign in one question must not make the whole workbook impossible to write."""
    sheet = Sheet(first, (Column(second, 10),), (Row((first,)),), second)
    book = opened(workbook((sheet,), title=first, language="ja"))
    assert len(book.worksheets) == 1
    assert len(sheet_title(first)) <= 31


def test_a_text_beyond_the_limit_of_excel_and_controls():
    sheet = Sheet("a/b:c*d", (Column("x", 10),), (Row((EVIL + "x" * 40_000,)),))
    book = opened(workbook((sheet,), title="t", language="en"))
    assert book.sheetnames == ["a b c d"]
    assert len(book.worksheets[0]["A2"].value) == 32_767


def test_missing_parts_leave_a_whole_workbook():
    bare = replace(
        sample_report(), regimes=(), experts=(), losses=(), wins=(), slices=(), generality=(),
        steps=(), sendings=(), savings=None, in_use=None, votes=(), speeds=(), hashes=(),
        software=(), configuration={}, repeat=Repeat(),
    )  # fmt: skip
    text = everything(opened(decision_workbook(bare, "en")))
    assert "Not worked out for this comparison." in text
    assert "Speed was not measured in this comparison." in text and "Blind vote" not in text
