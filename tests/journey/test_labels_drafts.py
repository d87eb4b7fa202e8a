"""Drafts of the Labels page: one per person, kept without a history, never in use by themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.journey import labels, projects
from core.types import LabelRecipe
from core.workspace.workspace import Workspace

PANEL = ("bm25", "tfidf")


@pytest.fixture
def project(tmp_path):
    workspace = Workspace.open(tmp_path)
    made = projects.create_sample_project(workspace, "bare_en", "Sample", "ann")
    workspace.records.set(
        made.id, "scored", {"dataset_id": made.dataset_id, "experts": list(PANEL), "run_id": "s"}
    )
    return workspace.project(made.id)


def test_each_person_finds_their_own_draft_and_others_the_recipe_in_use(project):
    used = labels.save_recipe(project, "In use", LabelRecipe(PANEL), "ann").recipe
    draft = LabelRecipe(PANEL, rule="mean", blend=0.1).with_cuts(0.1, 0.8)
    labels.keep_draft(project, draft, PANEL, "ann")
    assert labels.draft_of(project, "ann", PANEL) == draft
    assert labels.draft_of(project, "ben", PANEL) == used
    assert labels.recipe_in_use(project).recipe == used


def test_moves_of_a_slider_leave_one_row(project):
    """A history of every move would grow the database by nothing that anybody reads."""
    for share in range(20):
        labels.keep_draft(project, LabelRecipe(PANEL, blend=share / 20), PANEL, "ann")
    labels.keep_draft(project, LabelRecipe(PANEL), PANEL, "ben")
    (settings,) = [
        rows for name, rows in project.workspace.records.dump() if name.endswith("settings")
    ]
    assert sum(row["key"].startswith("label_draft") for row in settings) == 2
    assert labels.draft_of(project, "ann", PANEL).blend == 0.95


def test_experts_chosen_since_take_part_in_a_draft(project):
    draft = LabelRecipe(PANEL, blend=0.2)
    labels.keep_draft(project, draft, PANEL, "ann")
    assert labels.draft_of(project, "ann", ("bm25",)) == replace(draft, experts=("bm25",))


def test_the_same_recipe_is_not_saved_twice(project):
    first = labels.use_labels(project, LabelRecipe(PANEL), "First", "ann")
    second = labels.use_labels(project, LabelRecipe(PANEL, blend=0.3), "Second", "ann")
    again = labels.use_labels(project, LabelRecipe(PANEL), "Another name", "ann")
    assert again == first and len(labels.recipes(project)) == 2
    assert labels.recipe_in_use(project) == first != second
