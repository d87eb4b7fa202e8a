"""Choose for me: planted copies, noise and strength are told apart, with the right reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import diags_array

from core.evaluation.expert_panel import expert_passports, find_teacher
from core.experts.catalogue import SAME_MODEL, find_entry
from core.journey.decisions import COPY_OF, KEEP, LEAVE_OUT, advise, panel_in_use, use_panel
from core.labels.judges import judge_agreement
from core.labels.model import LabelModel
from core.labels.pair_sample import sample_for_inspection
from core.labels.quality import pair_quality
from core.labels.similar_experts import agreement
from core.types import SPLITS, ExpertScores, Interval, LabelRecipe, ListedScores, QADataset
from core.types.scores import MODEL, PEOPLE
from core.types.scoring import (
    NO_TEACHER,
    PERHAPS_TEACHER,
    TEACHER,
    TEACHER_UNKNOWN,
    ExpertFigures,
)
from core.workspace.workspace import Workspace


def world(noises, copy_of=None, seed=0, n_groups=40, per_group=5):
    """Experts that see the truth through noise; an expert may be a slightly blurred copy."""
    rng = np.random.default_rng(seed)
    n_q = n_groups * per_group
    group = np.repeat(np.arange(n_groups), per_group).astype(np.int32)
    dataset = QADataset(
        name="world",
        questions=tuple(f"question {i}" for i in range(n_q)),
        answers=tuple(f"answer {i}" for i in range(n_groups)),
        question_ids=tuple(f"q{i}" for i in range(n_q)),
        answer_ids=tuple(f"a{i}" for i in range(n_groups)),
        right_question=np.arange(n_q, dtype=np.int32),
        right_answer=group.copy(),
        right_grade=np.ones(n_q, np.float32),
        question_group=group,
        answer_group=np.arange(n_groups, dtype=np.int32),
        split=np.array(SPLITS)[np.arange(n_q) % per_group % len(SPLITS)],
        question_row=np.arange(2, n_q + 2, dtype=np.int32),
    )
    meaning = rng.normal(size=(n_groups, 24))
    vectors = []
    for noise in noises:
        q = meaning[group] + noise * rng.normal(size=(n_q, 24))
        a = meaning + noise * rng.normal(size=(n_groups, 24))
        vectors.append((q, a))
    if copy_of is not None:
        q, a = vectors[copy_of]
        vectors.append((q + 0.05 * rng.normal(size=q.shape), a + 0.05 * rng.normal(size=a.shape)))
    scores = [
        ExpertScores(f"expert{k}", f"p{k}", dataset.id, *(_unit(v) for v in pair))
        for k, pair in enumerate(vectors)
    ]
    return dataset, scores


def _unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def measure(dataset, scores, seconds=None):
    recipe = LabelRecipe(tuple(one.expert for one in scores), "mean")
    sample = sample_for_inspection(dataset, scores, seed=0)
    calibrated = LabelModel.fit(dataset, scores, recipe).expert_pairs(sample)
    figures = []
    for k, values in enumerate(calibrated):
        quality = pair_quality(values, sample, seed=0, replicates=60)
        spent = seconds[k] if seconds else 1.0
        figures.append(
            ExpertFigures(
                f"expert{k}",
                f"Expert {k}",
                None,
                quality.average_precision,
                quality.roc_auc,
                spent,
                100,
                f"p{k}",
            )
        )
    return figures, agreement(calibrated)


def test_a_copy_and_a_guesser_are_left_out_and_the_strong_are_kept():
    dataset, scores = world((0.8, 0.9, 60.0), copy_of=0)
    figures, alike = measure(dataset, scores)
    found = advise(dataset, scores, figures, alike)
    verdicts = {one.expert: one.verdict for one in found.advice}
    assert sorted([verdicts["expert0"], verdicts["expert3"]]) == sorted([COPY_OF, KEEP])
    assert (verdicts["expert1"], verdicts["expert2"]) == (KEEP, LEAVE_OUT)
    copy = next(one for one in found.advice if one.verdict == COPY_OF)
    assert copy.copy_of in str(copy.why) and copy.share == 0
    assert "guessing" in str(found.advice[2].why)
    assert sum(one.share for one in found.advice) == pytest.approx(1)
    assert found.panel.value >= found.everybody.value - 0.02


def test_influence_is_the_difference_of_the_label_models_themselves():
    """The fast path with kept scores must not drift from what tuning would learn from."""
    dataset, scores = world((0.9, 1.2, 1.0), seed=2)
    found = advise(dataset, scores, *measure(dataset, scores))
    from core.evaluation.measures import METRICS, ideal_grades, ranked_grades

    rows = dataset.rows("validation_known", "validation_unseen")

    def ndcg(experts):
        model = LabelModel.fit(dataset, scores, LabelRecipe(experts, "reliability", blend=0.7))
        best = model.blind().best_answers(rows)
        relevance = dataset.relevance[rows]
        ranked = ranked_grades(relevance, best)
        return METRICS["ndcg@10"].values(ranked, ideal_grades(relevance)).mean()

    names = ("expert0", "expert1", "expert2")
    assert found.everybody.value == pytest.approx(ndcg(names), abs=1e-6)
    without = ndcg(("expert0", "expert2"))
    assert found.advice[1].influence.value == pytest.approx(ndcg(names) - without, abs=1e-6)


def test_a_slow_expert_that_changes_nothing_is_named_with_its_cost():
    dataset, scores = world((0.3, 0.3, 0.35), seed=1)
    figures, _ = measure(dataset, scores, seconds=(1.0, 1.0, 500.0))
    slow = advise(dataset, scores, figures, np.eye(3)).advice[2]
    assert slow.verdict == LEAVE_OUT and "500" in str(slow.why)


def test_a_teacher_is_never_left_out_for_what_it_costs():
    """Its texts are read once; the model learns from it for good."""
    dataset, scores = world((0.3, 0.3, 0.35), seed=1)
    figures, _ = measure(dataset, scores, seconds=(1.0, 1.0, 500.0))
    figures[2] = replace(figures[2], ndcg=Interval(0.9, 0.8, 0.95))
    slow = advise(dataset, scores, figures, np.eye(3), teacher="expert2").advice[2]
    assert slow.verdict == KEEP and "it is the teacher" in str(slow.why)


def test_the_best_is_the_best_by_the_measure_that_ranks():
    """The page ranks by nDCG@10; "of all the best" by another measure would contradict it."""
    dataset, scores = world((0.3, 0.6, 0.9), seed=1)
    figures, _ = measure(dataset, scores)
    values = (0.5, 0.7, 0.6)
    ranked = [replace(f, ndcg=Interval(v, v, v)) for f, v in zip(figures, values, strict=True)]
    reasons = [str(one.why) for one in advise(dataset, scores, ranked, np.eye(3)).advice]
    assert ["finds right answers best" in reason for reason in reasons] == [False, True, False]
    assert "nDCG@10 0.70" in reasons[1]


def teacher(dataset, scores, base=0, others=None):
    own = None if base is None else scores[base]
    return find_teacher(dataset, own, others or scores, "expert0")


def test_a_planted_teacher_is_found_with_its_lead():
    dataset, scores = world((2.0, 4.0, 0.4))
    found = teacher(dataset, scores)
    assert (found.verdict, found.teacher, found.base) == (TEACHER, "expert2", "expert0")
    assert found.lead.low > 0
    assert found.lead.value == pytest.approx(found.teacher_ndcg.value - found.base_ndcg.value)
    assert found.questions == len(dataset.seen_rows) and found.groups == 40
    assert f"+{found.lead.value:.3f}" in str(found.sentence)


def test_test_questions_do_not_decide_who_teaches():
    """An expert that is good on test questions alone must not be called a teacher."""
    dataset, scores = world((2.0, 4.0))
    strong = world((0.1,))[1][0]
    mixed = scores[1].question_matrix.copy()
    mixed[dataset.held_out_rows] = strong.question_matrix[dataset.held_out_rows]
    scores[1] = replace(scores[1], question_matrix=mixed)
    assert teacher(dataset, scores).verdict == NO_TEACHER


@pytest.mark.parametrize("noises", [(0.5, 2.0), (0.5, 0.5)])
def test_without_a_stronger_expert_there_is_no_teacher(noises):
    dataset, scores = world(noises)
    found = teacher(dataset, scores)
    assert found.verdict == NO_TEACHER and found.teacher == "expert1"
    assert "There is no teacher: " in str(found.sentence) and found.lead.value < 0.02


def test_a_bare_faq_says_how_sure_it_is():
    """Eight answers with one question each: the lead is there, the proof is not."""
    dataset, scores = world((3.0, 0.3), n_groups=8, per_group=3)
    found = teacher(dataset, scores)
    assert found.verdict == PERHAPS_TEACHER and found.groups == 8
    assert f"{found.questions} questions are too few to be sure" in str(found.sentence)


def test_experts_that_cannot_search_are_no_teachers_and_get_no_zero():
    """They were said to reach 0.000."""
    dataset, scores = world((1.0,))
    found = teacher(dataset, scores)
    assert found.verdict == NO_TEACHER and found.lead is None and found.teacher == ""
    assert "no expert takes part that scores all pairs" in str(found.sentence)


def test_a_base_model_that_read_nothing_leaves_it_open():
    dataset, scores = world((1.0, 1.0))
    found = teacher(dataset, scores, base=None)
    assert found.verdict == TEACHER_UNKNOWN and "not known yet" in str(found.sentence)


def test_one_expert_is_always_kept_even_if_all_guess():
    dataset, scores = world((60.0, 80.0), seed=3)
    assert len(advise(dataset, scores, *measure(dataset, scores)).kept) == 1


def test_blind_labels_do_not_know_the_answers_of_any_rule():
    """A ranker that was told the right answers would always look perfect."""
    dataset, scores = world((3.0, 4.0), seed=5)
    rows = dataset.rows("validation_known")
    for rule in ("reliability", "anchored", "hard"):
        model = LabelModel.fit(dataset, scores, LabelRecipe(("expert0", "expert1"), rule))
        targets, _ = model.blind().block(rows, np.arange(40))
        moved = dataset.right_answer.copy()
        held_out = ~np.isin(dataset.split, ["train"])
        moved[held_out] = (moved[held_out] + 3) % 40
        other = replace(dataset, right_answer=moved)
        again = [replace(one, dataset_id=other.id) for one in scores]
        changed = LabelModel.fit(other, again, LabelRecipe(("expert0", "expert1"), rule))
        np.testing.assert_array_equal(targets, changed.blind().block(rows, np.arange(40))[0])


def test_the_chosen_panel_is_kept_and_ends_with_new_data(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    workspace = Workspace.open(tmp_path)
    project = workspace.create_project("p", "ann")
    assert panel_in_use(project, ("a", "b")) == ("a", "b")
    use_panel(project, ("b",), "ann")
    assert panel_in_use(project, ("a", "b")) == ("b",)
    assert panel_in_use(project, ("a",)) == ("a",)  # never nobody
    workspace.records.use_dataset(project.id, "other", "ann")
    other = workspace.project(project.id)
    assert panel_in_use(other, ("a", "b")) == ("a", "b")


def habits_world():
    """Two models of meaning, keyword search, and an answer that shares words by chance alone."""
    rng = np.random.default_rng(0)
    dataset, scores = world((1.0, 1.0))
    vocabulary = np.array([f"word{i}" for i in range(40)])
    questions = (" ".join(rng.choice(vocabulary, 8)) + f" {i}" for i in range(200))
    answers = (" ".join(rng.choice(vocabulary, 12)) + f" a{i}" for i in range(40))
    dataset = replace(dataset, questions=tuple(questions), answers=tuple(answers))
    scores = [replace(one, dataset_id=dataset.id) for one in scores]
    bm25 = find_entry("bm25").tables(dataset.questions, dataset.answers)
    return dataset, [*scores, ExpertScores("bm25", "p", dataset.id, *bm25)]


def judged(dataset, judge, values, count=60):
    """Right pairs and, of the same questions, wrong ones; none of a test question."""
    rows = np.repeat(dataset.rows("train")[: count // 2], 2)
    columns = dataset.right_answer[rows].copy()
    columns[1::2] = (columns[1::2] + 1) % 40
    return ListedScores(f"{judge}:x", "p", dataset.id, rows, columns, values, judge)


def test_passports_find_keyword_search_by_its_habit():
    dataset, scores = habits_world()
    found = expert_passports(dataset, scores, None, "bm25")
    assert [p.words.sign for p in found] == [-1, -1, 1]
    assert max(found, key=lambda p: p.words.value.value).expert == "bm25"
    assert [(p.people, p.kinship) for p in found] == [(None, ""), (None, ""), (None, SAME_MODEL)]


def test_passports_compare_everybody_but_people_with_people():
    dataset, scores = habits_world()
    people = judged(dataset, PEOPLE, np.tile([1.0, 0.0], 30).astype(np.float32))
    model = judged(dataset, MODEL, np.tile([3.0, 0.0, 2.0, 1.0], 15).astype(np.float32))
    panel = [*scores, people, model]
    *_, of_people, of_model = expert_passports(dataset, panel, people, "other")
    assert of_people.people is None and of_people.like_people.sign == 0
    assert of_model.people == judge_agreement(people, model), "one figure for one thing"
    assert of_model.like_people.sign == 1
    turned = judged(dataset, PEOPLE, 1 - people.values)
    assert expert_passports(dataset, panel, turned, "other")[0].like_people.sign == -1
    few = judged(dataset, PEOPLE, people.values[:20], count=20)
    said = expert_passports(dataset, panel, few, "other")[-1]
    assert said.people.pairs == 20 and said.like_people.sign == 0, "too few to be named"


def test_passports_never_look_at_test_questions():
    dataset, scores = habits_world()
    rows = set(dataset.held_out_rows.tolist())
    texts = tuple("changed" if i in rows else q for i, q in enumerate(dataset.questions))
    other = replace(dataset, questions=texts)
    seen = diags_array((~np.isin(np.arange(200), dataset.held_out_rows)).astype(np.float32))
    again = []
    for one in scores:
        matrix = seen @ one.question_matrix
        again.append(replace(one, dataset_id=other.id, question_matrix=matrix))
    before, after = (
        [
            (p.right, p.other, p.generosity.value.value, p.length.value.value, p.words.value.value)
            for p in expert_passports(data, panel, None, "bm25")
        ]
        for data, panel in ((dataset, scores), (other, again))
    )
    np.testing.assert_allclose(after, before, rtol=1e-4)
