"""Groups of pairs, and the correction that evens out what one group gets too much."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from core.errors import LabelError
from core.labels.groups import ATTRIBUTES, groupings
from core.labels.model import LabelModel
from core.types import ExpertScores, LabelRecipe

NAMES = ("expert0", "expert1", "expert2")
KINDS = ("billing", "delivery", "returns")


class Generous(ExpertScores):
    """Scores questions 0, 3, 6 … (category billing) higher than they deserve."""

    def block(self, question_rows, answer_rows):
        extra = 0.3 * (np.asarray(question_rows)[:, None] // 4 % 3 == 0)
        return (super().block(question_rows, answer_rows) + extra).astype(np.float32)

    def pairs(self, question_rows, answer_rows):
        extra = 0.3 * (np.asarray(question_rows) // 4 % 3 == 0)
        return (super().pairs(question_rows, answer_rows) + extra).astype(np.float32)


@pytest.fixture(scope="module")
def biased(make_world):
    dataset, scores = make_world(
        n_groups=90, noises=(0.5, 0.7, 0.9), kinds=dict.fromkeys(range(3), Generous)
    )
    category = tuple(KINDS[row // 4 % 3] for row in range(len(dataset.questions)))
    answers = tuple(f"answer {i} " + "x" * (i % 50) for i in range(len(dataset.answers)))
    dataset = replace(dataset, attributes={"category": category}, answers=answers)
    return dataset, [replace(expert, dataset_id=dataset.id) for expert in scores]


@pytest.fixture(scope="module")
def model(biased):
    return LabelModel.fit(*biased, LabelRecipe(NAMES, blend=0.0))


RECIPES = st.builds(
    LabelRecipe,
    experts=st.just(NAMES),
    rule=st.sampled_from(["mean", "anchored", "hard", "decorrelated"]),
    blend=st.sampled_from([0.0, 0.4, 1.0]),
    recentre=st.lists(
        st.sampled_from(["category", "answer_category", "answer_length"]), unique=True
    ).map(tuple),
)


@settings(max_examples=30, deadline=None)
@given(recipe=RECIPES, seed=st.integers(0, 10**6))
def test_any_corrected_block_equals_the_same_cells_of_the_full_table(model, recipe, seed):
    labels = model.with_recipe(recipe)
    n_q, n_a = len(model.dataset.questions), len(model.dataset.answers)
    table = labels.block(np.arange(n_q), np.arange(n_a))[0]
    assert table.dtype == np.float32 and ((table >= 0) & (table <= 1)).all()
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(0, n_q, 9), rng.integers(0, n_a, 7)
    np.testing.assert_allclose(
        labels.block(rows, columns)[0], table[np.ix_(rows, columns)], atol=1e-5
    )
    np.testing.assert_allclose(
        labels.pairs(rows[:7], columns)[0], table[rows[:7], columns], atol=1e-5
    )
    sample = labels.training
    cells = table[sample.question_rows, sample.answer_rows]
    np.testing.assert_allclose(labels.of_sample(sample)[0], cells, atol=1e-5)


def group_means(labels, model):
    table = labels.block(*(np.arange(n) for n in model.dataset.relevance.shape))[0]
    right = model.dataset.relevance.toarray() > 0
    codes = groupings(model.dataset)["category"].codes
    kinds = (right, ~right)
    return np.array([[table[codes == g][k[codes == g]].mean() for g in range(3)] for k in kinds])


def test_correction_takes_back_what_one_category_got_too_much(model):
    """Also for questions that the correction was not fitted on."""
    before = group_means(model, model)
    after = group_means(model.with_recipe(replace(model.recipe, recentre=("category",))), model)
    assert np.ptp(before[1]) > 0.1  # other pairs of billing
    assert np.ptp(after[1]) < 0.2 * np.ptp(before[1])
    assert np.ptp(after[0]) < 0.5 * np.ptp(before[0])


def test_correction_keeps_the_order_of_pairs_within_a_group(model):
    corrected = model.with_recipe(replace(model.recipe, recentre=("category", "answer_length")))
    for correction in corrected.recentring:
        assert (correction.slope > 0).all()
        values = np.linspace(0, 1, 101, dtype=np.float32)
        for text in range(20):
            rows = np.full(101, text)
            assert (np.diff(correction(values, rows, rows)) >= 0).all()


def test_correction_learns_nothing_from_held_out_questions(biased):
    dataset, scores = biased
    held_out = dataset.split != "train"
    other = dataset.right_answer.copy()
    other[held_out] = (other[held_out] + 11) % 90
    changed = replace(dataset, right_answer=other)
    moved = [replace(expert, dataset_id=changed.id) for expert in scores]
    recipe = LabelRecipe(NAMES, blend=0.0, recentre=("category", "answer_category"))
    rows = dataset.rows("train")
    found = [
        LabelModel.fit(d, s, recipe).block(rows, np.arange(90))[0]
        for d, s in ((dataset, scores), (changed, moved))
    ]
    np.testing.assert_array_equal(*found)


def test_correction_is_part_of_the_id_and_its_absence_is_not(model):
    corrected = model.with_recipe(replace(model.recipe, recentre=("category",)))
    assert corrected.id != model.id
    assert corrected.with_recipe(model.recipe).id == model.id


def test_attribute_that_the_data_lack_is_answered_with_those_it_has(model):
    with pytest.raises(LabelError, match="answer_length"):
        model.with_recipe(replace(model.recipe, recentre=("language",)))


def test_every_text_is_in_the_group_of_its_length(model):
    for key, texts in (("question_length", "questions"), ("answer_length", "answers")):
        dataset = replace(model.dataset, questions=tuple("q" * n for n in range(360)))
        found = groupings(dataset)[key]
        for text, code in zip(getattr(dataset, texts), found.codes, strict=True):
            low, high = map(int, found.names[code].split("–"))
            assert low <= len(text) <= high
        assert np.ptp(np.bincount(found.codes)) <= 8  # quantiles: about as many in each


def test_text_without_a_category_is_in_no_group_and_stays_as_it_is(biased):
    dataset, scores = biased
    category = ("", *dataset.attributes["category"][1:])
    dataset = replace(dataset, attributes={"category": category})
    moved = [replace(expert, dataset_id=dataset.id) for expert in scores]
    plain = LabelModel.fit(dataset, moved, LabelRecipe(NAMES))
    corrected = plain.with_recipe(LabelRecipe(NAMES, recentre=("category",)))
    row, columns = np.array([0]), np.arange(90)
    np.testing.assert_array_equal(plain.block(row, columns)[0], corrected.block(row, columns)[0])


def test_every_attribute_has_a_title():
    assert all(a.key == key and a.title for key, a in ATTRIBUTES.items())


def test_labels_blind_to_right_answers_keep_the_groups_of_the_correction(model):
    """Categories of answers come from right pairs; a blind copy of the labels knew none of them."""
    evened = model.with_recipe(replace(model.recipe, recentre=("answer_category",), blend=0.0))
    rows = evened.dataset.seen_rows[:5]
    answers = np.arange(len(evened.dataset.answers), dtype=np.int32)
    assert evened.blind().block(rows, answers)[0] == pytest.approx(
        evened.with_overrides(()).block(rows, answers)[0]
    )
