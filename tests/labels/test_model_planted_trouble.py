"""Trouble planted into the English sample is found: a biased expert, a copied expert."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from core.journey import experts, projects
from core.journey.experts import load_expert_scores
from core.labels.bias import expert_bias, group_bias
from core.labels.groups import groupings
from core.labels.model import LabelModel
from core.labels.pair_sample import sample_for_inspection
from core.labels.review import find_suspects
from core.types import ExpertScores, LabelRecipe, SilentReporter
from core.workspace.workspace import Workspace

EXPERTS = ("wordllama-l2-supercat-256", "bm25", "tfidf")


@pytest.fixture(scope="module")
def sample_data(tmp_path_factory):
    workspace = Workspace.open(tmp_path_factory.mktemp("planted"))
    project = projects.create_sample_project(workspace, "en", "Sample", "ann")
    dataset = workspace.load_dataset(project.dataset_id)
    experts.run_scoring(workspace, dataset, EXPERTS, SilentReporter())
    return dataset, load_expert_scores(workspace, dataset, EXPERTS)


@dataclass(frozen=True, eq=False)
class Leaning(ExpertScores):
    """An expert that scores every pair of some questions too high."""

    extra: np.ndarray = None

    def block(self, question_rows, answer_rows):
        return super().block(question_rows, answer_rows) + self.extra[question_rows][:, None]

    def pairs(self, question_rows, answer_rows):
        return super().pairs(question_rows, answer_rows) + self.extra[question_rows]


@pytest.mark.parametrize("category", ["Delivery", "Returns", "Payment"])
def test_expert_that_favours_one_category_is_named_and_can_be_corrected(sample_data, category):
    dataset, scores = sample_data
    leans = np.array([one == category for one in dataset.attributes["category"]])
    first = scores[0]
    matrices = first.question_matrix, first.answer_matrix
    extra = (0.15 * leans).astype(np.float32)
    leaning = Leaning(first.expert, "leaning", dataset.id, *matrices, extra)
    panel = [leaning, *scores[1:]]
    model = LabelModel.fit(dataset, panel, LabelRecipe(EXPERTS, "mean", blend=0.0))
    sample = sample_for_inspection(dataset, panel, seed=0)
    grouping = groupings(dataset)["category"]
    place = grouping.names.index(category)

    def favoured(labels):
        values = labels.of_sample(sample)[0]
        return group_bias(values, sample, dataset, grouping, seed=0, replicates=0).other

    before = favoured(model)
    assert before.sign[place] == 1
    assert np.nanargmax(before.difference) == place
    named = expert_bias(model.expert_pairs(sample), sample, dataset, grouping).worst[0]
    assert named == (EXPERTS.index(first.expert), place)
    after = favoured(model.with_recipe(replace(model.recipe, recentre=("category",))))
    assert after.sign[place] == 0
    assert abs(after.difference[place]) < 0.3 * before.difference[place]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_duplicated_expert_shares_its_weight(sample_data, place):
    """The plain mean would give the copy a second vote."""
    dataset, scores = sample_data
    model = LabelModel.fit(dataset, scores, LabelRecipe(EXPERTS, "decorrelated"))
    copies = [replace(scores[place], expert=f"copy{n}") for n in range(2)]
    names = (*EXPERTS, "copy0", "copy1")
    twice = LabelModel.fit(dataset, [*scores, *copies], LabelRecipe(names, "decorrelated"))
    shared = twice.weights[[place, 3, 4]]
    np.testing.assert_allclose(shared, shared[0], atol=1e-4)
    assert shared.sum() == pytest.approx(model.weights[place], abs=0.05)


def test_flipped_hard_labels_are_among_the_suspects(sample_data, record_property):
    """10 % of the questions that experts see get a wrong answer as their right one."""
    dataset, scores = sample_data
    rng = np.random.default_rng(0)
    seen = np.flatnonzero(np.isin(dataset.right_question, dataset.seen_rows))
    flipped = rng.choice(seen, len(seen) // 10, replace=False)
    answers = dataset.right_answer.copy()
    others = rng.integers(1, len(dataset.answers), len(flipped))
    answers[flipped] = (answers[flipped] + others) % len(dataset.answers)
    wrong = replace(dataset, right_answer=answers)
    panel = [replace(one, dataset_id=wrong.id) for one in scores]
    model = LabelModel.fit(wrong, panel, LabelRecipe(EXPERTS))
    sample = sample_for_inspection(wrong, panel, seed=0)
    found = find_suspects(sample, model.expert_pairs(sample), model.weights)
    planted = np.isin(sample.question_rows, dataset.right_question[flipped])
    suspects = found.suspected[sample.hard_label > 0]
    planted = planted[sample.hard_label > 0]
    recall, precision = suspects[planted].mean(), planted[suspects].mean()
    record_property("recall", float(recall))
    record_property("precision", float(precision))
    assert recall > 0.7
    assert precision > 2 * planted.mean()  # far above chance, with three of the weakest experts
