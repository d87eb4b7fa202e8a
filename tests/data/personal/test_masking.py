"""Masked texts hold no value, the same person keeps one placeholder, and pairs stay together."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.data.file_preview import outcome, preview, read_dataset
from core.data.personal.masking import (
    PersonalHandling,
    handled_dataset,
    handled_import,
    personal_in,
    rewritten,
)
from core.errors import DataError
from core.types.personal_rules import DROP, KEEP, MASK
from tests.data.made_files import shop_faq

FILE = shop_faq(
    "write to jo@example.com please,We wrote to JO@example.com.",
    "call 090-1234-5678,We will call.",
)


def read(action: str):
    return handled_import(*read_dataset(FILE, "faq.csv"), PersonalHandling(action))


def test_masking_leaves_no_value_anywhere():
    dataset, account = read(MASK)
    everything = json.dumps([dataset.questions, dataset.answers, account], ensure_ascii=False)
    for value in ("jo@example.com", "JO@example.com", "090-1234-5678"):
        assert value not in everything
    assert "write to [EMAIL-1] please" in dataset.questions
    assert "We wrote to [EMAIL-1]." in dataset.answers, "the same person, the same placeholder"
    summary = account["summary"]
    assert summary["personal_data"] == {}
    assert summary["personal_removed"]["email"] == {"count": 1, "rows": (26,)}


def test_dropping_sets_rows_aside_without_their_texts():
    dataset, account = read(DROP)
    assert not personal_in(dataset)
    aside = {row["row"]: row["question"] for row in account["set_aside"]}
    assert aside == {26: "", 27: ""}
    summary = account["summary"]
    assert (summary["rows_taken"], summary["rows_set_aside"]) == (summary["rows_read"] - 2, 2)


def test_keeping_counts_and_the_preview_says_so_before():
    dataset, account = read(KEEP)
    found = preview(FILE, "faq.csv")
    assert set(outcome(found, found.mapping).personal) == {"email", "phone"}
    assert (
        set(personal_in(dataset)) == {"email", "phone"} == set(account["summary"]["personal_data"])
    )


def test_placeholders_go_on_in_the_next_file_of_a_project():
    first = PersonalHandling(MASK)
    assert first.masked("a@b.com and c@d.com")[0] == "[EMAIL-1] and [EMAIL-2]"
    second = PersonalHandling(MASK, first.pseudonyms)
    assert second.masked("c@d.com, e@f.com")[0] == "[EMAIL-2], [EMAIL-3]"
    assert "c@d.com" not in repr(first.pseudonyms)


def test_a_dataset_is_masked_afterwards_and_texts_that_become_one_are_one():
    dataset, _ = read(KEEP)
    texts = ["same" if "tent" in q or "boots" in q else q for q in dataset.questions]
    changed = rewritten(dataset, texts, dataset.answers)
    assert len(changed.questions) == len(dataset.questions) - 1
    assert len(changed.right_answers(changed.questions.index("same"))) == 2
    masked = handled_dataset(dataset, PersonalHandling(MASK))
    assert not personal_in(masked)
    assert len(masked.right_question) == len(dataset.right_question)
    assert np.array_equal(masked.split, dataset.split)


def test_a_question_goes_with_its_last_right_answer():
    dataset, _ = read(KEEP)
    answers = [None if "tent" in a else a for a in dataset.answers]
    changed = rewritten(dataset, dataset.questions, answers)
    assert not any("tent" in text for text in (*changed.questions, *changed.answers))
    with pytest.raises(DataError, match="No question"):
        rewritten(dataset, dataset.questions, [None] * len(dataset.answers))


def test_an_unknown_action_names_those_there_are():
    with pytest.raises(DataError, match="keep, mask, drop"):
        PersonalHandling("hide")


def test_a_text_is_read_once_while_it_is_handled():
    """A model of names reads 40 texts in a second; each text was read three times."""
    read_texts = []

    def names(text):
        read_texts.append(text)
        return ()

    handled_import(*read_dataset(FILE, "faq.csv"), PersonalHandling(MASK, more=names))
    assert len(read_texts) == len(set(read_texts)) > 0


def test_what_only_the_account_names_keeps_its_placeholder_in_the_next_file():
    handling = PersonalHandling(MASK)
    more = FILE + b"\nonly@example.org,"
    handled_import(*read_dataset(more, "faq.csv", open_questions=False), handling)
    known = PersonalHandling(MASK, handling.pseudonyms)
    assert known.masked("new@example.net")[0] == "[EMAIL-3]"
