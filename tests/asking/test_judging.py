"""Judging: pools as at TREC, an order that decides most first, nothing that tells a system."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest

from core.asking.judging import (
    JudgingTask,
    agreement,
    answered_questions,
    disagreement,
    judged_pairs,
    judging_order,
    judging_task,
    pooled,
)
from core.errors import DataError
from core.types.asked_rounds import (
    CANNOT_JUDGE,
    JUDGE,
    PARTLY,
    RIGHT_ANSWER,
    WRONG_ANSWER,
    AskRound,
    Contribution,
)

AT = "2026-01-01T10:00:00.000+00:00"
TOPS = [
    np.array([[0, 1, 2], [0, 1, 2], [5, 4, 3], [-1, -1, -1]]),
    np.array([[0, 1, 2], [3, 4, 5], [5, 4, 1], [-1, -1, -1]]),
]
POOLS = ((3, 1, 7), (2, 5), (), (4, 6, 8, 9))
ROUND = AskRound("r", JUDGE, "d", (10, 11, 12, 13), POOLS, 2, 3, ("BM25", "x"), 7, "ann", AT)


def said(place: int, answer: int, person: str, word: str = RIGHT_ANSWER) -> Contribution:
    return Contribution(place, answer, person, word, "", f"{place}/{answer}/{person}/{word}", AT)


def test_pool_is_every_answer_among_the_first_of_any_system():
    assert pooled(TOPS, 2) == [(0, 1), (0, 1, 3, 4), (4, 5), ()]
    assert pooled(TOPS, 3)[2] == (1, 3, 4, 5)
    for depth in (0, 11):
        with pytest.raises(DataError, match="1 to 10"):
            pooled(TOPS, depth)


def test_disagreement_is_one_minus_average_overlap():
    found = disagreement(TOPS, 3)
    assert found[:2].tolist() == [0, 1]
    assert found[2] == pytest.approx(1 - (1 + 1 + 2 / 3) / 3)
    assert found[3] == 1, "systems that find nothing agree on nothing"
    assert disagreement(TOPS[:1], 3).tolist() == [0] * 4


def test_disputed_and_frequent_questions_come_first_and_not_all_about_one_thing():
    groups = np.arange(6)
    plain = judging_order(TOPS, np.ones(4), groups, depth=3, count=9)
    assert plain.tolist() == [1, 2, 0], "nobody found anything for the last one"
    busy = judging_order(TOPS, np.array([100, 1, 1, 1]), groups, depth=3, count=9)
    assert busy[0] == 0
    assert len(judging_order(TOPS, np.ones(4), groups, depth=3, count=2)) == 2
    # Six questions as disputed as each other: three about one thing, three about others.
    first = np.array([[0, 1], [0, 1], [0, 1], [2, 3], [4, 5], [6, 7]])
    tops = [first, first[:, ::-1]]
    order = judging_order(tops, np.ones(6), np.repeat(np.arange(4), 2), depth=2, count=6)
    assert sorted(order.tolist()) == list(range(6))
    assert len({tuple(first[i]) for i in order[:4]}) == 4


def test_task_holds_nothing_that_tells_a_system():
    """What the page holds it may show by mistake."""
    assert {field.name for field in fields(JudgingTask)} == {
        "place", "answer", "number", "of", "given", "done", "last"
    }  # fmt: skip


def test_one_judge_walks_the_order_question_by_question_and_it_ends():
    given: list[Contribution] = []
    while (task := judging_task(ROUND, given, "ann")).place >= 0:
        assert task.number == 1 + sum(entry.place == task.place for entry in given)
        given.append(said(task.place, task.answer, "ann"))
        assert judging_task(ROUND, given, "ann").last == (task.place, task.answer)
    assert [entry.place for entry in given] == [0, 0, 0, 1, 1, 3, 3, 3, 3]
    assert {(e.place, e.answer) for e in given} == {(p, a) for p in (0, 1, 3) for a in POOLS[p]}


def test_answers_come_in_another_order_for_each_person_and_seed():
    def order(round_: AskRound, person: str) -> tuple[int, ...]:
        given: list[Contribution] = []
        while (task := judging_task(round_, given, person)).place >= 0:
            given.append(said(task.place, task.answer, person))
        return tuple(entry.answer for entry in given if entry.place == 3)

    assert len({order(ROUND, f"p{i}") for i in range(20)}) > 8
    assert order(ROUND, "ann") == order(ROUND, "ann")
    assert len({order(replace(ROUND, seed=seed), "ann") for seed in range(20)}) > 8


def test_each_question_gets_the_wanted_number_of_people_and_people_spread():
    given: list[Contribution] = []
    people = [f"p{i}" for i in range(6)]
    tasks = {person: judging_task(ROUND, given, person) for person in people}
    for person in people:  # all have the first answer before them when they press the key
        given.append(said(tasks[person].place, tasks[person].answer, person))
    for _ in range(40):
        for person in people:
            task = judging_task(ROUND, given, person)
            if task.place >= 0:
                given.append(said(task.place, task.answer, person))
    voices = Counter((entry.place, entry.answer) for entry in given)
    assert set(voices) == {(p, a) for p in (0, 1, 3) for a in POOLS[p]}
    assert min(voices.values()) >= 2


def test_people_together_say_right_partly_or_wrong():
    given = [
        *(said(0, 3, "a"), said(0, 3, "b"), said(0, 3, "c", PARTLY)),
        *(said(0, 1, "a"), said(0, 1, "b", WRONG_ANSWER)),
        *(said(0, 7, "a", WRONG_ANSWER), said(0, 7, "b", CANNOT_JUDGE)),
        said(1, 2, "a", CANNOT_JUDGE),
    ]
    found = {(p.place, p.answer): (p.word, p.voices, p.disputed) for p in judged_pairs(given)}
    assert found == {
        (0, 1): (PARTLY, 2, True),
        (0, 3): (RIGHT_ANSWER, 3, False),
        (0, 7): (WRONG_ANSWER, 1, False),
    }
    assert judged_pairs([]) == []


def test_agreement_is_one_where_all_say_the_same_and_low_where_nobody_does():
    words = (RIGHT_ANSWER, WRONG_ANSWER, PARTLY)
    same = [said(p, a, who, words[a % 3]) for p in range(4) for a in POOLS[p] for who in "ab"]
    assert agreement(same).alpha == 1
    other = [
        said(p, a, who, words[(a + shift) % 3])
        for p in range(4)
        for a in POOLS[p]
        for shift, who in enumerate("ab")
    ]
    found = agreement(other)
    assert found.alpha < 0.2 and found.low <= found.alpha <= found.high
    assert agreement([]) is None and agreement([said(0, 1, "a")]) is None


def test_judged_questions_become_what_people_say(tiny_dataset):
    given = [
        *(said(0, 3, "a"), said(0, 1, "a", PARTLY), said(0, 7, "a", WRONG_ANSWER)),
        said(1, 2, "a", WRONG_ANSWER),
    ]
    first, second = answered_questions(ROUND, tiny_dataset, judged_pairs(given))
    assert first.text == tiny_dataset.questions[10]
    assert (first.right, first.wrong, first.complete) == ({1: 0.5, 3: 1.0}, (7,), True)
    assert (second.right, second.wrong, second.complete) == ({}, (2,), False)
