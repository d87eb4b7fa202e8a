"""The Home page: empty, one click to a sample, the life of a project, broken workspace."""

from __future__ import annotations

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
