"""Lines alone: what ends in a question mark asks if the others answer; in doubt nothing does."""

import io

import openpyxl
import pytest

from core.data.logs.question_log import read_log
from core.data.reading.formats import read_table
from core.errors import DataError

QUESTIONS = ["How do I return a tent?", "Where is my new lamp?", "Can I pay by card?"]
ANSWERS = ["Print a label, then go.", "On its way to you.", "Yes, with any of them."]
PAIRS = [list(pair) for pair in zip(QUESTIONS, ANSWERS, strict=True)]


def rows(content, name):
    content = content if isinstance(content, bytes) else content.encode()
    return read_table(content, name).frame.iloc[:, :2].to_numpy().tolist()


def sheet(cells):
    book = openpyxl.Workbook()
    for row in cells:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{q}\n{a}\n" for q, a in PAIRS),
        "".join(f"{q}\n\n{a}\n\n" for q, a in PAIRS),
        "OUR FAQ\n\n" + "".join(f"{i}. {q}\n{a}\n\n" for i, (q, a) in enumerate(PAIRS, 1)),
        "".join(f"Q{i}. {q}\n{a}\n\n" for i, (q, a) in enumerate(PAIRS, 1)),
    ],
)
def test_questions_of_a_plain_text(text):
    assert rows(text, "faq.txt") == PAIRS


def test_only_the_first_line_of_a_block_asks():
    text = "".join(f"{q}\n{a}\nStill no luck?\nCall us.\n\n" for q, a in PAIRS)
    assert rows(text, "faq.txt")[0] == [QUESTIONS[0], f"{ANSWERS[0]}\nStill no luck?\nCall us."]


def test_a_line_that_names_a_section_is_no_part_of_the_answer_above():
    pairs = [*PAIRS, *([f"And {q}", a] for q, a in PAIRS)]
    lines = [line for pair in pairs for line in pair]
    lines.insert(6, "RETURNS")
    table = read_table("\n".join(lines).encode(), "faq.txt")
    assert table.frame[["question", "answer"]].to_numpy().tolist() == pairs
    assert table.frame["category"].tolist() == [""] * 3 + ["RETURNS"] * 3


@pytest.mark.parametrize(
    "lines",
    [
        QUESTIONS,
        [*QUESTIONS, "tent size chart", "lamp sale", *QUESTIONS],
        ["Where is my lamp?", "It is new.", "My code fails.", "I want it.", "Can I pay?", "Hello."],
        [text for pair in PAIRS for text in (pair[0].rstrip("?"), pair[1])],
    ],
)
def test_lines_in_doubt_are_no_pairs(lines):
    for name in ("faq.txt", "faq.csv"):
        with pytest.raises(DataError, match="only one column"):
            read_table("\n".join(f'"{line}"' for line in lines).encode(), name)


def test_lines_of_a_log_stay_questions():
    lines = [text for pair in PAIRS for text in pair]
    table = read_log("\n".join(lines).encode(), "log.txt")
    assert table.frame.iloc[:, 0].tolist() == lines


@pytest.mark.parametrize(
    "cells",
    [
        [["FAQ"], *([text] for pair in PAIRS for text in pair)],
        [[f"{mark}: {text}"] for pair in PAIRS for mark, text in zip("QA", pair, strict=True)],
        [
            [f"{mark}{i}", text]
            for i, p in enumerate(PAIRS)
            for mark, text in zip("QA", p, strict=True)
        ],
        [
            ["type", "text"],
            *([m, t] for p in PAIRS for m, t in zip(("Frage", "Antwort"), p, strict=True)),
        ],
    ],
)
def test_questions_above_their_answers_in_a_sheet(cells):
    assert rows(sheet(cells), "faq.xlsx") == PAIRS


def test_the_first_pair_stays_where_blank_rows_part_labelled_ones(read):
    """The rows above a blank one look like the head of a report."""
    rows = [
        f'Q{i},How do I order thing {i}?\nA{i},"Open the page of thing {i}, then press it."\n,\n'
        for i in range(1, 26)
    ]
    report = read("".join(rows).encode())
    assert len(report.pairs) == 25
    assert report.pairs[0][:2] == (
        "How do I order thing 1?",
        "Open the page of thing 1, then press it.",
    )


def test_rows_that_say_what_they_hold_keep_their_other_labels_and_tell_what_is_left():
    cells = [["Our FAQ"]]
    for question, answer in PAIRS:
        cells += [["Frage", question], ["Antwort", answer], ["Intern", "ask Kim"], []]
    table = read_table(sheet(cells), "faq.xlsx")
    assert table.columns == ("question", "answer", "Intern")
    assert table.frame.iloc[:, :2].to_numpy().tolist() == PAIRS
    assert table.row_numbers.tolist() == [2, 6, 10]
    assert [(part.name, part.count) for part in table.not_used] == [("Our FAQ", 1)]


@pytest.mark.parametrize(
    ("first", "second"), [("Anna", "Ben"), ("Dr. Weiß", "M. Roux"), ("田中", "李")]
)
def test_names_of_two_who_speak_in_turns_are_no_part_of_what_they_say(first, second):
    lines = [f"{first}: {q}\n{second}: {a}\n" for q, a in PAIRS]
    table = read_table("\n".join(lines).encode(), "talk.txt")
    assert table.frame.iloc[:, :2].to_numpy().tolist() == PAIRS
    assert f"{first} asks and {second} answers" in " ".join(map(str, table.warnings))


def test_names_of_more_or_of_those_who_do_not_ask_in_turns_stay():
    for names in (("Anna", "Ben", "Cleo"), ("Anna", "Anna", "Ben")):
        text = "\n\n".join(
            f"{names[i % 3]}: {q}\n{names[(i + 1) % 3]}: {a}" for i, (q, a) in enumerate(PAIRS)
        )
        assert not any("asks and" in str(w) for w in read_table(text.encode(), "t.txt").warnings)
