"""Columns are found by name in both languages, else by content, never a column of wrong answers."""

import csv
import io

import pytest

from core.data.columns import ColumnMapping, guess_mapping, role_of
from core.data.reading.formats import read_table

ROW = {
    "question": "Where is my parcel?",
    "answer": "It is on its way; the link in the e-mail shows where.",
    "category": "Delivery",
    "language": "en",
    "rating": "4",
    "source": "chat",
    "question_id": "q7",
    "answer_id": "a7",
}


def table_of(columns, rows):
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows([columns, *rows])
    return read_table(buffer.getvalue().encode(), "faq.csv")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *[(name, "question") for name in ("Question", "QUERY", "anchor", "Customer question", "Q")],
        *[
            (name, "question")
            for name in ("質問", "お問い合わせ内容", "question_text", "質問文", "Ｑ")
        ],
        *[
            (name, "answer")
            for name in ("Answer", "positive", "passage", "Response", "best_answer")
        ],
        *[
            (name, "answer")
            for name in ("回答", "答え", "回答内容", "A", "answer.text", "rightAnswer")
        ],
        *[(name, "category") for name in ("category", "カテゴリ", "分類", "Topic", "大カテゴリー")],
        *[(name, "rating") for name in ("Rating", "score", "評価", "スコア", "relevance_score")],
        *[(name, "language") for name in ("lang", "Language", "言語")],
        *[(name, "source") for name in ("Source", "channel", "受付経路")],
        *[(name, "question_id") for name in ("question_id", "query-id", "Question ID", "質問番号")],
        *[(name, "answer_id") for name in ("answer_id", "doc-id", "回答ID")],
        *[(name, None) for name in ("negative", "hard_negative_1", "wrong answer", "不正解の回答")],
        *[(name, None) for name in ("answered by", "answer date", "回答日時", "number of answers")],
        *[(name, None) for name in ("is a test", "foo", "")],
    ],
)
def test_names_are_understood(name, role):
    assert role_of(name) == role


def test_all_roles_are_found_whatever_the_order():
    roles = list(ROW)[::-1]
    mapping = guess_mapping(table_of(roles, [[ROW[role] for role in roles]] * 3))
    assert mapping == ColumnMapping(**{role: role for role in ROW})


def test_negatives_are_never_answers_even_when_no_answer_is_named():
    rows = [[ROW["question"], "x" * 5 + " wrong text " * 20, ROW["answer"]]] * 5
    mapping = guess_mapping(table_of(["query", "negative", "stuff"], rows))
    assert (mapping.question, mapping.answer) == ("query", "stuff")


def test_without_names_the_column_with_question_marks_is_the_question():
    rows = [
        ["7", f"Everything about topic {i} is written here.", f"What is {i}?"] for i in range(9)
    ]
    mapping = guess_mapping(table_of(["one", "two", "three"], rows))
    assert (mapping.question, mapping.answer) == ("three", "two")


def test_without_names_or_marks_the_more_varied_column_is_the_question():
    rows = [
        ["the same long answer for each of them", f"wording {'abcdefghi'[i]}"] for i in range(9)
    ]
    mapping = guess_mapping(table_of(["one", "two"], rows))
    assert (mapping.question, mapping.answer) == ("two", "one")


def test_a_numeric_answer_column_is_not_the_answer_text():
    rows = [[ROW["question"], "1", ROW["answer"]]] * 5
    assert guess_mapping(table_of(["question", "answer", "body"], rows)).answer == "body"
