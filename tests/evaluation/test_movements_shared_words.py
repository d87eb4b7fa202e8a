"""Words that question and answer share, marked at their own place in the text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, strategies as some

from core.evaluation.movements import common_words, in_pieces, shared_spans


def marked(question: str, answer: str, common=()) -> list[str]:
    return [p for p, yes in in_pieces(answer, shared_spans(question, answer, common)) if yes]


def test_words_are_marked_whatever_their_case_and_width():
    assert marked("where is my PARCEL", "Your parcel: Parcel, parcels.") == ["parcel", "Parcel"]
    assert marked("ＰＡＲＣＥＬ？", "a parcel") == ["parcel"]
    assert marked("カタカナ", "ｶﾀｶﾅ") == [], "places of half-width letters do not fit"


def test_japanese_marks_shared_pairs_joined():
    assert marked("荷物の追跡番号は", "お荷物は追跡番号で確認できます") == ["荷物", "追跡番号"]


def test_words_that_most_answers_use_are_not_marked():
    answers = [
        "we send the parcel",
        "we refund the money",
        "we answer the phone",
        "the shop we run",
    ]
    common = common_words(answers)
    assert {"we", "the"} <= common and "parcel" not in common
    assert marked("when do we send the parcel", answers[0], common) == ["send", "parcel"]


def test_words_of_grammar_are_not_marked():
    """Marked "that, they, its" say nothing about why an answer was found."""
    common = common_words(["a parcel", "the tent"])
    answer = "They say that its zip, like a zip on a tent, may break"
    assert marked("is it that they fix its zip?", answer, common) == ["zip", "zip"]
    assert marked("傘は返品できますか", "傘は、できますか") == ["傘"]
    assert marked("これはですか", "これはですか") == []


@pytest.mark.parametrize("text", ["", "<b>parcel</b>", "`parcel` $x$ [parcel](javascript:1)"])
def test_pieces_joined_are_the_text(text):
    pieces = in_pieces(text, shared_spans("parcel", text, ()))
    assert "".join(piece for piece, _ in pieces) == text


@given(question=some.text(max_size=40), answer=some.text(max_size=80))
def test_nothing_is_lost_and_spans_are_ordered(question, answer):
    spans = shared_spans(question, answer, ())
    assert all(0 <= start < end <= len(answer) for start, end in spans)
    assert all(one[1] < two[0] for one, two in pairwise(spans))
    assert "".join(piece for piece, _ in in_pieces(answer, spans)) == answer
