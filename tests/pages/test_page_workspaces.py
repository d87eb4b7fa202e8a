"""A workspace of an earlier version, one whose data were replaced, one that is gone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.journey import data
from core.workspace.workspace import Workspace

PAGES = ("home", "data", "experts", "labels", "tune", "compare", "report")


@pytest.fixture
def project(old_workspace: Path) -> str:
    known = Workspace.open(old_workspace).projects()
    return next(one.id for one in known if one.name == "Old shop FAQ")


@pytest.mark.parametrize("page", PAGES)
def test_page_opens(page, old_workspace, project, app):
    at = app(old_workspace, page, project)
    assert not at.exception and not [error.value for error in at.error]


@pytest.mark.parametrize("kind", ["tune", "race", "curve"])
def test_run_is_shown(kind, old_workspace, project, app):
    """A link to a run in a mail is older than the update."""
    run = next(path.name for path in (old_workspace / "runs").glob(f"{kind}-*"))
    at = app(old_workspace, None, project)
    at.query_params["run"] = run
    at.query_params["view"] = {"tune": "one"}.get(kind, kind)
    at.switch_page("pages/tune.py").run()
    assert not at.exception and not [error.value for error in at.error]


ROOT = Path(__file__).resolve().parents[2]


def buttons(at: AppTest) -> dict:
    return {button.label: button for button in at.button}


def test_replaced_data_put_the_next_run_first(finished_workspace, app):
    """A recipe whose experts never read the new data would look ready and fail at its start.

    And the result of a run on the old data would stand where the next thing to do belongs.
    """
    workspace = finished_workspace.open()
    project = workspace.project(finished_workspace.project)
    other = ROOT / "sample_data" / "shop_faq_ja.xlsx"
    data.import_file(project, other.read_bytes(), other.name, who="Mika")
    dataset_id = workspace.project(project.id).dataset_id
    project.state.scored = replace(project.state.scored, dataset_id=dataset_id)
    at = app(finished_workspace.root, "tune", project.id)
    assert "Go to Labels" in buttons(at)
    project.state.recipe_dataset = dataset_id  # what saving a recipe does
    at = app(finished_workspace.root, "tune", project.id)
    assert not at.exception
    assert buttons(at)["Start tuning"].proto.type == "primary"
    assert "Compare before and after" not in buttons(at)
    assert at.dataframe[-1].value["state"].tolist() == ["Finished (earlier data)"]
    at.query_params["run"] = finished_workspace.tune_run
    at.run()
    assert any("learned from earlier data" in note.value for note in at.info)


def errors(at: AppTest) -> str:
    return "\n".join(error.value for error in at.error).replace("\\", "")


@pytest.mark.parametrize("page", ["tune", "home"])
def test_deleted_workspace_is_told_and_not_made_again(finished_workspace, app, page, tmp_path):
    """An empty workspace in its place would look as if all projects had never been."""
    at = app(finished_workspace.root, page, finished_workspace.project)
    assert not at.error
    aside = tmp_path / "aside"
    shutil.move(finished_workspace.root, aside)
    at.run()
    assert not at.exception
    assert "was deleted or moved while the app was running" in errors(at)
    assert not finished_workspace.root.exists()
    shutil.move(aside, finished_workspace.root)  # restored
    at.run()
    assert not at.exception and not at.error
    assert at.query_params["project"] in (finished_workspace.project, [finished_workspace.project])
