"""The finished sample that ships: whole, of today's data, its model able to answer."""

from __future__ import annotations

import pytest

from core.errors import WorkspaceError
from core.journey import compare, projects
from core.journey.experts import load_expert_scores, scoring_report
from core.journey.labels import recipe_in_use
from core.journey.personal import check_sharing
from core.journey.projects import (
    DONE,
    FINISHED_SAMPLES,
    SAMPLES_FOLDER,
    finished_sample,
    journey_status,
    open_finished_sample,
)
from core.journey.tune import tuning_runs
from core.types import BETTER, NOT_SHOWN
from core.workspace.workspace import Workspace

LARGEST = 12e6  # bytes of a pack in the repository


@pytest.mark.parametrize("key", FINISHED_SAMPLES)
def test_a_finished_sample_is_whole(tmp_path, key):
    """A pack of other data, formats or models than today's would stop a presenter on the stage."""
    assert (SAMPLES_FOLDER / FINISHED_SAMPLES[key]).stat().st_size < LARGEST
    workspace = Workspace.open(tmp_path)
    assert finished_sample(workspace, key) is None
    project = open_finished_sample(workspace, key, "Finished", "ann")
    states = {stop.key: stop.state for stop in journey_status(project)}
    assert {stop for stop, state in states.items() if state == DONE} >= {
        *("data", "experts", "labels", "tune", "compare")
    }
    dataset, recipe = project.load_dataset(), recipe_in_use(project)
    scores = load_expert_scores(workspace, dataset, recipe.recipe.experts)  # else ExpertError
    report = scoring_report(project)
    assert len(scores) == len(report.figures) and not report.failures
    (run,) = tuning_runs(project)
    assert run.has_model and run.is_of(dataset.id) and not run.problem
    comparison = compare.load_comparison(workspace, compare.newest_comparison(project, run.job.id))
    assert comparison.run_id == run.job.id
    assert set(comparison.absent) <= {"hybrid:base", "hybrid:tuned"}, "keyword search adds nothing"
    words = {regime: comparison.difference(regime).word for regime in ("known", "unseen")}
    assert words["known"] == BETTER and words["unseen"] in {BETTER, NOT_SHOWN}
    check_sharing(project)
    assert open_finished_sample(workspace, key, "Finished", "ann").id == project.id
    assert len(workspace.projects()) == 1

    # The very model that was compared: of a held-out question it finds what the comparison found.
    models = compare.searcher(workspace, dataset, run.job.id)
    tuned = comparison.system("tuned")
    same = 0
    for position in range(20):
        question = int(comparison.question_rows[position])
        right = dataset.right_answers(question)
        moves = models.search(dataset.questions[question], right, depth=1)
        first = next(move.answer for move in moves if move.after_rank == 1)
        same += first == int(tuned.top_answers[position][0])
    assert same >= 19, "vectors are kept in half precision: a near tie may turn"


def test_a_pack_of_other_data_is_refused_and_leaves_no_project(tmp_path, monkeypatch):
    workspace = Workspace.open(tmp_path)
    sample = projects.SAMPLES["en"]
    other = type(sample)("bare_faq_en.csv", sample.title, "en")
    monkeypatch.setattr(projects, "SAMPLES", {**projects.SAMPLES, "en": other})
    with pytest.raises(WorkspaceError, match="made of data"):
        open_finished_sample(workspace, "en", "Finished", "ann")
    assert not workspace.projects()
