"""Presenter mode: every slide of a finished, an empty and a damaged project; the way in and out."""

from __future__ import annotations

import pytest

from core.journey.people import voting
from core.types.judgements import LEFT
from core.workspace.files import write_json
from core.workspace.workspace import Workspace
from pages.parts.present.slides import SLIDES

STEPS = [slide.key for slide in SLIDES]


def present(app, root, project, step="data", language="en"):
    at = app(root, None, project, language)
    at.query_params["step"] = step
    at.switch_page("pages/present.py").run()
    assert not at.exception
    return at


def said(at):
    kinds = (at.title, at.header, at.subheader, at.markdown, at.caption)
    return " ".join(str(one.value) for kind in kinds for one in kind)


def button(at, key):
    return next(one for one in at.button if one.key == key)


def test_the_story_goes_from_data_to_decision():
    assert [
        *("data", "experts", "labels", "learning"),
        *("verdict", "wins", "vote", "decision"),
    ] == STEPS


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_slide_of_a_finished_project_has_something_to_show(app, finished_workspace, language):
    missing = {
        "en": "This part of the story is not there yet",
        "ja": "この部分はまだ準備ができていません",
    }[language]
    at = present(app, finished_workspace.root, finished_workspace.project, language=language)
    for place, step in enumerate(STEPS):
        assert step in at.query_params["step"]
        assert not at.error
        titles = [one.value for one in at.title]
        assert len(titles) == 1
        assert (titles == [missing]) == (step == "vote"), "only the vote was never opened"
        if place < len(STEPS) - 1:
            button(at, "present_next").click().run()
            assert not at.exception
    assert button(at, "present_next").disabled
    button(at, "present_back_remote").click().run()
    assert "vote" in at.query_params["step"]


def test_slides_say_what_the_project_knows(app, finished_workspace):
    dataset = finished_workspace.open().project(finished_workspace.project).load_dataset()
    at = present(app, finished_workspace.root, finished_workspace.project)
    assert f"{len(dataset.judged_rows):,} questions" in said(at)
    assert f"{len(dataset.held_out_rows):,} questions are kept back" in said(at)
    held_out = {dataset.questions[row] for row in dataset.held_out_rows}
    assert not any(text in said(at) for text in held_out), "a test question before the verdict"
    at = present(app, finished_workspace.root, finished_workspace.project, "verdict")
    assert said(at).count("Of 100 customers") >= 2
    at = present(app, finished_workspace.root, finished_workspace.project, "wins")
    assert sum("→" in one.value for one in at.subheader) >= 2


def test_a_link_shows_its_slide_and_an_unknown_one_the_first(app, finished_workspace):
    root, project = finished_workspace.root, finished_workspace.project
    assert "recipe “First recipe”" in said(present(app, root, project, "labels"))
    assert "What customers ask" in said(present(app, root, project, "nonsense"))


def test_a_vote_that_is_open_is_counted_and_one_that_ended_is_told(app, finished_workspace):
    from core.journey.compare import load_comparison

    workspace = finished_workspace.open()
    project = workspace.project(finished_workspace.project)
    voting_on = load_comparison(workspace, finished_workspace.compare_run)
    round_ = voting.start_round(
        project,
        voting_on,
        finished_workspace.compare_run,
        "Mika",
        systems=("base", "tuned"),
        questions=3,
        needed=1,
    )
    voting.cast(project, round_, round_.positions[0], "Aiko", LEFT)
    at = present(app, finished_workspace.root, project.id, "vote")
    assert "votes of 1 needed" in said(at)
    assert round_.id in at.code[0].value and "/compare?" in at.code[0].value
    voting.open_result(project, round_, "Mika")
    at = present(app, finished_workspace.root, project.id, "vote")
    assert "What people chose" in said(at) and not at.code


def test_empty_projects_name_the_next_step_on_every_slide(app, tmp_path):
    project = Workspace.open(tmp_path).create_project("Empty", "ann")
    for step in STEPS:
        at = present(app, tmp_path, project.id, step)
        assert not at.error and "No questions and answers have been uploaded" in said(at)
        assert button(at, "present_missing").label == "Go to Data"
    button(at, "present_missing").click().run()
    assert not at.exception and at.title[0].value == "Data"


def test_a_damaged_comparison_leaves_the_other_slides(app, finished_workspace):
    folder = finished_workspace.run(finished_workspace.compare_run)
    write_json(folder / "result.json", {"nothing": 1})
    at = present(app, finished_workspace.root, finished_workspace.project, "verdict")
    assert at.error and "Traceback" not in at.error[0].value
    at = present(app, finished_workspace.root, finished_workspace.project, "labels")
    assert not at.error and "recipe “First recipe”" in said(at)


def test_texts_of_users_are_shown_as_typed(app, finished_workspace):
    """A project's name stands on every slide; the others are looked at in the browser."""
    name = "**bold** <b>"
    finished_workspace.open().records.rename_project(finished_workspace.project, name, "ann")
    at = present(app, finished_workspace.root, finished_workspace.project)
    assert "\\*\\*bold" in said(at) and name not in said(at)


@pytest.mark.parametrize("page", ["compare", "report", None])
def test_one_click_leads_there(app, finished_workspace, page):
    at = app(finished_workspace.root, page, finished_workspace.project)
    key = "present" if page else f"present_{finished_workspace.project}"
    button(at, key).click().run()
    assert not at.exception and "What customers ask" in said(at)
    assert not at.selectbox and not at.text_input, "a slide has the screen to itself"


@pytest.mark.parametrize(("step", "page"), [("data", "Data"), ("wins", "Compare")])
def test_leave_leads_to_the_page_of_the_slide(app, finished_workspace, step, page):
    at = present(app, finished_workspace.root, finished_workspace.project, step)
    button(at, "present_leave").click().run()
    assert not at.exception and at.title[0].value == page


def test_without_a_project_the_way_leads_home(app, tmp_path):
    at = app(tmp_path)
    at.switch_page("pages/present.py").run()
    assert not at.exception and at.title[0].value == "Make your search find more"
