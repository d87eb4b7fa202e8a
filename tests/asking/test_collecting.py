"""Collecting questions: a room covers all answers, and the review sees what should stay out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.asking.collecting import (
    COPIED,
    KNOWN_ALREADY,
    MOST_EACH,
    NO_QUESTION,
    OWN_WORDS,
    PERSONAL,
    answers_to_ask,
    copied_share,
    next_answer,
    reviewed,
)
from core.errors import DataError
from core.types.asked_rounds import COLLECT, WRITTEN, AskRound, Contribution

AT = "2026-01-01T10:00:00.000+00:00"
ROUND = AskRound("r1", COLLECT, "d1", tuple(range(20)), (), 2, 0, (), 77, "ann", AT)
SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"


def wrote(place: int, person: str, text: str = "where is it?") -> Contribution:
    return Contribution(place, place, person, WRITTEN, text, f"{place}-{person}-{text}", AT)


def test_answers_with_fewest_questions_come_first(tiny_dataset):
    lacking = replace(
        tiny_dataset,
        right_question=tiny_dataset.right_question[6:],
        right_answer=tiny_dataset.right_answer[6:],
        right_grade=tiny_dataset.right_grade[6:],
    )
    assert answers_to_ask(lacking, 2, seed=3).tolist() == [0, 1], "0 of 4 left, 2 of 4 left"
    drawn = {tuple(answers_to_ask(lacking, 5, seed=seed).tolist()) for seed in range(8)}
    assert len(drawn) > 4
    assert len(answers_to_ask(lacking, 300, seed=0)) == 12
    for count in (0, 301):
        with pytest.raises(DataError, match="1 to 300"):
            answers_to_ask(lacking, count, seed=0)


def test_people_who_begin_at_once_write_for_different_answers():
    first = Counter(next_answer(ROUND, [], f"person {i}") for i in range(20))
    assert len(first) >= 10 and max(first.values()) <= 4


def test_a_room_by_turns_covers_every_answer_evenly():
    given: list[Contribution] = []
    for turn in range(4):
        for i in range(10):
            place = next_answer(ROUND, given, f"person {i}")
            given.append(wrote(place, f"person {i}", f"turn {turn}"))
    counts = Counter(entry.place for entry in given)
    assert set(counts.values()) == {2} and len(counts) == 20


def test_one_person_sees_every_answer_before_any_comes_again_and_it_ends():
    given: list[Contribution] = []
    while (place := next_answer(ROUND, given, "ann")) is not None:
        given.append(wrote(place, "ann", str(len(given))))
    assert len(given) == 20 * MOST_EACH
    assert {entry.place for entry in given[:20]} == set(range(20))
    assert next_answer(ROUND, given, "ben") is not None
    assert next_answer(ROUND, [], "ann", skipped=range(20)) is None
    assert next_answer(ROUND, [], "ann", skipped=range(19)) == 19


def test_review_flags_what_should_stay_out(tiny_dataset):
    texts = {
        "the thing never came": (),
        "how we handle your parcel": (OWN_WORDS,),
        "call me on +44 20 7946 0958 about the parcel": (PERSONAL,),
        tiny_dataset.questions[0].upper() + "?": (KNOWN_ALREADY,),
        "???": (NO_QUESTION,),
    }
    found = reviewed(tiny_dataset, [wrote(0, "ann", text) for text in texts])
    assert {one.entry.text: one.flags for one in found} == texts
    assert reviewed(tiny_dataset, []) == ()


def test_words_in_another_order_are_a_search_and_no_copy():
    answer = "Swapping for another size or colour of the same article is free of charge."
    assert copied_share("free size colour swapping article", answer) < COPIED
    assert copied_share("is another size or colour of the same article free", answer) >= COPIED
    assert copied_share("colour", answer) == 0
    assert copied_share("", answer) == 0
    japanese = "のしは無料でお付けします。ご注文画面でお選びください。"
    assert copied_share("のしは無料でお付けしますか", japanese) >= COPIED


@pytest.mark.parametrize("name", ["shop_faq_en.csv", "shop_faq_ja.xlsx"])
def test_real_questions_are_hardly_ever_called_copies(name):
    from core.journey.data import read_dataset

    made = read_dataset((SAMPLES / name).read_bytes(), name)[0]
    pairs = zip(made.right_question, made.right_answer, strict=True)
    shares = np.array([copied_share(made.questions[q], made.answers[a]) for q, a in pairs])
    assert len(shares) > 500 and (shares >= COPIED).mean() < 0.01
