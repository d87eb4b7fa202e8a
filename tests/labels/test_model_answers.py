"""How alike two answers are, as the experts see it."""

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from core.labels.model import AnswerLabels, LabelModel, answer_labels
from core.types import LabelRecipe
from tests.labels.conftest import build_world

NAMES = ("expert0", "expert1", "expert2")


@pytest.fixture(scope="module")
def world():
    return build_world()


def model_of(world, recipe, **other):
    dataset, scores = world
    return LabelModel.fit(dataset, [other.get(s.expert, s) for s in scores], recipe)


@pytest.mark.parametrize("rule", ["mean", "median", "reliability", "anchored"])
def test_labels_are_those_of_a_question_that_says_the_same_as_the_answer(world, rule):
    """The reference: questions whose vectors are those of the answers, where none is marked."""
    dataset, scores = world
    recipe = LabelRecipe(NAMES, rule, 0.5, gain=1.3, temperature=0.7)
    model = model_of(world, recipe)
    as_questions = [
        dataclasses.replace(one, question_matrix=one.answer_matrix[dataset.right_answer])
        for one in scores
    ]
    reference = dataclasses.replace(
        model, scores=tuple(as_questions), recipe=dataclasses.replace(recipe, blend=0.0)
    )
    vars(reference)["weights"] = model.weights
    questions = np.arange(0, 40, 4)  # of the answers 0 … 9, the first question of each
    expected, _ = reference.block(questions, np.arange(10, 30))
    targets, mask = AnswerLabels(model).block(np.arange(10), np.arange(10, 30))
    assert mask.all()
    np.testing.assert_allclose(targets, expected, atol=1e-6)


def test_an_answer_is_not_compared_with_itself(world):
    _, mask = AnswerLabels(model_of(world, LabelRecipe(NAMES))).block([3, 4], [3, 4, 5])
    assert mask.tolist() == [[False, True, True], [True, False, True]]


def test_word_matching_has_no_opinion_on_two_answers(world):
    """The two sides of BM25 are weighed differently: their product would mean nothing."""
    _, scores = world
    words = dataclasses.replace(
        scores[0],
        question_matrix=csr_array(scores[0].question_matrix),
        answer_matrix=csr_array(scores[0].answer_matrix),
    )
    model = model_of(world, LabelRecipe(NAMES, "mean", 0.0), expert0=words)
    labels = answer_labels(model)
    assert labels is not None and labels.readers == NAMES[1:]
    only = dataclasses.replace(LabelRecipe(("expert1", "expert2"), "mean", 0.0))
    np.testing.assert_allclose(
        labels.block([0, 1], [2, 3])[0],
        AnswerLabels(model.with_recipe(only)).block([0, 1], [2, 3])[0],
        atol=1e-6,
    )
    assert answer_labels(model.with_recipe(LabelRecipe(("expert0",), "mean"))) is None


def test_hard_labels_alone_say_nothing_about_two_answers(world):
    assert answer_labels(model_of(world, LabelRecipe(NAMES, "hard"))) is None


def test_the_id_follows_the_recipe(world):
    one, other = (AnswerLabels(model_of(world, LabelRecipe(NAMES, r))).id for r in ("mean", "max"))
    assert one != other
