"""Lists and columns of which one judges the other: right and wrong answers as the file says."""

import json

import pytest

from core.data.columns.guessing import guess_columns
from core.data.pairs import collect_pairs
from core.data.reading.formats import read_table
from core.errors import DataError

RIGHT, WRONG = "Up to twelve items, four of them films.", "The hatch is open at any hour."
OTHER = "A lost card costs three euros."


def read(content, name="a.jsonl"):
    """Return right and wrong answers of a file, and its sentences."""
    table = read_table(content.encode(), name, unfold=False)
    guess = guess_columns(table)
    pairs = collect_pairs(table, guess.mapping)
    right = {pairs.answers[i] for i in pairs.right_answer.tolist()}
    said = " ".join(map(str, (*table.warnings, *guess.notes, *pairs.warnings)))
    return right, {answer for _, answer in pairs.known_wrong}, said


def lines(*, key="question", **record):
    return "\n".join(json.dumps({key: f"How many of {i}?", **record}) for i in range(3))


LISTS = {
    "labels": {"docs": [RIGHT, WRONG], "labels": [1, 0]},
    "booleans": {"passages": [WRONG, RIGHT], "is_relevant": [False, True]},
    "words": {"candidates": [WRONG, RIGHT], "judgements": ["bad", "good"]},
    "scores": {"documents": [RIGHT, WRONG], "relevance_scores": [0.9, 0.0]},
    "votes in an object": {"answers": {"text": [RIGHT, WRONG], "score": [5, -4], "a_id": [1, 2]}},
    "targets in an object": {"mc1_targets": {"choices": [WRONG, RIGHT], "labels": [0, 1]}},
    "objects": {"results": [{"passage": RIGHT, "grade": 3}, {"passage": WRONG, "grade": 0}]},
    "accepted": {
        "Answers": [
            {"Body": WRONG, "IsAccepted": False, "Score": 9},
            {"Body": RIGHT, "IsAccepted": True, "Score": 1},
        ]
    },
    "id of the accepted": {
        "AcceptedAnswerId": 8,
        "Answers": [{"Id": 7, "Body": WRONG}, {"Id": 8, "Body": RIGHT}],
    },
    "letter": {"choices": {"text": [WRONG, RIGHT], "label": ["A", "B"]}, "answerKey": "B"},
    "lettered object": {"options": {"A": WRONG, "B": RIGHT}, "answer": "B"},
    "lettered texts": {"options": [f"A) {WRONG}", f"B) {RIGHT}"], "correct": "B"},
    "text": {"choices": [WRONG, RIGHT], "answer": RIGHT},
    "index": {"choices": [WRONG, RIGHT], "correct_index": 1},
    "turns": {
        "chosen": [{"role": "user", "content": "Hm?"}, {"role": "assistant", "content": RIGHT}],
        "rejected": [{"role": "user", "content": "Hm?"}, {"role": "assistant", "content": WRONG}],
    },
}


@pytest.mark.parametrize("record", LISTS.values(), ids=LISTS.keys())
def test_each_element_has_its_own_judgement(record):
    assert read(lines(**record))[:2] == ({RIGHT}, {WRONG})


KEYS = ["has_answer", "containsAnswer", "is_supporting", "positive", "used", "cited", "hit"]
KEYS += ["answerable", "useful", "match", "nützlich", "utile", "正解", "正确"]


@pytest.mark.parametrize("yes", [True, 1, "yes"], ids=str)
@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_judges_is_known_by_its_name(key, yes):
    """What a search found and the file marks as wrong was taken for right, without a word."""
    no = "no" if yes == "yes" else type(yes)(0)
    found = [{"text": WRONG, key: no, "score": "81.2"}, {"text": RIGHT, key: yes, "score": "80.1"}]
    right, wrong, said = read(lines(results=found))
    assert (right, wrong) == ({RIGHT}, {WRONG}) and key in said


@pytest.mark.parametrize("key", ["liked", "approved", "useful", "works", "evidence", "is_good"])
def test_a_flag_of_an_answer_that_nobody_has_set_judges_nothing(key):
    given = [{"text": WRONG, key: False}, {"text": RIGHT, key: False}]
    assert read(lines(answers=given))[:2] == ({RIGHT, WRONG}, set())
    judged = [{**given[0], "relevant": False}, {**given[1], "relevant": True}]
    assert read(lines(answers=judged))[:2] == ({RIGHT}, {WRONG})


@pytest.mark.parametrize("key", ["liked", "approved", "agreed"])
def test_answers_that_nobody_has_approved_yet_are_not_wrong(key):
    given = [{"text": WRONG, key: False}, {"text": RIGHT, key: True}]
    assert read(lines(answers=given))[:2] == ({RIGHT, WRONG}, set())


def test_what_a_search_found_may_all_be_wrong():
    found = [{"text": WRONG, "has_answer": False}, {"text": OTHER, "has_answer": False}]
    assert read(lines(ctxs=found))[:2] == (set(), {WRONG, OTHER})


@pytest.mark.parametrize("key", ["in_gold_set", "contient_la_réponse", "belegt", "根拠"])
def test_a_true_and_false_tells_apart_what_a_search_found(key):
    found = [{"text": WRONG, key: False}, {"text": RIGHT, key: True}]
    right, wrong, said = read(lines(ctxs=found))
    assert (right, wrong) == ({RIGHT}, {WRONG}) and key in said


@pytest.mark.parametrize("words", [("negative", "positive"), ("irrelevant", "relevant")])
@pytest.mark.parametrize("key", ["type", "role"])
def test_words_of_right_and_wrong_judge_whatever_their_key(key, words):
    found = [{"text": text, key: word} for text, word in zip((WRONG, RIGHT), words, strict=True)]
    assert read(lines(passages=found))[:2] == ({RIGHT}, {WRONG})
    assert read(lines(passages=[{**item, key: "table"} for item in found]))[1] == set()


@pytest.mark.parametrize("key", ["is_wrong", "distractor", "hard_negative", "falsch"])
def test_a_key_that_says_what_is_wrong_is_turned_round(key):
    found = [{"text": WRONG, key: True}, {"text": RIGHT, key: False}]
    assert read(lines(passages=found))[:2] == ({RIGHT}, {WRONG})


@pytest.mark.parametrize("mark", ["has_answer", "is_supporting", "contient_tout"])
def test_texts_that_are_judged_are_the_answers_beside_a_span_of_them(mark):
    found = [{"paragraph_text": WRONG, mark: False}, {"paragraph_text": RIGHT, mark: True}]
    right, wrong, _ = read(lines(answers=["twelve items"], answerable=True, ctxs=found))
    assert (right, wrong) == ({RIGHT}, {WRONG})
    right, wrong, _ = read(lines(answer=f"I think this helps: {OTHER}", ctxs=found))
    assert (right, wrong) == ({f"I think this helps: {OTHER}"}, set())


@pytest.mark.parametrize(
    ("name", "key", "values"),
    [
        *[("answers", "default", (False, True)), ("answers", "edited", (True, False))],
        *[("passages", "published", (False, True)), ("passages", "nr", (0, 1))],
        *[("passages", "match", (0.4, 0.9)), ("passages", "hits", (1, 7))],
        *[("passages", "line_used", (14, 3)), ("contexts", "archived", (True, False))],
        *[("passages", "half", (0, 1)), ("positive_ctxs", "in_german", (True, False))],
        *[
            ("passages", "sentiment", ("negative", "positive")),
            ("passages", "cost", ("low", "high")),
        ],
        *[("chunks", "is_truncated", (True, False)), ("chunks", "half", (True, True))],
    ],
)
def test_other_keys_beside_a_text_judge_nothing(name, key, values):
    found = [{"text": text, key: value} for text, value in zip((WRONG, RIGHT), values, strict=True)]
    assert read(lines(**{name: found}))[:2] == ({RIGHT, WRONG}, set())


@pytest.mark.parametrize("labels", ["[1 0]", "array([ True, False])", "[1, 0]"])
@pytest.mark.parametrize(
    "texts",
    [f"['{RIGHT}'\n '{WRONG}']", f"array(['{RIGHT}', '{WRONG}'], dtype=object)"],
    ids=["printed", "shown"],
)
def test_lists_that_numpy_wrote_into_a_table_are_taken_apart(texts, labels):
    """numpy leaves out the commas, and Python glues texts side by side into one."""
    rows = "".join(f'How many of {i}?,"{texts}","{labels}"\n' for i in range(3))
    assert read(f"question,docs,labels\n{rows}", "a.csv")[:2] == ({RIGHT}, {WRONG})


def test_a_record_with_right_and_wrong_texts_is_taken_and_not_set_aside():
    table = read_table(lines(**LISTS["labels"]).encode(), "a.jsonl", unfold=False)
    assert collect_pairs(table, guess_columns(table).mapping).set_aside == ()


def test_scores_of_negatives_and_of_a_search_judge_nothing():
    record = {"pos": [RIGHT], "neg": [WRONG], "pos_scores": [0.9], "neg_scores": [0.4]}
    assert read(lines(**record))[:2] == ({RIGHT}, {WRONG})
    found = [{"text": RIGHT, "score": 0.81}, {"text": OTHER, "score": 0.12}]
    assert read(lines(positive_ctxs=found))[:2] == ({RIGHT, OTHER}, set())


def test_places_beside_a_list_judge_nothing():
    spans = {"answers": {"text": [RIGHT, OTHER], "answer_start": [0, 1]}}
    assert read(lines(**spans))[:2] == ({RIGHT, OTHER}, set())


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("question,A,B,answer", f"{WRONG},{RIGHT},B"),
        ("question,option_a,option_b,correct", f"{RIGHT},{WRONG},a"),
        ("frage,Antwort 1,Antwort 2,richtig", f"{WRONG},{RIGHT},2"),
        ("Frage,A),B),Lösung", f"{WRONG},{RIGHT},B"),
        ("question,Option 1,Option 2,Correct", f"{RIGHT},{WRONG},Option 1"),
        ("goal,sol1,sol2,label", f"{RIGHT},{WRONG},0"),
        ("question,answer1,rating1,answer2,rating2", f"{RIGHT},5,{WRONG},1"),
        ("question,answers,labels", f'"[""{WRONG}"", ""{RIGHT}""]","[0, 1]"'),
    ],
)
def test_columns_side_by_side_are_judged_each(head, row):
    row = row.replace("items, four", "items; four")
    text = "\n".join([head, *(f"How many of {i}?,{row}" for i in range(3))])
    right = RIGHT.replace(",", ";")
    assert read(text, "a.csv")[:2] == ({right}, {WRONG})


def test_numbers_that_may_count_from_0_or_1_are_told():
    _, _, said = read(lines(choices=[WRONG, RIGHT, OTHER], answer=1))
    assert "may count from 0 or from 1" in said


def test_lists_of_different_length_are_refused_with_their_lengths():
    with pytest.raises(DataError, match="docs has 2 elements and labels has 3"):
        read(lines(docs=[RIGHT, WRONG], labels=[1, 0, 0]))
    whole = {"questions": ["a b?", "c d?", "e f?"], "answers": [RIGHT, WRONG]}
    with pytest.raises(DataError, match="questions has 3 elements and answers has 2"):
        read(json.dumps(whole), "a.json")


def test_questions_and_answers_of_equal_length_go_together_wordings_do_not():
    lists = {"questions": ["When?", "Where?"], "answers": [RIGHT, OTHER]}
    text = "\n".join(json.dumps({"doc": f"Text {i}", **lists}) for i in range(3))
    table = read_table(text.encode(), "a.jsonl")
    pairs = set(zip(table.frame["questions"], table.frame["answers"], strict=True))
    assert pairs == {("When?", RIGHT), ("Where?", OTHER)}
    intent = {"patterns": ["When?", "Where?"], "responses": [RIGHT, OTHER]}
    table = read_table("\n".join([json.dumps(intent)] * 2).encode(), "a.jsonl")
    assert len(set(zip(table.frame["patterns"], table.frame["responses"], strict=True))) == 4


def test_questions_listed_about_a_text_are_pairs():
    pairs = [{"q": "How many?", "a": RIGHT}, {"q": "How much?", "a": OTHER}]
    text = "\n".join(json.dumps({"doc": f"Text {i}.", "qa": pairs}) for i in range(2))
    table = read_table(text.encode(), "a.jsonl")
    assert table.frame[["q", "a", "doc"]].values.tolist()[:2] == [
        ["How many?", RIGHT, "Text 0."],
        ["How much?", OTHER, "Text 0."],
    ]


# Two texts with a label are a pair; two replies to a question are choices.

PAIRED = [
    (f"Can I pay for part {i}?", f"Part {i} is paid at the desk, in cash or with a card.")
    for i in range(8)
]


def two_texts(names, key, marks, beside=None):
    """Each pair as right and, with another answer, as wrong."""
    head = [*names, key, *([beside[0]] if beside else [])]
    rows = [head]
    for i, (question, answer) in enumerate(PAIRED):
        for text, mark in ((answer, marks[0]), (PAIRED[i - 1][1], marks[1])):
            rows.append([question, text, mark, *([beside[1].format(i)] if beside else [])])
    return "\n".join("\t".join(row) for row in rows)


@pytest.mark.parametrize(
    "names",
    [
        *[("text_a", "text_b"), ("sentence_A", "sentence_B"), ("query a", "query b")],
        *[("Satz A", "Satz B"), ("Texto-A", "Texto-B"), ("文_a", "文_b"), ("item_a", "item_b")],
    ],
)
@pytest.mark.parametrize(("key", "marks"), [("label", "10"), ("gold", ("1.0", "0.0"))])
def test_two_texts_and_a_label_are_a_pair(names, key, marks):
    table = read_table(two_texts(names, key, marks).encode(), "a.tsv")
    mapping = guess_columns(table).mapping
    assert (mapping.question, mapping.answer, mapping.rating) == (*names, key)
    assert len(collect_pairs(table, mapping).right_answer) == len(PAIRED)


@pytest.mark.parametrize(
    "beside",
    [
        *[("comment", "looked at by annotator {} on a Monday"), ("topic", "payment")],
        *[("source", "forum of spring {}"), ("explanation", "Both speak of part {}, see there.")],
    ],
)
def test_a_column_beside_two_texts_that_asks_nothing_is_no_question(beside):
    text = two_texts(("text_a", "text_b"), "label", "10", beside)
    mapping = guess_columns(read_table(text.encode(), "a.tsv")).mapping
    assert (mapping.question, mapping.answer, mapping.rating) == ("text_a", "text_b", "label")


@pytest.mark.parametrize(
    ("names", "key"),
    [
        *[("prompt,text_a,text_b", "label"), ("dialogue,text_a,text_b", "label")],
        *[("title,sentence_a,sentence_b", "label"), ("history,human_ref_A,human_ref_B", "labels")],
    ],
)
def test_two_replies_to_a_question_stay_choices(names, key):
    rows = [f"{names},{key}"]
    rows += [f"How many of thing {i}?,{RIGHT.replace(',', ';')},{WRONG},0" for i in range(3)]
    assert read("\n".join(rows), "a.csv")[:2] == ({RIGHT.replace(",", ";")}, {WRONG})


def test_a_winner_of_two_texts_without_a_question_is_no_label():
    table = read_table(two_texts(("text_a", "text_b"), "winner", "10").encode(), "a.tsv")
    assert guess_columns(table).mapping.question is None
