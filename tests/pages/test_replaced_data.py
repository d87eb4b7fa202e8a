"""A project whose data were replaced: what the old data taught stays, and misleads nobody."""

from __future__ import annotations

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
    project = finished_workspace.project
    other = ROOT / "sample_data" / "shop_faq_ja.xlsx"
    data.import_file(workspace, project, other.read_bytes(), other.name, who="Mika")
    dataset_id = workspace.records.project(project).dataset_id
    scored = workspace.records.get(project, "scored") | {"dataset_id": dataset_id}
    workspace.records.set(project, "scored", scored)
    at = app(finished_workspace.root, "tune", project)
    assert "Go to Labels" in buttons(at)
    workspace.records.set(project, "recipe_dataset", dataset_id)  # what saving a recipe does
    at = app(finished_workspace.root, "tune", project)
    assert not at.exception
    assert buttons(at)["Start tuning"].proto.type == "primary"
    assert "Compare before and after" not in buttons(at)
    assert at.dataframe[-1].value["state"].tolist() == ["Finished (earlier data)"]
    at.query_params["run"] = finished_workspace.tune_run
    at.run()
    assert any("learned from earlier data" in note.value for note in at.info)
