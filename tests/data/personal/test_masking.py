"""Masked texts hold no value, the same person keeps one placeholder, and pairs stay together."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.data.file_preview import outcome, preview, read_dataset
from core.data.personal.masking import PersonalHandling, handled_dataset, personal_in, rewritten
from core.errors import DataError
from core.types.personal_rules import DROP, KEEP, MASK

THINGS = (
    "parcel tent boots stove bike kayak lamp rope map axe jacket helmet bottle sock glove hat "
    "scarf belt torch knife pan cup plate spoon"
).split()
ROWS = [
    *(f"where is my {thing}?,About your {thing}: we will look." for thing in THINGS),
    "write to jo@example.com please,We wrote to JO@example.com.",
    "call 090-1234-5678,We will call.",
]
FILE = "\n".join(("question,answer", *ROWS)).encode()


def read(action: str):
    handling = PersonalHandling(action)
    return *read_dataset(FILE, "faq.csv", personal=handling), handling


def test_masking_leaves_no_value_anywhere():
    dataset, account, _ = read(MASK)
    everything = json.dumps([dataset.questions, dataset.answers, account], ensure_ascii=False)
    for value in ("jo@example.com", "JO@example.com", "090-1234-5678"):
        assert value not in everything
    assert "write to [EMAIL-1] please" in dataset.questions
    assert "We wrote to [EMAIL-1]." in dataset.answers, "the same person, the same placeholder"
    summary = account["summary"]
    assert summary["personal_data"] == {}
    assert summary["personal_removed"]["email"] == {"count": 1, "rows": (26,)}


def test_dropping_sets_rows_aside_without_their_texts():
    dataset, account, _ = read(DROP)
    assert not personal_in(dataset)
    aside = {row["row"]: row["question"] for row in account["set_aside"]}
    assert aside == {26: "", 27: ""}


def test_keeping_counts_and_the_preview_says_so_before():
    dataset, account, _ = read(KEEP)
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
    dataset, _, _ = read(KEEP)
    texts = ["same" if "tent" in q or "boots" in q else q for q in dataset.questions]
    changed = rewritten(dataset, texts, dataset.answers)
    assert len(changed.questions) == len(dataset.questions) - 1
    assert len(changed.right_answers(changed.questions.index("same"))) == 2
    masked = handled_dataset(dataset, PersonalHandling(MASK))
    assert not personal_in(masked)
    assert len(masked.right_question) == len(dataset.right_question)
    assert np.array_equal(masked.split, dataset.split)


def test_a_question_goes_with_its_last_right_answer():
    dataset, _, _ = read(KEEP)
    answers = [None if "tent" in a else a for a in dataset.answers]
    changed = rewritten(dataset, dataset.questions, answers)
    assert not any("tent" in text for text in (*changed.questions, *changed.answers))
    with pytest.raises(DataError, match="No question"):
        rewritten(dataset, dataset.questions, [None] * len(dataset.answers))


def test_an_unknown_action_names_those_there_are():
    with pytest.raises(DataError, match="keep, mask, drop"):
        PersonalHandling("hide")
