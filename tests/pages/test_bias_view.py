"""The Bias tab: groups are compared, and the switch reaches the recipe that is saved."""

from __future__ import annotations

import re

import pytest

from core.journey import experts, labels, projects
from core.labels.groups import ATTRIBUTES
from core.types import SilentReporter
from core.workspace.workspace import Workspace

EXPERTS = ("wordllama-l2-supercat-256", "bm25", "tfidf")


@pytest.fixture
def scored(tmp_path):
    root = tmp_path / "workspace"
    workspace = Workspace.open(root)
    project = projects.create_sample_project(workspace, "en", "Sample", "ann")
    dataset = workspace.load_dataset(project.dataset_id)
    experts.run_scoring(workspace, dataset, EXPERTS, SilentReporter())
    scored = {"dataset_id": dataset.id, "experts": list(EXPERTS), "run_id": "score-1"}
    workspace.records.set(project.id, "scored", scored)
    return root, project.id


def opened(at, root, project_id) -> str:
    """Return the attribute whose map is open."""
    dataset_id = Workspace.open(root).project(project_id).dataset_id
    return at.session_state[f"bias_by_{dataset_id}"]


def open_tab(at, title):
    at.session_state["label_tabs"] = title
    return at.run()


def test_switch_survives_the_change_of_tab_and_is_saved_with_the_recipe(app, scored):
    """A correction that is shown but not saved would be missing from the tuning."""
    root, project_id = scored
    at = open_tab(app(root, "labels", project_id), "Bias")
    assert not at.exception
    toggle = next(x for x in at.toggle if "Even out" in x.label)
    toggle.set_value(True).run()
    assert not at.exception
    open_tab(at, "Shape the labels")
    title = ATTRIBUTES[opened(at, root, project_id)].title
    assert any(f"Evened out by {title}" in c.value for c in at.caption)
    next(x for x in at.text_input if x.label == "Name of this recipe").set_value("Fair")
    next(b for b in at.button if b.label == "Save recipe and stay here").click().run()
    assert not at.exception
    workspace = Workspace.open(root)
    (saved,) = labels.recipes(workspace.project(project_id))
    assert saved.recipe.recentre == (opened(at, root, project_id),)


def test_groups_that_stand_out_are_named_with_the_expert_that_causes_it(app, scored):
    root, project_id = scored
    at = open_tab(app(root, "labels", project_id), "Bias")
    assert any("stands out" in m.value or "alone does" in m.value for m in at.markdown)
    assert not any("No group gets" in m.value for m in at.markdown)
    pairs = next(d.value for d in at.dataframe if "question" in d.value.columns)
    assert 0 < len(pairs) <= 10


def test_a_grouping_with_a_flagged_cell_is_opened_first_and_says_what_evening_out_costs(
    app, scored
):
    root, project_id = scored
    at = open_tab(app(root, "labels", project_id), "Bias")
    assert opened(at, root, project_id) in ATTRIBUTES
    cost = next(m.value for m in at.markdown if "Evening out would bring" in m.value)
    before, after = (int(number) for number in re.findall(r"[*]{2}(\d+)[*]{2}", cost)[:2])
    assert after < before
    next(x for x in at.toggle if "Even out" in x.label).set_value(True).run()
    assert any(f"**{before} → {after}**" in m.value for m in at.markdown)
