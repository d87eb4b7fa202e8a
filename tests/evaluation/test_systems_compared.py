"""Arms on held-out questions, from vectors to verdict, guard and files."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load, save
from scipy.sparse import csr_array

from core.errors import ComparisonError, TooLittleDataError, WorkspaceError
from core.evaluation.measures import METRICS
from core.evaluation.movements import answer_moves, list_moves, wins_and_losses
from core.evaluation.systems import EncodedSystem, compare, from_files, held_out_rows, to_files
from core.evaluation.verdict import intervals, promotion_allowed
from core.messages import Message
from core.types import TEST_KNOWN, TEST_UNSEEN, TRAIN, Generality, QADataset, SilentReporter

GROUPS, PER_GROUP, SIZE = 60, 5, 24


def make_dataset(splits=(TRAIN, TEST_KNOWN, TEST_UNSEEN)) -> QADataset:
    """One answer per group, five questions each; groups take turns in the splits."""
    n = GROUPS * PER_GROUP
    group = np.repeat(np.arange(GROUPS, dtype=np.int32), PER_GROUP)
    return QADataset(
        name="made up",
        questions=tuple(f"question {i}" for i in range(n)),
        answers=tuple(f"answer {i}" for i in range(GROUPS)),
        question_ids=tuple(f"q{i}" for i in range(n)),
        answer_ids=tuple(f"a{i}" for i in range(GROUPS)),
        right_question=np.arange(n, dtype=np.int32),
        right_answer=group,
        right_grade=np.ones(n, np.float32),
        question_group=group,
        answer_group=np.arange(GROUPS, dtype=np.int32),
        split=np.array(splits)[group % len(splits)],
        question_row=np.arange(n, dtype=np.int32) + 2,
    )


def make_arm(name: str, noise: float, seed: int = 0) -> EncodedSystem:
    """Vectors around those of the right answer: the more noise, the worse the search."""
    rng = np.random.default_rng(7)
    answers = rng.normal(size=(GROUPS, SIZE)).astype(np.float32)
    shared = rng.normal(size=(GROUPS * PER_GROUP, SIZE))
    extra = np.random.default_rng(seed).normal(size=shared.shape)
    questions = np.repeat(answers, PER_GROUP, axis=0) + shared + noise * extra
    return EncodedSystem(
        name, name.title(), name, f"{name}-{seed}", questions.astype("f4"), answers
    )


@pytest.fixture(scope="module")
def dataset() -> QADataset:
    return make_dataset()


def run(dataset, *arms, **more):
    return compare(dataset, arms, run_id="run", seed=3, report=SilentReporter(), **more)


@pytest.fixture(scope="module")
def worse(dataset):
    return run(dataset, make_arm("base", 0.0), make_arm("tuned", 3.0))


def test_a_model_against_itself_is_not_shown_with_zero_difference(dataset):
    comparison = run(dataset, make_arm("base", 1.0), make_arm("tuned", 1.0))
    assert len(comparison.differences) == 2 * len(METRICS)
    for difference in comparison.differences:
        numbers = (difference.difference, difference.low, difference.high)
        assert numbers == (0.0, 0.0, 0.0)
        assert (difference.word, difference.p) == ("not shown", 1.0)
    assert promotion_allowed(comparison) == (True, [])


def test_a_noised_model_is_worse_and_may_not_be_promoted(worse):
    assert worse.difference("known").word == worse.difference("unseen").word == "worse"
    allowed, reasons = promotion_allowed(worse)
    assert not allowed
    assert ["known" in str(reason) for reason in reasons] == [True, False]


def test_a_denoised_model_is_better(dataset, worse):
    comparison = run(dataset, make_arm("base", 3.0), make_arm("tuned", 0.0))
    found, mirrored = comparison.difference("known"), worse.difference("known")
    assert found.word == "better"
    assert found.difference == pytest.approx(-mirrored.difference)
    assert (found.wins, found.losses) == (mirrored.losses, mirrored.wins)


def test_seeds_of_the_same_quality_are_seldom_called_different(dataset):
    words = [
        difference.word
        for seed in range(12)
        for difference in run(
            dataset, make_arm("base", 1.0, 100 + seed), make_arm("tuned", 1.0, 200 + seed)
        ).differences
        if difference.metric == "ndcg@10"
    ]
    assert words.count("not shown") >= 21  # of 24: more than 3 wrong calls has a chance below 3%


def test_training_questions_are_never_measured(dataset, worse):
    assert set(dataset.split[worse.question_rows]) == {TEST_KNOWN, TEST_UNSEEN}
    assert (dataset.question_group[worse.question_rows] == worse.groups).all()


def test_held_out_rows_alone_give_the_same_as_all_rows(dataset, worse):
    rows = held_out_rows(dataset)
    arms = [make_arm("base", 0.0), make_arm("tuned", 3.0)]
    short = run(dataset, *(replace(arm, question_matrix=arm.question_matrix[rows]) for arm in arms))
    assert short.differences == worse.differences


def test_a_regime_without_questions_is_left_out():
    comparison = run(
        make_dataset((TRAIN, TEST_UNSEEN)), make_arm("base", 0.0), make_arm("tuned", 1.0)
    )
    assert {difference.regime for difference in comparison.differences} == {"unseen"}
    assert intervals(comparison, "known") == {}


def test_intervals_of_all_arms_hold_their_means(worse):
    found = intervals(worse, "known")
    assert set(found) == {(name, metric) for name in ("base", "tuned") for metric in METRICS}
    for (name, metric), interval in found.items():
        mean = worse.system(name).mean(metric, worse.regimes == "known")
        assert interval.low <= interval.value == pytest.approx(mean)
        assert interval.value <= interval.high


def test_an_arm_that_failed_is_absent_and_not_zero(dataset):
    broken = make_arm("tuned", 1.0)
    broken.question_matrix[dataset.split == TEST_KNOWN] = np.nan
    reason = Message("No weights for {name}.", {"name": "bm25"})
    comparison = run(dataset, make_arm("base", 1.0), broken, absent={"bm25": reason})
    assert [arm.name for arm in comparison.systems] == ["base"]
    assert set(comparison.absent) == {"tuned", "bm25"}
    assert comparison.differences == ()
    assert not promotion_allowed(comparison)[0]
    with pytest.raises(ComparisonError, match="results of tuned are absent"):
        wins_and_losses(comparison)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: replace(a, answer_matrix=a.answer_matrix[1:]), "59 answers.* has 60"),
        (lambda a: replace(a, question_matrix=a.question_matrix[:17]), "17 questions.* has 300"),
        (lambda a: replace(a, answer_matrix=a.answer_matrix[:, 1:]), "length 24 .* 23"),
        (lambda a: replace(a, name="base"), "both called base"),
    ],
)
def test_an_arm_of_other_data_is_refused_with_the_numbers(dataset, change, words):
    with pytest.raises(ComparisonError, match=words):
        run(dataset, make_arm("base", 1.0), change(make_arm("tuned", 1.0)))


def test_data_without_held_out_questions_are_refused():
    with pytest.raises(TooLittleDataError, match="no held-out question"):
        run(make_dataset((TRAIN,)), make_arm("base", 1.0))


def test_a_sparse_arm_takes_part(dataset, worse):
    base = make_arm("base", 0.0)
    sparse = replace(
        base,
        name="bm25",
        question_matrix=csr_array(base.question_matrix),
        answer_matrix=csr_array(base.answer_matrix),
    )
    comparison = run(dataset, base, sparse)
    assert comparison.system("bm25").mean("ndcg@10") == worse.system("base").mean("ndcg@10")


def test_lost_right_answers_come_first_then_the_worst(worse):
    changes = wins_and_losses(worse, "mrr@10")
    lost = [change.lost for change in changes]
    assert any(lost) and lost == sorted(lost, reverse=True)
    rest = [change.change for change in changes if not change.lost]
    assert rest == sorted(rest)
    assert sorted(change.position for change in changes) == list(range(len(worse.question_rows)))
    first = changes[0]
    assert first.before_rank <= 10 < first.after_rank
    assert first.question == worse.question_rows[first.position]


def test_side_by_side_ranks_agree_with_the_rank_of_the_right_answer(dataset, worse):
    for change in wins_and_losses(worse)[:40]:
        for move in answer_moves(dataset, worse, change.position):
            if move.right:  # one right answer per question here
                assert move.before_rank in (change.before_rank, None)
                assert move.after_rank in (change.after_rank, None)


def test_side_by_side_of_two_lists_by_hand():
    before = np.array([4, 7, 9, -1]), np.array([0.9, 0.8, 0.7, -np.inf])
    after = np.array([7, 2, 4, -1]), np.array([0.6, 0.5, 0.4, -np.inf])
    moves = list_moves(before, after, np.array([4]), depth=2)
    assert [(m.answer, m.before_rank, m.after_rank, m.right) for m in moves] == [
        (7, 2, 1, False),
        (2, None, 2, False),
        (4, 1, 3, True),
    ]
    assert [(m.before_score, m.after_score) for m in moves] == [(0.8, 0.6), (None, 0.5), (0.9, 0.4)]


def test_files_bring_the_same_comparison_back(worse):
    reason = Message("{title} is missing.", {"title": "BM25"})
    whole = replace(
        worse, generality=(Generality("en", 250, 0.8, 0.79, -0.02, 0.0),), absent={"bm25": reason}
    )
    document, arrays = to_files(whole)
    back = from_files(json.loads(json.dumps(document, allow_nan=False)), load(save(arrays)))
    assert back.id == whole.id
    assert back.differences == whole.differences
    assert back.generality == whole.generality
    assert back.absent == whole.absent
    for name in ("question_rows", "regimes", "groups"):
        np.testing.assert_array_equal(getattr(back, name), getattr(whole, name))
    for ours, theirs in zip(back.systems, whole.systems, strict=True):
        assert (ours.name, ours.title, ours.kind) == (theirs.name, theirs.title, theirs.kind)
        assert ours.top_answers.dtype == np.int32
        np.testing.assert_array_equal(ours.top_answers, theirs.top_answers)
        np.testing.assert_array_equal(ours.right_rank, theirs.right_rank)
        for metric in METRICS:
            np.testing.assert_array_equal(ours.metrics[metric], theirs.metrics[metric])


def test_damaged_files_say_so(worse):
    document, arrays = to_files(worse)
    with pytest.raises(WorkspaceError, match="damaged"):
        from_files({**document, "arms": [{}]}, arrays)
    arrays.pop("arms.1.right_rank")
    with pytest.raises(WorkspaceError, match="right_rank"):
        from_files(document, arrays)
