"""Keyword search in the search page: what a comparison advises, and that it finds as compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import DataError
from core.journey.compare import load_comparison
from core.journey.pilot import keywords, searching
from core.messages import Message
from core.types import QADataset
from core.types.pilot_events import PilotArm
from tests.reporting.finished_journey import BASE, add_hybrid, finished_journey


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return finished_journey(tmp_path / "workspace")


@pytest.fixture
def tuned(made):
    return PilotArm(made.tune_run, BASE)


def test_what_was_not_measured_advises_nothing(made, tuned):
    assert keywords.keyword_share(made.project, tuned) is None
    assert keywords.keyword_share(made.project, PilotArm("", BASE)) is None
    assert keywords.keyword_share(made.project, PilotArm("", "never-compared")) is None


@pytest.mark.parametrize(("gain", "suggested"), [(0.05, 0.3), (-0.05, 0.0)])
def test_the_weight_of_the_comparison_is_advised_where_it_held(made, tuned, gain, suggested):
    add_hybrid(made, 0.3, gain)
    found = keywords.keyword_share(made.project, tuned)
    comparison = load_comparison(made.workspace, made.compare_run)
    regimes = np.unique(comparison.regimes)
    joined, alone = (
        np.mean([comparison.system(n).mean("ndcg@10", comparison.regimes == r) for r in regimes])
        for n in ("hybrid:tuned", "tuned")
    )
    assert found.weight == 0.3 and found.suggested == suggested
    assert found.gain == pytest.approx(joined - alone) and np.sign(found.gain) == np.sign(gain)
    said = str(found.message)
    assert "30%" in said and f"{alone:.3f} to {joined:.3f}" in said
    assert str(len(comparison.regimes)) in said


def test_why_there_is_no_hybrid_is_told(made):
    comparison = load_comparison(made.workspace, made.compare_run)
    why = Message("Keyword search adds nothing.")
    found = keywords.share_of(replace(comparison, absent={"hybrid:base": why}), "base")
    assert (found.weight, found.suggested, found.message) == (0.0, 0.0, why)


def test_a_page_with_keyword_search_finds_what_is_written_the_same_way(made, tuned):
    project = made.project
    dataset: QADataset = project.load_dataset()
    alone = searching.start_page(project, "ann", champion=tuned)
    assert alone.words == 0 and searching.open_search(made.workspace, alone).words is None
    plan = searching.start_page(project, "ann", champion=tuned, words=0.95)
    assert searching.page_in_use(project) == plan and plan.words == 0.95
    live = searching.open_search(made.workspace, plan)
    row = 3
    shown = searching.search(project, plan, live, dataset.answers[row], "v", "t1")
    assert shown.answers[0] == row, "no other answer has all of its words"
    started = [line for line in made.workspace.records.audit_trail(project.id)
               if line["what"] == "pilot started"]  # fmt: skip
    assert [line["detail"].get("keyword search") for line in started] == [None, "95%"]
    with pytest.raises(DataError, match="0% to 95%"):
        searching.start_page(project, "ann", champion=tuned, words=1.0)


def test_it_ranks_as_the_expert_does(made):
    """Else the weight that a comparison chose is that of another search."""
    from core.evaluation.search import rank
    from core.experts.lexical import bm25_tables

    dataset = made.project.load_dataset()
    search = keywords.keyword_search(dataset.answers, 0.5)
    questions = [*dataset.questions[:5], "words that are nowhere", ""]
    counts, weights = bm25_tables(questions, dataset.answers)
    expected = rank(counts, weights, 10)
    for place, question in enumerate(questions):
        found = search.find(question, 10)
        assert found.top_answers[0].tolist() == expected.top_answers[place].tolist()
        assert found.top_scores[0].tolist() == expected.top_scores[place].tolist()
    assert keywords.keyword_search(dataset.answers, 0.0) is None
