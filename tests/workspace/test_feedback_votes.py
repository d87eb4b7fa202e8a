"""Blind votes: everybody's vote is kept, and an ended round takes no more."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.errors import WorkspaceError
from core.types.judgements import (
    BAD_LABEL,
    COMMENT,
    LEFT,
    RIGHT,
    SETTLED,
    TIE,
    WITHDRAWN,
    QuestionNote,
    Vote,
    VoteOpening,
    VoteRound,
    reported,
    votes_in_force,
)
from core.workspace.records import Records, now

ROUND = VoteRound(
    "r1", "compare-1", "base", "tuned", (4, 2, 9), 20, 5, 3, 77, "ann", "2026-01-01T10:00:00+00:00"
)
VOTE = Vote(4, "ann", "base", LEFT, "2026-01-01T10:00:01+00:00")


@pytest.fixture
def records(records_url) -> Iterator[Records]:
    opened = Records(records_url)
    yield opened
    opened.close()


def test_rounds_and_votes_come_back_as_given(records):
    other = replace(ROUND, id="r2", positions=())
    records.start_vote("p", ROUND)
    records.start_vote("p", other)
    assert records.vote_rounds("p") == (other, ROUND)
    assert records.vote_rounds("q") == ()
    votes = [VOTE, replace(VOTE, voter="返品“é”", choice=TIE), replace(VOTE, position=2)]
    assert all(records.add_vote("r1", vote) for vote in votes)
    assert records.votes("r1") == tuple(votes) and records.votes("r2") == ()


def test_newest_vote_counts_and_undo_brings_the_question_back():
    changed, undone = replace(VOTE, choice=RIGHT), replace(VOTE, choice=WITHDRAWN)
    of_ben = replace(VOTE, voter="ben")
    assert votes_in_force([VOTE, of_ben, changed]) == [of_ben, changed]
    assert votes_in_force([VOTE, of_ben, undone]) == [of_ben]


def test_ended_round_takes_no_vote_and_its_first_opening_counts(records):
    """Somebody who has seen the result could otherwise vote until it fits."""
    assert records.vote_opening("r1") is None
    first = VoteOpening("ann", now(), 1, True)
    assert records.add_vote("r1", VOTE)
    records.open_vote("r1", first)
    records.open_vote("r1", VoteOpening("ben", now(), 40, False))
    assert records.vote_opening("r1") == first
    assert not records.add_vote("r1", replace(VOTE, voter="late"))
    assert records.votes("r1") == (VOTE,)
    assert records.add_vote("r2", VOTE), "another round goes on"


@pytest.mark.parametrize("wrong", [{"voter": " "}, {"choice": "both"}])
def test_vote_without_name_or_with_unknown_choice_is_refused(records, wrong):
    with pytest.raises(WorkspaceError):
        records.add_vote("r1", replace(VOTE, **wrong))
    assert records.votes("r1") == ()


def test_voters_in_several_processes_lose_nothing(records_url):
    """A workshop: everybody votes at once; the tables are not even there yet."""
    code = textwrap.dedent(
        f"""
        import sys
        from core.workspace.records import Records, now
        from core.types.judgements import (LEFT, Vote)
        records = Records({records_url!r})
        for i in range(25):
            assert records.add_vote("r", Vote(i, sys.argv[1], "base", LEFT, now()))
        """
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, f"voter{i}"]) for i in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    records = Records(records_url)
    kept = votes_in_force(records.votes("r"))
    records.close()
    assert {(v.voter, v.position) for v in kept} == {
        (f"voter{k}", i) for k in range(3) for i in range(25)
    }


def test_notes_are_kept_and_a_settled_report_is_no_suspect(records):
    comment = QuestionNote(COMMENT, "q", "", "odd <b>", "ann", now())
    bad = QuestionNote(BAD_LABEL, "q", "a", "wrong answer", "ann", now())
    for note in (comment, bad, replace(bad, answer="b")):
        records.add_note("p", note)
    assert records.notes("p")[0] == comment and records.notes("q") == ()
    assert list(reported(records.notes("p"))) == [("q", "a"), ("q", "b")]
    records.add_note("p", replace(bad, kind=SETTLED, text=""))
    assert list(reported(records.notes("p"))) == [("q", "b")]
    assert len(records.notes("p")) == 4, "nothing is ever deleted"


@pytest.mark.parametrize(
    "wrong", [{"kind": "joke"}, {"text": "  "}, {"text": "x" * 2001, "kind": BAD_LABEL}]
)
def test_note_that_says_nothing_or_too_much_is_refused(records, wrong):
    note = QuestionNote(COMMENT, "q", "", "fine", "ann", now())
    with pytest.raises(WorkspaceError):
        records.add_note("p", replace(note, **wrong))
    assert records.notes("p") == ()
