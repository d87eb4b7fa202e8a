"""The parts of the asking benchmark that ask models; one test needs a local model and says so."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.asking_models import judged_pairs
from benchmarks.local_llm import INSTALL, installed, running
from benchmarks.small_data import Bench, sample
from core.errors import ExpertError
from core.experts.outside.llm import LlmExpert
from core.experts.source import ScoringContext
from core.types import SilentReporter
from core.types.scoring import ChatConnection
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache


def test_judged_pairs_are_half_right_and_of_no_test_question(tmp_path):
    dataset = sample("en", 1)
    rows, right, wrong = judged_pairs(Bench(tmp_path / "r", tmp_path, True), dataset, 40)
    assert len(rows) == len(right) == len(wrong) == 20
    assert np.isin(rows, dataset.seen_rows).all()
    grades = np.asarray(dataset.relevance[rows, right]).reshape(-1)
    assert (grades > 0).all()
    assert (dataset.question_group[rows] != dataset.answer_group[wrong]).all()


@pytest.mark.skipif(not installed(), reason=f"no llama.cpp with weights here: {INSTALL}")
def test_a_real_small_model_is_asked_and_whatever_it_says_stays_on_the_scale(
    tmp_path, tiny_dataset
):
    context = ScoringContext(ModelStore(tmp_path / "models"), VectorCache(tmp_path / "vectors"))
    with running() as url:
        connection = ChatConnection(
            "small", url, "smollm2", most_pairs=2, pairs_per_request=1, requests_at_once=1
        )
        expert = LlmExpert.of(connection, {})
        try:
            assert expert.score(tiny_dataset, context, SilentReporter()) == 2
        except ExpertError as error:  # it is that small: then it has to be said
            assert "no usable score" in str(error)
            return
    values = expert.recall(tiny_dataset, context).values
    assert ((values >= 0) & (values <= 3)).all()
