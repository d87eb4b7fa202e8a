"""Questions as people asked them: counted once per wording, with what came of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.pilot.what_people_do import questions_asked, searches_since, weeks_before
from core.types.pilot_events import (
    CLICKED,
    NOTED,
    NOTHING_FITS,
    SEARCHED,
    THUMB_DOWN,
    THUMB_UP,
    PilotEvent,
)

AT = "2026-01-01T10:00:00.000+00:00"


def search(token: str, text: str, count: float = 1.0) -> PilotEvent:
    return PilotEvent(token, token, SEARCHED, "v", text, -1, AT, count=count)


def mark(search: str, kind: str, place: int = -1) -> PilotEvent:
    return PilotEvent(f"{search}{kind}{place}", search, kind, "v", "", place, AT)


def test_wordings_are_joined_and_searches_counted_once_however_much_was_clicked():
    found = questions_asked(
        [
            *(search("a", "Refund?"), search("b", "refund?"), search("c", "kayak", 5)),
            *(mark("a", CLICKED, 0), mark("a", CLICKED, 1), mark("a", THUMB_UP, 1)),
            *(mark("b", THUMB_DOWN, 0), mark("b", NOTHING_FITS), mark("c", NOTED)),
        ]
    )
    kayak, refund = found
    assert (kayak.text, kayak.asked, kayak.helped, kayak.found_nothing) == ("kayak", 5, 0, True)
    assert (refund.text, refund.asked, refund.helped) == ("Refund?", 2, 1)
    assert (refund.thumbs_down, refund.nothing, refund.found_nothing) == (1, 1, True)


def test_a_question_that_helped_once_and_never_failed_is_found():
    (one,) = questions_asked([search("a", "x"), search("b", "x"), mark("b", CLICKED, 2)])
    assert one.helped == 1 and not one.found_nothing
    assert questions_asked([]) == ()


UNTIL = datetime(2026, 11, 26, 12, tzinfo=UTC)


def searched(token: str, text: str, days_ago: float, count: float = 1.0) -> PilotEvent:
    at = (UNTIL - timedelta(days=days_ago)).isoformat(timespec="milliseconds")
    return PilotEvent(token, token, SEARCHED, "v", text, -1, at, count=count)


def test_a_look_takes_each_question_of_its_days_once_and_reaches_back_where_they_are_few():
    events = [
        searched("old", "kayak rental", 30),
        searched("a", "Where is it", 3),
        searched("b", "where  is it", 2, count=4),
        searched("c", "refund", 1),
        searched("later", "tomorrow", -1),
    ]
    found = searches_since(events, UNTIL, days=7, least=2, most=9)
    assert (found.tokens, found.searches) == (("c", "b"), 6)
    assert found.since.startswith("2026-11-19")
    further = searches_since(events, UNTIL, days=7, least=3, most=9)
    assert further.texts == ("refund", "where  is it", "kayak rental")
    assert further.since.startswith("2026-10-27")
    assert searches_since(events, UNTIL, days=7, least=2, most=1).tokens == ("c",)


def test_weeks_say_who_was_satisfied_and_begin_with_the_first_search():
    events = [searched(str(n), f"q{n}", ago) for n, ago in enumerate((15, 6, 5, 4, 3, 2))]
    kinds = [(1, CLICKED, 0), (2, THUMB_DOWN, 0), (3, NOTHING_FITS, -1), (4, THUMB_UP, 1)]
    kinds.append((4, NOTHING_FITS, -1))  # both: says nothing
    for number, (search, kind, place) in enumerate(kinds):
        at = events[search].at
        events.append(PilotEvent(f"m{number}", str(search), kind, "v", "", place, at))
    weeks = weeks_before(events, UNTIL, 12)
    assert [(w.searches, w.without, w.satisfied, w.dissatisfied) for w in weeks] == [
        (1, 1, 0, 0),
        (0, 0, 0, 0),
        (5, 3, 1, 2),
    ]
    assert weeks[0].satisfaction is None and weeks[2].satisfaction == 1 / 3
    assert weeks_before([], UNTIL, 12) == ()
