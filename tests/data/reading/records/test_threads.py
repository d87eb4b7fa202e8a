"""Exports of help desks and messengers: who asks, who replies, and what no customer has seen."""

from __future__ import annotations

import pytest

from tests.data.made_files import PAIRS, document, lines, right, said, table, wrong

ROWS = sorted(PAIRS)
NOTE = "Careful, this reader never brings anything back."


def turn(text, **more):
    return {"body": f"<p>{text}</p>"} | more


def by(kind, number=1):
    return {"id": number, "type": kind}


TICKETS = {
    "zendesk": lambda q, a: {
        "requester_id": 7,
        "description": q,
        "comments": [
            turn(q, author_id=7, public=True),
            turn(a, author_id=1, public=True),
            turn(NOTE, author_id=1, public=False),
        ],
    },
    "freshdesk": lambda q, a: {
        "description_text": q,
        "conversations": [
            {"body_text": NOTE, "incoming": False, "private": True},
            {"body_text": a, "incoming": False, "private": False},
        ],
    },
    "intercom": lambda q, a: {
        "source": turn(q, author=by("user")),
        "conversation_parts": {
            "conversation_parts": [
                turn(NOTE, part_type="note", author=by("admin")),
                turn(a, part_type="comment", author=by("admin")),
                turn(NOTE, part_type="assignment", author=by("admin")),
            ]
        },
    },
    "help scout": lambda q, a: {
        "_embedded": {
            "threads": [
                turn(
                    NOTE,
                    type="message",
                    state="draft",
                    createdBy=by("user"),
                    createdAt="2025-01-02T09:00:00Z",
                ),
                turn(a, type="message", createdBy=by("user"), createdAt="2025-01-01T09:00:00Z"),
                turn(NOTE, type="note", createdBy=by("user"), createdAt="2025-01-01T08:30:00Z"),
                turn(
                    q, type="customer", createdBy=by("customer"), createdAt="2025-01-01T08:00:00Z"
                ),
            ]
        }
    },
    "zammad": lambda q, a: {
        "articles": [
            turn(q, type="email", sender="Customer", internal=False),
            turn(NOTE, type="note", sender="Agent", internal=True),
            turn(a, type="note", sender="Agent", internal=False),
        ]
    },
    "jira": lambda q, a: {
        "fields": {
            "description": q,
            "reporter": {"accountId": "c"},
            "comment": {
                "comments": [
                    turn(NOTE, author={"accountId": "s"}, jsdPublic=False),
                    turn(a, author={"accountId": "s"}, jsdPublic=True),
                ]
            },
        }
    },
    "gorgias": lambda q, a: {
        "messages": [
            {"from_agent": False, "public": True, "body_text": q},
            {"from_agent": True, "public": False, "channel": "internal-note", "body_text": NOTE},
            {"from_agent": True, "public": True, "body_text": a},
        ]
    },
    "hubspot": lambda q, a: {
        "messages": [
            {"type": "MESSAGE", "direction": "INCOMING", "text": q},
            {"type": "COMMENT", "direction": "OUTGOING", "text": NOTE},
            {"type": "MESSAGE", "direction": "OUTGOING", "text": a},
        ]
    },
    "front": lambda q, a: {
        "messages": {"_results": [turn(q, is_inbound=True), turn(a, is_inbound=False)]},
        "comments": {"_results": [turn(NOTE)]},
    },
    "chatwoot": lambda q, a: {
        "messages": [
            {"content": q, "message_type": 0, "private": False, "sender_type": "Contact"},
            {"content": NOTE, "message_type": 1, "private": True, "sender_type": "User"},
            {"content": a, "message_type": 1, "private": False, "sender_type": "User"},
            {"content": "Conversation was resolved", "message_type": 2, "private": False},
        ]
    },
    "drift": lambda q, a: {
        "messages": [
            turn(q, type="chat", author=by("contact")),
            turn(NOTE, type="private_note", author=by("user")),
            turn(a, type="chat", author=by("user")),
        ]
    },
    "livechat": lambda q, a: {
        "users": [{"id": "c", "type": "customer"}, {"id": "s", "type": "agent"}],
        "thread": {
            "events": [
                {"text": q, "author_id": "c", "visibility": "all"},
                {"text": NOTE, "author_id": "s", "visibility": "agents"},
                {"text": a, "author_id": "s", "visibility": "all"},
            ]
        },
    },
    "osticket": lambda q, a: {
        "thread": {
            "entries": [
                {"type": "M", "poster": "Ann", "user_id": 5, "body": q},
                {"type": "N", "poster": "Bob", "staff_id": 1, "body": NOTE},
                {"type": "R", "poster": "Bob", "staff_id": 1, "body": a},
            ]
        }
    },
    "otrs": lambda q, a: {
        "Article": [
            {"SenderType": "customer", "IsVisibleForCustomer": "1", "Body": q},
            {"SenderType": "agent", "IsVisibleForCustomer": "0", "Body": NOTE},
            {"SenderType": "agent", "IsVisibleForCustomer": "1", "Body": a},
        ]
    },
    "crisp": lambda q, a: {
        "messages": [
            {"type": "text", "from": "user", "content": q},
            {"type": "note", "from": "operator", "content": NOTE},
            {"type": "text", "from": "operator", "content": a},
        ]
    },
}


@pytest.mark.parametrize("in_lines", [True, False])
@pytest.mark.parametrize("program", TICKETS)
def test_a_note_among_the_staff_never_becomes_an_answer(read, program, in_lines):
    tickets = [
        {"id": i, "subject": "Help"} | TICKETS[program](q, a) for i, (q, a) in enumerate(ROWS)
    ]
    content = lines(tickets) if in_lines else document({"data": tickets})
    report = read(content, "tickets.jsonl" if in_lines else "tickets.json")
    assert right(report) == PAIRS and not wrong(report), said(report)
    assert "internal notes or drafts were left out" in said(report)


def test_a_ticket_with_nothing_but_a_note_is_a_question_without_an_answer(read):
    tickets = [{"id": i} | TICKETS["zendesk"](q, a) for i, (q, a) in enumerate(ROWS)]
    del tickets[0]["comments"][1]
    report = read(document({"tickets": tickets}), "tickets.json")
    assert report.open == [ROWS[0][0]] and len(right(report)) == len(ROWS) - 1


@pytest.mark.parametrize(
    ("head", "asked", "note", "told"),
    [
        (
            ("ticket", "author type", "comment", "public"),
            "End-user,true",
            "Agent,false",
            "Agent,true",
        ),
        (
            ("Ticket", "Absender", "Nachricht", "intern"),
            "Kunde,nein",
            "Mitarbeiter,ja",
            "Mitarbeiter,nein",
        ),
        (
            ("会話ID", "話者", "発言", "公開"),
            "お客様,はい",
            "オペレーター,いいえ",
            "オペレーター,はい",
        ),
        (
            ("talk", "Auteur", "Message", "Type"),
            "client,Réponse",
            "agent,Note interne",
            "agent,Réponse",
        ),
        (("ticket", "direction", "body", "private"), "incoming,0", "outgoing,1", "outgoing,0"),
        (("ticket", "sender", "body", "id"), "customer,1", "private note,2", "agent,3"),
    ],
)
def test_rows_that_say_they_are_internal_are_left_out(read, head, asked, note, told):
    rows = []
    for i, (q, a) in enumerate(ROWS):
        for text, marks in ((q, asked), (NOTE, note), (a, told)):
            who, flag = marks.split(",")
            rows.append((f"t{i}", who, text, flag))
    report = read(table(head, rows))
    assert right(report) == PAIRS and not wrong(report), said(report)
    assert f"{len(ROWS)} internal notes" in said(report)


MESSENGERS = {
    "slack": lambda i, q, a: [
        {"type": "message", "user": "U1", "text": q, "ts": f"{i}.1", "thread_ts": f"{i}.1"},
        {"type": "message", "user": "U2", "text": a, "ts": f"{i}.2", "thread_ts": f"{i}.1"},
        {
            "type": "message",
            "subtype": "channel_join",
            "user": "U3",
            "text": "joined",
            "ts": f"{i}.3",
        },
    ],
    "telegram": lambda i, q, a: [
        {"id": 2 * i, "from": "Ann", "from_id": "user1", "text": q},
        {
            "id": 2 * i + 1,
            "from": "Shop",
            "from_id": "user2",
            "reply_to_message_id": 2 * i,
            "text": [a[:4], {"type": "bold", "text": a[4:9]}, a[9:]],
        },
    ],
    "discord": lambda i, q, a: [
        {"id": f"{i}1", "content": q, "author": {"id": "5"}},
        {"id": f"{i}2", "content": a, "author": {"id": "6"}, "reference": {"messageId": f"{i}1"}},
        {
            "id": f"{i}3",
            "content": "Thanks!",
            "author": {"id": "5"},
            "reference": {"messageId": f"{i}2"},
        },
    ],
    "teams": lambda i, q, a: [
        {
            "id": f"{i}1",
            "replyToId": None,
            "from": {"user": {"id": "u"}},
            "body": {"content": f"<p>{q}</p>"},
        },
        {
            "id": f"{i}2",
            "replyToId": f"{i}1",
            "from": {"user": {"id": "v"}},
            "body": {"content": a},
        },
    ],
    "mattermost": lambda i, q, a: [
        {"id": f"{i}1", "root_id": "", "user_id": "u", "message": q},
        {"id": f"{i}2", "root_id": f"{i}1", "user_id": "v", "message": a},
    ],
    "google chat": lambda i, q, a: [
        {"message_id": f"{i}1", "topic_id": f"t{i}", "creator": {"name": "Ann"}, "text": q},
        {"message_id": f"{i}2", "topic_id": f"t{i}", "creator": {"name": "Bob"}, "text": a},
    ],
}


@pytest.mark.parametrize("program", MESSENGERS)
def test_what_others_reply_to_a_message_is_its_answer(read, program):
    messages = [m for i, (q, a) in enumerate(ROWS, 1) for m in MESSENGERS[program](i, q, a)]
    report = read(document({"name": "help", "messages": messages}), "export.json")
    assert right(report) == PAIRS and not wrong(report) and not report.open, said(report)


def test_a_message_without_a_reply_is_open_and_replies_of_two_people_are_two_answers(read):
    messages = [m for i, (q, a) in enumerate(ROWS) for m in MESSENGERS["slack"](i, q, a)]
    more = {"type": "message", "user": "U4", "text": "Ask Bob.", "ts": "0.4", "thread_ts": "0.1"}
    lone = {"type": "message", "user": "U5", "text": "Anybody there?", "ts": "9.9"}
    report = read(document([*messages, more, lone]), "export.json")
    assert right(report) == PAIRS | {(ROWS[0][0], "Ask Bob.")}
    assert report.open == ["Anybody there?"]


def test_the_export_of_chatgpt_is_read_along_the_branch_that_was_kept(read):
    def message(role, text):
        return {"author": {"role": role}, "content": {"content_type": "text", "parts": [text]}}

    talks = [
        {
            "title": f"talk {i}",
            "current_node": "c",
            "mapping": {
                "r": {"id": "r", "message": None, "parent": None},
                "a": {"id": "a", "parent": "r", "message": message("user", q)},
                "b": {"id": "b", "parent": "a", "message": message("assistant", "A first try.")},
                "c": {"id": "c", "parent": "a", "message": message("assistant", a)},
            },
        }
        for i, (q, a) in enumerate(ROWS)
    ]
    assert right(read(document(talks), "conversations.json")) == PAIRS


@pytest.mark.parametrize(
    ("head", "row"),
    [
        (("title", "body", "role"), lambda i, q, a: (q, a, "admin" if i % 2 else "user")),
        (("question", "answer", "type"), lambda i, q, a: (q, a, "note" if i % 2 else "article")),
    ],
)
def test_pairs_beside_those_they_are_written_for_are_no_talk(read, head, row):
    rows = [row(i, q, a) for i, (q, a) in enumerate(ROWS)]
    assert right(read(table(head, rows))) == PAIRS


def test_the_talk_of_those_who_wrote_a_pair_is_not_read(read):
    history = [{"role": "user", "text": "please edit"}, {"role": "admin", "text": NOTE}]
    pairs = [{"question": q, "answer": a, "history": history} for q, a in ROWS]
    assert right(read(document({"data": pairs}), "faq.json")) == PAIRS


def test_private_messages_of_customers_are_no_notes(read):
    rows = [
        (f"t{i}", "Private message" if i % 2 else "Comment", who, text)
        for i, (q, a) in enumerate(ROWS)
        for who, text in (("customer", q), ("agent", a))
    ]
    assert right(read(table(("ticket", "channel", "sender", "body"), rows))) == PAIRS


def comments(*turns):
    return [
        turn(text, public=public) | ({"author_id": who} if who else {})
        for who, public, text in turns
    ]


@pytest.mark.parametrize("described", [True, False])
def test_the_author_of_what_a_ticket_says_is_who_asks(read, described):
    tickets = [
        {"id": i, "comments": comments((1, True, q), (9, False, NOTE), (9, True, a))}
        | ({"description": q} if described else {})
        for i, (q, a) in enumerate(ROWS)
    ]
    report = read(document({"tickets": tickets}), "tickets.json")
    assert right(report) == PAIRS and NOTE not in str(report), said(report)


@pytest.mark.parametrize("who", [(0, 0, 0), (9, 9, 9)])
def test_comments_of_nobody_known_are_refused_with_the_reason(read, who):
    tickets = [
        {
            "description": q,
            "comments": comments((who[0], True, q), (who[1], False, NOTE), (who[2], True, a)),
        }
        for q, a in ROWS
    ]
    report = read(document({"tickets": tickets}), "tickets.json")
    assert "do not say who wrote them" in str(report.refused) and not report.pairs


def test_articles_that_say_whether_they_are_public_are_no_talk(read):
    articles = [{"title": q, "body": a, "public": True} for q, a in ROWS]
    report = read(document({"sections": [{"articles": articles}]}), "faq.json")
    assert right(report) == PAIRS, said(report)
