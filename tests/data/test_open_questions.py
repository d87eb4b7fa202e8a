"""Open questions: none that the test asks, each wording once, and everything asked is somewhere."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from core.data import open_questions
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
from core.data.near_duplicates import grouping
from core.data.near_duplicates.ngrams import ngram_table, plain_form
from core.data.open_questions import (
    AskedQuestions,
    differ_in_a_word,
    open_told,
    with_open_questions,
)
from core.errors import DataError
from core.types import (
    OPEN,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_UNSEEN,
    QADataset,
)
from core.types.open_account import OpenAccount


def added(dataset, texts, counts=(), **more):
    rows = range(2, len(texts) + 2)
    return with_open_questions(
        dataset, AskedQuestions(texts, list(rows), counts), file="log", **more
    )


def alike(one, others):
    """Largest Jaccard similarity of n-grams, worked out pair by pair."""
    tables = ngram_table([plain_form(text) or text for text in (one, *others)])
    sets = [set(tables[[i]].indices.tolist()) for i in range(len(others) + 1)]
    return max((len(sets[0] & s) / len(sets[0] | s) for s in sets[1:]), default=0.0)


WORDS = "where when parcel parcels kayak tent refund help please my the trouble with boots".split()
TEXTS = st.lists(
    st.one_of(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join),
        st.sampled_from(["", "x", "12", "?!", "Where is my PARCEL?", "tents help pleese", "鍵"]),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS, st.lists(st.integers(1, 9), min_size=25, max_size=25))
def test_nothing_that_is_judged_is_open_and_counts_add_up(first, second, counts):
    dataset = made()
    for texts in (first, second):
        before = float(dataset.question_weight[dataset.open_rows].sum())
        gained_from = dataset.question_weight[dataset.judged_rows].sum()
        grown, account = added(dataset, texts, counts[: len(texts)])
        asked = sum(
            count
            for text, count in zip(texts, counts, strict=False)
            if open_questions.why_no_question(text) is None
        )
        weight = grown.question_weight
        assert account.asked == asked
        assert weight[grown.open_rows].sum() == pytest.approx(
            before + asked - sum(account.known_asked.values())
        )
        gained = weight[grown.judged_rows].sum() - gained_from
        assert gained == pytest.approx(sum(account.known_asked.values()))
        assert account.rows_read == len(texts)
        opened = [grown.questions[row] for row in grown.open_rows]
        judged = [grown.questions[row] for row in grown.judged_rows]
        assert judged == list(dataset.questions[: len(judged)])
        for i, text in enumerate(opened):
            assert alike(text, judged) < 0.7
            same = [q for q in opened[:i] if not differ_in_a_word(plain_form(text), plain_form(q))]
            assert alike(text, same) < 0.7
        assert (grown.split[grown.open_rows] == OPEN).all()
        groups = [
            grown.question_group[grown.open_rows],
            np.unique(grown.question_group[grown.judged_rows]),
        ]
        assert len(np.unique(np.concatenate(groups))) == sum(map(len, groups))
        assert not np.isin(groups[0], grown.answer_group).any()
        assert len(set(grown.question_ids)) == len(grown.questions)
        assert set(grown.attributes) == set(dataset.attributes)
        assert all(len(values) == len(grown.questions) for values in grown.attributes.values())
        assert OpenAccount.from_json(json.loads(json.dumps(account.to_json()))) == account
        dataset = grown


def made():
    from core.types import QADataset

    questions = ("where is my parcel", "tent help please", "trouble with the boots")
    return QADataset(
        name="made",
        questions=questions,
        answers=("About parcels.", "About tents.", "About boots."),
        question_ids=("q1", "o1", "q3"),
        answer_ids=("a1", "a2", "a3"),
        right_question=np.arange(3, dtype=np.int32),
        right_answer=np.arange(3, dtype=np.int32),
        right_grade=np.ones(3, np.float32),
        question_group=np.arange(3, dtype=np.int32),
        answer_group=np.arange(3, dtype=np.int32),
        split=np.array(["train", "test_unseen", "validation_known"], "U18"),
        question_row=np.array([2, 3, 4], np.int32),
        attributes={"category": ("a", "b", "c")},
    )


def test_the_most_frequent_wording_stays_with_all_counts():
    dataset, account = added(
        made(), ["do you repair kayaks", "do you repair kayak", "Do you repair kayaks?"], [2, 9, 8]
    )
    (row,) = dataset.open_rows
    assert dataset.questions[row] == "Do you repair kayaks?"
    assert dataset.question_weight[row] == 19 and account.joined == 2
    (example,) = account.examples
    assert example.wordings == (("do you repair kayak", 9), ("do you repair kayaks", 2))


def test_what_the_test_asks_is_removed_and_what_training_asks_adds_to_its_weight():
    dataset, account = added(made(), ["Tent help, please!", "where is my parcell"], [4, 5])
    assert not len(dataset.open_rows) and account.leaks == 1
    assert account.known == {"test": 1, "training": 1}
    assert dataset.question_weight.tolist() == [6, 5, 1]
    said = " ".join(map(str, open_told(account)))
    assert "the test asks nearly the same: 1 wordings, asked 4 times" in said


def test_no_pair_is_missed_where_minhash_says_what_to_compare(monkeypatch):
    monkeypatch.setattr(grouping, "_MOST_COUNTED", 0)
    dataset, account = added(made(), ["where is my parcel now", "do you sell kayaks"])
    assert account.known == {"training": 1} and len(dataset.open_rows) == 1


def test_chains_of_slightly_different_texts_do_not_end_in_one():
    chain = [f"price of the {a} {b} boots" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    chain = [text.replace(" boots", " boots" + "s" * i) for i, text in enumerate(chain)]
    dataset, _ = added(made(), chain)
    opened = [dataset.questions[row] for row in dataset.open_rows]
    assert len(opened) > 1


@pytest.mark.parametrize(
    ("leader", "other"),
    [
        ("引き落とし日", "引き落とし日 変更"),
        ("クレジットカード 登録", "クレジットカード 登録 変更"),
        ("broadband working", "broadband not working"),
    ],
)
def test_short_questions_that_differ_in_a_word_stay_apart(leader, other):
    """Their n-grams are alike enough to be joined, and what they ask for is not the same."""
    assert alike(leader, [other]) >= 0.7
    dataset, account = added(made(), [leader, other], [9, 2])
    assert len(dataset.open_rows) == 2 and account.joined == 0


@pytest.mark.parametrize(
    ("leader", "other"),
    [
        ("パスワード変更", "パスワード 変更"),
        ("パスワードを忘れた時", "パスワード忘れた時"),
        ("wifi password", "wifi pasword"),
        ("red light on hub", "hub red light"),
        ("change wifi password", "change wi-fi password"),
        ("engineer no show", "engineer noshow"),
    ],
)
def test_short_questions_in_another_spelling_are_joined(leader, other):
    dataset, account = added(made(), [leader, other], [9, 2])
    assert [dataset.questions[row] for row in dataset.open_rows] == [leader]
    assert account.joined == 1


def test_only_the_most_frequent_are_kept_and_the_rest_is_counted():
    texts = ["do you sell kayaks", "when do you open", "gift cards"]
    dataset, account = added(made(), texts, [1, 7, 3], most=2)
    assert [dataset.questions[row] for row in dataset.open_rows] == texts[1:]
    assert (account.left_out, account.left_out_asked) == (1, 1)


def test_rows_are_set_aside_with_reason_and_personal_data_is_pointed_out():
    _, account = added(made(), ["", "y", "4711", "mail jo@example.com about kayaks"])
    assert [item.row for item in account.set_aside] == [2, 3, 4]
    assert account.personal_data["email"].rows == (5,)
    assert any("personal data" in str(message) for message in open_told(account))


def test_a_second_log_adds_to_the_first_and_all_can_be_taken_out_again(tiny_dataset):
    once, _ = added(tiny_dataset, ["do you sell kayaks", "gift cards"], [2, 5])
    twice, account = added(once, ["Do you sell kayaks?", "when do you open"], [9, 1])
    opened = {twice.questions[row]: twice.question_weight[row] for row in twice.open_rows}
    assert opened == {"Do you sell kayaks?": 11, "gift cards": 5, "when do you open": 1}
    assert (account.questions, account.all_questions) == (2, 3)
    left = open_questions.without_open_questions(twice)
    assert left.id == tiny_dataset.id
    first = open_questions.without_open_questions(twice, twice.open_rows[:1])
    assert len(first.open_rows) == 2 and first.questions[-1] == "when do you open"


def test_open_questions_may_stand_anywhere_when_they_are_taken_out():
    dataset = replace(
        made(),
        split=np.array([OPEN, "train", "train"], "U18"),
        right_question=np.array([1, 2], np.int32),
        right_answer=np.array([1, 2], np.int32),
        right_grade=np.ones(2, np.float32),
        wrong_question=np.array([0, 1], np.int32),
        wrong_answer=np.array([2, 0], np.int32),
    )
    left = open_questions.without_open_questions(dataset)
    assert left.questions == ("tent help please", "trouble with the boots")
    assert left.right_question.tolist() == [0, 1] and left.right_answer.tolist() == [1, 2]
    assert (left.wrong_question.tolist(), left.wrong_answer.tolist()) == ([0], [0])


def test_attributes_that_the_data_have_are_taken_from_the_log():
    asked = AskedQuestions(["do you sell kayaks"], [7], (), {"category": ["x"], "other": ["y"]})
    dataset, _ = with_open_questions(made(), asked, file="log")
    assert dataset.attributes == {"category": ("a", "b", "c", "x")}
    assert dataset.question_row[-1] == 7


# Open questions whose answers people gave, and questions that they wrote.

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
    told = asdict(account)
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
