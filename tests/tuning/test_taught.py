"""Open questions: what they may learn from, whom they borrow from, and what they do no harm to."""

import dataclasses
from itertools import count, pairwise

import numpy as np
import pytest

from core.labels.model import LabelModel
from core.tuning.batches import Batch, open_per_epoch, plan_epoch, steps_per_epoch
from core.tuning.grid import Grid
from core.tuning.learner import Learner
from core.tuning.student import DOCUMENT, QUERY, embed, encode, load_model, without_dropout
from core.tuning.task import TuningTask
from core.tuning.taught import TaughtQuestions, without_held_out
from core.types import OPEN, TRAIN, ExpertScores, LabelRecipe, QADataset
from core.types.tuning import DeviceInfo
from core.types.tuning_config import TuningConfig
from tests.tiny_models import FILLERS
from tests.tuning.tiny_runs import CONFIG, HardLabels, Killed, Recorder, run, same

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


# Judged questions: a pool of answers was looked at, nobody says that the others are wrong.


def judged_faq(blend=0.5):
    """The bare FAQ; question 0 has two right answers, 0 and 4.

    Question 8 rewords it and was judged: answer 0 right, answer 1 wrong. Question 9 is open.
    """
    dataset, questions, answers = bare_faq([0, 0])
    split = dataset.split.copy()
    split[TOPICS] = TRAIN
    order = np.argsort([*range(TOPICS), 0, TOPICS], kind="stable")
    changed = dataclasses.replace(
        dataset,
        split=split,
        right_question=np.array([*range(TOPICS), 0, TOPICS], np.int32)[order],
        right_answer=np.array([*range(TOPICS), 4, 0], np.int32)[order],
        right_grade=np.ones(TOPICS + 2, np.float32),
        wrong_question=np.array([TOPICS], np.int32),
        wrong_answer=np.array([1], np.int32),
    )
    return changed, labels_of(changed, questions, answers, blend)


def test_what_people_said_of_a_judged_question_counts_and_the_rest_is_what_the_experts_say():
    _, labels = judged_faq()
    taught = TaughtQuestions.of(labels, borrows=False)
    assert taught.pooled_rows.tolist() == [TOPICS]
    row, columns = np.array([TOPICS]), np.arange(TOPICS)
    targets, mask = taught.block(row, columns)
    known, _ = labels.block(row, columns)
    alone, _ = taught.soft.block(row, columns)
    assert mask.all()
    np.testing.assert_array_equal(targets[0, :2], known[0, :2])
    np.testing.assert_array_equal(targets[0, 2:], alone[0, 2:])
    assert (known[0, 2:] < alone[0, 2:]).all()  # as if nobody had to look at them: wrong


def test_a_judged_question_borrows_the_right_answers_that_nobody_looked_at():
    dataset, labels = judged_faq()
    taught = TaughtQuestions.of(labels)
    rows, sure = taught.borrowed
    assert rows[TOPICS] == 0 and sure[TOPICS] == 1
    row, columns = np.array([TOPICS]), np.arange(TOPICS)
    targets, _ = taught.block(row, columns)
    alone, _ = taught.soft.block(row, columns)
    assert targets[0, 4] == pytest.approx(0.5 + 0.5 * alone[0, 4])
    assert targets[0, 1] == pytest.approx(0.5 * alone[0, 1])  # judged wrong
    # An open question that is nearest to the judged one gets all that fits it.
    lent = taught._lent(np.array([TOPICS]), columns)
    assert np.flatnonzero(lent[0]).tolist() == [0, 4]
    # Who lends must have every right answer: with another one none does.
    apart = dataclasses.replace(
        dataset,
        right_question=np.append(dataset.right_question, TOPICS).astype(np.int32),
        right_answer=np.append(dataset.right_answer, 6).astype(np.int32),
        right_grade=np.ones(TOPICS + 3, np.float32),
    )
    scores = labels.scores[0]
    given = labels_of(apart, scores.question_matrix, scores.answer_matrix)
    assert TaughtQuestions.of(given).borrowed[0][TOPICS] == -1


def test_a_judged_question_is_taught_in_the_step_in_which_it_is_learned():
    dataset, labels = judged_faq()
    taught = TaughtQuestions.of(labels)
    config = TuningConfig(questions_per_batch=3, neighbourhoods_per_batch=0, open_share=0.0)
    for epoch in range(2):
        batches = plan_epoch(dataset, dataset.rows(TRAIN), None, config, epoch, None, taught)
        for batch in batches:
            assert batch.taught_rows.tolist() == [r for r in batch.question_rows if r == TOPICS]
            if len(batch.taught_rows):
                assert set(taught.candidates(batch.taught_rows, 2)) <= set(batch.answer_rows)


# What a run makes of them.


def with_open(dataset, most=6):
    """The small dataset with some of its training questions as open ones."""
    rows = dataset.rows(TRAIN)[::5][:most]
    split, group = dataset.split.astype("U18"), dataset.question_group.copy()
    split[rows], group[rows] = OPEN, 100 + np.arange(len(rows))
    kept = ~np.isin(dataset.right_question, rows)
    return dataclasses.replace(
        dataset,
        split=split,
        question_group=group,
        right_question=dataset.right_question[kept],
        right_answer=dataset.right_answer[kept],
        right_grade=dataset.right_grade[kept],
    )


def random_experts(dataset, seed=0, blend=0.5):
    rng = np.random.default_rng(seed)
    questions = unit(rng.normal(size=(len(dataset.questions), 16)))
    answers = unit(rng.normal(size=(len(dataset.answers), 16)))
    return labels_of(dataset, questions, answers, blend)


OPENLY = dataclasses.replace(
    CONFIG, hard_negatives_per_question=0, neighbourhoods_per_batch=0, candidates_per_question=2
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"teach_known_weight": 0.5, "spare_unasked": True},
        {"whole_corpus": True, "candidates_per_question": 1},
        {"whole_corpus": True, "query_side": True},
        {"dropout": False},
    ],
)
def test_a_run_with_open_questions_that_was_killed_ends_the_same(
    changes, small_dataset, tiny_bert, tmp_path
):
    dataset = with_open(small_dataset)
    labels = random_experts(dataset)
    config = dataclasses.replace(OPENLY, **changes)
    given = {"config": config, "labels": labels}

    def taught():
        return TaughtQuestions.of(labels)

    straight = run(dataset, tiny_bert, tmp_path / "a", taught=taught(), **given)
    dying = Recorder(die_at=5)
    with pytest.raises(Killed):
        run(dataset, tiny_bert, tmp_path / "b", dying, taught=taught(), **given)
    resumed = run(dataset, tiny_bert, tmp_path / "b", taught=taught(), **given)
    assert resumed.curve == straight.curve
    assert same(resumed.model_folder, straight.model_folder)
    without = run(dataset, tiny_bert, tmp_path / "c", **given)
    assert not same(without.model_folder, straight.model_folder)


@pytest.mark.parametrize(
    "changes", [{"open_share": 0.0}, {"open_weight": 0.0}, {"loss": "infonce"}]
)
def test_open_questions_that_count_nothing_change_nothing(
    changes, small_dataset, tiny_bert, tmp_path
):
    dataset = with_open(small_dataset)
    labels, config = random_experts(dataset), dataclasses.replace(OPENLY, **changes)
    given = {"config": config, "labels": labels}
    plain = run(dataset, tiny_bert, tmp_path / "a", **given)
    taught = run(dataset, tiny_bert, tmp_path / "b", taught=TaughtQuestions.of(labels), **given)
    assert same(plain.model_folder, taught.model_folder)


@pytest.mark.parametrize(("search", "learned"), [(0.0, False), (np.nan, False), (2.0, True)])
def test_without_a_teacher_open_questions_are_left_out(
    search, learned, small_dataset, tiny_bert, tmp_path
):
    dataset = with_open(small_dataset)
    labels = random_experts(dataset)
    taught, heard = TaughtQuestions.of(labels), Recorder()
    config = dataclasses.replace(OPENLY, guard_regimes=True, whole_corpus=True)
    given = {"config": config, "labels": labels}
    ended = run(
        dataset,
        tiny_bert,
        tmp_path / "a",
        heard,
        taught=taught,
        strongest_teacher=lambda *_: search,
        **given,
    )
    expected = taught if learned else None
    straight = run(dataset, tiny_bert, tmp_path / "b", taught=expected, **given)
    assert same(ended.model_folder, straight.model_folder)
    assert len(ended.curve) == len(straight.curve)
    told = [str(text) for text in heard.warnings if "open questions" in str(text)]
    assert len(told) == (not learned)
    assert ("open_share" in ended.left_out) == (not learned)
    assert ended.planned == straight.planned == ended.curve[-1].step


def first_batch(dataset, config, taught):
    return plan_epoch(dataset, dataset.rows(TRAIN), None, config, 0, None, taught)[0]


def learner_of(dataset, labels, config, base, taught=None):
    task = TuningTask(dataset, labels, base, config, base.parent / "nowhere", taught=taught)
    return Learner(load_model(base), task, DeviceInfo("", "cpu", "fp32", None, 1), Recorder())


def remember(learner, already=3):
    """Let a learner remember all answers, of which some are read already."""
    rows = np.arange(already, dtype=np.int32)
    texts = [learner.dataset.answers[row] for row in rows]
    learner.remember_answers(rows, learner.read(texts, DOCUMENT))


WHOLE = dataclasses.replace(OPENLY, whole_corpus=True, candidates_per_question=1, dropout=False)


def test_remembered_answers_are_as_good_as_read_ones(small_dataset, tiny_bert):
    """Where nothing has been learned since, memory and model say the same of every answer."""
    import torch

    dataset = with_open(small_dataset)
    labels = random_experts(dataset)
    taught = TaughtQuestions.of(labels)
    batch = first_batch(dataset, WHOLE, taught)
    every = dataclasses.replace(batch, answer_rows=np.arange(len(dataset.answers), dtype=np.int32))
    assert len(batch.answer_rows) < len(every.answer_rows)

    learner = learner_of(dataset, labels, WHOLE, tiny_bert, taught)
    remember(learner)
    partly, all_read = learner, learner_of(dataset, labels, WHOLE, tiny_bert, taught)
    rows = batch.taught_rows
    read = torch.from_numpy(partly.read([dataset.questions[row] for row in rows], QUERY))
    losses = []
    for one, step in ((partly, batch), (all_read, every)):
        answers = [dataset.answers[row] for row in step.answer_rows]
        vectors = [read, torch.from_numpy(one.read(answers, DOCUMENT))]
        terms, cells = one._taught_terms(step, rows)
        losses.append((float(sum(term(vectors) for term in terms)), cells))
    assert losses[0][0] == pytest.approx(losses[1][0], rel=1e-5)
    assert losses[0][1] == losses[1][1] == len(rows) * len(dataset.answers)


def test_after_a_step_its_answers_are_remembered_as_they_were_read(small_dataset, tiny_bert):
    dataset = with_open(small_dataset)
    labels = random_experts(dataset)
    taught = TaughtQuestions.of(labels)
    learner = learner_of(dataset, labels, WHOLE, tiny_bert, taught)
    remember(learner)
    before = learner.remembered.copy()
    batch = first_batch(dataset, WHOLE, taught)
    learner.step(batch, 0, 4)
    others = np.setdiff1d(np.arange(len(dataset.answers)), batch.answer_rows)
    assert np.array_equal(learner.remembered[others], before[others])
    learner.step(batch, 1, 4)
    moved = np.abs(learner.remembered - before).max(axis=1) > 1e-4
    assert set(np.flatnonzero(moved)) == set(batch.answer_rows)


def test_without_dropout_a_text_is_read_the_same_while_learning(small_dataset, tiny_bert):
    import torch

    texts = small_dataset.questions[:4]

    def twice(model):
        model.train()
        with torch.no_grad():
            return [embed(model, texts, QUERY) for _ in range(2)]

    model = load_model(tiny_bert)
    first, second = twice(model)
    assert not torch.equal(first, second)
    without_dropout(model)
    first, second = twice(model)
    assert torch.equal(first, second)


def gradient_of_answers(dataset, labels, config, base, batch):
    """The gradient that the known questions of a step send to each of its answers."""
    import torch

    learner = learner_of(dataset, labels, config, base)
    grid = Grid.of(dataset, labels, batch, "cpu", learner.shown(batch))
    rng = torch.Generator().manual_seed(0)
    left = torch.randn(len(batch.question_rows), 8, generator=rng)
    right = torch.randn(len(batch.answer_rows), 8, generator=rng, requires_grad=True)
    grid.loss(left, right, config, learner.scale).backward()
    return right.grad.abs().sum(dim=1).numpy()


def test_an_answer_that_is_never_right_is_never_pushed_away(small_dataset, tiny_bert):
    """Else it learns to lose: unseen answers fell by 0.08 nDCG@10 when shown as wrong ones."""
    dataset, labels = small_dataset, HardLabels(small_dataset)
    rows = dataset.rows(TRAIN)
    unasked = np.setdiff1d(np.arange(8), dataset.right_answer[rows])
    assert len(unasked) == 1
    batch = Batch(rows[::4].astype(np.int32), np.arange(8, dtype=np.int32))
    spared = dataclasses.replace(OPENLY, spare_unasked=True)
    pushed = gradient_of_answers(dataset, labels, OPENLY, tiny_bert, batch)
    assert pushed[unasked] > 0
    kept = gradient_of_answers(dataset, labels, spared, tiny_bert, batch)
    assert kept[unasked] == 0 and (np.delete(kept, unasked) > 0).all()


def mean_rank_of_unasked(folder, dataset, unasked):
    """Mean rank, from 0, of answers that no training question asks for, over all questions."""
    model = load_model(folder)
    left = encode(model, dataset.questions, QUERY)
    right = encode(model, dataset.answers, DOCUMENT)
    order = np.argsort(np.argsort(-(left @ right.T), axis=1), axis=1)
    return order[:, unasked].mean()


def test_the_mean_rank_of_planted_unseen_answers_does_not_fall(small_dataset, tiny_bert, tmp_path):
    """They join every step as columns; only if they are shown as wrong ones do they sink."""
    planted = tuple(f"{one} {other}" for one, other in pairwise(FILLERS))
    dataset = dataclasses.replace(
        small_dataset,
        answers=(*small_dataset.answers, *planted),
        answer_ids=(*small_dataset.answer_ids, *(f"new{n}" for n in range(len(planted)))),
        answer_group=np.arange(8 + len(planted), dtype=np.int32),
    )
    unasked = np.arange(8, 8 + len(planted))
    shown = np.tile(unasked, (len(dataset.questions), 1)).astype(np.int32)
    config = dataclasses.replace(
        OPENLY,
        epochs=6,
        hard_negatives_per_question=len(planted),
        interpolation="off",
        infonce_share=1.0,
    )
    ranks = {}
    for spare in (False, True):
        check = count()
        ended = run(
            dataset,
            tiny_bert,
            tmp_path / str(spare),
            config=dataclasses.replace(config, spare_unasked=spare),
            hard_negatives=shown,
            evaluate=lambda *_, check=check: next(check) / 1000,  # the last is kept
        )
        ranks[spare] = mean_rank_of_unasked(ended.model_folder, dataset, unasked)
    before = mean_rank_of_unasked(tiny_bert, dataset, unasked)
    assert ranks[True] <= before + 0.25
    assert ranks[False] > before + 1


def test_open_questions_spare_what_neither_they_nor_known_ones_ask_for(tiny_bert):
    """Answers about which nobody asks would sink below those that open questions are about."""
    dataset, questions, answers = bare_faq([0, 1, 1, 2])
    rows = np.array([3, 4, 5, 6, 7])  # of five topics nobody knows the answer any more
    kept = ~np.isin(dataset.right_question, rows)
    dataset = dataclasses.replace(
        dataset,
        right_question=dataset.right_question[kept],
        right_answer=dataset.right_answer[kept],
        right_grade=dataset.right_grade[kept],
        split=np.where(np.isin(np.arange(len(dataset.split)), rows), "test_unseen", dataset.split),
    )
    labels = labels_of(dataset, questions, answers)
    taught = TaughtQuestions.of(labels)
    config = dataclasses.replace(OPENLY, candidates_per_question=1, whole_corpus=True)
    known = dataset.rows(TRAIN).astype(np.int32)
    plan = plan_epoch(dataset, known, None, config, 0, None, taught)
    assert all(batch.wanted_rows.tolist() == [0, 1, 2] for batch in plan), "of the whole epoch"
    whole = dataclasses.replace(
        plan[0], taught_rows=taught.open_rows, answer_rows=np.arange(TOPICS, dtype=np.int32)
    )
    for spare, columns in ((False, TOPICS), (True, 3)):
        changed = dataclasses.replace(config, spare_unasked=spare)
        learner = learner_of(dataset, labels, changed, tiny_bert)
        shown = learner.shown_to_taught(whole)
        grid = Grid.of_taught(taught, whole, "cpu", shown)
        assert grid.cells == len(taught.open_rows) * columns
    other = dataclasses.replace(whole, wanted_rows=np.array([1, 6], np.int32))
    assert learner.shown_to_taught(other)[0].tolist() == [True] * 3 + [False] * 3 + [True, False]


def test_what_people_judged_is_shown_whoever_asks_for_it(tiny_bert):
    dataset, questions, answers = bare_faq([0])
    judged = dataclasses.replace(
        dataset,
        right_question=dataset.right_question[:4],
        right_answer=dataset.right_answer[:4],
        right_grade=dataset.right_grade[:4],
        wrong_question=np.array([1, 1], np.int32),
        wrong_answer=np.array([6, 7], np.int32),
    )
    assert judged.pooled_rows.tolist() == [1]
    labels = labels_of(judged, questions, answers)
    learner = learner_of(judged, labels, dataclasses.replace(OPENLY, spare_unasked=True), tiny_bert)
    batch = Batch(
        np.array([0], np.int32),
        np.arange(TOPICS, dtype=np.int32),
        taught_rows=np.array([1, TOPICS], np.int32),
    )
    shown = learner.shown_to_taught(batch)
    assert shown[0].all() and shown[1].tolist() == [True] * 4 + [False] * 4
