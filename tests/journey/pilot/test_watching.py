"""A look at a pilot: what is new rings, what a season brings does not, and nothing is ever lost."""

from __future__ import annotations

import csv
import io
import os
import signal
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.errors import DataError, ExpertError, RightsError, Stopped
from core.jobs.folder import RunFolder
from core.journey import jobs
from core.journey.compare import load_comparison
from core.journey.data import read_dataset
from core.journey.jobs import FINISHED, WATCH, jobs_of
from core.journey.pilot import looking, searching, watching
from core.journey.pilot.stages import pilot_stages
from core.journey.pilot.versions import promote
from core.journey.steps import in_this_process
from core.pilot.criteria import CHANGED, DISAGREE, JUDGED, LOST, SATISFACTION, UNLIKE
from core.progress import SilentReporter
from core.types.pilot_events import CLICKED, SEARCHED, THUMB_DOWN, PilotArm, PilotEvent
from core.types.rights import VIEWER, Member, Person
from core.types.scoring import ScoredExperts
from core.types.watch_looks import (
    GONE,
    NO_EXPERTS,
    NO_MODEL,
    NO_SEARCHES,
    SENDING_FAILED,
    SENT,
    CriterionState,
    WatchCriteria,
)
from core.workspace.database import now
from core.workspace.workspace import Workspace
from tests.pilot.test_drift import E_BIKES
from tests.reporting.finished_journey import BASE, TOPICS, finished_journey

ROOT = Path(__file__).resolve().parents[3]
HERE = in_this_process(lambda _: None, lambda report: report)
LISTENS = SilentReporter()


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return finished_journey(tmp_path / "workspace", evil="")


def used(made):
    """The tuned model is in use; its verdict is that of other vectors, so a new one is worse."""
    found = load_comparison(made.workspace, made.compare_run)
    promote(made.project, found, "ann", reason="to see what the watch says")
    return made.workspace.project(made.project.id)


def days_ago(days: float) -> str:
    at = datetime.fromisoformat(now()) - timedelta(days=days)
    return at.isoformat(timespec="milliseconds")


def ask(project, plan, texts, days: float = 1.0, kind: str = "", tag: str = "s") -> None:
    events, at = [], days_ago(days)
    for number, text in enumerate(texts):
        token = f"{tag}{number}"
        events.append(PilotEvent(token, token, SEARCHED, f"v{number}", text, -1, at))
        if kind:
            events.append(PilotEvent(f"m{token}", token, kind, f"v{number}", "", 0, at))
    project.workspace.records.add_events(project.id, plan.id, events)


def states(look):
    return {state.key: state for state in look.criteria}


def test_a_look_is_a_job_that_stays_and_says_why_it_cannot_tell(made):
    run = watching.launch_look(made.project, "ann", start=HERE)
    (view,) = jobs_of(made.project, WATCH)
    assert (view.id, view.state) == (run, FINISHED)
    look = watching.newest_look(made.project)
    assert watching.looks(made.project) == (look,)
    assert (look.no_drift, look.no_verdict, look.fired) == (NO_SEARCHES, NO_MODEL, ())
    assert set(states(look)) == {UNLIKE, JUDGED, SATISFACTION, CHANGED, LOST, DISAGREE}
    RunFolder(made.workspace.run_folder(run)).result.write_text("{}")
    assert watching.looks(made.project) == () and watching.newest_look(made.project) is None


def test_the_frozen_test_is_asked_again_with_the_model_in_use(made):
    look = looking.look_at(used(made), WatchCriteria(), LISTENS)
    (known, unseen) = look.verdict.found
    assert [one.regime for one in look.verdict.then] == [known.regime, unseen.regime]
    dataset = made.project.load_dataset()
    assert known.questions + unseen.questions == len(dataset.held_out_rows)
    assert look.fired == (LOST,) and look.verdict.today == ()
    again = looking.look_at(made.project, WatchCriteria(), LISTENS)
    assert again.verdict == look.verdict, "the same questions and model give the same figures"
    RunFolder(made.workspace.run_folder(made.tune_run)).model.rename(
        made.workspace.layout.root / "x"
    )
    assert looking.look_at(made.project, WatchCriteria(), LISTENS).no_verdict in (GONE, NO_MODEL)


def test_home_says_what_the_last_look_at_the_model_in_use_found(made):
    project = used(made)

    def told() -> tuple[str, str]:
        (stage,) = (one for one in pilot_stages(project) if one.key == "rollout")
        return " ".join(str(one) for one in stage.said), stage.page

    assert "looked at" not in told()[0]
    watching.launch_look(project, "ann", start=HERE)
    words, page = told()
    assert "it should learn again. Of 100 frozen test questions" in words and page == "pilot"
    watching.set_criteria(project, WatchCriteria(lost=None), "ann")
    watching.launch_look(project, "ann", start=HERE)
    assert "nothing says that it should learn again" in told()[0]


def test_changed_answers_and_new_judged_questions_are_named(made):
    project = used(made)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["question", "answer"])
    dataset = project.load_dataset()
    for question, answer in zip(dataset.right_question, dataset.right_answer, strict=True):
        text = dataset.answers[answer].replace("All about kayak.", "Boats are rented by the hour.")
        writer.writerow([dataset.questions[question], text])
    for number in range(3):
        writer.writerow([f"what is the {TOPICS[number]} made of", f"All about {TOPICS[number]}."])
    changed, report = read_dataset(file.getvalue().encode(), "faq.csv")
    project.workspace.save_dataset(changed, report)
    project.workspace.records.use_dataset(project.id, changed.id, "ann")
    project = project.workspace.project(project.id)
    look = looking.look_at(project, WatchCriteria(judged=3, changed=0.04), LISTENS)
    assert (look.learned_id, look.dataset_id) == (dataset.id, changed.id)
    assert look.judged == 3 and (look.answers.learned, look.answers.added) == (24, 0)
    (suspect,) = watching.suspect_answers(project, look)
    assert suspect.before == "All about kayak." and suspect.now.startswith("Boats")
    assert len(suspect.questions) == 8 and all("kayak" in text for _, text in suspect.questions)
    rows = {
        text: int(row) for text, row in zip(dataset.questions, dataset.question_row, strict=True)
    }
    assert all(rows[text] == row for row, text in suspect.questions)
    assert {JUDGED, CHANGED} <= set(look.fired)
    assert look.verdict.dataset_id == dataset.id and look.verdict.today != ()
    held = [dataset.questions[row] for row in dataset.held_out_rows]
    assert look.verdict.left_out == sum("kayak" in text for text in held)


def test_satisfaction_that_fell_for_two_weeks_holds(made):
    plan = searching.start_page(made.project, "ann", champion=PilotArm("", BASE))
    for week in range(6):
        kind = THUMB_DOWN if week < 2 else CLICKED
        texts = [f"where is my {topic}" for topic in TOPICS]
        ask(made.project, plan, texts, 7 * week + 1, kind, f"w{week}-")
    look = looking.look_at(made.project, WatchCriteria(unlike=None), LISTENS)
    assert look.fired == (SATISFACTION,) and len(look.weeks) == 6
    assert [week.satisfaction for week in look.weeks] == [1, 1, 1, 1, 0, 0]
    assert states(look)[SATISFACTION].a_year <= 0.3
    calm = looking.look_at(made.project, WatchCriteria(unlike=None, fall=None), LISTENS)
    assert calm.fired == ()


def test_criteria_are_kept_for_whoever_may_and_alerts_for_who_may_send(made):
    wanted = WatchCriteria(unlike=0.2, judged=None, days=14)
    assert watching.criteria_of(made.project) == WatchCriteria()
    watching.set_criteria(made.project, wanted, "ann")
    assert watching.criteria_of(made.workspace.project(made.project.id)) == wanted
    trail = made.workspace.records.audit_trail(made.project.id)
    assert trail[-1]["detail"] == {"unlike": 0.2, "judged": None, "days": 14}
    with pytest.raises(DataError):
        watching.set_criteria(made.project, replace(wanted, unlike=0.01), "ann")
    assert watching.criteria_of(made.project) == wanted
    made.project.state.members = (Member("eve@example.com", VIEWER),)
    viewer = made.workspace.acting(Person("eve@example.com", signed_in=True))
    project = viewer.project(made.project.id)
    assert watching.newest_look(project) is None
    for step in (
        lambda: watching.set_criteria(project, WatchCriteria(), "eve"),
        lambda: watching.launch_look(project, "eve"),
    ):
        with pytest.raises(RightsError):
            step()


def test_a_look_holds_no_text_and_what_is_erased_is_gone_from_it(made):
    plan = searching.start_page(made.project, "ann", champion=PilotArm("", BASE))
    ask(made.project, plan, [f"xylophone zither {n} {n * 7}" for n in range(30)])
    run = watching.launch_look(made.project, "ann", start=HERE)
    look = watching.newest_look(made.project)
    assert look.questions == 30 and len(look.unlike_searches) == 30
    folder = RunFolder(made.workspace.run_folder(run))
    stored = "".join(file.read_text() for file in folder.root.rglob("*.json*"))
    assert "xylophone" not in stored
    shown = watching.unlike_questions(made.project, look)
    assert {one.text.split()[0] for one in shown} == {"xylophone"}
    assert "xylophone" in {one.word for one in watching.words_of_look(made.project, look)}
    searching.erase_searches(made.project, "xylophone 3", "ann")
    left = {one.text for one in watching.unlike_questions(made.project, look)}
    assert left and not any("zither 3" in text for text in left)


def test_a_look_that_is_stopped_leaves_nothing_and_one_that_was_killed_is_resumed(made):
    class Stops(SilentReporter):
        def should_stop(self) -> bool:
            return True

    with pytest.raises(Stopped):
        looking.look_at(made.project, WatchCriteria(), Stops())
    before = watching.launch_look(made.project, "ann", start=HERE)
    run = watching.launch_look(made.project, "ann")
    folder = RunFolder(made.workspace.run_folder(run))
    end = time.monotonic() + 120
    while jobs.job(made.workspace, run).state == "starting" and time.monotonic() < end:
        time.sleep(0.02)
    if worker := _worker_of(folder.root):
        os.kill(worker, signal.SIGKILL)
    while jobs.job(made.workspace, run).state == "running" and time.monotonic() < end:
        time.sleep(0.05)
    if not folder.result.is_file():  # else it was quicker than the signal
        assert watching.look_running(made.project).state == "interrupted"
        assert watching.looks(made.project) == (watching.look_of(made.project, before),)
        jobs.resume(made.workspace, run)
    while len(watching.looks(made.project)) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    assert len(watching.looks(made.project)) == 2 and watching.look_running(made.project) is None


def _worker_of(folder: Path) -> int:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(folder).encode() in command and b"work" in command:
            return int(process.name)
    return 0


def test_a_new_product_line_in_the_events_rings_and_no_season_does(tmp_path, monkeypatch):
    """With the model that the app proposes, on the questions of a real shop."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with (ROOT / "sample_data" / "shop_faq_en.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    order = np.random.default_rng(5).permutation(len(rows)).tolist()
    known, later = order[:500], order[500:640]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["question", "answer"])
    writer.writerows((rows[row]["question"], rows[row]["answer"]) for row in known)
    dataset, report = read_dataset(text.getvalue().encode(), "shop.csv")
    workspace = Workspace.open(tmp_path)
    project = workspace.create_project("Shop", "ann")
    workspace.save_dataset(dataset, report)
    workspace.records.use_dataset(project.id, dataset.id, "ann")
    project = workspace.project(project.id)
    plan = searching.start_page(project, "ann")
    # A season: most searches are about two kinds of question, in other words than those learned.
    asked = [rows[row]["question"] for row in later]
    topics = {"deliver", "parcel", "ship", "order", "return", "refund"}
    season = sorted(asked, key=lambda one: not any(word in one.lower() for word in topics))[:60]
    ask(project, plan, season, 20.0, CLICKED, "season")
    calm = looking.look_at(project, WatchCriteria(), LISTENS, days_ago(19.0))
    assert calm.questions >= 50 and calm.fired == (), states(calm)[UNLIKE]
    assert states(calm)[UNLIKE].a_year <= 0.2, "simulated seasons hardly ever ring"
    assert calm.no_agreement == NO_EXPERTS, "there are no labels yet, and nobody is asked"
    asked_experts = ("bm25", "tfidf", "all-MiniLM-L6-v2")
    scores = ScoredExperts(dataset.id, (*asked_experts, "api:out", "people:x"), "")
    project.state.scored = scores
    calm = looking.look_at(project, WatchCriteria(), LISTENS, days_ago(19.0))
    assert calm.fired == () and states(calm)[DISAGREE].a_year <= 0.2, states(calm)[DISAGREE]
    assert [one.expert for one in calm.agreement.voices] == [*asked_experts]
    told = " ".join(str(one) for one in calm.agreement.not_asked)
    assert "a look sends none" in told and "no new questions" in told
    ask(project, plan, [*season[:30], *E_BIKES], 12.0, CLICKED, "bikes")
    look = looking.look_at(project, WatchCriteria(), LISTENS, days_ago(11.0))
    assert look.fired == (UNLIKE,), states(look)[UNLIKE]
    first = [one.text for one in watching.unlike_questions(project, look)[:8]]
    assert len(set(first) & set(E_BIKES)) >= 6
    assert look.agreement.now.value < look.agreement.known.value
    ask(project, plan, E_BIKES, 0.5, CLICKED, "more")
    only = looking.look_at(project, WatchCriteria(), LISTENS)
    assert DISAGREE in only.fired and only.agreement.fall > 0.1, states(only)[DISAGREE]


def test_an_alert_is_sent_once_for_each_beginning_and_again_only_where_it_failed(made, monkeypatch):
    sent, fails = [], [True]

    def send(way, alert, _environment):
        sent.append((way, alert))
        if fails:
            raise ExpertError("The alert was refused by {host}.", host="hooks.example.com")

    monkeypatch.setattr(watching, "send_alert", send)
    monkeypatch.setenv("ALERT_WEBHOOK", "https://hooks.example.com/x")
    project = used(made)  # the frozen test fires
    plan = searching.start_page(project, "ann", champion=PilotArm("", BASE))
    ask(project, plan, [f"where is my {topic}" for topic in TOPICS])
    watching.set_criteria(project, WatchCriteria(alert=True), "ann")

    def look() -> list[str]:
        run = watching.launch_look(project, "ann", start=HERE)
        return [str(warning) for warning in jobs.job(made.workspace, run).warnings]

    assert look() == ["The alert was refused by hooks.example.com."]
    assert [one.state for one in watching.alerts(project)] == [SENDING_FAILED]
    fails.clear()
    assert look() == [] and look() == []
    assert len(sent) == 2, "a third look has nothing new to tell"
    assert {one.state for one in watching.alerts(project)} == {SENT}
    way, alert = sent[-1]
    assert (way, alert.criteria) == ("webhook", (LOST,))
    watching.set_criteria(project, WatchCriteria(lost=None, alert=True), "ann")
    look()
    watching.set_criteria(project, WatchCriteria(alert=True), "ann")
    look()
    assert sent[-1][1].criteria == (LOST,) and len(sent) == 3, "it began to hold once more"
    trail = [line["what"] for line in made.workspace.records.audit_trail(project.id)]
    assert trail.count("alert") == 3
    unlike = CriterionState(UNLIKE, 0.5, 0.1, True, 24)
    newest = watching.newest_look(project)
    found = replace(newest, criteria=(unlike,), unlike_searches=("s0", "gone"))
    for texts, questions in ((False, ()), (True, ("where is my parcel",))):
        project.state.alerts = ()
        watching.tell(project, found, WatchCriteria(alert=True, texts=texts), os.environ)
        alert = sent[-1][1]
        assert alert.questions == questions
        assert ("parcel" in alert.text) is texts and "50% of 24" in alert.text
