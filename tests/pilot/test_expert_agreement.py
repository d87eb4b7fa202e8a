"""Agreement of experts: by any number of them, new topics told from seasons, cost by texts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from core.pilot import expert_agreement
from core.pilot.expert_agreement import DRAWN, TOP, agreements, compared
from core.types import ExpertScores

YEAR = {"tolerated": 0.10, "false_alarms": 0.1, "looks": 52.0}
RNG = np.random.default_rng(11)
ANSWERS = RNG.normal(size=(80, 16)).astype(np.float32)


def expert(name: str, questions: np.ndarray, noise: float, seed: int) -> ExpertScores:
    rng = np.random.default_rng(seed)
    heard = questions + noise * rng.normal(size=questions.shape)
    return ExpertScores(name, name, "", heard.astype(np.float32), ANSWERS)


def panel(questions: np.ndarray, noise: float) -> list[ExpertScores]:
    return [expert(name, questions, noise, n) for n, name in enumerate("abc")]


def asked(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 16))


def test_experts_of_one_mind_agree_wholly_and_strangers_hardly():
    same = agreements([expert(name, asked(30), 0.0, 0) for name in "abc"])
    assert same == pytest.approx(np.ones((30, 3)))
    near, far = (agreements(panel(asked(200), noise)).mean() for noise in (0.3, 30.0))
    assert near > 0.8 > 0.5 > far


def test_the_figure_is_kendalls_w_in_another_scale():
    scores = panel(asked(6), 1.0)
    found = agreements(scores).mean(axis=1)
    drawn = np.random.default_rng(0).permutation(len(ANSWERS))[:DRAWN]
    for row, value in enumerate(found):
        raw = np.stack([s.question_matrix[row] @ ANSWERS.T for s in scores])
        pool = np.union1d(np.argsort(-raw, axis=1)[:, :TOP], drawn)
        ranks = rankdata(raw[:, pool], axis=1)
        spread = ((ranks.sum(axis=0) - 3 * (len(pool) + 1) / 2) ** 2).sum()
        w = 12 * spread / (9 * (len(pool) ** 3 - len(pool)))
        assert (1 + 2 * value) / 3 == pytest.approx(w, abs=1e-6)


def test_an_expert_without_an_opinion_agrees_with_nobody():
    """Keyword search without a shared word gives every answer the same, which is no agreement."""
    silent = ExpertScores("bm25", "", "", np.zeros((4, 16), np.float32), ANSWERS)
    found = agreements([*panel(asked(4), 0.1)[:2], silent])
    assert found[:, 2] == pytest.approx(np.zeros(4)) and (found[:, 0] > 0.3).all()


def test_less_agreement_rings_and_the_same_does_not():
    known, vectors = agreements(panel(asked(300), 0.5)), asked(300)
    same = agreements(panel(asked(60, 5), 0.5))
    calm = compared(known, same, "abc", vectors, simulated=400, **YEAR)
    assert not calm.rings and abs(calm.fall) < 0.05
    assert calm.known.low < calm.known.value < calm.known.high
    strange = agreements(panel(asked(60, 6), 3.0))
    found = compared(known, strange, "abc", vectors, simulated=400, **YEAR)
    assert found.rings and found.fall > 0.2 and found.simulated.alarms == 0
    assert [voice.expert for voice in found.voices] == ["a", "b", "c"]
    assert all(voice.now < voice.known for voice in found.voices)


def test_topics_that_experts_see_alike_less_raise_the_limit_until_seasons_are_quiet():
    """In a season for the topic that experts never agreed about, nothing is new."""
    topics = np.eye(4, 16) * 6
    vectors = np.concatenate([topic + 0.1 * asked(30, n) for n, topic in enumerate(topics)])
    known = np.full((120, 2), 0.8) + 0.05 * RNG.normal(size=(120, 2))
    known[:30] -= 0.6
    found = compared(known, known[30:55], "ab", vectors, **{**YEAR, "tolerated": 0.0})
    assert found.tolerated > 0 and found.simulated.a_year <= 0.2 and not found.rings
    few = compared(known[:20], known[30:60] - 0.7, "ab", vectors[:20], **YEAR)
    assert few.simulated is None and not few.rings, "20 known questions say nothing of seasons"


def test_a_single_question_is_no_alarm():
    known = agreements(panel(asked(50), 0.5))
    assert not compared(known, known[:1] - 1, "abc", asked(50), simulated=50, **YEAR).rings


def test_only_candidates_are_compared_whatever_the_number_of_answers(monkeypatch):
    pairs = []
    plain = ExpertScores.pairs
    monkeypatch.setattr(
        expert_agreement.ExpertScores,
        "pairs",
        lambda self, rows, columns: pairs.append(len(rows)) or plain(self, rows, columns),
    )
    many = RNG.normal(size=(3000, 16)).astype(np.float32)
    agreements([ExpertScores(n, n, "", asked(9).astype(np.float32), many) for n in "ab"])
    assert max(pairs) <= 2 * TOP + DRAWN and len(pairs) == 2 * 9
