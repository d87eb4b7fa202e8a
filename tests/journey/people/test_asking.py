"""Rounds from the link to the data: who may what, what is closed, what is taken in."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.open_questions import AskedQuestions, with_open_questions
from core.errors import DataError, RightsError
from core.journey import data
from core.journey.people import asking
from core.types import OPEN, TRAIN
from core.types.asked_rounds import (
    CLOSED,
    COLLECT,
    JUDGE,
    PARTLY,
    RIGHT_ANSWER,
    TAKEN_IN,
    WRONG_ANSWER,
)
from core.types.judgements import WITHDRAWN
from core.types.rights import SEE, VOTER, Person
from core.workspace.workspace import Project, Workspace

LOG = ("how long until my refund is back", "do you sell kayaks", "tent leaks in the rain")


@pytest.fixture
def project(tmp_path, monkeypatch, tiny_dataset) -> Project:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    workspace = Workspace.open(tmp_path / "workspace")
    made = workspace.create_project("Pilot", "ann")
    log = AskedQuestions(LOG, (2, 3, 4), (9, 2, 1))
    dataset = with_open_questions(tiny_dataset, log, file="log.csv")[0]
    workspace.save_dataset(dataset, {"summary": {"questions": 48}, "set_aside": []})
    workspace.records.use_dataset(made.id, dataset.id, "ann")
    return workspace.project(made.id)


@pytest.fixture
def collecting(project):
    return asking.start_collecting(project, "ann", answers=4, wanted=2, seed=1)


@pytest.fixture
def judging(project):
    return asking.start_judging(project, "ann", questions=2, depth=2, wanted=1, seed=1)


def by_link(project: Project, link: str) -> Project:
    workspace = project.workspace.acting(Person("somebody", link=link))
    return asking.round_of_link(workspace, link)[0]


def again(project: Project) -> Project:
    return project.workspace.project(project.id)


def test_link_leads_to_its_round_and_to_nothing_else(project, collecting, judging):
    guest = by_link(project, collecting.id)
    assert guest.role == VOTER and not guest.may(SEE)
    asking.write_question(guest, collecting, 0, "Mika", "where is it", "t1")
    with pytest.raises(RightsError, match="one place"):
        place, answer = 0, judging.pools[0][0]
        asking.judge(guest, judging, place, answer, "Mika", RIGHT_ANSWER, "t2")
    for step in (
        lambda: asking.close_round(guest, collecting, "Mika"),
        lambda: asking.start_collecting(guest, "Mika"),
        lambda: asking.take_in_questions(guest, collecting, ["t1"], "Mika"),
    ):
        with pytest.raises(RightsError):
            step()
    with pytest.raises(DataError, match="leads nowhere"):
        asking.round_of_link(project.workspace, "guessed")


def test_collected_questions_are_written_taken_back_closed_and_taken_in_once(project, collecting):
    task = asking.collecting_task(project, collecting, "Mika")
    assert (task.own, task.everybody, task.last) == (0, 0, "")
    for number in range(3):
        place = asking.collecting_task(project, collecting, "Mika").place
        text = f"  my own words number {number} \n for  this"
        asking.write_question(project, collecting, place, "Mika", text, f"t{number}")
    asking.take_question_back(project, collecting, "Somebody else", "t1")
    assert asking.collecting_task(project, collecting, "Mika").own == 3, "only one's own"
    for _ in range(2):  # a click that the browser sends twice
        asking.take_question_back(project, collecting, "Mika", "t1")
    assert [e.token for e in asking.written(project, collecting)] == ["t0", "t2"]
    assert asking.review(project, collecting)[0].entry.text == "my own words number 0 for this"
    with pytest.raises(DataError, match="Close the round first"):
        asking.take_in_questions(project, collecting, ["t0"], "ann")
    asking.close_round(project, collecting, "ann")
    with pytest.raises(DataError, match="was closed"):
        asking.write_question(project, collecting, 0, "Mika", "too late", "t9")
    before = project.load_dataset()
    account = asking.take_in_questions(project, collecting, ["t0"], "ann")
    after = again(project).load_dataset()
    assert account.taken == 1 and len(after.questions) == len(before.questions) + 1
    assert "my own words number 0 for this" in after.questions
    assert set(asking.steps_of(project, collecting)) == {CLOSED, TAKEN_IN}
    with pytest.raises(DataError, match="taken in before"):
        asking.take_in_questions(again(project), collecting, ["t2"], "ann")
    trail = [line["what"] for line in project.workspace.records.audit_trail(project.id)]
    assert trail.count("round opened") == trail.count("round closed") == 1
    assert trail.count("round taken in") == 1
    assert data.import_report(project.workspace, after.id)["summary"]["questions"] == 49


def test_personal_data_are_masked_when_taken_in(project, collecting):
    text = "call me back on +44 20 7946 0958 about my bike"
    asking.write_question(project, collecting, 0, "Mika", text, "t1")
    assert "personal" in asking.review(project, collecting)[0].flags
    asking.close_round(project, collecting, "ann")
    asking.take_in_questions(project, collecting, ["t1"], "ann", use=asking.TO_TEST)
    found = [q for q in again(project).load_dataset().questions if q.startswith("call me back")]
    assert len(found) == 1 and "7946" not in found[0]


def test_taking_all_open_questions_out_later_keeps_what_people_gave(project, collecting):
    """The version before logs were added lacks them: it must not come back."""
    asking.write_question(project, collecting, 0, "Mika", "quite another wording", "t1")
    asking.close_round(project, collecting, "ann")
    asking.take_in_questions(project, collecting, ["t1"], "ann", use=asking.TO_TEST)
    left = data.remove_open_questions(again(project), "ann")
    assert "quite another wording" in left.questions and not len(left.open_rows)


def test_round_is_taken_in_after_the_data_changed(project, collecting):
    asking.write_question(project, collecting, 0, "Mika", "quite another wording", "t1")
    asking.close_round(project, collecting, "ann")
    asked = project.load_dataset()
    rows = asked.open_rows[:1]
    data.remove_open_questions(project, "ann", rows)
    asking.take_in_questions(again(project), collecting, ["t1"], "ann", use=asking.TO_TEST)
    after = again(project).load_dataset()
    row = after.questions.index("quite another wording")
    answer = asked.answers[collecting.rows[0]]
    assert [after.answers[a] for a in after.right_answers(row)] == [answer]
    assert asked.questions[int(rows[0])] not in after.questions


def test_judged_questions_become_training_questions(project, judging):
    dataset = project.load_dataset()
    asked = [dataset.questions[row] for row in judging.rows]
    assert len(asked) == 2 and set(asked) <= set(LOG)
    assert judging.systems == ("BM25",), "nothing else has searched these data yet"
    words = iter([RIGHT_ANSWER, WRONG_ANSWER, PARTLY, WRONG_ANSWER])
    while (task := asking.next_judgement(project, judging, "Mika")).place >= 0:
        pair = task.place, task.answer
        asking.judge(project, judging, *pair, "Mika", next(words), f"{pair}")
    state = asking.judging_progress(project, judging)
    assert (state.people, state.pairs, state.of) == (1, judging.pairs, judging.pairs)
    assert state.complete == 2 and state.agreement is None
    asking.close_round(project, judging, "ann")
    account = asking.take_in_judged(project, judging, "ann", use=asking.WHERE_IT_FITS)
    after = again(project).load_dataset()
    assert account.taken + account.kept_back + account.none_right == 2
    assert len(after.questions) == len(dataset.questions)
    gained = np.flatnonzero((dataset.split == OPEN) & (after.split != OPEN))
    assert len(gained) == account.taken > 0
    assert all(len(after.right_answers(int(row))) for row in gained)


def test_judgement_taken_back_brings_the_answer_again(project, judging):
    task = asking.next_judgement(project, judging, "Mika")
    pair = task.place, task.answer
    for token in ("t1", "t1"):
        asking.judge(project, judging, *pair, "Mika", WRONG_ANSWER, token)
    assert asking.next_judgement(project, judging, "Mika").last == pair
    assert len(asking.judgements(project, judging)) == 1
    asking.judge(project, judging, *pair, "Mika", WITHDRAWN, "t2")
    again_ = asking.next_judgement(project, judging, "Mika")
    assert (again_.place, again_.answer, again_.last) == (*pair, None)
    with pytest.raises(DataError, match="not part of the round"):
        asking.judge(project, judging, 0, 99, "Mika", RIGHT_ANSWER, "t3")


def test_experts_in_use_join_the_pools_and_the_absent_say_why(project):
    dataset = project.load_dataset()
    found = asking.judging_systems(project, dataset, 2)
    assert found.titles == ("BM25",) and found.tops[0].shape == (3, 2)
    from core.types.scoring import ScoredExperts

    experts = ("bm25", "tfidf", "wordllama-l2-supercat-256")
    project.state.scored = ScoredExperts(dataset.id, experts, "run")
    found = asking.judging_systems(project, dataset, 2)
    assert found.titles == ("BM25", "TF-IDF") and len(found.absent) == 1


def test_nothing_open_or_numbers_out_of_range_are_refused(project):
    for settings in ({"questions": 0}, {"wanted": 0}, {"depth": 99}):
        with pytest.raises(DataError):
            asking.start_judging(project, "ann", **settings)
    for settings in ({"answers": 0}, {"wanted": 0}):
        with pytest.raises(DataError):
            asking.start_collecting(project, "ann", **settings)
    data.remove_open_questions(project, "ann")
    with pytest.raises(DataError, match="no open questions"):
        asking.start_judging(again(project), "ann")
    assert asking.rounds(project, JUDGE) == () == asking.rounds(project, COLLECT)


def test_question_judged_right_is_learned_from_with_its_answer(project, judging):
    task = asking.next_judgement(project, judging, "Mika")
    dataset = project.load_dataset()
    seen = {int(a) for q in dataset.rows(TRAIN) for a in dataset.right_answers(q)}
    place = next(p for p, pool in enumerate(judging.pools) if set(pool) & seen)
    answer = next(a for a in judging.pools[place] if a in seen)
    asking.judge(project, judging, place, answer, "Mika", RIGHT_ANSWER, "t1")
    asking.close_round(project, judging, "ann")
    account = asking.take_in_judged(project, judging, "ann")
    after = again(project).load_dataset()
    row = judging.rows[place]
    assert account.learned == 1 and after.split[row] == TRAIN and task.given == 0
    assert after.right_answers(row).tolist() == [answer]
