"""Correcting single pairs: judge, move on, undo, redo, and two people on one pair."""

from __future__ import annotations

import shutil

import pytest

from core.journey import experts, labels, projects
from core.types import SilentReporter
from core.workspace.workspace import Workspace

EXPERTS = ("wordllama-l2-supercat-256", "bm25", "tfidf")
TAB = "Correct single pairs"


@pytest.fixture(scope="module")
def scored_once(tmp_path_factory):
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
def review(app, scored_once, tmp_path):
    """The app with the review open, and a function that reads the records."""
    root, project_id = scored_once
    shutil.copytree(root, tmp_path / "workspace")
    workspace = Workspace.open(tmp_path / "workspace")
    project = workspace.project(project_id)
    at = app(tmp_path / "workspace", "labels", project_id)
    at.session_state["label_tabs"] = TAB
    at.run()
    assert not at.exception and not at.error
    return at, workspace, project


def shown(at) -> tuple[str, str]:
    """Return question and answer on the table."""
    return at.text[0].value, at.text[1].value


def reason_box(at):
    return next(s for s in at.selectbox if s.label == "Why?")


def test_each_key_records_its_label_and_the_next_pair_comes_by_itself(review):
    at, _workspace, project = review
    first = shown(at)
    assert any("contradict" in m.value for m in at.markdown if "lightbulb" in m.value)
    at.button(key="review_quick_25").click().run()
    second = shown(at)
    at.button(key="review_skip").click().run()
    third = shown(at)
    next(s for s in at.slider if "Your label" in s.label).set_value(7).run()
    reason_box(at).set_value("The answer answers only a part of the question.")
    at.button(key="review_override").click().run()
    assert not at.exception and not at.error
    assert len({first, second, third, shown(at)}) == 4
    made = labels.overrides(project)
    assert [((o.question, o.answer), o.value) for o in made] == [(first, 0.25), (third, 0.07)]
    assert made[0].reason == "The answer does not answer the question."  # the label says it
    assert made[1].reason == "The answer answers only a part of the question."
    assert "3 of" in at.get("progress")[0].proto.text


def test_agreeing_makes_the_hard_label_the_label(review):
    at, workspace, project = review
    dataset = workspace.load_dataset(project.dataset_id)
    question, answer = shown(at)
    at.button(key="review_agree").click().run()
    (made,) = labels.overrides(project)
    row, column = dataset.questions.index(question), dataset.answers.index(answer)
    assert made.value == float(dataset.relevance[row, column] > 0)


def test_undo_puts_the_pair_back_and_redo_takes_it_again(review):
    at, _workspace, project = review
    first = shown(at)
    at.button(key="review_quick_75").click().run()
    at.button(key="undo_override").click().run()
    assert shown(at) == first
    assert [o.value for o in labels.overrides(project)] == [0.75, None]
    at.button(key="redo_override").click().run()
    assert [o.value for o in labels.overrides(project)] == [0.75, None, 0.75]
    assert at.button(key="redo_override").disabled


def test_two_people_on_one_pair_are_both_shown_until_somebody_decides(review):
    at, _workspace, project = review
    question, answer = shown(at)
    labels.override_pair(project, question, answer, 0.2, "ann", "about exchanges")
    labels.override_pair(project, question, answer, 0.9, "ben", "it fits")
    next(s for s in at.selectbox if s.label == "Show").set_value("conflict").run()
    assert not at.exception
    said = " ".join(w.value for w in at.warning)
    assert "by ann" in said and "by ben" in said
    at.button(key="decide_0").click().run()
    made = labels.overrides(project)
    assert (made[-1].value, made[-1].who) == (0.2, "user")
    assert not any("different labels" in w.value for w in at.warning)


def test_a_label_that_contradicts_somebody_unseen_is_not_saved_over_the_conflict(review):
    """Two others began to disagree while the pair was open: deciding unaware would hide that."""
    at, _workspace, project = review
    question, answer = shown(at)
    for who, value in (("ann", 0.2), ("ben", 0.9)):
        labels.override_pair(project, question, answer, value, who, "why")
    at.button(key="review_quick_50").click().run()
    assert any("Look at both" in e.value for e in at.error)
    assert len(labels.overrides(project)) == 2


def test_a_pair_outside_the_sample_can_be_found_again(review):
    at, workspace, project = review
    dataset = workspace.load_dataset(project.dataset_id)
    row = int(dataset.rows("test_known")[0])
    pair = dataset.questions[row], dataset.answers[3]
    labels.override_pair(project, *pair, 0.4, "ann", "by import")
    next(s for s in at.selectbox if s.label == "Show").set_value("by_hand").run()
    assert not at.exception
    assert shown(at) == pair


def test_keys_do_nothing_while_another_tab_is_open(app, review):
    """Hidden buttons with keys would judge pairs that nobody sees."""
    at, _, _ = review
    at.session_state["label_tabs"] = "Shape the labels"
    at.run()
    assert not [b for b in at.button if (b.key or "").startswith("review_")]


def test_a_typed_range_lists_the_pairs_in_it(review):
    at, _, _ = review
    at.session_state["label_tabs"] = "Shape the labels"
    at.run()
    for name, value in (("Labels from", 10.0), ("to", 30.0)):
        next(n for n in at.number_input if n.label == name).set_value(value).run()
    assert not at.exception
    listed = next(d.value for d in at.dataframe if "label" in d.value.columns)
    assert len(listed) and listed["label"].between(10, 30).all()


def test_typed_cuts_reach_the_recipe(review):
    """Numbers beside a slider that do nothing would look as if they did."""
    at, _workspace, project = review
    at.session_state["label_tabs"] = "Shape the labels"
    at.run()
    next(n for n in at.number_input if "Becomes 100" in n.label).set_value(90.0).run()
    assert not at.exception
    next(b for b in at.button if b.label == "Save recipe and stay here").click().run()
    (saved,) = labels.recipes(project)
    (changed,) = saved.recipe.calibrations.values()
    assert (changed.low, changed.high) == (1.0, 90.0)
    assert next(s for s in at.slider if "percentiles" in s.label).value == (1.0, 90.0)


def test_recipes_stand_side_by_side(review):
    at, _workspace, project = review
    for name, rule in (("Strict", "min"), ("Mild", "max")):
        recipe = labels.LabelRecipe(EXPERTS, rule, blend=0.2)
        labels.save_recipe(project, name, recipe, "ann")
    at.session_state["label_tabs"] = "Saved recipes"
    at.run()
    assert not at.exception and not at.error
    figures = next(d.value for d in at.dataframe if "First ten (nDCG@10)" in d.value.columns)
    assert list(figures["Recipe"]) == ["Mild", "Strict"]
    apart = next(d.value for d in at.dataframe if "apart" in d.value.columns)["apart"]
    assert apart.is_monotonic_decreasing and apart.iloc[0] > 10


def test_the_proposed_experts_take_part_on_the_labels_page(app, scored_once, tmp_path):
    from core.journey.decisions import use_panel

    root, project_id = scored_once
    shutil.copytree(root, tmp_path / "workspace")
    workspace = Workspace.open(tmp_path / "workspace")
    use_panel(workspace.project(project_id), EXPERTS[:2], "ann")
    at = app(tmp_path / "workspace", "labels", project_id)
    assert at.get("button_group")[0].value == list(EXPERTS[:2])
