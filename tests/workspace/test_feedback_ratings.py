"""Ratings by people: everybody's word is kept, the newest of each person is in force."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from core.errors import WorkspaceError
from core.types.judgements import WITHDRAWN
from core.workspace.feedback import CANNOT_SAY, STARS, Rating, in_force
from core.workspace.records import Records, now

GIVEN = Rating("q", "a", "ann", 0.75, STARS, "2026-01-01T10:00:00.000+00:00")


@pytest.fixture
def records(records_url) -> Iterator[Records]:
    opened = Records(records_url)
    yield opened
    opened.close()


def test_ratings_come_back_as_given_oldest_first(records):
    given = [
        GIVEN,
        replace(GIVEN, value=None, scale=CANNOT_SAY, question="返品は？ “é” 😀"),
        replace(GIVEN, value=1 / 3, rater="ben", at=now()),
    ]
    records.add_ratings("p", given[:1])
    records.add_ratings("p", given[1:])
    records.add_ratings("other", [GIVEN])
    assert records.ratings("p") == tuple(given)


def test_newest_word_of_each_rater_counts_and_undo_brings_the_pair_back(records):
    changed = replace(GIVEN, value=0.0)
    of_ben = replace(GIVEN, rater="ben", value=1.0)
    passed = replace(GIVEN, rater="cy", value=None, scale=CANNOT_SAY)
    undone = replace(GIVEN, rater="ben", value=None, scale=WITHDRAWN)
    records.add_ratings("p", [GIVEN, of_ben, passed, changed])
    assert in_force(records.ratings("p")) == [of_ben, passed, changed]
    records.add_ratings("p", [undone])
    assert in_force(records.ratings("p")) == [passed, changed]
    assert len(records.ratings("p")) == 5, "nothing is ever deleted"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"rater": "  "}, "needs the name"),
        ({"value": 1.2}, "between 0 and 1"),
        ({"value": float("nan")}, "between 0 and 1"),
        ({"scale": "smileys"}, "no rating scale"),
        ({"value": None}, "came with the value –"),
        ({"scale": WITHDRAWN}, "came with the value 0.75"),
    ],
)
def test_one_wrong_rating_keeps_the_whole_upload_out(records, wrong, reason):
    """Half an upload would be there, and the second try would double it."""
    with pytest.raises(WorkspaceError, match=reason):
        records.add_ratings("p", [GIVEN, replace(GIVEN, **wrong)])
    assert records.ratings("p") == ()


def test_raters_in_several_processes_lose_nothing(records_url):
    """A workshop: everybody rates the same pairs at once; the tables are not even there yet."""
    code = textwrap.dedent(
        f"""
        import sys
        from core.workspace.feedback import STARS, Rating
        from core.workspace.records import Records, now
        records = Records({records_url!r})
        for i in range(25):
            records.add_ratings("p", [Rating("q", f"a{{i}}", sys.argv[1], 0.5, STARS, now())])
        """
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, f"rater{i}"]) for i in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    records = Records(records_url)
    kept = in_force(records.ratings("p"))
    records.close()
    assert {(r.rater, r.answer) for r in kept} == {
        (f"rater{k}", f"a{i}") for k in range(3) for i in range(25)
    }
    assert len(kept) == 75


def test_app_and_worker_may_open_a_new_workspace_at_the_same_moment(records_url):
    """Both found the tables missing, both made them, and one of them died."""
    together = Barrier(6)

    def open_records(_: int) -> None:
        together.wait()
        Records(records_url).close()

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(open_records, range(6))) == [None] * 6
