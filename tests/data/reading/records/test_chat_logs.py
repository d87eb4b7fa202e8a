"""Chats that messengers export as text."""

from __future__ import annotations

import pytest

from tests.data.made_files import PAIRS, right, said, wrong

ROWS = sorted(PAIRS)


def chat(form, asks, replies):
    return "".join(
        form.format(i=i, who=w, text=t)
        for i, (q, a) in enumerate(ROWS)
        for w, t in ((asks, q), (replies, a))
    )


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (
            chat("02.01.25, 10:0{i} - {who}: {text}\n", "+49 151 234", "Bücherei"),
            "Bücherei as the one who replies",
        ),
        (
            chat("[1/2/25, 10:0{i}:05 PM] {who}: {text}\n", "Customer", "Agent"),
            "the reply is the answer",
        ),
        (
            "[LINE] Libraryとのトーク履歴\n\n2025/01/02(木)\n"
            + chat("10:0{i}\t{who}\t{text}\n", "Ann", "Library"),
            "Ann was taken",
        ),
    ],
)
def test_a_chat_of_two_is_read_line_by_line(read, text, note):
    report = read(text.encode(), "chat.txt")
    assert right(report) == PAIRS and not wrong(report), said(report)
    assert note in said(report)


def test_pictures_are_counted_and_further_lines_belong_to_the_message(read):
    text = "1/2/25, 10:00 - Messages are encrypted.\n"
    text += chat("1/2/25, 10:0{i} - {who}: {text}\nMore of it.\n", "Customer", "Agent")
    report = read((text + "1/2/25, 10:09 - Agent: <Media omitted>\n").encode(), "chat.txt")
    assert right(report) == {(f"{q}\nMore of it.", f"{a}\nMore of it.") for q, a in ROWS}
    assert "2 lines of the messenger" in said(report)


def test_a_chat_of_several_people_is_refused_with_what_to_do(read):
    text = chat("1/2/25, 10:0{i} - {who}: {text}\n", "Ann", "Bob") + "1/2/25, 10:09 - Carl: ok\n"
    report = read(text.encode(), "chat.txt")
    assert "nothing says who asks" in str(report.refused)


def test_the_log_of_a_program_is_no_chat(read):
    text = "".join(
        f"[2025-01-02 10:00:0{i}] {level}: started\n"
        for i in range(5)
        for level in ("INFO", "WARN")
    )
    assert "who asks" not in str(read(text.encode(), "log.txt").refused)
