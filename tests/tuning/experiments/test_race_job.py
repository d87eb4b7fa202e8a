"""A race as a job: every contestant counts once, a kill loses nothing, a failure stays alone."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.cli.options import main
from core.errors import TuningError
from core.experts.catalogue import FOLDER_PREFIX
from core.jobs import launch
from core.jobs.folder import RunFolder, append_event
from core.jobs.state import CANCELLED, FAILED, FINISHED, INTERRUPTED
from core.journey import jobs, labels, steps, trials
from core.journey.experiments import (
    ExperimentJob,
    adopt_model,
    curve_result,
    data_curves,
    kept_models,
    launch_curve,
    launch_race,
    plan_race,
    put_in_use,
    race_result,
    races,
    racing_recipes,
    settings_of,
)
from core.journey.tune import tuning_runs
from core.tuning.experiments.race import HARD, TOO_FEW, contestants
from core.types import LabelRecipe
from core.types.tuning_config import TuningConfig

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def begin(project, started, tiny_static):
    """Return a function that launches a race with a tiny model; the worker is not started."""
    workspace, made = project.workspace, project

    def launched(seeds=2, losses=("kl",), keep="winner", **settings):
        told = {"epochs": 2, "questions_per_batch": 8, "learning_rate": 1e-3, "device": "cpu"}
        config = TuningConfig(f"{FOLDER_PREFIX}{tiny_static}", **(told | settings))
        chosen = racing_recipes(made)
        run = launch_race(made, config, chosen, losses, seeds, "ann", keep=keep)
        return RunFolder(workspace.run_folder(run))

    return launched


def result_of(folder):
    race = ExperimentJob(launch.follow(folder), jobs.request_of(folder))
    return race_result(jobs.workspace_of(folder), race)


def figures(folder):
    """Every finished run's figures, without its time."""
    found = {}
    for path in sorted((folder.root / "trials").glob("c*/result.json")):
        document = json.loads(path.read_text())
        document.pop("seconds")
        found[path.parent.name] = document
    return found


def test_hard_label_baselines_always_run(project):
    made = project
    chosen = racing_recipes(made)
    everyone = contestants(chosen, ["kl", "mse", "infonce"])
    assert [(one.recipe_name, one.loss) for one in everyone] == [
        ("Mean", "kl"),
        ("Mean", "mse"),
        ("", "infonce"),
        ("", "mse"),
    ]
    assert all(one.baseline and one.recipe.rule == "hard" for one in everyone[2:])
    assert [one.loss for one in contestants([], [])] == ["infonce", "mse"]
    hard = labels.save_recipe(made, "Hard", LabelRecipe((), "hard", blend=1.0), "ann")
    twice = contestants([hard, *chosen, *chosen], ["mse"])
    assert [(one.recipe_name, one.loss) for one in twice][:-2] == [("Mean", "mse")]


def test_race_runs_every_contestant_with_every_seed_and_keeps_one_model(begin):
    folder = begin()
    assert steps.work(folder.root) == 0, launch.log_tail(folder)
    found = result_of(folder)
    assert launch.follow(folder).state == FINISHED
    assert (found.experiment.finished, found.experiment.planned) == (6, 6) and not found.absent
    assert found.word == TOO_FEW  # seven validation questions say nothing
    assert [one.score.mean for one in found.standings] == sorted(
        (one.score.mean for one in found.standings), reverse=True
    )
    first = found.standings[0]
    assert first.behind is None and first.tied
    assert found.columns == ("score", "known", "unseen", "generality")
    kept = {path.parent.name for path in (folder.root / "trials").glob("*/model")}
    assert len(kept) == 1 and kept.pop().startswith(first.contestant.key)
    assert not list((folder.root / "trials").glob("*/checkpoints"))
    assert not list((folder.root / "trials").glob("*/model.*"))


def test_test_questions_stay_untouched(begin, small_dataset):
    folder = begin(seeds=1, losses=())
    steps.work(folder.root)
    chosen = result_of(folder).experiment.validation
    for regime, rows in chosen.questions.items():
        assert set(small_dataset.split[list(rows)]) == {f"validation_{regime}"}


@pytest.mark.parametrize("query_side", [False, True])
def test_measured_as_the_run_itself_measures(begin, query_side):
    """Other questions than those that choose the checkpoint would rank the recipes by chance."""
    folder = begin(seeds=1, losses=(), keep="all", query_side=query_side)
    steps.work(folder.root)
    for name, document in figures(folder).items():
        tuned = json.loads((folder.root / "trials" / name / trials.TUNED).read_text())
        regimes = [sum(values) / len(values) for values in document["measured"]["ndcg"].values()]
        assert sum(regimes) / len(regimes) == pytest.approx(tuned["best_score"], abs=1e-5)
    assert len(list((folder.root / "trials").glob("*/model"))) == 2


def test_a_contestant_that_fails_is_absent_and_the_others_go_on(begin, monkeypatch):
    """A failed run counted as zero would make the recipe look hopeless instead of broken."""
    true = trials.run_tuning

    def fail(workspace, model, config, folder, report):
        if config.loss == "mse":
            raise TuningError("The loss is not a number at step {step}.", step=3)
        if config.loss == "infonce" and config.seed == 1:
            raise RuntimeError("boom")
        return true(workspace, model, config, folder, report)

    monkeypatch.setattr(trials, "run_tuning", fail)
    folder = begin()
    assert steps.work(folder.root) == 0
    found = result_of(folder)
    assert [one.contestant.loss for one in found.standings if one.failures] == ["infonce"]
    (one,) = (one for one in found.standings if one.failures)
    assert one.seeds == 1 and one.score.std is None and "boom" in str(one.failures[1])
    ((absent, reasons),) = found.absent
    assert absent.loss == "mse" and "not a number at step 3" in str(reasons[0])
    assert found.experiment.finished == 3


def test_race_in_which_nothing_works_fails_with_the_reason(begin, monkeypatch):
    def fail(*_):
        raise TuningError("The base model cannot be read.")

    monkeypatch.setattr(trials, "run_tuning", fail)
    folder = begin(seeds=1)
    assert steps.work(folder.root) == 1
    seen = launch.follow(folder)
    assert seen.state == FAILED and "The base model cannot be read" in str(seen.error)


def test_full_disk_ends_the_race_at_once_and_it_goes_on_later(begin, monkeypatch):
    """Each of twenty runs would fail in turn, and the user would read twenty failures."""
    true, calls = trials.run_tuning, []

    def fill(*told):
        calls.append(1)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return true(*told)

    monkeypatch.setattr(trials, "run_tuning", fill)
    folder = begin(seeds=1)
    assert steps.work(folder.root) == 1
    assert "disk is full" in str(launch.follow(folder).error) and len(calls) == 2
    assert steps.work(folder.root) == 0
    assert result_of(folder).experiment.finished == 3 and len(calls) == 4


def test_stopped_race_keeps_what_is_done_and_goes_on_from_its_checkpoint(begin, monkeypatch):
    whole = begin(seeds=1)
    assert steps.work(whole.root) == 0
    folder, true, shares = begin(seeds=1), trials.run_tuning, []

    class Stopping:
        def __init__(self, report):
            self._report = report

        def __getattr__(self, name):
            return getattr(self._report, name)

        def progress(self, fraction, message):
            shares.append(fraction)
            self._report.progress(fraction, message)

        def should_stop(self):
            return sum(0 < fraction < 1 for fraction in shares) > 2

    def stopping(workspace, model, config, place, report):
        second = config.loss == "infonce"
        told = Stopping(report) if second else report
        return true(workspace, model, config, place, told)

    monkeypatch.setattr(trials, "run_tuning", stopping)
    assert steps.work(folder.root) == 2
    assert launch.follow(folder).state == CANCELLED
    found = result_of(folder)
    assert found.experiment.finished == 1 and list(
        (folder.root / "trials").glob("c02-s0/checkpoints/step-*")
    )
    monkeypatch.setattr(trials, "run_tuning", true)
    append_event(folder, "launched")
    assert steps.work(folder.root) == 0
    assert launch.follow(folder).state == FINISHED
    assert figures(folder) == figures(whole)


@pytest.mark.parametrize("damage", ["{", "{}", '{"measured": {"ndcg": {"known": [1.0]}}}'])
def test_damaged_result_is_absent_with_a_reason_and_repeated_on_resume(begin, damage):
    folder = begin(seeds=1, losses=())
    steps.work(folder.root)
    before = figures(folder)
    (folder.root / "trials" / "c01-s0" / "result.json").write_text(damage)
    found = result_of(folder)
    assert found.experiment.finished == 1 and "damaged" in str(found.absent[0][1][0])
    shutil.rmtree(folder.root / "trials" / "c01-s0" / "model", ignore_errors=True)
    append_event(folder, "launched")
    assert steps.work(folder.root) == 0
    assert figures(folder) == before


def test_what_cannot_race_is_refused_before_it_starts(project, begin, started):
    made = project
    with pytest.raises(TuningError, match="1 to 10"):
        begin(seeds=11)
    with pytest.raises(TuningError, match="is not known"):
        begin(losses=("nonsense",))
    with pytest.raises(TuningError, match="is not known"):
        begin(keep="some")
    assert started == [] and jobs.jobs_of(made, jobs.RACE) == []


def test_plan_counts_runs_and_disk(project, small_dataset):
    workspace, made = project.workspace, project
    everyone = contestants(racing_recipes(made), ["kl"])
    planned = plan_race(workspace, small_dataset, TuningConfig(), everyone, 3, "winner")
    assert (planned.contestants, planned.runs, planned.seconds) == (3, 9, None)
    more = plan_race(workspace, small_dataset, TuningConfig(), everyone, 3, "all")
    assert more.disk_mb > planned.disk_mb > 0


def test_sigkill_in_the_middle_loses_nothing(begin):
    """The race of a night must not begin again because the computer was restarted at six."""
    whole, folder = begin(epochs=8, seeds=1), begin(epochs=8, seeds=1)
    assert steps.work(whole.root) == 0
    command = [sys.executable, "-m", "core", "work", str(folder.root)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""})
    try:
        end = time.monotonic() + 120
        while not list(folder.root.glob("trials/c02-s0/checkpoints")):
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.wait()
    assert launch.follow(folder).state == INTERRUPTED
    done = {p: p.stat().st_mtime_ns for p in folder.root.glob("trials/c*/result.json")}
    assert len(done) in {1, 2} and result_of(folder).experiment.finished == len(done)
    append_event(folder, "launched")
    assert steps.work(folder.root) == 0
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert figures(folder) == figures(whole)


def test_model_of_the_winner_becomes_a_run_without_learning_again(begin, project):
    workspace, made = project.workspace, project
    folder = begin(seeds=1)
    steps.work(folder.root)
    (one,) = races(made)
    ((key, seed),) = kept_models(workspace, one).items()
    assert key == race_result(workspace, one).standings[0].contestant.key
    run = adopt_model(made, one, key, "ann", "Known answers")
    (found,) = tuning_runs(made)
    assert found.recipe, "a baseline has no recipe, and its run would have an empty title"
    winner = next(c for c in one.request.contestants if c.key == key)
    assert found.job.id == run and found.job.state == FINISHED and found.has_model
    assert found.job.config["tuning"]["loss"] == winner.loss == settings_of(one, winner).loss
    assert found.job.config["tuning"]["seed"] == seed
    measured = figures(folder)[winner.trial(seed)]["measured"]["ndcg"].values()
    score = sum(sum(values) / len(values) for values in measured) / len(measured)
    assert found.result.best_score == pytest.approx(score, abs=1e-5)
    other = next(c for c in one.request.contestants if c.key != key)
    with pytest.raises(TuningError, match="was not kept"):
        adopt_model(made, one, other.key, "ann")


def test_race_from_a_terminal_prints_the_table(project, tiny_static, monkeypatch, capsys):
    workspace, made = project.workspace, project
    monkeypatch.setattr(launch, "_start", lambda folder, _environment=None: _work(folder))
    monkeypatch.setenv("WORKSPACE", str(workspace.layout.root))
    base = f"{FOLDER_PREFIX}{tiny_static}"
    arguments = ["race", made.name, "--losses", "kl", "--seeds", "1", "--preset", "quick"]
    assert main([*arguments, "--base", base, "--recipes", "Nobody"]) == 1
    assert "Recipes: Mean" in capsys.readouterr().err
    assert main([*arguments, "--base", base]) == 0
    told = capsys.readouterr().out
    for part in ("Mean · kl", "hard labels · infonce", "hard labels · mse", "untuned"):
        assert f"\n{part}  " in told
    assert "too little was measured" in told and "test questions stay untouched" in told


def _work(folder):
    append_event(folder, "launched")
    assert steps.work(folder.root) == 0


def test_recipe_of_the_winner_is_put_in_use(begin, project):
    made = project
    begin(seeds=1)
    (one,) = races(made)
    soft, hard, _ = one.request.contestants
    assert put_in_use(made, hard, "Hard labels", "ann").name == "Hard labels"
    assert labels.recipe_in_use(made).recipe.rule == "hard"
    assert put_in_use(made, soft, "", "ann").name == "Mean"
    assert put_in_use(made, hard, "Hard labels", "ann").name == "Hard labels"
    assert len(labels.recipes(made)) == 2


def test_race_whose_request_is_damaged_is_shown_as_such(begin, project):
    workspace, made = project.workspace, project
    folder = begin(seeds=1)
    document = folder.read_request()
    document["config"]["seeds"] = "all"
    folder.request.write_text(json.dumps(document))
    (one,) = races(made)
    assert one.request is None and "cannot be read" in str(one.problem)
    assert kept_models(workspace, one) == {}


def test_data_curve_labels_its_parts_without_the_rest(project, started, tiny_static):
    """Labels fitted on questions that are left out would tell a small share too much."""
    workspace, made = project.workspace, project
    config = TuningConfig(
        f"{FOLDER_PREFIX}{tiny_static}", epochs=1, questions_per_batch=8, device="cpu"
    )
    run = launch_curve(made, config, 2, "ann")
    folder = RunFolder(workspace.run_folder(run))
    assert steps.work(folder.root) == 0, launch.log_tail(folder)
    (one,) = data_curves(made)
    found = curve_result(workspace, one)
    done = found.experiment
    assert (done.finished, done.planned) == (8, 8) and not done.failures
    assert [point.share for point in found.points] == [25, 50, 75, 100]
    assert [point.questions for point in found.points] == [8, 16, 24, 28]
    assert found.word == "too few" and found.gain_of_more() is None
    assert not list(folder.root.glob("trials/*/model"))
    labelled = {
        json.loads(path.read_text())["label_id"]
        for path in folder.root.glob(f"trials/p*-s0/{trials.TUNED}")
    }
    assert len(labelled) == 4


def test_too_little_data_for_a_curve_is_said_at_once(project, started, small_dataset, tiny_static):
    workspace, made = project.workspace, project
    split = small_dataset.split.copy()
    split[4:28] = "test_known"
    little = dataclasses.replace(small_dataset, split=split)
    workspace.save_dataset(little, {})
    workspace.records.use_dataset(made.id, little.id, "ann")
    labels.save_recipe(workspace.project(made.id), "Hard", HARD, "ann")
    workspace.records.set(made.id, "scored", {"dataset_id": little.id, "experts": ["bm25"]})
    with pytest.raises(TuningError, match="At least 20"):
        launch_curve(
            workspace.project(made.id),
            TuningConfig(f"{FOLDER_PREFIX}{tiny_static}"),
            2,
            "ann",
        )
    assert started == []
