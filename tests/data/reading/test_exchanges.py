"""Conversations as lists of turns, as rows of a table, as exports of help desks."""

from __future__ import annotations

import json

import pytest

from core.data.reading.exchanges import paired
from tests.data.made_files import PAIRS, lines, right, said, table, wrong

ROWS = sorted(PAIRS)


def test_messages_of_one_side_in_a_row_belong_together():
    turns = [
        ("agent", "Welcome!"),
        ("user", "My card"),
        ("user", "is lost."),
        ("agent", "Sorry."),
        ("agent", "It costs three euros."),
        ("system", "closed"),
        ("user", "Thanks?"),
    ]
    assert paired(turns) == [
        (1, "My card\nis lost.", "Sorry.\nIt costs three euros."),
        (6, "Thanks?", ""),
    ]


@pytest.mark.parametrize(
    ("head", "asks", "replies"),
    [
        (("conversation_id", "timestamp", "sender", "message"), "customer", "agent"),
        (("session", "time", "Rolle", "Text"), "Kunde", "Berater"),
        (("会話ID", "日時", "話者", "発言"), "お客様", "オペレーター"),
        (("对话ID", "时间", "角色", "内容"), "用户", "客服"),
    ],
)
def test_rows_of_a_chat_become_questions_with_their_replies(read, head, asks, replies):
    rows = [
        row
        for i, (q, a) in enumerate(ROWS)
        for row in ((i // 2, f"10:0{i}", asks, q), (i // 2, f"10:0{i}", replies, a))
    ]
    report = read(table(head, rows))
    assert right(report) == PAIRS and not wrong(report), said(report)
    assert "the reply is the answer" in said(report)
    later = len(ROWS) - len({i // 2 for i in range(len(ROWS))})
    assert f"{later} questions come later" in said(report)


def test_a_question_that_nobody_answered_is_open(read):
    rows = [row for q, a in ROWS for row in (("user", q), ("bot", a))]
    report = read(table(("role", "content"), [*rows, ("user", "Anybody there?")]))
    assert right(report) == PAIRS and report.open == ["Anybody there?"]


def test_tweets_are_paired_by_the_message_they_reply_to(read):
    asked = [(2 * i, f"u{i}", "True", q, "") for i, (q, _) in enumerate(ROWS)]
    told = [(2 * i + 1, "shop", "False", a, f"{2 * i}.0") for i, (_, a) in enumerate(ROWS)]
    head = ("tweet_id", "author_id", "inbound", "text", "in_response_to_tweet_id")
    report = read(table(head, [*asked, *reversed(told)]))
    assert right(report) == PAIRS and not wrong(report), said(report)


def test_a_column_of_channels_beside_question_and_answer_is_no_speaker(read):
    rows = [(q, a, "user" if i % 2 else "agent") for i, (q, a) in enumerate(ROWS)]
    assert right(read(table(("question", "answer", "asked by"), rows))) == PAIRS


@pytest.mark.parametrize("in_lines", [True, False])
def test_conversations_of_intercom_and_tickets_of_zendesk(read, in_lines):
    intercom = [
        {
            "id": i,
            "source": {"body": f"<p>{q}</p>", "author": {"type": "user"}},
            "conversation_parts": {
                "conversation_parts": [
                    {"part_type": "assignment", "body": None, "author": {"type": "admin"}},
                    {"part_type": "comment", "body": f"<p>{a}</p>", "author": {"type": "admin"}},
                ]
            },
        }
        for i, (q, a) in enumerate(ROWS)
    ]
    zendesk = [
        {
            "id": i,
            "subject": "Help",
            "requester_id": 7,
            "comments": [{"author_id": 7, "body": q}, {"author_id": 1, "body": a}],
        }
        for i, (q, a) in enumerate(ROWS)
    ]
    for records, key in ((intercom, "conversations"), (zendesk, "tickets")):
        content = lines(records) if in_lines else json.dumps({key: records}).encode()
        report = read(content, "faq.jsonl" if in_lines else "faq.json")
        assert right(report) == PAIRS, said(report)
        assert "Read as: Tickets and conversations of a help desk" in said(report)


@pytest.mark.parametrize(
    "thanks",
    [
        "Thanks!",
        "ok thank you so much",
        "Vielen Dank für Ihre Hilfe",
        "ありがとうございます",
        "谢谢",
    ],
)
def test_thanks_at_the_end_of_a_talk_ask_nothing(thanks):
    talk = [("user", "My card?"), ("agent", "Here."), ("user", thanks), ("agent", "Welcome.")]
    assert paired(talk) == [(0, "My card?", "Here.")]
    assert len(paired([*talk[:2], ("user", f"{thanks} And where?"), talk[3]])) == 2
