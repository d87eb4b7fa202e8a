"""The cross-fitted verdict as a job: every question is judged by a fold that has not met it."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from core.data.near_duplicates.grouping import question_clusters
from core.data.splitting import cross_fit_folds
from core.errors import ComparisonError, DataError, TuningError
from core.evaluation.verdict import promotion_allowed
from core.experts.catalogue import FOLDER_PREFIX
from core.jobs import launch
from core.jobs.folder import RunFolder, append_event
from core.jobs.state import CANCELLED, FAILED, FINISHED, INTERRUPTED
from core.journey import cross_fit, experts, jobs, steps, trials
from core.journey.compare import comparisons_of, launch_comparison, load_comparison
from core.journey.projects import journey_status
from core.journey.tune import tuning_runs
from core.labels.model import LabelModel
from core.tuning.experiments.folds import agreed_end, agreed_settings, check_labels, widening
from core.types import LabelRecipe
from core.types.tuning import CrossFitResult, Measured, TrialResult
from core.types.tuning_config import TuningConfig

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def begin(project, started, tiny_static):
    """Return a function that launches a verdict with a tiny model; the worker is not started."""

    def launched(**settings):
        told = {"epochs": 2, "questions_per_batch": 8, "learning_rate": 1e-3, "device": "cpu"}
        config = TuningConfig(f"{FOLDER_PREFIX}{tiny_static}", **(told | settings))
        run = cross_fit.launch_cross_fit(project, config, "ann", examined=False)
        return RunFolder(project.workspace.run_folder(run))

    return launched


def result_of(folder) -> CrossFitResult:
    return cross_fit.cross_fit_outcome(jobs.workspace_of(folder), folder.root.name)


def comparison_of(folder):
    return load_comparison(jobs.workspace_of(folder), result_of(folder).compare_run)


def model_of(folder) -> bytes:
    run = jobs.workspace_of(folder).run_folder(result_of(folder).tune_run)
    return b"".join(path.read_bytes() for path in sorted((run / "model").rglob("*.safetensors")))


def same(one, other):
    """Whether two verdicts are the same bit for bit: every question, interval and weight."""
    left, right = comparison_of(one), comparison_of(other)
    for first, second in zip(left.systems, right.systems, strict=True):
        assert first.fingerprint == second.fingerprint
        for name, values in first.metrics.items():
            assert np.array_equal(values, second.metrics[name])
        assert np.array_equal(first.top_scores, second.top_scores)
    assert left.differences == right.differences
    assert model_of(one) == model_of(other)


def test_every_question_is_judged_once_per_regime(begin, small_dataset, project):
    folder = begin()
    assert steps.work(folder.root) == 0, launch.log_tail(folder)
    found = comparison_of(folder)
    everyone = list(range(len(small_dataset.questions)))
    for regime in ("known", "unseen"):
        assert sorted(found.question_rows[found.regimes == regime]) == everyone
        difference = found.difference(regime)
        assert difference.questions == len(everyone)
    assert (found.way, found.folds) == ("cross-fit", 4)
    assert {system.name for system in found.systems} >= {"base", "tuned", "bm25", "tfidf"}
    assert len(found.groups) == len(found.question_rows) == 2 * len(everyone)
    assert not list((folder.root / "trials").glob("f*/model"))
    assert not list((folder.root / "trials").glob("*/checkpoints"))
    done = result_of(folder)
    assert (done.runs, done.done, done.cancelled) == (5, 5, False)


def test_each_question_comes_from_the_fold_that_kept_it_back(begin, small_dataset):
    """A result taken from another fold would be one of a model that has learned the question."""
    folder = begin()
    steps.work(folder.root)
    found, tuned = comparison_of(folder), comparison_of(folder).system("tuned")
    clusters = question_clusters(small_dataset)
    parts = cross_fit_folds(small_dataset, clusters, seed=0, folds=4)
    so_far = cross_fit.cross_fit_so_far(
        jobs.workspace_of(folder), cross_fit.CrossFitJob(launch.follow(folder), _request(folder))
    )
    assert [fold.number for fold in so_far.folds] == [1, 2, 3, 4]
    for part, fold in zip(parts, so_far.folds, strict=True):
        for regime in ("known", "unseen"):
            rows = part.held_out_rows[part.regimes_of(part.held_out_rows) == regime]
            at = (found.regimes == regime) & np.isin(found.question_rows, rows)
            values = tuned.metrics["ndcg@10"][at]
            assert np.allclose(values, fold.result.measured.ndcg[regime], atol=1e-6)
    gain = so_far.gain("unseen")
    assert gain is not None and gain.count == 4


def _request(folder):
    return jobs.request_of(folder)


def test_model_and_verdict_are_runs_of_the_project(begin, project):
    """What comes out must be what Compare, report and decisions know: a run and its comparison."""
    folder = begin()
    steps.work(folder.root)
    done = result_of(folder)
    (run,) = tuning_runs(project)
    assert run.job.id == done.tune_run and run.has_model and run.job.state == FINISHED
    assert run.request.from_cross_fit == folder.root.name
    assert run.is_of(project.dataset_id)
    assert [view.id for view in comparisons_of(project, done.tune_run)] == [done.compare_run]
    states = {stop.key: stop.state for stop in journey_status(project)}
    assert states["tune"] == states["compare"] == "done"
    assert isinstance(promotion_allowed(comparison_of(folder))[0], bool)
    trial = trials.Trials.of(folder.root).result("all-s0")
    assert trial.questions == len(project.load_dataset().judged_rows)


def test_the_model_that_learned_all_is_never_compared_on_one_split(begin, project):
    folder = begin()
    steps.work(folder.root)
    with pytest.raises(ComparisonError, match="learned from every question"):
        launch_comparison(project, result_of(folder).tune_run, (), "ann")


def test_sigkill_in_a_fold_loses_nothing(begin):
    """The verdict of a night must not begin again because the computer was restarted at six."""
    whole, folder = begin(epochs=8), begin(epochs=8)
    assert steps.work(whole.root) == 0
    command = [sys.executable, "-m", "core", "work", str(folder.root)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""})
    try:
        end = time.monotonic() + 120
        while not list(folder.root.glob("trials/f03-s0/checkpoints")):
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.wait()
    assert launch.follow(folder).state == INTERRUPTED
    done = {p: p.stat().st_mtime_ns for p in folder.root.glob("trials/f*/result.json")}
    assert len(done) in {2, 3}
    append_event(folder, "launched")
    assert steps.work(folder.root) == 0
    assert {path: path.stat().st_mtime_ns for path in done} == done
    same(folder, whole)


def test_kill_while_the_verdict_is_written_makes_no_second_run(begin, project, monkeypatch):
    folder, true = begin(), cross_fit.write_comparison

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cross_fit, "write_comparison", die)
    with pytest.raises(KeyboardInterrupt):
        steps.work(folder.root)
    assert len(tuning_runs(project)) == 1
    monkeypatch.setattr(cross_fit, "write_comparison", true)
    append_event(folder, "launched")
    assert steps.work(folder.root) == 0
    done = result_of(folder)
    assert [run.job.id for run in tuning_runs(project)] == [done.tune_run]
    assert len(comparisons_of(project, done.tune_run)) == 1


def test_stopped_verdict_keeps_its_folds_and_goes_on(begin, monkeypatch, project):
    whole, folder = begin(), begin()
    assert steps.work(whole.root) == 0
    true, calls = trials.run_tuning, []

    def stop_at_third(*told, **more):
        calls.append(1)
        if len(calls) == 3:
            folder.request_stop("cancel")
        return true(*told, **more)

    monkeypatch.setattr(trials, "run_tuning", stop_at_third)
    assert steps.work(folder.root) == 2
    assert launch.follow(folder).state == CANCELLED
    done = result_of(folder)
    assert done.cancelled and done.done == 2 and not done.tune_run
    assert len(tuning_runs(project)) == 1  # that of the whole one
    folder.clear_stop_requests()
    append_event(folder, "launched")
    assert steps.work(folder.root) == 0
    same(folder, whole)


def test_a_fold_that_fails_ends_the_job_with_the_reason_and_is_tried_again(begin, monkeypatch):
    """A verdict that silently lacks the questions of a fold would be another verdict."""
    folder, true, calls = begin(), trials.run_tuning, []

    def fail_once(*told, **more):
        calls.append(1)
        if len(calls) == 2:
            raise TuningError("The loss is not a number at step {step}.", step=3)
        return true(*told, **more)

    monkeypatch.setattr(trials, "run_tuning", fail_once)
    assert steps.work(folder.root) == 1
    seen = launch.follow(folder)
    assert seen.state == FAILED and "Fold 2 failed" in str(seen.error)
    assert "not a number at step 3" in str(seen.error)
    append_event(folder, "launched")
    assert steps.work(folder.root) == 0 and comparison_of(folder).folds == 4


def test_a_planted_leak_fails_the_job(begin, monkeypatch):
    """A test question that its fold has trained must stop the job, not brighten the verdict."""
    true = cross_fit.cross_fit_folds

    def leaky(dataset, clusters, **settings):
        first, *rest = true(dataset, clusters, **settings)
        split = first.split.copy()
        unseen = first.held_out_rows[first.regimes_of(first.held_out_rows) == "unseen"]
        split[unseen[0]] = "train"
        return (dataclasses.replace(first, split=split), *rest)

    monkeypatch.setattr(cross_fit, "cross_fit_folds", leaky)
    folder = begin()
    assert steps.work(folder.root) == 1
    assert "leak into what it learns from" in str(launch.follow(folder).error)


def test_labels_fitted_on_a_test_question_are_refused(project, small_dataset):
    """Calibrations and weights are chosen inside the fold: own labels of test questions leak."""
    fold = cross_fit_folds(small_dataset, question_clusters(small_dataset))[0]
    scores = [
        dataclasses.replace(one, dataset_id=fold.id)
        for one in experts.load_expert_scores(project.workspace, small_dataset, ["bm25", "tfidf"])
    ]
    recipe = LabelRecipe(("bm25", "tfidf"), "mean")
    fitted = LabelModel.fit(fold, scores, recipe)
    check_labels(fitted)
    before = [dataclasses.replace(one, dataset_id=small_dataset.id) for one in scores]
    whole = LabelModel.fit(small_dataset, before, recipe)  # fitted on the questions of one split
    with pytest.raises(TuningError, match="own test questions"):
        check_labels(dataclasses.replace(whole, dataset=fold))


def test_what_cannot_be_folded_is_refused_before_it_starts(project, started, tiny_static):
    data = project.load_dataset()
    few = dataclasses.replace(data, question_group=data.question_group % 5)
    project.workspace.save_dataset(few, {})
    with pytest.raises(DataError, match="5 groups of different answers"):
        cross_fit.fold_count(few)
    assert started == []


def trial(best, planned, alpha=1.0, left_out=()):
    return TrialResult(Measured({}), 1.0, best, best, 10, planned, alpha, left_out)


def test_settings_of_the_delivered_model_are_what_most_folds_chose():
    folds = [trial(10, 20), trial(20, 20, 0.5), trial(4, 20, 0.75), trial(0, 20), trial(12, 20, 1)]
    end = agreed_end(folds)
    assert end.share == 0.5 and end.alpha == 0.875
    none = agreed_end([trial(0, 20), trial(0, 20), trial(8, 20)])
    assert none.share == 0  # most folds found nothing better than the base model: so be it
    config, off = TuningConfig(), ("neighbourhoods_per_batch",)
    assert agreed_settings(config, [trial(1, 2, 1.0, off)] * 2 + [trial(1, 2)]).id != config.id
    assert agreed_settings(config, [trial(1, 2, 1.0, off)] + [trial(1, 2)] * 2) == config
    # Nothing tells a run without validation questions that it has no teacher: the folds do.
    alone = agreed_settings(config, [trial(1, 2, 1.0, ("open_share",))] * 3)
    assert alone == dataclasses.replace(config, open_share=0)


def test_delivered_model_ends_where_the_folds_agreed(begin, project):
    folder = begin(epochs=4)
    steps.work(folder.root)
    found = trials.Trials.of(folder.root)
    folds = [found.result(f"f0{number}-s0") for number in range(1, 5)]
    delivered, end = found.result("all-s0"), agreed_end(folds)
    assert delivered.steps == round(end.share * delivered.planned)
    told = json.loads((folder.root / "trials" / "all-s0" / "tuned.json").read_text())
    assert told["alpha"] == end.alpha and told["best_score"] is None


def test_intervals_of_few_groups_are_widened_most():
    """Measured by benchmarks/cross_fit_coverage.py; a plain interval would promise too much."""
    factors = [widening(groups) for groups in (10, 39, 40, 79, 80, 5000)]
    assert factors == sorted(factors, reverse=True) and factors[-1] > 1
