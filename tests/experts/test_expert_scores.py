import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from core.errors import ExpertError, Stopped
from core.experts.catalogue import catalogue, find_entry
from core.experts.expert_scores import load_scores, score_dataset
from core.experts.source import ScoringContext
from core.types import TRAIN, QADataset
from core.workspace.modelstore import ModelStore

ANSWERS = (
    "Send the parcel back within 30 days for a full refund.",
    "Click on 'Forgot password' on the sign-in page.",
    "Standard delivery takes three to five working days.",
)
QUESTIONS = ("How do I return something?", "I lost my password", "When will my order arrive?")
FAST = ("wordllama-l2-supercat-256", "bm25", "tfidf", "use-multilingual-v3-6bit")


@pytest.fixture
def dataset():
    n = np.arange(3, dtype=np.int32)
    return QADataset(
        name="shop",
        questions=QUESTIONS,
        answers=ANSWERS,
        question_ids=("q1", "q2", "q3"),
        answer_ids=("a1", "a2", "a3"),
        right_question=n,
        right_answer=n,
        right_grade=np.ones(3, np.float32),
        question_group=n,
        answer_group=n,
        split=np.array([TRAIN] * 3),
        question_row=n + 2,
    )


def test_experts_score_once_and_are_recalled(dataset, store, cache):
    result = score_dataset(dataset, FAST, ScoringContext(store, cache, device="cpu"))
    assert not result.failures and [s.expert for s in result.scores] == list(FAST)
    assert all(result.encoded[key] == 6 and result.seconds[key] >= 0 for key in FAST)
    rows = np.arange(3)
    for scores in result.scores:
        block = scores.block(rows, rows)
        assert block.shape == (3, 3) and block[1].argmax() == 1  # the password question
        assert np.allclose(scores.pairs(rows, rows), np.diag(block), atol=1e-6)
    again = score_dataset(dataset, FAST, ScoringContext(store, cache, device="cpu"))
    assert set(again.encoded.values()) == {0}
    for before, after in zip(result.scores, again.scores, strict=True):
        assert before.id == after.id
        assert np.array_equal(before.block(rows, rows), after.block(rows, rows))


def test_vectors_have_length_one(dataset, store, cache):
    result = score_dataset(dataset, FAST[:1], ScoringContext(store, cache, device="cpu"))
    for matrix in (result.scores[0].question_matrix, result.scores[0].answer_matrix):
        assert matrix.dtype == np.float32
        assert np.allclose(np.linalg.norm(matrix, axis=1), 1, atol=1e-5)


def test_one_expert_that_fails_does_not_stop_the_others(
    dataset, store, cache, listener, monkeypatch
):
    def explode(questions, answers):
        raise MemoryError("no room")

    monkeypatch.setitem(catalogue(), "bm25", replace(catalogue()["bm25"], tables=explode))
    told = listener()
    keys = ["bm25", "no-such-expert", "tfidf"]
    result = score_dataset(dataset, keys, ScoringContext(store, cache), told)
    assert [s.expert for s in result.scores] == ["tfidf"]
    assert set(result.failures) == {"bm25", "no-such-expert"}
    assert "no room" in str(result.failures["bm25"]) and len(told.warnings) == 2
    assert told.fractions == sorted(told.fractions) and told.fractions[-1] == 1.0


def test_stop_is_not_mistaken_for_a_failing_expert(dataset, store, cache, listener):
    with pytest.raises(Stopped):
        score_dataset(dataset, FAST[:1], ScoringContext(store, cache), listener(stop_after=0))


@pytest.mark.parametrize("key", ["wordllama-l2-supercat-256", "bm25", "gte-small"])
def test_scores_that_were_never_made_are_asked_for(dataset, store, cache, key):
    with pytest.raises(ExpertError, match="has not scored this data yet"):
        load_scores(dataset, key, ScoringContext(store, cache))


def test_changed_texts_are_noticed(dataset, store, cache):
    """Lexical tables belong to one set of texts; vectors belong to single texts."""

    score_dataset(dataset, FAST, ScoringContext(store, cache, device="cpu"))
    more = replace(dataset, answers=(*ANSWERS[:2], "Delivery is free."))
    for key in FAST:
        with pytest.raises(ExpertError, match="has not scored"):
            load_scores(more, key, ScoringContext(store, cache))
    encoded = score_dataset(more, FAST[:1], ScoringContext(store, cache, device="cpu")).encoded
    assert encoded == {FAST[0]: 1}


def test_reading_scores_imports_no_torch(dataset, store, cache):
    """The Experts and Labels pages read scores on every rerun."""
    score_dataset(dataset, FAST, ScoringContext(store, cache, device="cpu"))
    code = f"""
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from core.experts.catalogue import find_entry
from core.experts.source import ScoringContext
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache
store, cache = ModelStore(Path({str(store.root)!r})), VectorCache(Path({str(cache.root)!r}))
context = ScoringContext(store, cache)
dataset = SimpleNamespace(id="any", questions={QUESTIONS!r}, answers={ANSWERS!r})
for key in {FAST!r}:
    assert find_entry(key).recall(dataset, context) is not None, key
print(sorted({{"torch", "transformers", "sentence_transformers", "sklearn"}} & set(sys.modules)))
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("key", FAST)
def test_a_pair_asked_live_scores_as_on_the_table(dataset, store, cache, key):
    """Arrows that start elsewhere than the table would show moves that nothing made."""
    context = ScoringContext(store, cache, device="cpu")
    (scores,) = score_dataset(dataset, (key,), context).scores
    ask = catalogue()[key].live(dataset, context)
    rows = np.arange(3)
    live = [[ask(question, answer) for answer in ANSWERS] for question in QUESTIONS]
    assert np.allclose(live, scores.block(rows, rows), atol=1e-5)


@pytest.mark.parametrize("key", FAST)
def test_a_changed_text_is_read_as_if_it_stood_in_the_data(dataset, store, cache, key):
    context = ScoringContext(store, cache, device="cpu")
    score_dataset(dataset, (key,), context)
    question, answer = "Where can I change my password?", "Password: change it when you sign in."
    live = catalogue()[key].live(dataset, context)(question, answer)
    larger = replace(
        dataset,
        questions=(question, *QUESTIONS[1:]),
        answers=(*ANSWERS, answer),
        answer_ids=("a1", "a2", "a3", "a4"),
        answer_group=np.arange(4, dtype=np.int32),
    )
    (scores,) = score_dataset(larger, (key,), context).scores
    assert live == pytest.approx(float(scores.block([0], [3])[0, 0]), abs=1e-4)


def test_what_has_nothing_to_be_asked_is_not_asked(dataset, cache, tmp_path):
    nothing = ScoringContext(ModelStore(tmp_path / "empty"), cache)
    assert catalogue()["ms-marco-MiniLM-L6-v2"].live(dataset, nothing) is None
    assert find_entry("people:all").live(dataset, nothing) is None
