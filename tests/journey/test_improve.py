"""One job from data to verdict: what it decides, keeps, resumes and says when a part fails."""

from __future__ import annotations

import os
import signal
import time

import pytest

from core.errors import JobError, RightsError, TuningError
from core.jobs.folder import PAUSE, RunFolder
from core.journey import experts as scoring, improve, jobs, steps
from core.journey.data import import_file
from core.journey.improve import improved, improvement, improvement_of, launch_improvement
from core.journey.labels import recipe_in_use, recipes
from core.journey.projects import DONE, journey_status, scored_experts
from core.types.rights import VIEWER, Member, Person
from core.workspace.workspace import Workspace
from tests.fake_cluster import fake_cluster
from tests.pages.conftest import first_answers, launched as launched

FAST = ("wordllama-l2-supercat-256", "bm25")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a project with a part of the sample, whose suggested experts are quick ones."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(scoring, "suggested_experts", lambda *_args, **_settings: FAST)
    monkeypatch.setattr("core.tuning.presets._TODAY", ())
    workspace = Workspace.open(tmp_path / "workspace")
    made = workspace.create_project("Shop", "Mika")
    import_file(made, first_answers(60), "faq.csv", who="Mika")
    return workspace.project(made.id)


@pytest.fixture(autouse=True)
def _small_model(monkeypatch):
    monkeypatch.setattr("core.journey.command_inputs.suggested_model", lambda _: FAST[0])


def kinds(project):
    return sorted(view.kind for view in jobs.jobs_of(project))


def test_one_job_ends_in_a_verdict_and_every_stop_is_there(project, launched):
    run = launch_improvement(project, "Mika", "quick")
    assert steps.work(launched[0].root) == 0
    assert kinds(project) == ["compare", "improve", "score", "tune"]
    assert all(stop.state == DONE for stop in journey_status(project)[:5])
    found, told = improved(project.workspace, run), improvement(project.workspace, run)
    assert dict(told.runs) == {
        "score": scored_run(project),
        "tune": found.tune_run,
        "compare": found.compare_run,
    }
    about = [decided.about for decided in told.decided]
    assert about[0] == "experts" and set(about) >= {"teacher", "panel", "labels", "verdict"}
    assert "suggested for these data" in str(told.decided[0].text)
    assert recipe_in_use(project).name == improve.FIRST_RECIPE
    assert {line["who"] for line in project.workspace.records.audit_trail(project.id)} == {"Mika"}
    view = jobs.job(project.workspace, run)
    assert view.fraction == 1.0 and improvement_of(project).id == run


def test_on_a_cluster_the_parts_are_done_by_the_worker_of_the_whole(project, monkeypatch):
    """Each part handed over by itself would wait behind the whole, which waits for it."""
    with fake_cluster() as fake:
        monkeypatch.setenv("RAY_JOBS_ADDRESS", fake.address)
        run = launch_improvement(project, "Mika", "quick")
        (job,) = fake.submitted
        fake.jobs = [{"submission_id": run, "status": "RUNNING"}]
        for name, value in job["runtime_env"]["env_vars"].items():
            monkeypatch.setenv(name, value)
        assert steps.work(project.workspace.run_folder(run)) == 0
        assert len(fake.submitted) == 1
    assert kinds(project) == ["compare", "improve", "score", "tune"]
    assert {view.state for view in jobs.jobs_of(project)} == {"finished"}


def scored_run(project):
    return next(view.id for view in jobs.jobs_of(project, "score"))


def test_what_was_chosen_before_is_kept(project, launched, monkeypatch):
    monkeypatch.setattr(scoring, "suggested_experts", lambda *_a, **_s: pytest.fail("asked anew"))
    scoring.launch_scoring(project, ["bm25", "tfidf"], "Mika")
    assert steps.work(launched[0].root) == 0
    run = launch_improvement(project, "Mika", "quick")
    assert steps.work(launched[1].root) == 0
    assert scored_experts(project) == ("bm25", "tfidf")
    told = improvement(project.workspace, run)
    assert "have scored these data already" in str(told.decided[0].text)
    assert "score" not in told.runs and len(recipes(project)) == 1


def test_a_killed_job_goes_on_without_doing_the_finished_parts_again(
    project, processes, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr("core.jobs.launch._start", lambda folder, _: steps.work(folder.root))
        scoring.launch_scoring(project, FAST, "Mika")
    run = launch_improvement(project, "Mika", "quick")
    (worker,) = processes
    folder = RunFolder(project.workspace.run_folder(run))
    wait_until(lambda: "compare" in improvement(project.workspace, run).runs, worker)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    told = improvement(project.workspace, run)
    story = project.workspace.run_folder(told.runs["tune"]) / "events.jsonl"
    tuned = story.read_bytes()
    assert jobs.job(project.workspace, run).state == "interrupted"
    jobs.resume(project.workspace, run)
    assert processes[1].wait(300) == 0, folder.log.read_text()
    again = improvement(project.workspace, run)
    assert again.runs == told.runs and again.decided == told.decided
    assert story.read_bytes() == tuned, "what was tuned is not tuned again"
    compared = project.workspace.run_folder(told.runs["compare"]) / "events.jsonl"
    assert compared.read_text().count('"event": "launched"') == 2
    assert improved(project.workspace, run).compare_run == again.runs["compare"]


def wait_until(reached, worker, seconds: float = 240):
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end and worker.poll() is None
        time.sleep(0.05)


def test_a_failed_part_ends_the_job_with_its_reason_and_its_log(project, launched, monkeypatch):
    def fail(*_told):
        raise MemoryError

    run = launch_improvement(project, "Mika", "quick")
    with monkeypatch.context() as patch:
        patch.setattr("core.journey.tune.tune_step", fail)
        assert steps.work(launched[0].root) == 1
    view = jobs.job(project.workspace, run)
    assert view.state == "failed" and str(view.error).startswith("There was not enough memory")
    (tuned,) = jobs.jobs_of(project, "tune")
    story = project.workspace.run_folder(scored_run(project)) / "events.jsonl"
    scored = story.read_bytes()
    assert tuned.state == "failed" and "MemoryError" in jobs.log_of(project.workspace, tuned.id)
    jobs.resume(project.workspace, run)
    assert steps.work(launched[1].root) == 0
    assert jobs.job(project.workspace, run).state == "finished"
    assert [one.id for one in jobs.jobs_of(project, "tune")] == [tuned.id]
    assert story.read_bytes() == scored, "what was scored is not scored again"


@pytest.mark.parametrize("at", ["whole", "part"])
def test_a_pause_reaches_the_part_and_the_whole(project, launched, monkeypatch, at):
    """Pressed on the card of either; both can be resumed."""
    from core.journey import compare

    run = launch_improvement(project, "Mika", "quick")
    real = compare.compare_step

    def paused(folder, asked, report):
        place = RunFolder(project.workspace.run_folder(run)) if at == "whole" else folder
        place.request_stop(PAUSE)
        return real(folder, asked, _Obeying(report))

    with monkeypatch.context() as patch:
        patch.setattr(compare, "compare_step", paused)
        assert steps.work(launched[0].root) == 2
    states = {view.kind: view.state for view in jobs.jobs_of(project)}
    assert (states["improve"], states["compare"]) == ("paused", "paused")
    jobs.resume(project.workspace, run)
    assert steps.work(launched[1].root) == 0
    assert improved(project.workspace, run).compare_run


class _Obeying:
    """A reporter that stops the step at its first word, as a long step does at its next look."""

    def __init__(self, report):
        self.report = report

    def progress(self, fraction, message):
        from core.errors import Stopped

        self.report.progress(fraction, message)
        if self.should_stop():
            raise Stopped

    def __getattr__(self, name):
        return getattr(self.report, name)


def test_what_cannot_be_started_is_said_at_once(project, launched, tmp_path):
    with pytest.raises(TuningError, match="no preset odd"):
        launch_improvement(project, "Mika", "odd")
    launch_improvement(project, "Mika", "quick")
    with pytest.raises(JobError, match="computed for this project already"):
        launch_improvement(project, "Mika", "quick")
    empty = project.workspace.create_project("Empty", "Mika")
    with pytest.raises(JobError, match="no data yet"):
        launch_improvement(empty, "Mika")


def test_a_viewer_may_not_start_it(project, launched):
    project.state.members = (Member("vera@example.com", VIEWER),)
    vera = project.workspace.acting(Person("vera@example.com", signed_in=True))
    with pytest.raises(RightsError):
        launch_improvement(vera.project(project.id), "Vera")
    assert launched == []


def test_damaged_notes_are_no_trouble(project, launched):
    run = launch_improvement(project, "Mika", "quick")
    (launched[0].root / "walk.json").write_text("{")
    assert improvement(project.workspace, run).decided == ()
