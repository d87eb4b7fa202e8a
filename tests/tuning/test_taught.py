"""Open questions: what they may learn from, whom they borrow from, and what they do no harm to."""

import dataclasses

import numpy as np

from core.labels.model import LabelModel
from core.tuning.batches import open_per_epoch, plan_epoch, steps_per_epoch
from core.tuning.taught import TaughtQuestions, without_held_out
from core.types import OPEN, TRAIN, ExpertScores, LabelRecipe, QADataset
from core.types.tuning_config import TuningConfig

TOPICS = 8


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def bare_faq(open_topics, wording=0.3, seed=0):
    """One known question for each of eight answers, and open questions on the given topics.

    Returns the data, vectors of the questions (near their topic, ``wording`` away from it) and of
    the answers.
    """
    rng = np.random.default_rng(seed)
    width = 64
    topics = unit(rng.normal(size=(TOPICS, width)))
    noise = unit(rng.normal(size=(TOPICS + len(open_topics), width)))
    count = TOPICS + len(open_topics)
    at = np.array([*range(TOPICS), *open_topics])
    questions = unit(topics[at] + wording * noise)
    answers = unit(topics + 0.5 * unit(rng.normal(size=(TOPICS, width))))
    dataset = QADataset(
        name="bare",
        questions=tuple(f"question {n}" for n in range(count)),
        answers=tuple(f"answer {n}" for n in range(TOPICS)),
        question_ids=tuple(f"q{n}" for n in range(count)),
        answer_ids=tuple(f"a{n}" for n in range(TOPICS)),
        right_question=np.arange(TOPICS, dtype=np.int32),
        right_answer=np.arange(TOPICS, dtype=np.int32),
        right_grade=np.ones(TOPICS, np.float32),
        question_group=np.concatenate([np.arange(TOPICS), 100 + np.arange(len(open_topics))]),
        answer_group=np.arange(TOPICS, dtype=np.int32),
        split=np.array([TRAIN] * TOPICS + [OPEN] * len(open_topics), "U18"),
        question_row=np.arange(count, dtype=np.int32) + 2,
    )
    return dataset, questions, answers


def labels_of(dataset, questions, answers, blend=0.5):
    scores = ExpertScores("expert", "v1", dataset.id, questions, answers)
    return LabelModel.fit(dataset, [scores], LabelRecipe(("expert",), blend=blend))


def test_an_open_question_borrows_from_the_known_one_that_it_rewords():
    topics = [3, 3, 5, 1, 0]
    given = bare_faq(topics)
    taught = TaughtQuestions.of(labels_of(*given))
    rows, sure = taught.borrowed
    assert rows[TOPICS:].tolist() == topics  # the known question of topic t is row t
    assert (sure[TOPICS:] == 1).all() and not sure[:TOPICS].any()
    targets, _ = taught.block(taught.open_rows, np.arange(TOPICS))
    alone, _ = taught.soft.block(taught.open_rows, np.arange(TOPICS))
    right = np.eye(TOPICS)[topics]
    np.testing.assert_allclose(targets, 0.5 * right + 0.5 * alone, atol=1e-6)


def test_nothing_is_borrowed_where_wording_leads_elsewhere_than_the_answers():
    """In a shop's mail only one question in four was nearest to a known one about its answer."""
    dataset, questions, answers = bare_faq([0, 1, 2, 3, 4, 5, 6, 7] * 4)
    misled = questions.copy()
    misled[:TOPICS] = np.roll(questions[:TOPICS], 3, axis=0)  # wording points three topics away
    by_wording = ExpertScores("wording", "v1", dataset.id, misled, answers)
    by_answers = ExpertScores("answers", "v1", dataset.id, questions, answers)

    recipe = LabelRecipe(("wording", "answers"), "weighted_mean", 0.5, weights={"wording": 1.01})
    labels = LabelModel.fit(dataset, [by_wording, by_answers], recipe)
    taught = TaughtQuestions.of(labels)
    _, sure = taught.borrowed
    open_ = taught.open_rows
    direct = labels.best_answers(open_, 1)[:, 0]
    assert (direct == np.arange(len(open_)) % TOPICS).mean() > 0.9
    assert sure[open_].mean() < 0.1


def test_a_question_about_something_new_borrows_nothing():
    """It would be taught that the nearest known answer is right."""
    dataset, questions, answers = bare_faq([2, 3, 4, 5])
    questions[TOPICS:] = unit(0.1 * questions[TOPICS:] - questions[:TOPICS].sum(axis=0))
    _, sure = TaughtQuestions.of(labels_of(dataset, questions, answers)).borrowed
    assert not sure.any()


def test_known_questions_are_taught_without_their_known_answers():
    given = bare_faq([1])
    labels = labels_of(*given, blend=0.9)
    taught = TaughtQuestions.of(labels)
    targets, _ = taught.block(np.arange(TOPICS), np.arange(TOPICS))
    alone, _ = labels.with_recipe(LabelRecipe(("expert",), blend=0.0)).block(
        np.arange(TOPICS), np.arange(TOPICS)
    )
    np.testing.assert_array_equal(targets, alone)


def test_open_questions_that_repeat_a_held_out_one_are_left_out():
    """They would teach the test its own questions."""
    dataset, *_ = bare_faq([1, 2, 3])
    texts = list(dataset.questions)
    texts[0], texts[TOPICS] = "Where is MY parcel?", "where is my  parcel"
    split = dataset.split.copy()
    split[0] = "test_unseen"
    changed = dataclasses.replace(dataset, questions=tuple(texts), split=split)
    assert without_held_out(changed).tolist() == [TOPICS + 1, TOPICS + 2]


def test_steps_grow_with_open_questions_up_to_their_share():
    """A log of a million questions must not make a run of 60 known ones endless."""
    config = TuningConfig(questions_per_batch=32, open_share=0.8)
    assert open_per_epoch(100, 10**6, config) == 400
    assert open_per_epoch(100, 50, config) == 50
    assert steps_per_epoch(100, 0, config) == 4
    assert steps_per_epoch(100, 10**6, config) == 16
    assert open_per_epoch(100, 50, dataclasses.replace(config, open_share=0.0)) == 0


def test_every_question_joins_its_epoch_and_meets_its_likely_answers():
    dataset, questions, answers = bare_faq([0, 1, 2, 3] * 8)
    taught = TaughtQuestions.of(labels_of(dataset, questions, answers))
    config = TuningConfig(
        questions_per_batch=8,
        neighbourhoods_per_batch=0,
        open_share=0.75,
        candidates_per_question=2,
    )
    rows = dataset.rows(TRAIN)
    epochs = [plan_epoch(dataset, rows, None, config, n, None, taught) for n in range(4)]
    for batches in epochs:
        assert sorted(np.concatenate([b.question_rows for b in batches])) == rows.tolist()
        dealt = np.concatenate([b.taught_rows for b in batches])
        assert len(dealt) == len(set(dealt.tolist())) == 24
    of_all = np.concatenate([b.taught_rows for batches in epochs for b in batches])
    assert set(of_all) == set(dataset.open_rows)  # they take turns
    for batch in epochs[0]:
        for row in batch.taught_rows:
            best = np.argsort(-taught.block(np.array([row]), np.arange(TOPICS))[0][0])[:2]
            assert set(best) <= set(batch.answer_rows)


def test_known_questions_join_the_taught_ones_where_wanted():
    dataset, questions, answers = bare_faq([0, 1])
    taught = TaughtQuestions.of(labels_of(dataset, questions, answers))
    config = TuningConfig(neighbourhoods_per_batch=0, teach_known_weight=1.0)
    (batch,) = plan_epoch(dataset, dataset.rows(TRAIN), None, config, 0, None, taught)
    assert set(batch.taught_rows) == set(batch.question_rows) | set(dataset.open_rows)
