"""The speed benchmark measures what it says, at a small part of its work; figures mean nothing."""

import json

import pytest

from benchmarks import speed
from benchmarks.speed_parts import cache, evaluation, search


def test_parts_end_in_one_json_object_with_the_figures(capsys):
    assert speed.main(["--parts", "cache"]) == 0
    lines = capsys.readouterr().out.splitlines()
    figures = json.loads(lines[-1])
    assert figures["warm_cache_s"] > 0
    assert "commit" in lines[0]
    assert any("reached" in line or "MISSED" in line for line in lines)


def test_a_part_that_fails_is_named_and_the_exit_code_says_so(capsys, monkeypatch):
    monkeypatch.setitem(speed.PARTS, "nothing", {})
    assert speed.main(["--parts", "nothing"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[-1])["failed"] == ["nothing"]
    assert "nothing: failed: " in "\n".join(lines)


def test_a_target_is_judged_on_the_right_side():
    assert speed.Figure("ratio", 5, least=True).judged(4.9).endswith("MISSED")
    assert speed.Figure("ratio", 5, least=True).judged(5).endswith("reached")
    assert speed.Figure("seconds", 5).judged(5.1).endswith("MISSED")
    assert speed.Figure("seconds").judged(5) == ""


def test_evaluation_agrees_with_sentence_transformers(monkeypatch):
    monkeypatch.setattr(evaluation, "ANSWERS", 3000)
    monkeypatch.setattr(evaluation, "TOPICS", 50)
    found = evaluation.measure(0.2)
    assert found["evaluate_largest_difference"] <= evaluation.SAME
    assert 0.3 < found["evaluate_ndcg"] < 1


def test_evaluation_that_differs_is_an_error(monkeypatch):
    monkeypatch.setattr(evaluation, "ANSWERS", 500)
    real = evaluation.ours
    monkeypatch.setattr(
        evaluation, "ours", lambda *a: real(*a) | {"ndcg@10": real(*a)["ndcg@10"] + 1e-5}
    )
    with pytest.raises(SystemExit, match="differ"):
        evaluation.measure(0.05)


def test_cache_and_search_are_measured_at_any_work():
    assert cache.measure(0.05)["warm_cache_s"] > 0
    assert search.measure(0.01)["search_ms_1m"] > 0
