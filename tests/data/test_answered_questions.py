"""Questions that people answered join the data, and never as a leak into the test."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.data.answered_questions import (
    COLLECTED,
    JUDGED,
    SOURCE,
    TO_LEARN,
    TO_TEST,
    USE_TITLES,
    WHERE_IT_FITS,
    AnsweredQuestion,
    answered_told,
    with_answered_questions,
)
from core.data.open_questions import AskedQuestions, with_open_questions
from core.errors import DataError
from core.types import (
    OPEN,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_UNSEEN,
    QADataset,
)

SEEN, HELD_VALIDATION, HELD_TEST = 0, 9, 10  # answers of the tiny data by what they are used for


@pytest.fixture
def dataset(tiny_dataset) -> QADataset:
    asked = AskedQuestions(
        ("how long until my money is back", "do you sell kayaks"), (2, 3), (5, 1)
    )
    return with_open_questions(tiny_dataset, asked, file="log.csv")[0]


def new(text: str, answer: int, **more) -> AnsweredQuestion:
    return AnsweredQuestion(text, {answer: 1.0}, **more)


def split_of(dataset: QADataset, text: str) -> str:
    return str(dataset.split[dataset.questions.index(text)])


@pytest.mark.parametrize(
    ("answer", "use", "split"),
    [
        (SEEN, TO_LEARN, TRAIN),
        (SEEN, TO_TEST, TEST_KNOWN),
        (SEEN, WHERE_IT_FITS, TRAIN),
        (HELD_TEST, TO_LEARN, None),
        (HELD_TEST, TO_TEST, TEST_UNSEEN),
        (HELD_TEST, WHERE_IT_FITS, TEST_UNSEEN),
        (HELD_VALIDATION, TO_LEARN, None),
        (HELD_VALIDATION, TO_TEST, None),
        (HELD_VALIDATION, WHERE_IT_FITS, VALIDATION_UNSEEN),
    ],
)
def test_a_question_goes_where_its_answer_lies_or_stays_out(dataset, answer, use, split):
    made, account = with_answered_questions(
        dataset, [new("something quite new here", answer)], use=use, source=COLLECTED
    )
    if split is None:
        assert made is dataset and account.kept_back == 1 and account.taken == 0
        return
    assert split_of(made, "something quite new here") == split
    row = made.questions.index("something quite new here")
    assert made.right_answers(row).tolist() == [answer]
    assert made.question_group[row] == made.answer_group[answer]
    assert made.attributes[SOURCE][row] == COLLECTED and made.question_ids[row] == "p1"
    assert account.taken == 1


@pytest.mark.parametrize("use", USE_TITLES)
def test_no_answer_held_out_whole_is_ever_met_in_training(dataset, use):
    """Whatever people say: the regime "unseen answers" must stay what its name says."""
    rng = np.random.default_rng(0)
    items = [
        AnsweredQuestion(
            f"{word} {i} brand new wording {rng.integers(1e9)}",
            {int(a): float(rng.choice([0.5, 1])) for a in rng.choice(12, 1 + i % 3, replace=False)},
        )
        for i, word in enumerate(np.random.default_rng(1).permutation(list("abcdefghijklmnopqrst")))
    ]
    made, account = with_answered_questions(dataset, items, use=use, source=JUDGED)
    met = {int(a) for q in made.rows(TRAIN) for a in made.right_answers(q)}
    held = {int(a) for q in made.rows(TEST_UNSEEN) for a in made.right_answers(q)}
    assert account.taken > 3 and not met & held
    trained = {int(made.question_group[q]) for q in made.rows(TRAIN)}
    assert not trained & {int(made.question_group[q]) for q in made.rows(TEST_UNSEEN)}
    for row in made.judged_rows.tolist():
        groups = {int(made.answer_group[a]) for a in made.right_answers(row)}
        assert groups == {int(made.question_group[row])}, "a question lies in one group"
    told = dataclasses.asdict(account)
    everything = ("learned", "validated", "tested", "joined", "known", "none_right", "kept_back")
    assert sum(told[name] for name in (*everything, "incomplete")) == len(items)


def test_judged_open_question_keeps_row_id_and_weight_and_knows_its_wrong_answers(dataset):
    row = int(dataset.open_rows[0])
    item = AnsweredQuestion(dataset.questions[row], {1: 1.0, 2: 0.5}, wrong=(3, 5))
    made, account = with_answered_questions(dataset, [item], use=TO_LEARN, source=JUDGED)
    assert account.learned == 1 and account.wrong_pairs == 2
    assert made.split[row] == TRAIN and made.question_ids[row] == dataset.question_ids[row]
    assert made.question_weight[row] == 5
    assert dict(zip(made.right_answers(row), made.relevance[[row]].data, strict=True)) == {
        1: 1.0,
        2: 0.5,
    }
    assert made.wrong_answers(row).tolist() == [3, 5]
    assert len(made.questions) == len(dataset.questions)
    assert made.split[dataset.open_rows[1]] == OPEN
    before, after = dataset.relevance.toarray(), made.relevance.toarray()
    assert np.array_equal(np.delete(before, row, 0), np.delete(after, row, 0))
    assert made.answer_group[1] == made.answer_group[2], "one question links them"


def test_nothing_right_or_not_all_judged_is_told_and_changes_nothing(dataset):
    texts = [dataset.questions[row] for row in dataset.open_rows]
    none = AnsweredQuestion(texts[0], {}, wrong=(1, 2))
    part = AnsweredQuestion(texts[1], {1: 1.0}, complete=False)
    made, account = with_answered_questions(dataset, [none, part], use=TO_TEST, source=JUDGED)
    assert made is dataset and (account.none_right, account.incomplete) == (1, 1)
    assert len(answered_told(account)) == 2


def test_wordings_that_are_nearly_the_same_are_one_question(dataset):
    """One half in training and one in the test would be a leak of its own."""
    items = [
        new("Can somebody send my parcel to Kyoto please?", SEEN),
        new("can somebody send my parcel to Kyoto please", 3),
        new("Can somebody send my parcel to Kyoto please!!", SEEN),
        new(dataset.questions[3].upper(), SEEN),  # a test question of these data
    ]
    made, account = with_answered_questions(dataset, items, use=WHERE_IT_FITS, source=COLLECTED)
    assert (account.learned, account.joined, account.known) == (1, 2, 1)
    row = made.questions.index(items[0].text)
    assert made.right_answers(row).tolist() == [SEEN, 3] and made.question_weight[row] == 3
    assert made.question_weight[3] == dataset.question_weight[3] + 1
    assert len(made.questions) == len(dataset.questions) + 1


def test_unknown_use_is_refused(dataset):
    with pytest.raises(DataError, match="no use play"):
        with_answered_questions(dataset, [], use="play", source=JUDGED)
