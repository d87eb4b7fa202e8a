"""A project whose data were replaced: what the old data taught stays, and misleads nobody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.journey import data

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
