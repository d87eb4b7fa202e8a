"""Whether a language model may count more than people is decided by figures, not by its volume."""

from __future__ import annotations

import numpy as np
import pytest

from core.labels.judges import (
    AGREES,
    ENOUGH_SHARED,
    HELD,
    MAY_EXCEED,
    MOST_OF_CLICKS,
    NO_PEOPLE,
    UNKNOWN,
    agreement_of,
    gated,
    gates,
    weighted_kappa,
)
from core.labels.model import LabelModel
from core.types import LabelRecipe, ListedScores
from core.types.scores import CLICKS, MODEL, PEOPLE


def listed(key, values, judge, questions=None) -> ListedScores:
    rows = np.arange(len(values), dtype=np.int32) if questions is None else questions
    columns = np.zeros(len(values), np.int32) if questions is None else np.arange(len(values))
    return ListedScores(
        key, "f" * 8, "d", rows, columns.astype(np.int32), np.array(values, np.float32), judge
    )


def panel(grades, said):
    people = listed("people:1", np.array(grades) / 3, PEOPLE)
    return [people, listed("llm:m", said, MODEL)]


def test_kappa_is_scikit_learns():
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 4, 300), rng.integers(0, 4, 300)
    second = np.where(rng.random(300) < 0.5, first, second)
    wanted = cohen_kappa_score(first, second, weights="quadratic", labels=range(4))
    assert weighted_kappa(first, second) == pytest.approx(wanted, abs=1e-12)


def test_kappa_of_one_grade_alone_is_not_defined():
    assert weighted_kappa(np.ones(9, int), np.ones(9, int)) is None
    assert gates(panel([1] * 50, [1] * 50))[0].decision == UNKNOWN


def test_the_interval_is_wider_where_pairs_share_questions():
    """Pairs of one question are no independent witnesses."""
    rng = np.random.default_rng(2)
    truth = np.repeat(rng.integers(0, 4, 20), 10)
    wrong = np.repeat(rng.random(20) < 0.3, 10)  # whole questions are judged wrongly
    said = np.where(wrong, 3 - truth, truth)
    apart = agreement_of(truth, said, np.arange(200))
    together = agreement_of(truth, said, np.repeat(np.arange(20), 10))
    assert apart.kappa == together.kappa
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


@pytest.mark.parametrize(
    ("right", "count", "decision"),
    [(1.0, 60, MAY_EXCEED), (0.5, 60, HELD), (0.0, 60, HELD), (1.0, ENOUGH_SHARED - 1, UNKNOWN)],
)
def test_the_gate_opens_on_shown_agreement_only(right, count, decision):
    rng = np.random.default_rng(3)
    grades = rng.integers(0, 4, count)
    said = np.where(rng.random(count) < right, grades, rng.integers(0, 4, count))
    (gate,) = gates(panel(grades, said))
    assert gate.decision == decision
    told = str(gate.told("Local"))
    assert "Local" in told and str(count) in told
    if decision == HELD:
        assert gate.agreement.low < AGREES and str(AGREES) in told


def test_without_people_nobody_is_held_but_it_is_said():
    (gate,) = gates([listed("llm:m", [1.0], MODEL)])
    assert gate.decision == NO_PEOPLE and not gate.holds
    assert gates([listed("file:x", [1.0], "")]) == ()


def test_a_held_model_counts_at_most_as_much_as_people_and_others_keep_their_shares():
    scores = [*panel([0, 3] * 30, [3, 0] * 30), listed("file:x", [1.0], "")]
    weights = gated(np.array([0.1, 0.7, 0.2]), scores)
    assert weights.sum() == pytest.approx(1)
    assert weights[1] == weights[0]
    assert weights[2] / weights[0] == pytest.approx(2)
    agreeing = panel([0, 1, 2, 3] * 20, [0, 1, 2, 3] * 20)
    open_gate = np.array([0.1, 0.9])
    assert np.array_equal(gated(open_gate, agreeing), open_gate)


def test_clicks_have_little_weight_until_people_agree_with_them():
    alone = [listed("clicks:1-x", [1.0], CLICKS), listed("file:x", [1.0], "")]
    (gate,) = gates(alone)
    assert gate.decision == NO_PEOPLE and gate.holds and "5%" in str(gate.told("Clicks"))
    assert gated(np.array([0.6, 0.4]), alone) == pytest.approx([MOST_OF_CLICKS, 1 - MOST_OF_CLICKS])
    assert gated(np.array([0.01, 0.99]), alone) == pytest.approx([0.01, 0.99])
    assert gated(np.array([1.0]), alone[:1]) == pytest.approx([1.0]), "nobody else to listen to"
    people = listed("people:1", [0.0, 1 / 3, 2 / 3, 1.0] * 20, PEOPLE)
    agree = listed("clicks:1-x", [0.05, 0.3, 0.6, 0.95] * 20, CLICKS)
    (gate,) = gates([people, agree])
    assert gate.decision == MAY_EXCEED
    assert np.array_equal(gated(np.array([0.1, 0.9]), [people, agree]), [0.1, 0.9])
    against = listed("clicks:1-x", [0.95, 0.6, 0.3, 0.05] * 20, CLICKS)
    assert gated(np.array([0.1, 0.9]), [people, against])[1] == pytest.approx(MOST_OF_CLICKS)


def test_labels_use_the_gated_weights_and_a_persons_own_weights_win(tiny_dataset):
    """The gate must reach the labels, not only the sentence about them."""
    rights = np.isin(tiny_dataset.right_question, tiny_dataset.seen_rows)
    rows = np.tile(tiny_dataset.right_question[rights], 2)
    right = tiny_dataset.right_answer[rights]
    columns = np.concatenate([right, (right + 1) % 12]).astype(np.int32)
    good = np.repeat([1.0, 0.0], rights.sum()).astype(np.float32)
    rng = np.random.default_rng(0)
    noise = np.where(rng.random(len(good)) < 0.4, 1 - good, good).astype(np.float32)
    parts = ("f" * 8, tiny_dataset.id, rows, columns)
    people = ListedScores("people:1", *parts, noise, PEOPLE)
    model = ListedScores("llm:m", *parts, 3 * good, MODEL)
    recipe = LabelRecipe(("people:1", "llm:m"))
    labels = LabelModel.fit(tiny_dataset, [people, model], recipe)
    assert gates(labels.used)[0].decision == HELD
    assert labels.weights[1] == pytest.approx(labels.weights[0])
    by_hand = LabelRecipe(recipe.experts, "weighted_mean", weights={"llm:m": 3.0})
    assert labels.with_recipe(by_hand).weights[1] == pytest.approx(0.75)
