"""A blind vote from start to result: fair sides, nothing told before it is opened."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from core.errors import ComparisonError
from core.evaluation.systems import EncodedSystem, compare
from core.journey.people import voting
from core.types import Comparison, SilentReporter
from core.types.judgements import LEFT, RIGHT, TIE, votes_in_force
from core.workspace.workspace import Workspace


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    workspace = Workspace.open(tmp_path / "workspace")
    return workspace.create_project("Pilot", "ann")


@pytest.fixture
def comparison(tiny_dataset) -> Comparison:
    rng = np.random.default_rng(0)
    answers = rng.normal(size=(len(tiny_dataset.answers), 8)).astype(np.float32)
    right = answers[tiny_dataset.right_answer]
    noise = rng.normal(size=right.shape).astype(np.float32)
    arms = [
        EncodedSystem(name, name.title(), name, name, near * right + noise, answers)
        for name, near in (("base", 0.2), ("tuned", 2.0), ("copy", 0.2))
    ]
    return compare(tiny_dataset, arms, run_id="tune-1", seed=0, report=SilentReporter())


@pytest.fixture
def started(place, comparison):
    return voting.start_round(place, comparison, "compare-1", "ann", questions=12, needed=20)


def vote_all(place, round_, comparison, voter, choose) -> None:
    while (ballot := voting.ballot(place.workspace, round_, comparison, voter)).position >= 0:
        voting.cast(place, round_, ballot.position, voter, choose(ballot))


def test_only_questions_whose_lists_differ_are_asked(place, comparison, started):
    base, tuned = comparison.system("base"), comparison.system("tuned")
    for position in started.positions:
        assert (base.top_answers[position, :5] != tuned.top_answers[position, :5]).any()
    assert len(set(started.positions)) == len(started.positions) == 12
    with pytest.raises(ComparisonError, match="nothing to vote on"):
        voting.start_round(place, comparison, "compare-1", "ann", systems=("base", "copy"))
    with pytest.raises(ComparisonError, match="not in this comparison"):
        voting.start_round(place, comparison, "compare-1", "ann", systems=("base", "gone"))
    with pytest.raises(ComparisonError, match="1 to 200"):
        voting.start_round(place, comparison, "compare-1", "ann", questions=0)


def test_sides_are_fair_differ_between_people_and_stay_on_reload(place, comparison, started):
    """A voter who learns that the left list is always the old one is not blind."""
    sides = np.array(
        [
            [
                voting.left_system(started, f"person{i}", position) == "tuned"
                for position in range(40)
            ]
            for i in range(60)
        ]
    )
    assert abs(sides.mean() - 0.5) < 0.04  # 2,400 fair coins: 4 standard errors
    # 60 people with 40 fair coins: one in 100,000 times somebody has 4 or fewer of a side
    assert sides.mean(axis=1).min() > 0.1 and sides.mean(axis=1).max() < 0.9
    assert len({row.tobytes() for row in sides}) == 60
    workspace = place.workspace
    once = voting.ballot(workspace, started, comparison, "ann")
    assert once == voting.ballot(workspace, started, comparison, "ann")


def test_ballot_names_no_system(place, comparison, started):
    """What the page holds it may show by mistake."""
    ballot = voting.ballot(place.workspace, started, comparison, "ann")
    assert {field.name for field in fields(ballot)} == {
        "position", "question", "left", "right", "done", "total", "last"
    }  # fmt: skip
    lists = {
        tuple(comparison.system(name).top_answers[ballot.position, :5].tolist())
        for name in ("base", "tuned")
    }
    assert {ballot.left, ballot.right} == lists


def test_result_is_what_people_chose_whatever_the_side(place, comparison, started, tiny_dataset):
    """Counting sides instead of systems would make every result a coin toss."""
    workspace, project = place.workspace, place

    def likes_tuned(voter):
        return lambda ballot: (
            LEFT if voting.left_system(started, voter, ballot.position) == "tuned" else RIGHT
        )

    for voter in ("ann", "ben"):
        vote_all(place, started, comparison, voter, likes_tuned(voter))
    vote_all(place, started, comparison, "cy", lambda _: TIE)
    sealed = voting.progress(workspace, started)
    assert (sealed.votes, sealed.voters, sealed.questions, sealed.enough) == (36, 3, 12, True)
    with pytest.raises(ComparisonError, match="sealed"):
        voting.result(workspace, tiny_dataset, started, comparison)
    opening = voting.open_result(project, started, "dan")
    assert (opening.who, opening.early, opening.votes) == ("dan", False, 36)
    found = voting.result(workspace, tiny_dataset, started, comparison)
    assert (found.wins, found.ties, found.losses) == (24, 12, 0)
    assert found.second.value == pytest.approx(5 / 6)
    chosen = [v for v in votes_in_force(workspace.records.votes(started.id)) if v.choice != TIE]
    assert found.left.value == pytest.approx(np.mean([v.choice == LEFT for v in chosen]))
    assert found.metric.both >= 6 and found.metric.same / found.metric.both > 0.8


def test_opening_early_ends_the_vote_and_is_on_record(place, comparison, started):
    workspace, project = place.workspace, place
    voting.cast(place, started, started.positions[0], "ann", LEFT)
    assert voting.open_result(project, started, "eve").early
    assert voting.open_result(project, started, "fay").who == "eve"
    with pytest.raises(ComparisonError, match="ended"):
        voting.cast(place, started, started.positions[1], "ben", LEFT)
    with pytest.raises(ComparisonError, match="ended"):
        voting.undo_vote(place, started, started.positions[0], "ann")
    trail = [(line["what"], line["who"]) for line in workspace.records.audit_trail(project.id)]
    assert trail.count(("blind vote opened", "eve")) == 1
    assert voting.progress(workspace, started).votes == 1


def test_key_pressed_too_soon_does_not_overwrite_the_last_vote(place, started):
    """The old buttons stay for an instant: the next answer would have replaced this one."""
    workspace = place.workspace
    for choice in (TIE, RIGHT, TIE):
        voting.cast(place, started, started.positions[0], "ann", choice)
    assert [vote.choice for vote in workspace.records.votes(started.id)] == [TIE]
    voting.undo_vote(place, started, started.positions[0], "ann")
    voting.cast(place, started, started.positions[0], "ann", RIGHT)
    (held,) = votes_in_force(workspace.records.votes(started.id))
    assert held.choice == RIGHT


def test_undo_brings_the_question_up_again(place, comparison, started):
    workspace = place.workspace
    first = voting.ballot(workspace, started, comparison, "ann")
    assert first.last == -1
    voting.cast(place, started, first.position, "ann", LEFT)
    second = voting.ballot(workspace, started, comparison, "ann")
    assert second.position != first.position and second.last == first.position
    voting.cast(place, started, second.position, "ann", RIGHT)
    for _ in range(2):  # a browser under load sends a click twice
        voting.undo_vote(place, started, second.position, "ann")
    assert voting.ballot(workspace, started, comparison, "ann") == second


def test_foreign_link_and_foreign_question_are_refused(place, comparison, started):
    workspace, project = place.workspace, place
    other = workspace.create_project("Other", "ann")
    assert voting.find_round(project, started.id) == started
    with pytest.raises(ComparisonError, match="no blind vote"):
        voting.find_round(other, started.id)
    outside = next(p for p in range(99) if p not in started.positions)
    with pytest.raises(ComparisonError, match="not part of this vote"):
        voting.cast(place, started, outside, "ann", LEFT)


def test_nobody_voted(place, comparison, started, tiny_dataset):
    voting.open_result(place, started, "ann")
    assert voting.result(place.workspace, tiny_dataset, started, comparison) is None


def test_the_report_takes_opened_votes_of_its_model_only(tmp_path):
    """A sealed result in a report would break the seal; one on another model would mislead."""
    from core.journey.compare import load_comparison
    from core.journey.report import content_of
    from tests.reporting.finished_journey import finished_journey

    done = finished_journey(tmp_path / "done", model=False)
    place = done.project
    compared = load_comparison(done.workspace, done.compare_run)
    open_, sealed, gone = (
        voting.start_round(place, compared, run, "ann", questions=4, needed=2)
        for run in (done.compare_run, done.compare_run, "compare-gone")
    )
    for round_ in (open_, sealed, gone):
        voting.cast(done.project, round_, round_.positions[0], "ann", LEFT)
    for round_ in (open_, gone):
        voting.open_result(place, round_, "eve")
    (vote,) = content_of(place, done.compare_run).votes
    assert (vote.who, vote.votes, vote.early, vote.held_out) == (
        "eve", 1, True, len(compared.question_rows)
    )  # fmt: skip
    assert vote.found.votes == 1
    dataset = done.workspace.load_dataset(done.project.dataset_id)
    assert voting.opened_votes(place, dataset, "tune-other") == ()
