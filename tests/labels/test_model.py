import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from core.errors import LabelError
from core.labels.model import LabelModel
from core.labels.rules import RULES
from core.types import OPEN, Calibration, ExpertScores, LabelRecipe, Override

NAMES = ("expert0", "expert1", "expert2")


def override(question, answer, value, at="2026-01-01T00:00:00Z"):
    return Override(f"question {question}", f"answer {answer}", value, "Ann", "wrong", at)


@pytest.fixture(scope="module")
def model(silent_world):
    return LabelModel.fit(*silent_world, LabelRecipe(NAMES))


RECIPES = st.builds(
    LabelRecipe,
    experts=st.permutations(NAMES).map(tuple),
    rule=st.sampled_from(sorted(RULES)),
    blend=st.sampled_from([0.0, 0.3, 1.0]),
    calibrations=st.sampled_from(
        [{}, {"expert1": Calibration("rank"), "expert2": Calibration("none")}]
    ),
    weights=st.sampled_from([{}, {"expert0": 2.0, "expert1": 0.0}]),
    gain=st.sampled_from([1.0, 1.5]),
    temperature=st.sampled_from([1.0, 0.5]),
)


@settings(max_examples=60, deadline=None)
@given(recipe=RECIPES, seed=st.integers(0, 10**6))
def test_any_block_equals_the_same_cells_of_the_full_table(model, recipe, seed):
    """A label that depended on its neighbours in the batch would be another label every epoch."""
    rng = np.random.default_rng(seed)
    dataset = model.dataset
    n_q, n_a = len(dataset.questions), len(dataset.answers)
    by_hand = [override(*rng.integers(0, [n_q, n_a]), float(rng.random())) for _ in range(40)]
    labels = model.with_recipe(recipe).with_overrides(by_hand)
    table, mask = labels.block(np.arange(n_q), np.arange(n_a))
    assert table.dtype == np.float32 and ((table >= 0) & (table <= 1)).all()

    rows, columns = rng.integers(0, n_q, 9), rng.integers(0, n_a, 7)  # may repeat
    targets, known = labels.block(rows, columns)
    np.testing.assert_allclose(targets, table[np.ix_(rows, columns)], atol=1e-5)
    np.testing.assert_array_equal(known, mask[np.ix_(rows, columns)])

    targets, known = labels.pairs(rows[:7], columns)
    np.testing.assert_allclose(targets, table[rows[:7], columns], atol=1e-5)
    np.testing.assert_array_equal(known, mask[rows[:7], columns])

    targets, known = labels.of_sample(labels.training)
    cells = labels.training.question_rows, labels.training.answer_rows
    np.testing.assert_allclose(targets, table[cells], atol=1e-5)
    np.testing.assert_array_equal(known, mask[cells])


@settings(max_examples=30, deadline=None)
@given(recipe=RECIPES, order=st.permutations(range(3)))
def test_order_of_experts_does_not_matter(silent_world, model, recipe, order):
    dataset, scores = silent_world
    shuffled = LabelModel.fit(dataset, [scores[i] for i in order], recipe)
    straight = model.with_recipe(replace(recipe, experts=NAMES))
    rows, columns = np.arange(0, 120, 7), np.arange(30)
    np.testing.assert_allclose(
        shuffled.block(rows, columns)[0], straight.block(rows, columns)[0], atol=1e-5
    )
    assert shuffled.id == straight.id


@pytest.mark.parametrize("rule", RULES)
def test_full_blend_is_the_hard_label(model, rule):
    rows, columns = np.arange(120), np.arange(30)
    labels = model.with_recipe(LabelRecipe(NAMES, rule=rule, blend=1.0))
    targets, mask = labels.block(rows, columns)
    np.testing.assert_array_equal(targets, model.dataset.hard_block(rows, columns))
    assert mask.all()


@pytest.mark.parametrize("blend", [0.0, 1.0])
def test_hard_rule_works_without_any_expert(world, blend):
    labels = LabelModel.fit(world[0], [], LabelRecipe((), rule="hard", blend=blend))
    targets, mask = labels.block(np.arange(9), np.arange(30))
    np.testing.assert_array_equal(targets, world[0].hard_block(np.arange(9), np.arange(30)))
    assert mask.all()


@pytest.mark.parametrize("rule", [key for key in RULES if key != "hard"])
def test_an_expert_without_any_opinion_changes_nothing(world, rule):
    dataset, scores = world

    class Mute(ExpertScores):
        def block(self, question_rows, answer_rows):
            return np.full((len(question_rows), len(answer_rows)), np.nan, np.float32)

        def pairs(self, question_rows, answer_rows):
            return np.full(len(question_rows), np.nan, np.float32)

    mute = Mute("mute", "m", dataset.id, scores[0].question_matrix, scores[0].answer_matrix)
    rows, columns = np.arange(120), np.arange(30)
    without = LabelModel.fit(dataset, scores, LabelRecipe(NAMES, rule=rule))
    with_mute = LabelModel.fit(dataset, [*scores, mute], LabelRecipe((*NAMES, "mute"), rule=rule))
    np.testing.assert_allclose(
        with_mute.block(rows, columns)[0], without.block(rows, columns)[0], atol=1e-6
    )

    alone = LabelModel.fit(dataset, [mute], LabelRecipe(("mute",), rule=rule, blend=0.0))
    targets, mask = alone.with_overrides([override(0, 9, 0.25)]).block(rows, columns)
    judged = dataset.hard_block(rows, columns) > 0
    assert (targets[judged] == 1).all()
    judged[0, 9] = True
    np.testing.assert_array_equal(mask, judged)  # nobody has an opinion on the rest


def test_latest_override_wins_over_rule_blend_and_curve(model):
    recipe = LabelRecipe(NAMES, blend=0.5, gain=3, temperature=0.2)
    labels = model.with_recipe(recipe).with_overrides(
        [
            override(0, 0, 0.9, at="2026-01-03T00:00:00Z"),
            override(0, 0, 0.2, at="2026-01-02T00:00:00Z"),  # older, listed later
            override(1, 0, 0.4, at="2026-01-02T00:00:00Z"),
            override(1, 0, None, at="2026-01-03T00:00:00Z"),  # withdrawn
            override(2, 5, 0.0),
            override(999, 0, 0.7),  # a text that this dataset does not have
        ]
    )
    targets, mask = labels.block(np.array([0, 1, 2]), np.array([0, 5]))
    assert targets[0, 0] == np.float32(0.9) and targets[2, 1] == 0 and mask[2, 1]
    plain = model.with_recipe(recipe).block(np.array([1]), np.array([0]))[0]
    assert targets[1, 0] == plain[0, 0]


def test_impossible_override_is_refused(model):
    with pytest.raises(LabelError, match="90"):
        model.with_overrides([override(0, 0, 90)]).block(np.array([0]), np.array([0]))


def test_held_out_labels_do_not_leak_into_the_labels(world):
    """Changing what is right for test questions must not move any label of training questions."""
    dataset, scores = world
    held_out = ~np.isin(dataset.split, ["train"])
    other = dataset.right_answer.copy()
    other[held_out] = (other[held_out] + 11) % 30
    changed = replace(dataset, right_answer=other)
    moved = [replace(expert, dataset_id=changed.id) for expert in scores]
    train, columns = dataset.rows("train"), np.arange(30)
    for method in ("percentile", "isotonic"):
        recipe = LabelRecipe(NAMES, calibrations={name: Calibration(method) for name in NAMES})
        before = LabelModel.fit(dataset, scores, recipe)
        after = LabelModel.fit(changed, moved, recipe)
        np.testing.assert_array_equal(
            before.block(train, columns)[0], after.block(train, columns)[0]
        )


def test_unchanged_calibrations_are_not_fitted_again(model):
    changed = model.with_recipe(
        LabelRecipe(NAMES, rule="median", calibrations={"expert0": Calibration(gamma=2)})
    )
    for name in ("expert1", "expert2"):
        key = (name, Calibration())
        assert changed.calibrators[key] is model.calibrators[key]


@settings(max_examples=40, deadline=None)
@given(first=RECIPES, second=RECIPES)
def test_weights_kept_from_another_recipe_are_those_of_this_one(silent_world, first, second):
    """Weights are found once and shared by moves that leave them alone, never by others."""
    model = LabelModel.fit(*silent_world, first)
    assert model.weights.sum() == pytest.approx(1 if first.experts else 0)
    fresh = LabelModel.fit(*silent_world, second)
    np.testing.assert_array_equal(model.with_recipe(second).weights, fresh.weights)
    blended = model.with_overrides(()).with_recipe(replace(first, blend=0.9))
    assert blended.weights is model.weights


def test_id_changes_with_all_that_labels_are_made_from(model):
    ids = [
        model.id,
        model.with_recipe(LabelRecipe(NAMES, blend=0.4)).id,
        model.with_recipe(LabelRecipe(NAMES[:2])).id,
        model.with_overrides([override(0, 0, 0.5)]).id,
        model.with_overrides([override(0, 0, 0.6)]).id,
    ]
    assert len(set(ids)) == len(ids)
    withdrawn = [override(0, 0, 0.5), override(0, 0, None)]
    assert model.with_overrides(withdrawn).id == model.id


@pytest.mark.parametrize(
    ("recipe", "named"),
    [
        (LabelRecipe(NAMES, rule="magic"), "reliability"),
        (LabelRecipe((), rule="mean"), "mean"),
        (LabelRecipe(("expert0", "bm25")), "bm25"),
        (LabelRecipe(NAMES, calibrations={"expert0": Calibration("magic")}), "isotonic"),
    ],
)
def test_recipe_that_does_not_fit_is_answered_with_what_would(world, recipe, named):
    with pytest.raises(LabelError, match=named):
        LabelModel.fit(*world, recipe)


def test_scores_of_other_data_are_refused(world):
    dataset, scores = world
    with pytest.raises(LabelError, match="other data"):
        LabelModel.fit(replace(dataset, questions=dataset.answers * 4), scores, LabelRecipe(NAMES))


def test_memory_grows_with_texts_not_with_pairs(make_world):
    """3,000 x 1,500 pairs are 18 MB per expert as float32; one such table must never exist."""
    dataset, scores = make_world(n_groups=1500, per_group=2)
    dataset.relevance  # noqa: B018 (belongs to the dataset, not to the labels)
    tracemalloc.start()
    labels = LabelModel.fit(dataset, scores, LabelRecipe(NAMES), size=5000)
    labels.block(np.arange(32), np.arange(64))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 14e6


@pytest.mark.parametrize("blend", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("rule", ["mean", "reliability"])
def test_open_questions_get_what_the_experts_say_without_the_blend(world, rule, blend):
    dataset, scores = world
    rows, answers = np.flatnonzero(dataset.split == "test_known")[:4], np.arange(30)
    split = dataset.split.copy()
    split[rows] = OPEN
    kept = ~np.isin(dataset.right_question, rows)
    opened = replace(
        dataset,
        split=split,
        right_question=dataset.right_question[kept],
        right_answer=dataset.right_answer[kept],
        right_grade=dataset.right_grade[kept],
    )
    scores = [replace(expert, dataset_id=opened.id) for expert in scores]
    recipe = LabelRecipe(tuple(s.expert for s in scores), rule=rule, blend=blend)
    labels = LabelModel.fit(opened, scores, recipe)
    targets, mask = labels.block(rows, answers)
    bare = labels.with_recipe(replace(recipe, blend=0.0))
    np.testing.assert_array_equal(targets, bare.block(rows, answers)[0])
    assert mask.all()
    assert targets.std() > 0.05
    both = np.concatenate([rows, dataset.rows("train")[:4]])
    np.testing.assert_array_equal(labels.block(both, answers)[0][:4], targets)


def test_without_experts_nothing_is_said_about_open_questions(world):
    dataset, _ = world
    opened = replace(dataset, split=np.where(np.arange(120) < 3, OPEN, dataset.split))
    labels = LabelModel.fit(opened, [], LabelRecipe((), rule="hard"))
    _, mask = labels.block(np.arange(4), np.arange(30))
    np.testing.assert_array_equal(mask[3], True)
    assert not (mask[:3] & (dataset.hard_block(np.arange(3), np.arange(30)) == 0)).any()


def test_a_pair_known_to_be_wrong_is_learned_as_wrong_by_the_share_of_the_recipe(world):
    dataset, scores = world
    question = int(dataset.rows("train")[0])
    answer = int(np.flatnonzero(dataset.hard_block(np.array([question]), np.arange(30))[0] == 0)[0])
    told = replace(
        dataset,
        wrong_question=np.array([question], np.int32),
        wrong_answer=np.array([answer], np.int32),
    )
    scores = [replace(expert, dataset_id=told.id) for expert in scores]
    names = tuple(expert.expert for expert in scores)
    labels = LabelModel.fit(told, scores, LabelRecipe(names, rule="mean", blend=0.5))
    at = np.array([question]), np.array([answer])
    soft = labels.with_recipe(replace(labels.recipe, blend=0.0)).block(*at)[0]
    target, mask = labels.block(*at)
    np.testing.assert_allclose(target, 0.5 * soft, rtol=1e-5)
    assert mask.all()
    alone = LabelModel.fit(told, scores, LabelRecipe(names, rule="mean", blend=1.0))
    assert alone.block(*at)[0] == 0
