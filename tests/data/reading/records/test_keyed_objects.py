"""Objects whose names are questions, topics or ids, and maps that their ids join."""

import pytest

from core.data.table import NotUsed
from tests.data.made_files import (
    ANSWERS,
    NOT_PAIRS,
    PAIRS,
    QUESTIONS,
    WRONG,
    ZIPPED,
    document,
    right,
    said,
    wrong,
)

JAPANESE = {
    "会員証をなくしたら？": ["窓口で再発行します。", "手数料は三百円です。"],
    "本は何冊借りられますか？": ["一度に十二冊までです。", "映画は四本までです。"],
    "閉館後の返却は？": ["入口の左の返却口をご利用ください。", "いつでも返せます。"],
}


def test_each_answer_in_the_list_of_a_question_is_its_own(read):
    """Lists of equal length were read as columns of pandas, and answers became questions."""
    report = read(document({q: [a, b] for q, a, b in ZIPPED}), "a.json")
    assert right(report) == PAIRS | NOT_PAIRS
    report = read(document(JAPANESE), "a.json")
    assert right(report) == {(q, a) for q, both in JAPANESE.items() for a in both}


LISTS = {
    "one each": {q: [a] for q, a, _ in ZIPPED},
    "with and without a list": {q: [a] if i % 2 else a for i, (q, a, _) in enumerate(ZIPPED)},
    "objects": {q: {"answer": a, "category": "library"} for q, a, _ in ZIPPED},
    "in topics": {"Library": {q: [a] for q, a, _ in ZIPPED}},
    "no question marks": {q.rstrip("?"): [a] for q, a, _ in ZIPPED},
    "answers as names": {a: [q] for q, a, _ in ZIPPED},
    "ids": {"faq": {f"f{i}": {"question": q, "answer": a} for i, (q, a, _) in enumerate(ZIPPED)}},
    "ids beside others": {
        "faq": {f"{i}": {"q": q, "a": {"text": a}} for i, (q, a, _) in enumerate(ZIPPED)},
        "meta": {"version": 2},
    },
    "ids, deep": {
        "export": {
            "of": "2024",
            "entries": {
                k: {"Frage": q, "Antwort": a} for k, (q, a, _) in zip("abcde", ZIPPED, strict=True)
            },
        }
    },
    "ids in topics": {
        "faq": {
            topic: {q[:8]: {"question": q, "answer": a} for q, a, _ in some}
            for topic, some in (("Cards", ZIPPED[:2]), ("Games", ZIPPED[2:]))
        }
    },
}


@pytest.mark.parametrize("content", LISTS.values(), ids=LISTS.keys())
def test_names_are_questions_or_ids(read, content):
    asked = right(read(document(content), "a.json"))
    assert {(q.rstrip("?"), a) for q, a in asked} == {(q.rstrip("?"), a) for q, a in PAIRS}


COLUMNS = {
    "names": {"Customer question": QUESTIONS, "Our answer": ANSWERS, "Internal note": WRONG},
    "a survey": {
        "How old are you?": ["30", "41", "29", "53", "38"],
        "What is your question?": QUESTIONS,
        "What did we answer?": ANSWERS,
    },
}


@pytest.mark.parametrize("content", COLUMNS.values(), ids=COLUMNS.keys())
def test_names_of_columns_stay_names(read, content):
    assert right(read(document(content), "a.json")) == PAIRS
    two = {name: cells[:2] for name, cells in content.items()}
    assert right(read(document(two), "a.json")) == {(q, a) for q, a, _ in ZIPPED[:2]}


@pytest.mark.parametrize("grades", [(1, 1, 1, 1, 0), ("1", "1", "1", "1", "0")], ids=["n", "s"])
def test_columns_of_pandas_are_no_maps_that_ids_join(read, grades):
    """A grade such as 1 is the name of a row, too."""
    columns = {"question": QUESTIONS, "answer": ANSWERS, "rating": grades}
    content = {name: {str(i): cell for i, cell in enumerate(c)} for name, c in columns.items()}
    report = read(document(content), "a.json")
    assert right(report) == {(q, a) for q, a, _ in ZIPPED[:4]}
    assert wrong(report) == {(QUESTIONS[4], ANSWERS[4])}


@pytest.mark.parametrize(
    "cell",
    [lambda i: [i, (i + 1) % 5], lambda i: {str((i + 2) % 5): 1}, lambda i: (i + 3) % 5],
    ids=["list", "object", "one"],
)
@pytest.mark.parametrize("name", ["pages", "related", "category_ids"])
def test_numbers_in_a_column_of_pandas_are_no_ids_of_other_rows(read, name, cell):
    columns = {"question": QUESTIONS, "answer": ANSWERS, name: [cell(i) for i in range(5)]}
    content = {name: {str(i): cell for i, cell in enumerate(c)} for name, c in columns.items()}
    assert right(read(document(content), "a.json")) == PAIRS


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        (("What do you ask?", "What do we say?", "Who are you?", "When?", "And why?"), 2),
        (("Note 0.", "Note 1.", "Note 2.", "Note 3.", "question", "answer"), 3),
        (("How was it?", "And the room?", "And the food?"), 3),
    ],
    ids=["questions below", "question and answer", "as many rows"],
)
def test_a_small_survey_by_columns_is_not_asked_by_its_names(read, names, rows):
    cells = [QUESTIONS[:rows], ANSWERS[:rows], *([WRONG[:rows]] * 4)]
    if "question" in names:
        cells = [WRONG[:rows]] * 4 + cells[:2]
    report = read(document(dict(zip(names, cells, strict=False))), "a.json")
    assert not {question for question, *_ in report.pairs} & {*names}


MAPS = ("queries", "corpus", "relevant_docs"), ("Fragen", "Texte", "Zuordnung")


@pytest.mark.parametrize("names", MAPS, ids=lambda names: names[0])
@pytest.mark.parametrize("related", [lambda i: [f"n{i}"], lambda i: f"n{i}"], ids=["list", "one"])
def test_ids_join_questions_and_documents(read, names, related):
    asked = {f"u{i}": q for i, q in enumerate(QUESTIONS)}
    texts = {f"n{i}": a for i, a in enumerate((*ANSWERS, "Of this text nobody asks."))}
    joins = {f"u{i}": related(i) for i in range(5)}
    content = dict(zip(names, (asked, texts, joins), strict=True)) | {"mode": "text"}
    report = read(document(content), "a.json")
    assert right(report) == PAIRS and report.not_used == [NotUsed("list", names[1], 1)]


def test_grades_judge_titles_stay_and_lost_documents_are_named(read):
    content = {
        "queries": {str(i): q for i, q in enumerate(QUESTIONS)},
        "corpus": {str(i): {"title": f"{i}.", "text": a} for i, a in enumerate(ANSWERS)},
        "qrels": {str(i): {str(i): 2, str((i + 1) % 5): 0} for i in range(4)} | {"4": {"x9": 1}},
    }
    report = read(document(content), "a.json")
    assert right(report) == {(q, f"{i}. {a}") for i, (q, a, _) in enumerate(ZIPPED[:4])}
    assert len(wrong(report)) == 4 and report.open == [QUESTIONS[4]] and "x9" in said(report)
