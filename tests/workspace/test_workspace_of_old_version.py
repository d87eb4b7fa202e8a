"""A workspace that an earlier version wrote opens today: nobody begins again after an update.

The files lie in ``old_workspace/``; its README says what is in them.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from core.jobs.folder import RunFolder
from core.jobs.launch import follow
from core.journey import (
    compare as comparing,
    compare as examining,
    data,
    decisions as question_notes,
    decisions as savings,
    delivery,
    experiments as races,
    experts,
    labels,
    projects,
    projects as status,
    rating,
    report,
    tune as capacity,
    tune as tuning_runs,
)
from core.journey.experiments import curve_result, data_curves
from core.journey.jobs import KINDS, jobs_of
from core.journey.people import voting, voting as vote_results
from core.journey.pilot import versions
from core.types import LabelRecipe
from core.workspace.workspace import Project, Workspace

MEANS = {
    "base": 0.6575790,
    "tuned": 0.6532555,
    "bm25": 0.5719119,
    "tfidf": 0.5899705,
    "hybrid:base": 0.6282537,
    "hybrid:tuned": 0.6275950,
}
CURVE = [0.7747676, 0.7821162, 0.7803176, 0.7623787]
# What the report says in other words since: one registry of measures names them at any cut-off, and
# a difference that is not shown is called what it is.
REWORDED = {
    "Right answers found in the first ten (recall@10)": "Right answers found (recall@10)",
    "The decision": "The decision in detail",
    "Not shown: the held-out questions show no difference between the two models.": (
        "No clear difference between the two models on the held-out questions."
    ),
    "Not shown": "No clear difference",
    "the gain is not shown": "the gain may be chance",
    "not shown in the others": "no clear difference in the others",
}
WORDLLAMA, EXPERTS = "wordllama-l2-supercat-256", ("wordllama-l2-supercat-256", "bm25", "tfidf")


@pytest.fixture
def workspace(old_workspace: Path) -> Workspace:
    return Workspace.open(old_workspace)


@pytest.fixture
def project(workspace: Workspace) -> Project:
    return next(one for one in workspace.projects() if one.name == "Old shop FAQ")


def run_of(project, kind) -> str:
    return next(job.id for job in jobs_of(project, kind) if job.state == "finished")


def test_the_files_are_small_and_closed():
    folder = Path(__file__).parent / "old_workspace" / "files"
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 2_000_000
    assert not list(folder.glob("records.db-*"))
    with sqlite3.connect(f"file:{folder / 'records.db'}?mode=ro", uri=True) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_projects_and_data(workspace, project):
    assert {one.name for one in workspace.projects()} == {"Old shop FAQ", "Empty"}
    dataset = workspace.load_dataset(project.dataset_id)
    assert (len(dataset.questions), len(dataset.answers)) == (210, 30)
    assert dataset.id == project.dataset_id
    report = data.import_report(workspace, dataset.id)
    assert report["file"] == "faq.csv" and len(data.set_aside_rows(report)) == 1


def test_every_stop_is_as_far_as_it_was(project):
    assert {stop.key: stop.state for stop in projects.journey_status(project)} == {
        key: "done" for key in status.STOPS
    }


def test_every_kind_of_job_is_there_in_its_state(project):
    seen = sorted((job.kind, job.state) for job in jobs_of(project))
    assert seen == [
        ("compare", "finished"),
        ("curve", "finished"),
        ("export", "finished"),
        ("race", "finished"),
        ("score", "finished"),
        ("tune", "failed"),
        ("tune", "finished"),
        ("tune", "interrupted"),
    ]
    later = {"probe", "cross_fit", "write", "improve", "watch", "challenge", "smaller"}
    assert {kind for kind, _ in seen} | later == set(KINDS)
    (failed,) = (job for job in jobs_of(project) if job.state == "failed")
    assert str(failed.error) == "The loss is not a number at step 3."


def test_scores_recipes_and_corrections(workspace, project):
    dataset = workspace.load_dataset(project.dataset_id)
    human = rating.people_expert(project)
    assert status.scored_experts(project) == (*EXPERTS, human)
    report = experts.scoring_report(project)
    assert [one.expert for one in report.figures] == [*EXPERTS, human]
    assert report.figures[0].ndcg.value == pytest.approx(0.722365, abs=1e-6)
    saved = {one.name: one.recipe for one in labels.recipes(project)}
    assert saved["Mean"] == LabelRecipe(EXPERTS, "mean", 0.3)
    used = labels.recipe_in_use(project)
    assert used.name == "First recipe"
    by_hand = labels.overrides(project)
    assert [one.value for one in by_hand] == [0.6, 0.2, None]
    model = labels.label_model(workspace, dataset, used.recipe, by_hand)
    job = follow(RunFolder(workspace.run_folder(run_of(project, "tune"))))
    result = RunFolder(workspace.run_folder(job.id)).read_result()
    assert model.id == result["label_id"], "the same recipe gives other labels than it gave"
    summary = rating.rating_summary(project, dataset)
    assert summary.ratings == 3 and [one.name for one in summary.raters] == ["Ann"]


def test_tuning_runs(project):
    runs = {run.job.state: run for run in tuning_runs.tuning_runs(project)}
    done = runs["finished"]
    assert (done.recipe, done.base_model, done.loss) == ("First recipe", WORDLLAMA, "kl")
    assert done.has_model and not done.result.cancelled
    assert done.result.best_score == pytest.approx(0.7623786, abs=1e-7)
    assert [point.step for point in done.result.curve] == [0, 2, 3]
    assert set(done.result.curve[0].regimes) == {"known", "unseen"}
    assert runs["failed"].result is None and runs["interrupted"].result is None


def test_comparison(workspace, project):
    run = run_of(project, "compare")
    comparison = comparing.load_comparison(workspace, run)
    means = {arm.name: arm.mean("ndcg@10") for arm in comparison.systems}
    assert means == pytest.approx(MEANS, abs=1e-7)
    assert {difference.regime for difference in comparison.differences} >= {"known", "unseen"}
    examined = examining.load_examination(workspace, run)
    assert len(examined.shape) == 4 and len(examined.costs) == 2


def test_what_people_said(workspace, project):
    comparison = comparing.load_comparison(workspace, run_of(project, "compare"))
    (pair,) = question_notes.reported_pairs(project)
    kinds = [note.kind for note in question_notes.notes_on(project, pair[0])]
    assert sorted(kinds) == ["bad label", "comment"]
    assert len(voting.rounds(project)) == 1
    dataset = workspace.load_dataset(project.dataset_id)
    (vote,) = vote_results.opened_votes(project, dataset, comparison.run_id)
    assert (vote.votes, vote.early) == (4, False)
    assert savings.saved_inputs(project).questions_per_month == 2000
    assert savings.savings_of(project, comparison) is not None
    assert versions.promotion(project).run == comparison.run_id


def test_race_curve_export_and_probe(workspace, project):
    (race,) = races.races(project)
    found = races.race_result(workspace, race)
    done = found.experiment
    assert (done.finished, done.planned, found.absent) == (3, 3, ())
    standings = {(one.contestant.recipe_name, one.contestant.loss): one for one in found.standings}
    assert set(standings) == {("First recipe", "kl"), ("", "infonce"), ("", "mse")}
    assert found.standings[0].score.mean == pytest.approx(0.7692612, abs=1e-7)
    (key,) = races.kept_models(workspace, race)
    assert key == found.standings[0].contestant.key
    (job,) = data_curves(project)
    curve = curve_result(workspace, job)
    assert [point.share for point in curve.points] == [25, 50, 75, 100]
    assert not curve.experiment.failures
    assert [point.score.mean for point in curve.points] == pytest.approx(
        [0.7747676, 0.7821162, 0.7803176, 0.7623787], abs=1e-7
    )
    tuned = run_of(project, "tune")
    export = delivery.finished_export(project, tuned)
    assert export.usable and export.result.dimension == 256
    (probe,) = (capacity.view_probe(workspace, p.name) for p in workspace.layout.probes.iterdir())
    assert probe.job.state == "finished" and probe.probe is not None and probe.problem is None


def test_the_report_says_what_it_said(workspace, project, monkeypatch):
    run = run_of(project, "compare")
    path = report.exported_report(workspace, run, "en")
    before = sentences(path.read_text("utf-8"))
    before = [reworded(line) for line in before]
    after = sentences(report.write_report(project, run, "en", "Mika", to_share=False).read_text())
    assert len(before) > 500
    # Presets have changed since: the command now brings that run's settings as a file.
    gone = [line for line in before if line not in after]
    assert len(gone) <= 2 and all("--preset" in line or "lora_rank" in line for line in gone)


def reworded(line: str) -> str:
    for old, new in REWORDED.items():
        line = line.replace(old, new)
    return line


def sentences(page: str) -> list[str]:
    """Texts of a report without the moment at which it was made."""
    text = re.sub(r"<(style|script|svg)\b.*?</\1>", "", page, flags=re.DOTALL)
    lines = (re.sub(r"\s+", " ", line).strip() for line in re.split(r"<[^>]+>|(?<=\.)\s", text))
    return [line for line in lines if line and not re.search(r"\d\d:\d\d", line)]
