"""Experts asked about what customers typed: nothing kept, nothing sent, nothing slow begun."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ExpertError
from core.experts.catalogue import find_entry
from core.experts.encoders import text_keys
from core.experts.source import ScoringContext
from core.progress import SilentReporter
from core.workspace.modelstore import ModelStore

KEY = "wordllama-l2-supercat-256"
KNOWN, NEW, ANSWERS = ("where is my parcel",), ("my tent leaks", "a kayak"), ("It is here.", "No.")


@pytest.fixture
def context(tmp_path, cache):
    return ScoringContext(ModelStore(tmp_path), cache, device="cpu")


def read(key: str, context: ScoringContext, most_seconds: float = 60.0):
    given = (KNOWN, NEW, ANSWERS, context, SilentReporter())
    return find_entry(key).read_unseen(*given, most_seconds=most_seconds)


def test_vectors_of_new_questions_are_kept_nowhere_and_those_of_known_texts_are(context):
    model = find_entry(KEY)
    model.folder(context.models)  # converted once
    found = read(KEY, context)
    assert found.question_matrix.shape[0] == 3 and found.answer_matrix.shape[0] == 2
    assert np.linalg.norm(found.question_matrix, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    mark = model.fingerprint(context.models)

    def kept(texts, role):
        return context.vectors.get(mark, text_keys(texts, model.prompt(role)))[1].tolist()

    assert kept(NEW, "query") == [False, False]
    assert kept(KNOWN, "query") == [True] and kept(ANSWERS, "document") == [True, True]


def test_a_model_that_would_take_long_or_is_not_here_is_not_begun(context):
    with pytest.raises(ExpertError, match="files are not on this machine"):
        read("multilingual-e5-large", context)
    find_entry(KEY).folder(context.models)
    context.models.record_speed(KEY, "cuda", 1e6)
    context.models.record_speed("other", "cpu", 1.0)
    with pytest.raises(ExpertError, match=r"reading 5 texts would take about"):
        read(KEY, context, most_seconds=0.0001)
    context.models.record_speed(KEY, "cpu", 0.05)
    with pytest.raises(ExpertError, match="about 100 seconds"):
        read(KEY, context)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("api:out", "a look sends none"),
        ("llm:judge", "a look sends none"),
        ("ms-marco-MiniLM-L6-v2", "reads every pair"),
        ("people:abc", "no new questions"),
        ("file:scores.csv", "no new questions"),
    ],
)
def test_who_is_not_asked_says_why(context, key, why):
    with pytest.raises(ExpertError, match=why):
        read(key, context)


def test_keyword_search_counts_words_of_new_questions(context):
    found = read("bm25", context)
    assert found.pairs(np.array([0, 1]), np.array([0, 0]))[0] > 0
