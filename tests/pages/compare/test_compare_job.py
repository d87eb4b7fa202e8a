"""Real models through the comparison job: itself, a damaged one, those in between, the decision."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from core.errors import ComparisonError
from core.evaluation.verdict import promotion_allowed
from core.experts.catalogue import find_entry
from core.jobs import launch
from core.jobs.folder import RunFolder
from core.jobs.state import FAILED
from core.journey import compare
from core.journey.compare import searcher
from core.journey.compare_systems import ComparedSystems, other_alphas
from core.journey.jobs import request_of
from core.journey.pilot.versions import promote, promotion, withdraw
from core.journey.tune import launch_tuning
from core.tuning.presets import PRESETS
from core.types import SilentReporter, SystemChoice
from tests.pages.conftest import work_in_this_process

BASE = "wordllama-l2-supercat-256"


@pytest.fixture
def workspace(finished_workspace, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(launch, "_start", work_in_this_process)
    return finished_workspace.open()


@pytest.fixture
def project(workspace, finished_workspace):
    return workspace.project(finished_workspace.project)


def replace_model(workspace, tune_run, noise: float):
    """Put the base model, with noise on its weights, where the tuned model was."""
    folder = RunFolder(workspace.run_folder(tune_run)).model
    shutil.rmtree(folder)
    shutil.copytree(find_entry(BASE).folder(workspace.models), folder)
    rng = np.random.default_rng(0)
    for file in folder.rglob("*.safetensors"):
        weights = load_file(file)
        save_file(
            {k: (w + noise * w.std() * rng.normal(size=w.shape)).astype(w.dtype)
             for k, w in weights.items()},
            file,
        )  # fmt: skip


def compare_again(workspace, project, run, choice=None):
    made = compare.launch_comparison(project, run, [], "ann", choice)
    return compare.load_comparison(workspace, made)


def test_a_model_against_itself_is_not_shown(workspace, project, finished_workspace):
    replace_model(workspace, finished_workspace.tune_run, noise=0.0)
    comparison = compare_again(workspace, project, finished_workspace.tune_run)
    for difference in comparison.differences:
        assert (difference.difference, difference.low, difference.high) == (0, 0, 0)
        assert difference.word == "not shown"
    assert {part.result.word for part in comparison.slices} == {"not shown"}
    assert comparison.generality[0].before == comparison.generality[0].after
    assert promotion_allowed(comparison) == (True, [])


def test_a_damaged_model_is_worse_refused_and_its_overruling_recorded(
    workspace, project, finished_workspace
):
    replace_model(workspace, finished_workspace.tune_run, noise=3.0)
    comparison = compare_again(workspace, project, finished_workspace.tune_run)
    assert comparison.difference("known").word == "worse"
    allowed, reasons = promotion_allowed(comparison)
    assert not allowed and reasons
    for reason in ("", "ok", "  short  "):
        with pytest.raises(ComparisonError, match="say why"):
            promote(project, comparison, "ann", reason=reason)
    assert promotion(project) is None
    promote(project, comparison, "ann", reason="Only for the trade fair demo.")
    decided = promotion(project)
    assert (decided.who, decided.reason) == ("ann", "Only for the trade fair demo.")
    assert decided.overruled == tuple(str(reason) for reason in reasons)
    withdraw(project, "bob")
    assert promotion(project) is None
    trail = [line["what"] for line in workspace.records.audit_trail(project.id)]
    assert trail[-2:] == ["refusal overruled", "model withdrawn"]


def test_models_in_between_hybrids_and_other_runs_take_part(workspace, project, finished_workspace):
    run = finished_workspace.tune_run
    choice = SystemChoice(alphas=(0.5,), runs=(run, "tune-that-is-gone"))
    comparison = compare_again(workspace, project, run, choice)
    names = [arm.name for arm in comparison.systems]
    assert names == [
        "base",
        "tuned",
        "bm25",
        f"run:{run}",
        "alpha:0.5",
        "hybrid:base",
    ]
    (note,) = comparison.system("hybrid:base").notes
    assert 0 < note.params["share"] == comparison.system("hybrid:base").words < 1
    assert comparison.system("base").words == 0
    assert note.params["joined"] > note.params["alone"]
    assert set(comparison.absent) == {"run:tune-that-is-gone", "hybrid:tuned"}
    assert "adds nothing that shows" in comparison.absent["hybrid:tuned"].template
    tuned, again = comparison.system("tuned"), comparison.system(f"run:{run}")
    assert (tuned.top_answers == again.top_answers).all()
    between = comparison.system("alpha:0.5")
    assert between.fingerprint not in {tuned.fingerprint, comparison.system("base").fingerprint}
    assert len({d.arm for d in comparison.contrasts}) == len(names) - 1


def test_the_unmixed_model_takes_part_where_a_mix_was_kept(workspace, finished_workspace):
    from core.workspace.files import write_json

    folder = RunFolder(workspace.run_folder(finished_workspace.tune_run))
    result, config = folder.read_result(), folder.read_request()["config"]
    dataset = workspace.load_dataset(config["dataset_id"])
    systems = ComparedSystems.of(workspace, dataset, finished_workspace.tune_run)
    vectors = {}
    try:
        for kept in (1.0, 0.5, 0.0):
            write_json(folder.result, result | {"alpha": kept})
            if kept:
                arm = systems.mixed(1.0, SilentReporter())
                assert (arm.name, arm.title) == ("alpha:1", "Tuned, unmixed (α = 1)")
                vectors[kept] = arm.question_matrix
        with pytest.raises(ComparisonError, match="nothing to mix"):
            systems.mixed(1.0, SilentReporter())
    finally:
        write_json(folder.result, result)
    assert not np.allclose(vectors[1.0], vectors[0.5], atol=1e-4)
    assert other_alphas(1.0) == (0.25, 0.5, 0.75) and other_alphas(0.0) == ()
    assert other_alphas(0.8) == (0.25, 0.5, 0.75, 1.0) and 0.5 not in other_alphas(0.5)


def test_a_typed_question_finds_what_the_comparison_found(workspace, finished_workspace):
    comparison = compare.load_comparison(workspace, finished_workspace.compare_run)
    dataset = workspace.load_dataset(comparison.dataset_id)
    found = searcher(workspace, dataset, finished_workspace.tune_run)
    found.warm_up()
    for place in range(5):
        question = dataset.questions[comparison.question_rows[place]]
        moves = found.search(question, np.empty(0, np.int32), depth=10)
        ranked = {move.after_rank: move.answer for move in moves if move.after_rank}
        expected = comparison.system("tuned").top_answers[place, :10]
        assert [ranked[rank] for rank in range(1, 11)] == expected.tolist()


def test_verdict_is_there_before_speed_is_measured_and_resuming_measures_the_rest(
    workspace, project, finished_workspace, monkeypatch
):
    """Half of the minute decides nothing: nobody waits for it, and nothing is searched twice."""
    run, seen = finished_workspace.tune_run, []
    real = compare.examine

    def killed(*_about):
        newest = compare.newest_comparison(project, run)
        seen.append((newest, compare.load_comparison(workspace, newest)))
        raise ComparisonError("The machine was switched off.")

    monkeypatch.setattr(compare, "examine", killed)
    with pytest.raises(AssertionError):  # the worker of this test wants a status of 0
        compare.launch_comparison(project, run, ["bm25"], "ann")
    ((newest, early),) = seen
    assert newest != finished_workspace.compare_run and early.differences
    assert compare.load_examination(workspace, newest).shape == ()
    (view, *_) = compare.comparisons_of(project, run)
    assert view.state == FAILED and compare.is_judged(project, view)

    monkeypatch.setattr(compare, "examine", real)
    monkeypatch.setattr(ComparedSystems, "collect", lambda *_about: pytest.fail("searched again"))
    launch.resume(RunFolder(workspace.run_folder(newest)))
    assert compare.load_examination(workspace, newest).shape
    whole = compare.load_comparison(workspace, newest)
    assert whole.id == early.id and whole.differences == early.differences


def test_comparison_follows_tuning_by_itself(workspace, project, finished_workspace):
    """Whoever closes the browser after starting comes back to a verdict."""
    config = PRESETS["quick"].config(base_model=BASE)
    tuned = launch_tuning(project, config, "Mika", then_compare=True)
    compared = compare.newest_comparison(project, tuned)
    assert compared is not None
    asked = request_of(RunFolder(workspace.run_folder(compared)))
    assert asked.tune_run == tuned and "bm25" in asked.experts
    assert RunFolder(workspace.run_folder(compared)).job().who == "Mika"
    launch.resume(RunFolder(workspace.run_folder(tuned)))
    assert len(compare.comparisons_of(project, tuned)) == 1, "resuming starts no second one"
