"""JSON with comments, commas too many, several documents; lists and sheets that name each other."""

from __future__ import annotations

import json

import pytest

from tests.data.made_files import PAIRS, document, right, said, workbook, wrong

ROWS = sorted(PAIRS)
RECORDS = [{"question": q, "answer": a} for q, a in ROWS]
TEXTS = [json.dumps(record) for record in RECORDS]
GRAVE = "See https://lib.example/a,] // or /* ask */ us."


@pytest.mark.parametrize(
    ("text", "name", "note"),
    [
        ("[\n" + "".join(f"{t},\n" for t in TEXTS) + "]", "faq.json", "nothing behind them"),
        ('// ours\n{/* all */ "items": [\n' + ",\n".join(TEXTS) + "\n]}", "faq.json", "comments"),
        ("# ours\n" + ",\n".join(TEXTS) + ",\n\n// end\n", "faq.jsonl", "nothing behind them"),
        ("\n".join(json.dumps(r, indent=2) for r in RECORDS), "faq.json", "one after another"),
        (json.dumps(json.dumps(RECORDS)), "faq.json", "one text that holds JSON"),
        (json.dumps({"Cards": dict(ROWS[:2]), "Loans": dict(ROWS[2:])}), "faq.json", "Topics"),
    ],
)
def test_json_that_is_nearly_json_is_read_with_a_note(read, text, name, note):
    report = read(text.encode(), name)
    assert right(report) == PAIRS and not wrong(report), said(report)
    assert note in said(report) and not report.set_aside


def test_what_looks_like_a_comment_inside_a_text_stays(read):
    records = [*RECORDS, {"question": "Where do I read more?", "answer": GRAVE}]
    text = "[" + ",\n".join(map(json.dumps, records)) + ", // end\n]"
    assert ("Where do I read more?", GRAVE) in right(read(text.encode(), "faq.json"))


def test_a_broken_line_stays_broken_beside_lines_with_addresses(read):
    texts = [json.dumps({"question": q, "answer": f"{a} https://lib.example"}) for q, a in ROWS]
    report = read("\n".join(['{"question": "odd', *texts]).encode(), "faq.jsonl")
    assert right(report) == {(q, f"{a} https://lib.example") for q, a in ROWS}
    assert len(report.set_aside) == 1


def test_the_score_of_a_search_judges_nothing(read):
    hits = [{"_index": "faq", "_score": 9.5 - i, "_source": r} for i, r in enumerate(RECORDS)]
    report = read(document({"took": 3, "hits": {"hits": hits}}), "hits.json")
    assert right(report) == PAIRS and "rating" not in report.columns
    assert "_score" in {part.name for part in report.not_used}


def test_articles_lie_in_folders_of_categories(read):
    articles = [{"id": i, "title": q, "description": a, "hits": 3} for i, (q, a) in enumerate(ROWS)]
    folders = [
        {"name": "Loans", "articles": articles[:3]},
        {"name": "Rooms", "articles": articles[3:]},
    ]
    report = read(document([{"category": {"name": "All", "folders": folders}}]), "solutions.json")
    assert right(report) == PAIRS, said(report)


INTENTS = [{"intent": f"i{i}", "examples": [{"text": q}]} for i, (q, _) in enumerate(ROWS)]


@pytest.mark.parametrize(
    "content",
    [
        {
            "intents": INTENTS,
            "dialog_nodes": [
                {"conditions": f"#i{i}", "output": {"generic": [{"values": [{"text": a}]}]}}
                for i, (_, a) in enumerate(ROWS)
            ],
        },
        {
            "intents": INTENTS,
            "dialog_nodes": [
                {"conditions": f"#i{i} && true", "output": {"text": {"values": [a]}}}
                for i, (_, a) in enumerate(ROWS)
            ],
        },
        {
            "intents": [{"name": i["intent"], "examples": i["examples"]} for i in INTENTS],
            "replies": [{"intent": f"i{i}", "text": a} for i, (_, a) in enumerate(ROWS)],
        },
    ],
)
def test_the_answers_of_intents_are_found_elsewhere_in_the_file(read, content):
    report = read(document(content), "skill.json")
    assert right(report) == PAIRS, said(report)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("Intent", "Utterance"), ("Intent", "Response")),
        (("Frage", "Antwort-ID"), ("Antwort-ID", "Antwort")),
        (("質問", "回答ID"), ("ID", "回答")),
    ],
)
@pytest.mark.parametrize("answers_first", [True, False])
def test_questions_and_answers_on_two_sheets_are_joined(read, asked, told, answers_first):
    key_first = asked[0] == "Intent"
    questions = [
        asked,
        *((f"k{i}", q) if key_first else (q, f"k{i}") for i, (q, _) in enumerate(ROWS)),
    ]
    answers = [told, *((f"k{i}", a) for i, (_, a) in reversed(list(enumerate(ROWS))))]
    first, second = (answers, questions) if answers_first else (questions, answers)
    report = read(workbook(first, Other=second), "faq.xlsx")
    assert right(report) == PAIRS and not wrong(report), said(report)
    assert "The answers were taken from" in said(report)


def test_a_topic_with_many_answers_joins_nothing(read):
    questions = [("Category", "Question"), *(("Loans", q) for q, _ in ROWS)]
    answers = [("Category", "Answer"), *(("Loans", a) for _, a in ROWS)]
    report = read(workbook(questions, Answers=answers), "faq.xlsx")
    assert not right(report) & {(q, a) for q, _ in ROWS for _, a in ROWS}
    assert "nothing says which of them belongs" in said(report)


def test_two_sheets_of_numbered_texts_are_not_joined(read):
    first = [("ID", "Title", "Text"), *((i, q, a) for i, (q, a) in enumerate(ROWS))]
    second = [("ID", "Text"), *((i, f"{a} Once more.") for i, (_, a) in enumerate(ROWS))]
    assert right(read(workbook(first, Notes=second), "faq.xlsx")) == PAIRS


def test_entities_and_escaped_line_breaks_are_read_as_what_they_stand_for(read):
    rows = [
        {"question": f"{q} &quot;A&amp;B&quot;", "answer": f"{a}\\nThank&nbsp;you."}
        for q, a in ROWS
    ]
    report = read(document(rows), "faq.json")
    assert right(report) == {(f'{q} "A&B"', f"{a}\nThank you.") for q, a in ROWS}
    assert "read as line breaks" in said(report) and "&quot;" in said(report)


def test_texts_about_code_keep_their_entities_and_paths(read):
    rows = [*RECORDS, {"question": "What is &amp; in HTML?", "answer": "Put it into C:\\new\\n1."}]
    rows += [{"question": f"{q} {i}", "answer": f"{a} {i}"} for i in range(2) for q, a in ROWS]
    report = read(document(rows), "faq.json")
    assert ("What is &amp; in HTML?", "Put it into C:\\new\\n1.") in right(report)
    assert "talk about code" in said(report)


@pytest.mark.parametrize(
    "end", ["Write \\nabla or \\neq.", "See C:\\new\\notes.", ": \\nu, \\(n\\)"]
)
def test_what_begins_like_a_line_break_stays(read, end):
    rows = [{"question": q, "answer": f"{a} {end}"} for q, a in ROWS]
    assert right(read(document(rows), "faq.json")) == {(q, f"{a} {end}") for q, a in ROWS}


@pytest.mark.parametrize("others", [0, 2])
def test_what_a_row_says_about_code_counts_for_all_entities_of_a_table(read, others):
    asked = ["Umlaut in a web page?", "Copyright sign?", "Quotes?", "How do I write a link?"]
    told = ["Write &auml; here.", "Type &copy; in the template.", "Use &quot; for it."]
    pairs = list(zip(asked, [*told, "&lt;a&gt; in the source."], strict=True))
    pairs += [(f"{q} {i}", f"{a} {i}") for i in range(others) for q, a in ROWS]
    report = read(document([{"question": q, "answer": a} for q, a in pairs]), "faq.json")
    assert right(report) == set(pairs) and "talk about code" in said(report)


def test_an_offer_of_a_code_is_no_talk_about_code(read):
    rows = [{"question": q, "answer": f"{a} Terms &amp; rules."} for q, a in ROWS]
    rows += [{"question": "Do I need a code?", "answer": "A code &amp; a card."}]
    report = read(document(rows), "faq.json")
    assert ("Do I need a code?", "A code & a card.") in right(report)
