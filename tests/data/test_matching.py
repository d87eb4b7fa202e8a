"""Text or id to row: the one rule for every file about data that are there already."""

from __future__ import annotations

import dataclasses

from core.data.matching import LONGEST_CELL, TextIndex


def test_width_and_spaces_do_not_count_and_the_text_goes_before_the_id(tiny_dataset):
    rows = TextIndex(tiny_dataset).questions
    text = tiny_dataset.questions[3]
    assert rows.find(f"  {text.replace(' ', '  ')}\u200b ").row == 3
    by_id = rows.find(tiny_dataset.question_ids[3])
    assert (by_id.row, by_id.by_id) == (3, True)


def test_a_text_that_a_spreadsheet_cut_is_found_again(tiny_dataset):
    long = "word " * 10_000
    answers = (*tiny_dataset.answers[:-1], long)
    rows = TextIndex(dataclasses.replace(tiny_dataset, answers=answers)).answers
    assert rows.find(long[:LONGEST_CELL]).row == rows.find(long).row == len(answers) - 1


def test_what_is_not_there_has_a_reason(tiny_dataset):
    rows = TextIndex(tiny_dataset).answers
    assert str(rows.find(" ").reason) == "The answer is empty."
    assert rows.find("unheard of").row == -1
    assert "unheard of" in str(rows.find("unheard of").reason)
