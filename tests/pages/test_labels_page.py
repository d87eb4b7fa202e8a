"""The Labels page: nothing scored yet, loaded, changed by hand, broken workspace."""

from __future__ import annotations

import shutil
from itertools import pairwise

import pytest

from core.experts.catalogue import find_entry
from core.journey import experts, labels, projects
from core.types import Calibration, LabelRecipe, SilentReporter
from core.workspace.workspace import Workspace

EXPERTS = ("wordllama-l2-supercat-256", "bm25", "tfidf")


@pytest.fixture(scope="module")
def scored_workspace(tmp_path_factory):
    """A workspace with the English sample, scored by three quick experts."""
    root = tmp_path_factory.mktemp("scored")
    workspace = Workspace.open(root)
    project = projects.create_sample_project(workspace, "en", "Sample", "ann")
    dataset = workspace.load_dataset(project.dataset_id)
    experts.run_scoring(workspace, dataset, EXPERTS, SilentReporter())
    scored = {"dataset_id": dataset.id, "experts": list(EXPERTS), "run_id": "score-1"}
    workspace.records.set(project.id, "scored", scored)
    return root, project.id


@pytest.fixture
def scored(scored_workspace, tmp_path):
    root, project_id = scored_workspace
    shutil.copytree(root, tmp_path / "workspace")
    return tmp_path / "workspace", project_id


def button(at, label):
    return next(b for b in at.button if b.label == label)


def test_without_project_offers_the_samples(app, tmp_path):
    at = app(tmp_path, "labels")
    assert not at.exception
    assert any("Try with sample data" in b.label for b in at.button)


def test_without_scores_leads_to_the_experts(app, tmp_path):
    project = projects.create_sample_project(Workspace.open(tmp_path), "en", "Sample", "ann")
    at = app(tmp_path, "labels", project.id)
    assert not at.exception
    assert any("Let experts score your data first" in m.value for m in at.markdown)
    assert button(at, "Go to Experts")


def test_loaded_page_shows_what_the_experts_reach_together(app, scored):
    root, project_id = scored
    at = app(root, "labels", project_id)
    assert not at.exception
    assert not at.error
    shown = {m.label: float(m.value) for m in at.metric if "ROC" in m.label}
    assert 0.7 < shown["Right beats other (ROC-AUC)"] < 1
    assert any(find_entry("bm25").title in c.value for c in at.caption)


def test_rule_and_blend_change_the_figures_and_the_saved_recipe(app, scored):
    """Sliders that move nothing would look alive and do nothing."""
    root, project_id = scored
    at = app(root, "labels", project_id)
    before = next(m.value for m in at.metric if "(AP)" in m.label)
    next(s for s in at.selectbox if "rule" in s.label).set_value("min").run()
    assert next(m.value for m in at.metric if "(AP)" in m.label) != before
    next(s for s in at.slider if "blend" in s.label).set_value(20).run()
    next(x for x in at.text_input if x.label == "Name of this recipe").set_value("Strict")
    button(at, "Save recipe and stay here").click().run()
    assert not at.exception
    workspace = Workspace.open(root)
    (saved,) = labels.recipes(workspace.project(project_id))
    assert (saved.name, saved.recipe.rule, saved.recipe.blend) == ("Strict", "min", 0.2)
    assert button(at, "Go on to Tune")


def tiles(at):
    names = ("Right answers", "Other pairs", "Overlap", "In between")
    return [m.value for m in at.metric if m.label in names]


def test_tiles_follow_every_control(app, scored):
    """Figures above a chart that do not move with it teach nobody what a slider does."""
    root, project_id = scored
    at = app(root, "labels", project_id)
    seen = [tiles(at)]
    assert len(seen[0]) == 4
    for move in (
        lambda: next(s for s in at.slider if "blend" in s.label).set_value(30),
        lambda: next(s for s in at.slider if "Cut lines" in s.label).set_value((5, 95)),
        lambda: next(s for s in at.slider if "temperature" in s.label).set_value(3.0),
        lambda: next(s for s in at.selectbox if "rule" in s.label).set_value("max"),
        lambda: at.get("button_group")[0].set_value(["bm25"]),
    ):
        move().run()
        assert not at.exception
        seen.append(tiles(at))
    assert all(now != before for before, now in pairwise(seen))


def test_one_click_saves_uses_and_goes_on(app, scored):
    root, project_id = scored
    at = app(root, "labels", project_id)
    button(at, "Use these labels").click().run()
    assert not at.exception
    assert not tiles(at), "still on Labels"
    project = Workspace.open(root).project(project_id)
    assert labels.recipe_in_use(project).recipe == labels.default_recipe(EXPERTS)
    assert labels.recipe_in_use(project).name


def test_what_was_set_is_there_after_a_reload_and_in_another_language(app, scored):
    """A draft is neither lost nor taken for the labels in use; a reload is a new session."""
    root, project_id = scored
    at = app(root, "labels", project_id)
    button(at, "Save recipe and stay here").click().run()
    next(s for s in at.slider if "blend" in s.label).set_value(20).run()
    next(s for s in at.slider if "Cut lines" in s.label).set_value((10, 90)).run()
    assert any("Changed, not used yet" in m.value for m in at.markdown)
    again = app(root, "labels", project_id, language="ja")
    values = [s.value for s in again.slider]
    assert 20 in values and (10, 90) in values
    at = app(root, "labels", project_id)
    assert any("Changed, not used yet" in m.value for m in at.markdown)
    at.button(key="back_to_in_use").click().run()
    assert next(s for s in at.slider if "blend" in s.label).value == 50
    assert any("In use" in m.value for m in at.markdown)
    (saved,) = labels.recipes(Workspace.open(root).project(project_id))
    assert saved.recipe == labels.default_recipe(EXPERTS)


def test_taken_recipe_name_is_refused_readably(app, scored):
    root, project_id = scored
    workspace = Workspace.open(root)
    project = workspace.project(project_id)
    labels.save_recipe(project, "Mine", labels.default_recipe(("bm25",)), "ann")
    at = app(root, "labels", project_id)
    next(s for s in at.slider if "blend" in s.label).set_value(20).run()
    next(x for x in at.text_input if x.label == "Name of this recipe").set_value("mine")
    button(at, "Save recipe and stay here").click().run()
    assert any("already a recipe named" in e.value for e in at.error)


def test_a_saved_recipe_is_loaded_into_the_controls(app, scored):
    """A control that keeps its old value would save another recipe under the same look."""
    root, project_id = scored
    workspace = Workspace.open(root)
    project = workspace.project(project_id)
    kept = LabelRecipe(
        EXPERTS[:2], rule="weighted_mean", blend=0.3, weights={EXPERTS[0]: 2.0, "bm25": 1.0},
        calibrations={"bm25": Calibration("percentile", 5.0, 95.0, 1.5)},
        gain=1.4, threshold=0.4, temperature=0.8, recentre=("category",),
    )  # fmt: skip
    labels.save_recipe(project, "Kept", kept, "ann")
    strange = LabelRecipe(("bm25", "gone-expert"))
    labels.save_recipe(project, "Strange", strange, "ann")
    at = app(root, "labels", project_id)
    next(s for s in at.slider if "gain" in s.label).set_value(3.0).run()
    at.session_state["label_tabs"] = "Saved recipes"
    at.run()
    saved = {kept.name: kept.id for kept in labels.recipes(project)}
    at.selectbox(key="recipe_choice").set_value(saved["Strange"]).run()
    assert at.button(key="load_recipe").disabled
    at.selectbox(key="recipe_choice").set_value(saved["Kept"]).run()
    at.button(key="load_recipe").click().run()
    assert not at.exception and not at.error
    assert at.session_state["label_tabs"] == "Shape the labels"
    draft = Workspace.open(root).project(project_id).state.label_draft("user")
    assert draft.recipe == kept, "another recipe"
    assert next(s for s in at.slider if "gain" in s.label).value == 1.4


def test_no_expert_left_means_hard_labels(app, scored):
    root, project_id = scored
    at = app(root, "labels", project_id)
    at.get("button_group")[0].set_value([]).run()
    assert not at.exception
    assert any("known right answers only" in i.value for i in at.info)


@pytest.mark.parametrize("lost", ["vectors", "datasets"])
def test_deleted_folder_is_a_readable_message(app, scored, lost):
    root, project_id = scored
    shutil.rmtree(root / lost)
    at = app(root, "labels", project_id)
    assert not at.exception
    assert len(at.error) == 1


def test_what_if_moves_keyword_search_when_the_question_is_copied_in(app, scored):
    """The plainest bias there is: an expert that counts shared words likes an echo."""
    root, project_id = scored
    at = app(root, "labels", project_id)
    at.session_state["label_tabs"] = "What if"
    at.run()
    assert not at.exception and not at.error
    assert any("No expert moves by five points" in m.value for m in at.markdown)
    changes = next(group for group in at.get("button_group") if group.label == "Change it")
    changes.set_value("echo").run()
    assert not at.exception and not at.error
    moved = next(m.value for m in at.markdown if "experts move by five points" in m.value)
    assert "BM25 +" in moved
    asked = at.text_area[0].value
    assert at.text_area[1].value.startswith(asked)
    at.text_area[1].set_value("Something else").run()
    assert any("BM25 −" in m.value for m in at.markdown)
