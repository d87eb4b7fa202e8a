"""Answers that the experts find alike, beside the questions of a step."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.tuning import batches as module, run as run_module
from core.tuning.batches import neighbourhoods, plan_epoch, turn_of
from core.types import TRAIN
from tests.tuning.tiny_runs import CONFIG, Killed, Recorder, run, same

PLAIN = dataclasses.replace(CONFIG, neighbourhoods_per_batch=0)
ALIKE = dataclasses.replace(
    CONFIG, neighbourhoods_per_batch=2, neighbours=2, neighbourhood_weight=2.0
)


class NearInOrder:
    """Answers are the more alike the nearer their rows; none against itself."""

    id = "near"

    def block(self, question_rows, answer_rows):
        apart = np.abs(np.asarray(question_rows)[:, None] - np.asarray(answer_rows)[None])
        return (0.9**apart).astype(np.float32), apart > 0


@given(st.integers(1, 40), st.integers(0, 50), st.integers(0, 30), st.integers(0, 5))
def test_every_round_deals_each_answer_at_most_once(count, taken, turn, seed):
    mine = turn_of(count, taken, turn, seed)
    assert len(mine) == min(count, taken) == len(set(mine.tolist()))
    np.testing.assert_array_equal(mine, turn_of(count, taken, turn, seed))
    if 0 < taken < count:
        turns = count // taken
        first = turn - turn % turns
        dealt = np.concatenate(
            [turn_of(count, taken, n, seed) for n in range(first, first + turns)]
        )
        assert len(set(dealt.tolist())) == len(dealt)


def test_a_neighbourhood_is_a_centre_and_the_answers_most_like_it():
    found = neighbourhoods(NearInOrder(), 100, 1, 4, turn=3, seed=0)
    (centre,) = turn_of(100, 1, 3, 0)
    expected = sorted(range(100), key=lambda row: (abs(row - centre), row))[:5]
    assert sorted(expected) == found.tolist()


def test_answers_of_which_no_expert_knows_anything_are_no_neighbours():
    class Silent(NearInOrder):
        def block(self, question_rows, answer_rows):
            targets, mask = super().block(question_rows, answer_rows)
            return targets, mask & (np.asarray(answer_rows)[None] >= 10)

    found = neighbourhoods(Silent(), 20, 20, 3, turn=0, seed=0)
    alone = neighbourhoods(Silent(), 20, 1, 3, turn=0, seed=0)
    assert found.tolist() == list(range(20))
    (centre,) = turn_of(20, 1, 0, 0)
    assert set(alone) - {centre} <= set(range(10, 20))


def test_of_a_large_corpus_a_sample_is_searched(monkeypatch):
    """Else every step would cost the whole corpus times the number of experts."""
    seen = []

    class Counting(NearInOrder):
        def block(self, question_rows, answer_rows):
            seen.append(len(answer_rows))
            return super().block(question_rows, answer_rows)

    monkeypatch.setattr(module, "MOST_ANSWERS", 50)
    found = neighbourhoods(Counting(), 1000, 3, 2, turn=0, seed=0)
    assert seen == [50]
    assert set(turn_of(1000, 3, 0, 0)) <= set(found)


def test_the_alike_answers_join_the_columns(small_dataset):
    rows = small_dataset.rows(TRAIN)
    plain = plan_epoch(small_dataset, rows, None, PLAIN, 0)
    batches = plan_epoch(small_dataset, rows, None, ALIKE, 0, NearInOrder())
    for before, after in zip(plain, batches, strict=True):
        np.testing.assert_array_equal(before.question_rows, after.question_rows)
        assert len(after.alike_rows) >= 2
        assert set(after.answer_rows) == set(before.answer_rows) | set(after.alike_rows)


def test_likeness_changes_what_is_learned_and_a_killed_run_ends_the_same(
    small_dataset, tiny_bert, tmp_path
):
    labels = NearInOrder()
    plain = run(small_dataset, tiny_bert, tmp_path / "plain", config=PLAIN)
    straight = run(small_dataset, tiny_bert, tmp_path / "a", config=ALIKE, answer_labels=labels)
    assert not same(plain.model_folder, straight.model_folder)
    dying = Recorder(die_at=7)
    with pytest.raises(Killed):
        run(small_dataset, tiny_bert, tmp_path / "b", dying, ALIKE, answer_labels=labels)
    resumed = run(small_dataset, tiny_bert, tmp_path / "b", config=ALIKE, answer_labels=labels)
    assert resumed.curve == straight.curve
    assert same(resumed.model_folder, straight.model_folder)


@pytest.mark.parametrize(
    "changes", [{"neighbourhoods_per_batch": 0}, {"loss": "infonce"}, {"query_side": True}]
)
def test_settings_that_cannot_learn_it_leave_it_out(changes, small_dataset, tiny_bert, tmp_path):
    """InfoNCE looks at marked right answers only; for questions only, answers do not learn."""
    config = dataclasses.replace(ALIKE, **changes)
    plain = run(small_dataset, tiny_bert, tmp_path / "a", config=config)
    labelled = run(
        small_dataset, tiny_bert, tmp_path / "b", config=config, answer_labels=NearInOrder()
    )
    assert same(plain.model_folder, labelled.model_folder)


@pytest.mark.parametrize(("experts", "trusted"), [(0.0, False), (float("nan"), False), (1.0, True)])
def test_experts_weaker_than_the_base_model_teach_no_likeness(
    experts, trusted, small_dataset, tiny_bert, tmp_path
):
    """Weak experts' likeness took the whole gain on unseen answers of the sample data away."""
    labels, report = NearInOrder(), Recorder()
    plain = run(small_dataset, tiny_bert, tmp_path / "plain", config=ALIKE)
    doubted = run(
        small_dataset,
        tiny_bert,
        tmp_path / "a",
        report,
        ALIKE,
        answer_labels=labels,
        strongest_teacher=lambda questions, answers: experts,
    )
    assert same(plain.model_folder, doubted.model_folder) is not trusted
    assert any("alike" in warning for warning in report.warnings) is not trusted
    if not trusted:
        # Experts that cannot compare answers were said to search with a quality of 0.000.
        nobody = any("no expert takes part that can compare" in w for w in report.warnings)
        assert nobody is bool(np.isnan(experts))
        assert not any("nan" in warning for warning in report.warnings)


def test_with_one_answer_each_likeness_is_left_out(small_dataset, tiny_bert, tmp_path):
    """It tells which answers of a question belong together; a usual FAQ has one each."""
    labels, report = NearInOrder(), Recorder()
    config = dataclasses.replace(ALIKE, guard_regimes=True)
    given = {"answer_labels": labels, "strongest_teacher": lambda questions, answers: 1.0}
    run(small_dataset, tiny_bert, tmp_path / "a", report, config, **given)
    assert any("one right answer" in warning for warning in report.warnings)


@pytest.mark.parametrize("judged", [True, False])
def test_judged_questions_say_little_about_how_many_answers_fit(
    small_dataset, tiny_bert, tmp_path, judged
):
    """A pool of answers was looked at; the others have two right answers each."""
    rows = small_dataset.rows(TRAIN)
    several, few = rows[: len(rows) // 3], rows[len(rows) // 3 :]
    right = small_dataset.right_question, small_dataset.right_answer
    own = {int(question): int(answer) for question, answer in zip(*right, strict=True)}
    count = len(small_dataset.answers)
    pairs = sorted([*own.items(), *((int(row), (own[int(row)] + 1) % count) for row in several)])
    changed = dataclasses.replace(
        small_dataset,
        right_question=np.array([q for q, _ in pairs], np.int32),
        right_answer=np.array([a for _, a in pairs], np.int32),
        right_grade=np.ones(len(pairs), np.float32),
        wrong_question=few if judged else few[:0],
        wrong_answer=np.array([(own[int(row)] + 1) % count for row in few], np.int32)
        if judged
        else few[:0],
    )
    config = dataclasses.replace(ALIKE, guard_regimes=True, epochs=1)
    report = Recorder()
    given = {"answer_labels": NearInOrder(), "strongest_teacher": lambda questions, answers: 1.0}
    run(changed, tiny_bert, tmp_path / "a", report, config, **given)
    assert any("one right answer" in warning for warning in report.warnings) is not judged


def test_a_regime_that_dips_leaves_likeness_on(small_dataset, tiny_bert, tmp_path, monkeypatch):
    """With likeness unseen answers may dip at the first check and still end higher."""
    monkeypatch.setattr(run_module, "SEVERAL", 1.0)
    config = dataclasses.replace(ALIKE, guard_regimes=True, epochs=3, evaluations_per_epoch=1)

    def go(folder, *unseen):
        values = iter(unseen)
        return run(
            small_dataset,
            tiny_bert,
            tmp_path / folder,
            config=config,
            evaluate=lambda rows, *_: 0.9 if len(rows) > 5 else next(values),
            answer_labels=NearInOrder(),
            strongest_teacher=lambda questions, answers: 1.0,
        )

    dipped = go("a", 0.5, 0.3, 0.52, 0.51, 0.5, 0.5, 0.5)
    straight = go("b", 0.5, 0.5, 0.52, 0.51, 0.5, 0.5, 0.5)
    assert dipped.left_out == () and same(dipped.model_folder, straight.model_folder)
