"""Events of other programs: told apart by their columns, joined, and counted from the right end."""

from __future__ import annotations

import json

import pytest

from core.data.reading.formats import read_table
from core.data.reading.search_events import events_in, kind_of, moment_of
from core.errors import DataError
from core.types.pilot_events import CLICKED_ANSWERS, QUERIES, THUMB_DOWN, THUMB_UP, TICKETS, UBI

QUERIES_OF_UBI = [
    {
        "application": "shop",
        "query_id": "q1",
        "client_id": "c1",
        "user_query": "where is my  parcel",
        "timestamp": "2026-11-20T10:00:00Z",
        "query_response_hit_ids": ["a2", "a1", "a7"],
    },
    {"query_id": "q2", "client_id": "c2", "user_query": "refund", "timestamp": 1795168860000},
]


def acted(query: str, action: str, result: str, ordinal: int | None = None) -> dict:
    position = {} if ordinal is None else {"position": {"ordinal": ordinal}}
    return {
        "action_name": action,
        "query_id": query,
        "timestamp": "2026-11-20T10:00:05Z",
        "event_attributes": {"object": {"object_id": result}, **position},
    }


EVENTS_OF_UBI = [
    acted("q1", "item_click", "a1", 9),  # the list of results knows the place better
    acted("q2", "item_click", "a5", 3),
    acted("q2", "item_hover", "a6", 4),
    acted("q2", "thumbs_down", "a5"),
    acted("q1", "thumbs_up", "a2"),
    acted("gone", "item_click", "a1", 1),
]


def lines(records: list[dict]) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode()


def table(content: bytes | str, name: str):
    raw = content if isinstance(content, bytes) else content.encode()
    return read_table(raw, name, unfold=False), name


@pytest.mark.parametrize("way", ["one file", "two files", "of an export", "json"])
def test_ubi_queries_are_joined_with_what_was_done_about_them(way):
    both = [*QUERIES_OF_UBI, *EVENTS_OF_UBI]
    if way == "two files":
        tables = [
            table(lines(QUERIES_OF_UBI), "q.ndjson"),
            table(json.dumps(EVENTS_OF_UBI), "e.json"),
        ]
    elif way == "of an export":
        tables = [table(lines([{"_index": "ubi", "_source": one} for one in both]), "x.ndjson")]
    else:
        tables = [table(json.dumps(both) if way == "json" else lines(both), f"x.{way[:4]}")]
    found = events_in(tables)
    first, second = found.searches
    assert (found.kind, found.set_aside) == (UBI, 1)
    assert (first.text, first.visitor, first.shown) == (
        "where is my parcel",
        "c1",
        ("a2", "a1", "a7"),
    )
    assert first.at == "2026-11-20T10:00:00.000+00:00"
    assert first.clicks == (("a1", 1),) and first.marks == ((THUMB_UP, "a2"),)
    assert second.clicks == (("a5", 2),) and second.marks == ((THUMB_DOWN, "a5"),)
    assert second.at.startswith("2026-11-20T")


def test_an_ordinal_of_0_says_that_places_are_counted_from_0():
    events = [acted("q2", "click", "a5", 0), acted("q2", "click", "a6", 3)]
    found = events_in([table(lines([QUERIES_OF_UBI[1], *events]), "x.ndjson")])
    assert found.searches[0].clicks == (("a5", 0), ("a6", 3))


def test_questions_with_the_answer_that_was_opened():
    text = (
        "query;clicked_answer;position;session_id;timestamp\n"
        "where is my parcel;a1;1;s1;2026-11-20\n"
        "where is my parcel;a2;3;s1;2026-11-20\n"
        "refund;a3;2;s2;\n"
        "what is this;;;s3;\n"
        ";a4;1;s4;\n"
    )
    found = events_in([table(text, "clicks.csv")])
    assert (found.kind, found.set_aside) == (CLICKED_ANSWERS, 1)
    assert [one.clicks for one in found.searches] == [(("a1", 0), ("a2", 2)), (("a3", 1),), ()]
    counted = "search term,document,rank,clicks\nwhere is my parcel,a1,1,40\nrefund,a2,2,0\n"
    (one,) = events_in([table(counted, "top.csv")]).searches
    assert (one.count, one.clicks) == (40, (("a1", 0),))


def test_tickets_ask_by_their_subject_or_how_their_description_begins():
    text = (
        "Id,Subject,Description,First reply,Created at\n"
        '1,Parcel has not arrived yet,"Hello, I ordered.",Parcels take three days.,2026-11-20\n'
        '2,Help,"The zip of my tent is broken. What now?",,2026-11-20\n'
    )
    found = events_in([table(text, "tickets.csv")])
    assert found.kind == TICKETS
    assert [one.text for one in found.searches] == [
        "Parcel has not arrived yet",
        "The zip of my tent is broken.",
    ]
    assert found.searches[0].clicks == (("Parcels take three days.", -1),)


def test_questions_with_counts():
    text = "Search term,Count,Date\nwhere is my parcel,12,2026-11-01\nrefund please,3,2026-11-02\n"
    found = events_in([table(text, "log.csv")])
    assert found.kind == QUERIES
    assert [(one.text, one.count, one.at[:10]) for one in found.searches] == [
        ("where is my parcel", 12, "2026-11-01"),
        ("refund please", 3, "2026-11-02"),
    ]


def test_files_without_searches_and_of_different_kinds_are_refused():
    with pytest.raises(DataError, match="No search was found"):
        events_in([table("a,b\n1,2\n3,4\n", "numbers.csv")])
    kinds = [
        table(lines(QUERIES_OF_UBI), "q.ndjson"),
        table("Search term,Count\nrefund,3\n", "l.csv"),
    ]
    assert [kind_of(one) for one, _ in kinds] == [UBI, QUERIES]
    with pytest.raises(DataError, match="different kinds"):
        events_in(kinds)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00.000+00:00"),
        ("1795168860", "2026-11-20T10:01:00.000+00:00"),
        ("2026-11-20 10:00", "2026-11-20T10:00:00.000+00:00"),
        ("last week", ""),
        ("99999999999999", ""),
    ],
)
def test_moments(text, expected):
    assert moment_of(text) == expected
