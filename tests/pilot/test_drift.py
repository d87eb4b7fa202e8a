"""Drift: new questions against the known ones, seasons that must not ring, products that must."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import rbf_kernel

from core.experts.lexical import words
from core.journey.data import read_dataset
from core.pilot import drift
from core.pilot.drift import SearchedQuestions
from core.pilot.seasons import seasons
from core.types import QADataset
from core.types.watch_looks import AnswerChanges
from tests.reporting.finished_journey import TOPICS

ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(7)


def asked(vectors: np.ndarray, texts: list[str] | None = None) -> SearchedQuestions:
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    names = texts or [f"question {row}" for row in range(len(vectors))]
    return SearchedQuestions(tuple(names), vectors.astype(np.float32), vectors[:, 0].astype("f4"))


def around(centre: np.ndarray, count: int, width: float = 0.4) -> np.ndarray:
    return centre + width * RNG.normal(size=(count, len(centre))) / len(centre) ** 0.5


def test_left_out_scores_equal_fits_without_the_row() -> None:
    vectors = RNG.normal(size=(30, 8))
    member = (np.arange(30) >= 20).astype(float)
    found = drift.left_out_scores(vectors, member[:, None])[:, 0]
    x, y = vectors - vectors.mean(axis=0), member - member.mean()
    for row in range(30):
        others = np.arange(30) != row
        fit = Ridge(alpha=drift.RIDGE, fit_intercept=False).fit(x[others], y[others])
        assert found[row] == pytest.approx(fit.predict(x[row : row + 1])[0], abs=1e-9)


def test_areas_equal_those_of_scikit_learn() -> None:
    scores = np.round(RNG.normal(size=(40, 3)), 1)  # with ties
    labels = (RNG.random((40, 3)) < 0.4).astype(float)
    expected = [roc_auc_score(labels[:, k], scores[:, k]) for k in range(3)]
    assert drift._areas(scores, labels) == pytest.approx(expected)


def test_discrepancy_is_the_unbiased_estimate() -> None:
    vectors = RNG.normal(size=(25, 4))
    member = (np.arange(25) >= 15).astype(float)
    squares = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2)
    kernel = rbf_kernel(vectors, gamma=1 / np.median(squares[np.triu_indices(25, 1)]))
    a, b = np.arange(15), np.arange(15, 25)

    def mean(rows: np.ndarray, columns: np.ndarray) -> float:
        return float(np.mean([kernel[i, j] for i in rows for j in columns if i != j]))

    expected = mean(a, a) + mean(b, b) - 2 * mean(a, b)
    assert drift.discrepancies(vectors, member[:, None])[0] == pytest.approx(expected)


def test_p_of_the_mix_is_uniform_without_a_change() -> None:
    found = []
    for seed in range(60):
        vectors = np.random.default_rng(seed).normal(size=(60, 6))
        found.append(drift.mix(asked(vectors[:40]), asked(vectors[40:]), draws=99, seed=seed))
    auc = np.array([one.auc_p for one in found])
    # adjusted after Holm: no more often below 0.1 than the smaller of two may be
    assert (auc <= 0.1).mean() <= 0.2
    assert 0.4 < np.mean([one.auc for one in found]) < 0.6


def test_a_change_of_the_mix_is_seen() -> None:
    one, other = RNG.normal(size=(2, 16))
    known = np.concatenate([around(one, 80), around(other, 20)])
    now = np.concatenate([around(one, 10), around(other, 40)])
    found = drift.mix(asked(known), asked(now), draws=499, seed=0)
    assert found.auc > 0.7 and found.auc_p < 0.01 and found.mmd_p < 0.01


def test_changed_mix_alone_does_not_ring_and_a_new_topic_does() -> None:
    topics = RNG.normal(size=(6, 32))
    known = asked(np.concatenate([around(topic, 50) for topic in topics[:5]]))
    season = asked(around(topics[0], 60))
    planted = asked(np.concatenate([around(topics[0], 40), around(topics[5], 20)]))
    level = drift.FALSE_ALARMS_A_YEAR / drift.LOOKS_A_YEAR
    assert not drift.unlike(known, season, tolerated=0.1, level=level).rings
    found = drift.unlike(known, planted, tolerated=0.1, level=level)
    assert found.rings and set(range(40, 60)) <= set(found.rows)
    assert found.share.low < found.share.value < found.share.high


def test_scores_that_fell_are_told() -> None:
    vectors = RNG.normal(size=(200, 4))
    known = SearchedQuestions(("a",) * 200, vectors, RNG.normal(0.7, 0.05, 200))
    lower = SearchedQuestions(("a",) * 80, vectors[:80], RNG.normal(0.6, 0.05, 80))
    same = SearchedQuestions(("a",) * 80, vectors[:80], RNG.normal(0.7, 0.05, 80))
    fallen, stayed = drift.best_scores(known, lower), drift.best_scores(known, same)
    assert fallen.p < 1e-6 and fallen.stability > 0.25 > stayed.stability
    assert stayed.p > 0.01 and fallen.now < fallen.known


def test_new_words_are_in_two_questions_and_in_no_known_one() -> None:
    found = drift.new_words(
        ["where is my parcel"],
        ["is the e-bike light", "charge the e-bike", "where is the charger"],
        str.split,
    )
    assert [(one.word, one.questions) for one in found] == [("the", 3), ("e-bike", 2)]


def test_too_few_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="1 new"):
        drift.unlike(
            asked(RNG.normal(size=(5, 3))),
            asked(np.ones((1, 3))).of(np.arange(0)),
            tolerated=0.1,
            level=0.01,
        )


NAMES = [name for name in TOPICS if name not in ("kayak", "tent", "rope")][:10]
OTHERS = {name: f"Everything about the {name} is told here." for name in NAMES}


def faq(ids: str, **answers: str) -> QADataset:
    """Two questions per answer, the answer's name in each; ten answers that never change."""
    heads = ("question", "answer", *(("answer_id",) if ids else ()))
    rows = [
        (f"{form} {name}?", text, f"{ids}{name}")[: len(heads)]
        for name, text in (OTHERS | answers).items()
        for form in ("what about", "where is")
    ]
    lines = "\n".join(";".join(row) for row in (heads, *rows))
    return read_dataset(lines.encode(), "faq.csv")[0]


SKI, KAYAK, TENT = "Skis are waxed daily.", "Kayaks are rented by the hour.", "Tents need poles."


@pytest.mark.parametrize("ids", ["", "faq-"])
def test_changed_answers_name_the_questions_whose_labels_rest_on_them(ids):
    learned = faq(ids, ski=SKI, kayak=KAYAK, tent=TENT)
    present = faq(ids, ski=SKI, kayak="You can have a boat for twenty a day.", rope="Ropes hold.")
    found = drift.answer_changes(learned, present)
    told = {learned.answers[one.before]: one for one in found.changed}
    assert set(told) == {KAYAK, TENT} and (found.learned, found.added) == (13, 1)
    assert present.answers[told[KAYAK].now].startswith("You can") and told[TENT].now == -1
    assert {learned.questions[q] for q in told[KAYAK].questions} == {
        "what about kayak?",
        "where is kayak?",
    }
    assert found.share == pytest.approx(2 / 13)
    assert drift.answer_changes(learned, learned) == AnswerChanges(13, (), 0)


E_BIKES = """
How far does the e-bike go on one battery charge?
Can I charge the e-bike battery at home?
Is the motor of the e-bike loud?
Which gears does the electric bike have?
How long does the bicycle battery take to charge?
Do I need a licence to ride the e-bike?
What is the top speed of the electric bicycle?
Can the bike battery be taken out?
Are the disc brakes of the e-bike hydraulic?
Is a bicycle lock included with the e-bike?
What motor power does the electric bike have?
Can I ride the e-bike in the rain without harming the motor?
Where can I get the bicycle chain replaced?
Which tyre pressure do you recommend for the e-bike?
Does the e-bike display show the battery level?
Can I attach a child seat to the bicycle?
How heavy is the electric bike with battery?
Is the bike frame aluminium or carbon?
""".strip().splitlines()


def test_a_new_product_line_rings_in_a_real_shop_and_no_season_does(tmp_path: Path) -> None:
    from core.experts.catalogue import find_entry
    from core.experts.encoders import load_encoder
    from core.types.expert_entry import QUERY
    from core.workspace.modelstore import ModelStore

    with (ROOT / "sample_data" / "shop_faq_en.csv").open(encoding="utf-8-sig", newline="") as file:
        texts = sorted({row["question"] for row in csv.DictReader(file)})
    order = np.random.default_rng(3).permutation(len(texts))[:380]
    texts = [*(texts[row] for row in order.tolist()), *E_BIKES]
    encoder = load_encoder(find_entry("all-MiniLM-L6-v2"), ModelStore(tmp_path))
    everything = asked(encoder.encode(texts, QUERY), texts)
    known, later = everything.of(np.arange(300)), everything.of(np.arange(300, 380))
    now = everything.of(np.concatenate([np.arange(300, 330), np.arange(380, 380 + len(E_BIKES))]))
    found = drift.look(known, now, words, draws=99)
    assert found.unlike.rings
    first = [now.questions[row] for row in found.unlike.rows[:8]]
    assert len(set(first) & set(E_BIKES)) >= 6  # nothing else is as unlike
    assert "bike" in {one.word for one in found.words}
    assert not drift.look(known, later, words, draws=99).unlike.rings
    limit, told = drift.safe_share(known, len(now))
    assert drift.unlike(known, now, tolerated=limit, level=0.1 / 52).rings
    assert told.a_year <= 0.2


@pytest.mark.parametrize("count", [60, 120, 240])
def test_with_few_known_questions_the_share_is_raised_until_seasons_are_quiet(count):
    """Twelve kinds of question, few wordings each: a season takes most of one kind away."""
    rng = np.random.default_rng(count)
    centres = np.repeat(rng.normal(size=(12, 24)), count // 12, axis=0)
    known = asked(centres + 0.7 * rng.normal(size=(count, 24)) / 24**0.5)
    limit, told = drift.safe_share(known, count // 3)
    assert limit >= drift.TOLERATED and told.a_year <= 0.25
    again = drift.safe_share(known, count // 3, seed=7)[1]
    assert again.a_year <= 0.25, "it holds for seasons that did not choose the limit"


def test_neighbours_put_in_order_once_find_what_a_look_finds(monkeypatch):
    monkeypatch.setattr(drift, "_NEIGHBOURS", 5)  # so that whole neighbourhoods are asked at once
    known = asked(np.concatenate([around(topic, 15) for topic in RNG.normal(size=(4, 16))]))
    weeks = seasons(known.vectors, 20, simulated=30, seed=2)
    counts = drift._far_in_weeks(known.vectors, weeks)
    for asked_now, there, found in zip(weeks.asked, weeks.known, counts, strict=True):
        rest, week = (known.of(np.flatnonzero(rows)) for rows in (there, asked_now))
        assert len(drift.unlike(rest, week, tolerated=0.1, level=0.1).rows) == found
