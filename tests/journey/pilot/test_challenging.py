"""Retrain, challenge, take into use, go back: the whole loop with a small real model."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from core.errors import ComparisonError, TuningError
from core.jobs.folder import RunFolder
from core.journey import data, steps
from core.journey.compare import load_comparison
from core.journey.compare_systems import leaked_rows, learned_texts, tune_request
from core.journey.experts import launch_scoring
from core.journey.pilot import challenging, searching, versions
from core.journey.steps import in_this_process
from core.types import TEST_KNOWN, TRAIN, QADataset
from core.types.pilot_events import PilotArm
from core.types.tuning_config import TuningConfig
from core.workspace.files import read_json, write_json
from tests.reporting.finished_journey import BASE, FORMS, TOPICS, finished_journey

WHY = "it wins on the frozen test"
HERE = in_this_process(lambda _: None, lambda report: report, lambda _: None)
QUICK = TuningConfig(
    base_model=BASE,
    epochs=3,
    neighbourhoods_per_batch=0,
    max_length=16,
    interpolation="off",
    device="cpu",
)


def riddles() -> tuple[QADataset, dict]:
    """Answers that no model finds by their words, so that there is something to learn."""
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(["question", "answer"])
    for place, topic in enumerate(TOPICS):
        other = TOPICS[(place + 5) % len(TOPICS)]
        rows.writerows([form.format(topic), f"See what {other} says."] for form in FORMS)
    return data.read_dataset(file.getvalue().encode(), "riddles.csv")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    made = finished_journey(tmp_path_factory.mktemp("loop"), imported=riddles())
    launch_scoring(made.project, ("bm25", "tfidf"), "ann", agreed=None, start=HERE)
    return made


@pytest.fixture(scope="module")
def first(made):
    """A challenger that began with the base model, compared with it."""
    run = challenging.train_challenger(made.project, "ann", config=QUICK, start=HERE)
    compared = challenging.challenge_with(made.project, run, "ann", start=HERE)
    return run, compared


def test_retrain_challenger_champion_rollback(made, first):
    project, (run, compared) = made.project, first
    present = versions.registry(project)
    assert present.challenger.arm == PilotArm(run, BASE) and present.champion is None
    assert challenging.training_job(project).id == run
    found = challenging.challenge_found(project)
    assert found.run == compared and found.request.champion.run == ""
    frozen, new = found.parts
    assert frozen.found.questions == len(project.load_dataset().held_out_rows)
    assert frozen.found.wins > frozen.found.losses and frozen.found.word == "better"
    assert new.found is None and found.questions.left_out == 0
    assert found.everyday.pairs > 100
    assert {one.attribute for one in found.comparison.slices} >= {"regime", "question_length"}
    assert load_comparison(made.workspace, compared).system("base").title == "Champion"
    # a person decides; then another one goes back
    versions.make_champion(project, present.challenger.version, "ann", WHY)
    assert searching.arm_in_use(project, project.load_dataset()) == PilotArm(run, BASE)
    assert challenging.challenge_found(project) is None, "nobody challenges the new champion"
    versions.make_champion(project, 1, "ben", "customers complained about it")
    assert searching.arm_in_use(project, project.load_dataset()) == PilotArm("", BASE)
    versions.make_champion(project, 2, "ann", WHY)


def test_a_challenger_goes_on_from_the_champions_weights_and_says_what_it_rehearses(made, first):
    project, (run, _) = made.project, first
    if versions.registry(project).champion is None:
        versions.make_champion(project, 2, "ann", WHY)
    told = challenging.rehearsal(project)
    assert (told.known, told.new, told.gone) == (len(project.load_dataset().seen_rows), 0, 0)
    assert challenging.why_not_go_on(project) is None
    next_run = challenging.train_challenger(
        project, "ann", challenging.GO_ON, config=QUICK, start=HERE
    )
    request = tune_request(RunFolder(made.workspace.run_folder(next_run)))
    assert request.start_run == run and request.challenges and request.then_compare
    result = read_json(RunFolder(made.workspace.run_folder(next_run)).result)
    champion = read_json(RunFolder(made.workspace.run_folder(run)).result)
    assert result["base_score"] == pytest.approx(champion["best_score"], abs=1e-4)
    assert learned_texts(made.workspace, next_run) == learned_texts(made.workspace, run)
    assert challenging.challenge_with(project, next_run, "ann", start=HERE) is not None
    assert versions.registry(project).challenger.lineage.from_version == 2
    assert challenging.challenge_found(project).request.champion.run == run


def test_what_the_champion_learned_from_is_no_test(made, first):
    """New data may hold out what the champion has learned: it must not shine on that."""
    project, (run, _) = made.project, first
    present_data = project.load_dataset()
    moved = present_data.split.copy()
    learned = present_data.rows(TRAIN)[:3]
    moved[learned] = TEST_KNOWN
    other = replace(present_data, split=moved)
    assert leaked_rows(made.workspace, other, run) == sorted(learned.tolist())
    assert leaked_rows(made.workspace, other, "") == []
    made.workspace.save_dataset(other, {})
    made.workspace.records.use_dataset(project.id, other.id, "ann")
    present = made.workspace.project(project.id)
    try:
        if versions.registry(present).champion.arm.run != run:
            versions.make_champion(present, 2, "ann", WHY)
        assert "3 of the questions" in str(challenging.why_not_go_on(present))
        with pytest.raises(TuningError, match="could not be tested"):
            challenging.train_challenger(present, "ann", challenging.GO_ON, config=QUICK)
    finally:
        made.workspace.records.use_dataset(project.id, present_data.id, "ann")


def test_a_worker_names_the_challenger_and_a_run_without_progress_is_none(made, first, monkeypatch):
    folder = RunFolder(made.workspace.run_folder(first[0]))
    asked = []
    monkeypatch.setattr(challenging, "challenge_with", lambda *given: asked.append(given[1]))
    steps._challenge_next(folder)
    steps._challenge_next(RunFolder(made.workspace.run_folder(made.tune_run)))
    assert asked == [first[0]], "only the run that was started for it"
    monkeypatch.undo()
    result = read_json(folder.result)
    try:
        write_json(folder.result, {**result, "best_step": 0})
        assert challenging.challenge_with(made.project, first[0], "ann", start=HERE) is None
    finally:
        write_json(folder.result, result)


def test_without_a_challenger_nothing_is_compared(tmp_path):
    project = finished_journey(tmp_path / "other").project
    assert challenging.challenge_job(project) is None
    assert challenging.training_job(project) is None
    assert "as it came" in str(challenging.why_not_go_on(project))
    with pytest.raises(ComparisonError, match="no challenger"):
        challenging.launch_challenge(project, "ann")
