"""The Home page: empty, one click to a sample, the life of a project, broken workspace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.jobs.folder import append_event
from core.journey.jobs import KINDS, launch_job
from core.workspace.workspace import Workspace


def button(at, label):
    return next(b for b in at.button if b.label == label)


def test_empty_workspace_says_what_to_do(app, tmp_path):
    at = app(tmp_path)
    assert not at.exception
    assert any("One click" in m.value for m in at.markdown)
    offered = [b.key for b in at.button if "Try with sample data" in b.label]
    assert offered == ["sample_en", "sample_bare_en", "sample_ja", "sample_bare_ja"]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_one_click_makes_a_sample_project(app, tmp_path, language):
    at = app(tmp_path, language=language)
    next(b for b in at.button if b.key == "sample_ja").click().run()
    assert not at.exception
    (project,) = Workspace.open(tmp_path).projects()
    assert project.dataset_id is not None
    assert at.session_state["project"] == project.id


@pytest.mark.parametrize("language", ["en", "ja"])
def test_bare_faq_is_a_sample_project_with_its_search_log(app, tmp_path, language):
    at = app(tmp_path)
    next(b for b in at.button if b.key == f"sample_bare_{language}").click().run()
    assert not at.exception
    workspace = Workspace.open(tmp_path)
    (project,) = workspace.projects()
    dataset = project.load_dataset()
    assert len(dataset.answers) == len(dataset.judged_rows) == 60
    # the log's 300 questions, those that are nearly the same joined
    assert 250 <= len(dataset.open_rows) <= 300
    assert dataset.question_weight.max() > 100


def test_projects_are_listed_with_their_next_step(app, tmp_path):
    workspace = Workspace.open(tmp_path)
    workspace.create_project("Spring <b>pilot</b> $x$", "ann")
    at = app(tmp_path)
    assert not at.exception
    shown = " ".join(m.value for m in at.markdown)
    assert "<b>" not in shown.replace(r"\<b\>", "")
    assert button(at, "Open") and button(at, "Rename") and button(at, "Delete")


def test_a_finished_project_leads_to_its_result(app, finished_workspace):
    """ "6 of 6 steps done · next: Report" sent people to a page they had just left."""
    from core.journey.report import write_report

    project = finished_workspace.open().project(finished_workspace.project)
    write_report(project, finished_workspace.compare_run, "en", "Mika", to_share=False)
    at = app(finished_workspace.root)
    assert [bar.proto.text for bar in at.get("progress")] == ["All 6 steps done"]
    assert any("questions · Last activity" in caption.value for caption in at.caption)
    assert any("Of 100 customers who" in one.value for one in at.markdown)
    button(at, "Open").click().run()
    assert not at.exception
    assert at.session_state["here"] == "compare"


def test_name_is_kept_for_the_record_of_changes(app, tmp_path):
    at = app(tmp_path)
    next(x for x in at.text_input if x.label == "Your name").set_value("Ann").run()
    next(b for b in at.button if b.key == "sample_en").click().run()
    workspace = Workspace.open(tmp_path)
    (project,) = workspace.projects()
    assert {line["who"] for line in workspace.records.audit_trail(project.id)} == {"Ann"}


def test_language_switch_changes_the_page(app, tmp_path):
    at = app(tmp_path)
    at.get("button_group")[0].set_value("ja").run()
    assert not at.exception
    assert at.title[0].value != "Make your search find more"
    assert at.query_params["lang"] == "ja"


def test_link_to_a_deleted_project_falls_back_to_the_list(app, tmp_path):
    at = app(tmp_path, project="nosuchproject")
    assert not at.exception
    assert "project" not in at.session_state


def test_damaged_database_is_a_readable_message(app, tmp_path):
    (tmp_path / "records.db").write_bytes(b"not a database, not even nearly so" * 99)
    at = app(tmp_path)
    assert not at.exception
    assert any("cannot be used" in e.value for e in at.error)
    assert not any("Traceback" in e.value for e in at.error)


@pytest.mark.parametrize("kind", KINDS)
def test_a_newest_job_of_any_kind_is_named_on_its_card(app, tmp_path, monkeypatch, kind):
    """A kind that Home did not know (an ONNX export) took the whole page down."""
    workspace = Workspace.open(tmp_path)
    project = workspace.create_project("Pilot", "Mika")
    monkeypatch.setattr(
        "core.jobs.launch._start", lambda folder, _: append_event(folder, "launched")
    )
    launch_job(project, kind, {}, "Mika")
    at = app(tmp_path)
    assert not at.exception
    assert any(KINDS[kind].title in caption.value for caption in at.caption)


def test_pages_without_the_door_show_nothing(monkeypatch, app, tmp_path):
    """Started as ``streamlit run main.py``, nobody would be asked who they are."""
    from streamlit import config

    from pages.parts import sign_in

    Workspace.open(tmp_path).create_project("Spring plan", "ann")
    monkeypatch.setattr(sign_in, "_door", False)
    monkeypatch.setattr(config, "_server_mode", "starlette-managed")
    at = app(tmp_path)
    assert [error.value for error in at.error] == [
        "Start the app with its own command: streamlit run app.py"
    ]
    assert not at.markdown and not at.button


@pytest.fixture
def visitor(monkeypatch, app, tmp_path):
    """Return a function that opens a page as somebody of example.com, who signed in."""
    from core.types.rights import EDITOR, OWNER, VIEWER, Member, Person
    from pages.parts import session

    workspace = Workspace.open(tmp_path)
    made = workspace.create_project("Spring plan", "ann")
    members = [("olga", OWNER), ("edgar", EDITOR), ("vera", VIEWER)]
    made.state.members = tuple(Member(f"{name}@example.com", role) for name, role in members)

    def come(name: str, page: str | None = None):
        address = f"{name}@example.com"
        monkeypatch.setattr(session, "person_of", lambda link="": Person(address, True, link=link))
        monkeypatch.setattr(session, "signed_in_name", lambda: address)
        return app(tmp_path, page, made.id)

    return come


@pytest.mark.parametrize(
    ("name", "seen"),
    [("olga", {"Open", "Rename", "Delete", "People and record"}), ("edgar", {"Open"}),
     ("vera", {"Open"}), ("eve", set())],
)  # fmt: skip
def test_each_person_sees_what_they_may_do(visitor, name, seen):
    at = visitor(name)
    assert not at.exception and not at.error
    offered = {"Open", "Rename", "Delete", "People and record"}
    buttons = [button for button in at.button if button.label in offered]
    assert {button.label for button in buttons if not button.disabled} == seen
    assert {button.label for button in buttons} == (offered if seen else set())
    refused = [button.help for button in buttons if button.disabled]
    assert all("administrator, owner" in told for told in refused)
    assert any("Spring plan" in m.value for m in at.markdown) is bool(seen)


def test_a_viewer_is_told_so_and_a_stranger_sees_no_project(visitor):
    at = visitor("vera", "data")
    assert any("You are a viewer" in info.value for info in at.info)
    at = visitor("edgar", "data")
    assert not any("You are a viewer" in info.value for info in at.info)
    at = visitor("eve", "data")
    assert not at.exception
    assert any("Choose a project" in m.value for m in at.markdown)


def test_who_signs_in_owns_what_they_make(visitor, tmp_path):
    at = visitor("eve")
    next(b for b in at.button if b.key == "sample_ja").click().run()
    assert not at.exception
    made = next(p for p in Workspace.open(tmp_path).projects() if p.name != "Spring plan")
    assert [(m.who, m.role) for m in made.state.members] == [("eve@example.com", "owner")]
    trail = made.workspace.records.audit_trail(made.id)
    assert {line["who"] for line in trail} == {"eve@example.com"}


def shown(at) -> str:
    kinds = (at.markdown, at.caption, at.code)
    return "\n".join(str(one.value) for kind in kinds for one in kind).replace("\\", "")


@pytest.mark.parametrize("state", ["missing", "damaged"])
def test_a_verdict_of_an_earlier_version_is_shown_once_somebody_looked(
    app, finished_workspace, state
):
    from core.journey.compare import load_comparison

    file = finished_workspace.run(finished_workspace.compare_run) / "summary.json"
    if state == "missing":
        file.unlink()
    else:
        file.write_text('{"found": 3}')
    at = app(finished_workspace.root, None, finished_workspace.project)
    assert not at.exception and not at.error
    assert "open it to see what came of it" in shown(at)
    file.unlink(missing_ok=True)
    load_comparison(finished_workspace.open(), finished_workspace.compare_run)
    at = app(finished_workspace.root)
    assert "Of 100 customers who" in shown(at)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_stages_of_the_pilot_are_filled_from_what_the_project_knows(
    app, finished_workspace, language
):
    from core.journey.compare import load_comparison
    from core.journey.pilot import stages as pilot, versions

    workspace = finished_workspace.open()
    project = workspace.project(finished_workspace.project)
    stages = {stage.key: stage for stage in pilot.pilot_stages(project)}
    assert {key for key, stage in stages.items() if stage.done} >= {"trial", "verdict"}
    assert not any(stages[key].done for key in ("goal", "data", "decision", "rollout"))
    app(finished_workspace.root, "data", project.id)  # which finds out what the data allow
    pilot.agree_goal(project, "Customers find answers without a call", "Mika")
    comparison = load_comparison(workspace, finished_workspace.compare_run)
    versions.promote(project, comparison, "Mika", reason="Because this is only a test")
    at = app(finished_workspace.root, None, project.id, language=language)
    assert not at.exception and not at.error
    said = "\n".join(one.value for one in at.code)
    assert "Customers find answers without a call" in said and "{" not in said
    assert len(said.splitlines()) == len(pilot.STAGES)
    if language == "ja":
        assert "We agreed" not in said and "合意" in said
    stages = {stage.key: stage.done for stage in pilot.pilot_stages(project)}
    assert stages == dict.fromkeys(pilot.STAGES, True) | {
        "data": stages["data"], "experts": stages["experts"]
    }  # fmt: skip
    versions.withdraw(project, "Mika")
    stages = {stage.key: stage for stage in pilot.pilot_stages(project)}
    assert not stages["rollout"].done and "not to use" in str(stages["decision"].said[0])


def test_stages_of_an_empty_and_of_a_damaged_project_are_drawn(app, finished_workspace):
    workspace = finished_workspace.open()
    empty = workspace.create_project("Empty", "Mika")
    at = app(finished_workspace.root, None, empty.id)
    assert not at.exception and "0 of 7 stages done" in shown(at)
    project = workspace.project(finished_workspace.project)
    for key in ("goal", "allowed"):
        workspace.records.set(project.id, key, {"odd": 1})
    for run in (finished_workspace.tune_run, finished_workspace.compare_run):
        (finished_workspace.run(run) / "result.json").write_text("{")
    at = app(finished_workspace.root, None, project.id)
    assert not at.exception and not at.error
    assert "What should get better, for whom" in shown(at)


def test_a_goal_needs_words(finished_workspace):
    from core.errors import ComparisonError
    from core.journey.pilot import stages as pilot

    project = finished_workspace.open().project(finished_workspace.project)
    with pytest.raises(ComparisonError, match="at least 10 characters"):
        pilot.agree_goal(project, "  more  ", "Mika")
    assert project.state.goal is None


@pytest.mark.parametrize("page", ["home", "data"])
def test_one_click_starts_the_whole_walk(app, tmp_path, launched, page):
    at = app(tmp_path)
    next(b for b in at.button if b.key == "sample_ja").click().run()
    at.switch_page(f"pages/{page}.py").run()
    at.segmented_control(key="improve_preset").set_value("quick").run()
    next(b for b in at.button if b.key == "improve").click().run()
    assert not at.exception and not at.error
    (folder,) = launched
    assert folder.job().kind == "improve" and folder.job().config["preset"] == "quick"
    assert at.session_state["here"] == "home"
    assert "Improving your search" in shown(at)
    assert not any(b.key == "improve" for b in at.button), "it is under way"


def test_without_data_there_is_nothing_to_improve(app, tmp_path):
    made = Workspace.open(tmp_path).create_project("Empty", "Mika")
    at = app(tmp_path, None, made.id)
    assert not at.exception and not any(b.key == "improve" for b in at.button)


def test_a_failed_walk_says_why_and_can_be_resumed(app, tmp_path, launched):
    from core.messages import Message

    at = app(tmp_path)
    next(b for b in at.button if b.key == "sample_ja").click().run()
    next(b for b in at.button if b.key == "improve").click().run()
    reason = Message("The disk is full.").to_json()
    append_event(launched[0], "failed", message=reason)
    at.run()
    assert not at.exception
    assert any("The disk is full" in error.value for error in at.error)
    assert button(at, "Resume")


def test_what_a_run_leaves_out_is_told_calmly_and_in_one_box(app, tmp_path, launched):
    """The way that everybody takes ended in a yellow warning, though nothing was wrong."""
    from core.messages import Message
    from core.types.tuning import EXPLANATIONS

    at = app(tmp_path)
    next(b for b in at.button if b.key == "sample_ja").click().run()
    next(b for b in at.button if b.key == "improve").click().run()
    values = {"experts": 0.8, "base": 0.9, "count": 7}
    for text in (*sorted(EXPLANATIONS), "Something is wrong."):
        append_event(launched[0], "warning", message=Message(text, values).to_json())
    at.run()
    assert [one.value.replace("\\", "") for one in at.warning] == ["Something is wrong."]
    (told,) = (one.value for one in at.info if "No expert searches clearly better" in one.value)
    assert told.count("\n\n") == len(EXPLANATIONS) - 1


def test_projects_side_by_side_and_what_worked_where(app, finished_workspace, monkeypatch):
    """Figures over projects stand there from three verdicts on, and a new project may use them."""
    from core.journey.pilot import portfolio
    from core.journey.pilot.portfolio import ProjectRow
    from core.pilot.likeness import DataSeen
    from core.pilot.what_worked import ProjectGain

    # One set alone, by the default rule and that of the projects, whatever the benchmark holds.
    every = portfolio.benchmark_gains()
    alike = next(gain for gain in every.gains if gain.project == "shop_faq_en")
    alone = tuple(replace(alike, rule=rule, seen=DataSeen()) for rule in ("reliability", "mean"))
    monkeypatch.setattr(portfolio, "benchmark_gains", lambda: replace(every, gains=alone))
    workspace = finished_workspace.open()
    workspace.create_project("Another", "ann")
    at = app(workspace.layout.root, "home", workspace.projects()[0].id)
    assert not any("Everyday language" in f.value.columns for f in at.dataframe)
    at.toggle(key="portfolio_open").set_value(True).run()
    assert not at.exception and "From 3 together on" in "".join(one.value for one in at.caption)
    gains = [
        ProjectGain(f"p{n}", 0.05 + n / 100, 0.03 + n / 100, 0.07 + n / 100, "better", (), "mean")
        for n in range(4)
    ]
    rows = tuple(ProjectRow(gain.project, f"<b>{gain.project}</b>", gain=gain) for gain in gains)
    monkeypatch.setattr(portfolio, "portfolio", lambda _: rows)
    at.run()
    assert not at.exception
    shown = "".join(one.value for one in at.markdown)
    assert "Over your projects (4) and sets of the benchmark (1) tuning gained" in shown
    (worked,) = (f.value for f in at.dataframe if "Better in" in f.value.columns)
    assert "benchmark 1 of 1" in "".join(worked["Better in"])
    judged = dict(zip((one.id for one in workspace.projects()), gains, strict=False))
    monkeypatch.setattr(portfolio, "_judged", lambda project: (None, judged[project.id]))
    nothing = portfolio.BenchmarkGains(0, ())
    with monkeypatch.context() as without:
        without.setattr(portfolio, "benchmark_gains", lambda: nothing)
        assert portfolio.default_that_follows(workspace) is None, "two projects say nothing"
    for name in ("Third", "Fourth"):
        workspace.create_project(name, "ann")
    judged.update(zip((one.id for one in workspace.projects()), gains, strict=True))
    follows = portfolio.default_that_follows(workspace)
    assert (follows.rule, follows.better, follows.projects) == ("mean", 4, 4)
    assert (follows.sets, follows.sets_better) == (1, 1)
