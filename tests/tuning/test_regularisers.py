"""Terms that hold a model back: their maths, their texts, and what they do in a run."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.errors import TuningError
from core.evaluation.generality import everyday_pairs
from core.tuning import learner as learner_module, run as run_module
from core.tuning.gradients import TextSet
from core.tuning.regularisers import (
    SENTENCES,
    NeutralTexts,
    neutral_texts,
    orthogonal,
    regularised,
    stay_close,
)
from core.tuning.student import QUERY, encode, load_model
from tests.tuning.tiny_runs import CONFIG, Killed, Recorder, run, same

SHORT = dataclasses.replace(CONFIG, epochs=1, evaluations_per_epoch=1, interpolation="off")
CLOSE = dataclasses.replace(SHORT, stay_close=50.0)
SPREAD = dataclasses.replace(SHORT, orthogonal=5.0)
WORDS = ("courier", "tax", "login", "money", "refund", "parcel", "invoice", "password")
NEUTRAL = tuple(f"{one} {other}" for one in WORDS for other in WORDS if one < other)


@pytest.fixture(autouse=True)
def saving_costs_nothing(monkeypatch):
    monkeypatch.setattr(run_module, "SAVING_SHARE", 0)


def unit(rows: int, width: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, width))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def cells(vectors: np.ndarray) -> np.ndarray:
    count = len(vectors)
    pairs = [vectors[i] @ vectors[j] for i in range(count) for j in range(count) if i != j]
    return np.array(pairs)


@pytest.mark.parametrize("rows", [2, 7])
def test_terms_are_what_the_formulas_say(rows):
    import torch

    now, base = unit(rows, 5, 1), unit(rows, 5, 2)
    close = stay_close(torch.tensor(now), torch.tensor(base))
    assert close.item() == pytest.approx(np.mean((cells(now) - cells(base)) ** 2))
    spread = orthogonal(torch.tensor(now), None)
    expected = cells(now).mean() ** 2 + max(0.0, np.mean(cells(now) ** 2) - 1 / 5)
    assert spread.item() == pytest.approx(expected)


def test_a_rotation_costs_nothing_and_a_crowd_costs_most():
    import torch

    vectors = unit(6, 6, 3)
    turned = vectors @ np.linalg.qr(np.random.default_rng(4).normal(size=(6, 6)))[0]
    assert stay_close(torch.tensor(turned), torch.tensor(vectors)).item() < 1e-12
    assert orthogonal(torch.eye(6), None).item() == 0
    crowd = torch.ones(6, 6) / np.sqrt(6)
    assert orthogonal(crowd, None).item() == pytest.approx(1 + 5 / 6)


def test_a_single_answer_says_nothing_but_lets_gradients_through():
    import torch

    vectors = torch.ones(1, 4, requires_grad=True)
    assert orthogonal(vectors, None).item() == 0
    loss = vectors.sum() + orthogonal(vectors, None)
    loss.backward()
    assert vectors.grad.tolist() == [[1.0] * 4]


def test_neutral_sentences_take_turns_with_what_they_are_related_to():
    texts = NeutralTexts(tuple(str(n) for n in range(160)), np.zeros((160, 2), np.float32))
    turns = [texts.turn(number, 0) for number in range(10)]
    assert all(len(turn) == SENTENCES for turn in turns)
    assert sorted(np.concatenate(turns)) == list(range(160))  # one round
    assert all(set(turn) == {n ^ 1 for n in turn} for turn in turns)
    np.testing.assert_array_equal(texts.turn(7, 3), texts.turn(7, 3))
    assert set(texts.turn(7, 3)) != set(texts.turn(8, 3))


def trigrams(text: str) -> set[str]:
    return {text[start : start + 3] for start in range(len(text) - 2)}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_neutral_sentences_are_not_those_that_generality_is_measured_on(language):
    """Else the check of everyday language would measure what was trained."""
    texts = neutral_texts(language)
    assert len(texts) == len(set(texts)) == 160
    probe = everyday_pairs(language)
    known = [(text, trigrams(text)) for text in (*probe.left, *probe.right)]
    for text in texts:
        mine = trigrams(text)
        for other, theirs in known:
            assert text not in other and other not in text
            assert len(mine & theirs) / len(mine | theirs) < 1 / 3, (text, other)


def test_other_languages_read_english_sentences():
    assert neutral_texts("fr") == neutral_texts("en") != neutral_texts("ja")


def test_without_weights_nothing_is_added():
    sets = [TextSet(QUERY, ["a"]), TextSet("document", ["b"])]
    neutral = NeutralTexts(NEUTRAL, unit(len(NEUTRAL), 4, 0).astype(np.float32))
    assert regularised(CONFIG, sets, neutral, 0) == ([], [])
    side = dataclasses.replace(SPREAD, query_side=True)
    assert regularised(side, sets[:1], None, 0) == ([], [])
    more, terms = regularised(dataclasses.replace(CLOSE, orthogonal=1.0), sets, neutral, 0)
    assert [(one.task, len(one.texts)) for one in more] == [(QUERY, SENTENCES)]
    assert len(terms) == 2


@pytest.fixture(scope="module")
def plain(small_dataset, tiny_bert, tmp_path_factory):
    """A run with neutral texts at hand that no term asks for."""
    folder = tmp_path_factory.mktemp("plain")
    return run(small_dataset, tiny_bert, folder, config=SHORT, neutral=NEUTRAL)


def test_off_reads_no_neutral_text(plain, small_dataset, tiny_bert, tmp_path, monkeypatch):
    read = []
    real = learner_module.embed
    monkeypatch.setattr(
        learner_module, "embed", lambda m, texts, task: read.extend(texts) or real(m, texts, task)
    )
    without = run(small_dataset, tiny_bert, tmp_path, config=SHORT)
    assert set(read) <= {*small_dataset.questions, *small_dataset.answers}
    assert without.curve == plain.curve
    assert same(without.model_folder, plain.model_folder)


def rising():
    """A measure that likes every state better than the one before: the last is kept."""
    values = iter(np.arange(1, 100) / 100)
    return lambda *_: float(next(values))


def moved(folder, base) -> float:
    """Mean squared change of the similarities of all neutral texts."""
    before, after = (encode(load_model(place), NEUTRAL, QUERY) for place in (base, folder))
    return float(np.mean((cells(before) - cells(after)) ** 2))


@pytest.mark.parametrize("side", [False, True])
def test_held_similarities_move_less(side, small_dataset, tiny_static, tmp_path):
    """Also where answers are fixed and the questions are the only other texts of a step.

    A model without dropout: in one of random weights its noise is larger than what is learned.
    """

    def last(config, name):
        config = dataclasses.replace(config, epochs=3, query_side=side, learning_rate=1e-3)
        folder = tmp_path / name
        options = {"evaluate": rising(), "neutral": NEUTRAL, "checkpoint_seconds": 1e9}
        return run(small_dataset, tiny_static, folder, config=config, **options).model_folder

    free, held = (moved(last(one, str(one.stay_close)), tiny_static) for one in (SHORT, CLOSE))
    assert held < 0.5 * free


def test_answers_crowd_less(small_dataset, tiny_bert, tmp_path):
    def crowding(config, name):
        config = dataclasses.replace(config, epochs=3)
        options = {"evaluate": rising(), "checkpoint_seconds": 1e9}
        outcome = run(small_dataset, tiny_bert, tmp_path / name, config=config, **options)
        vectors = encode(load_model(outcome.model_folder), small_dataset.answers, "document")
        return abs(cells(vectors).mean())

    assert crowding(SPREAD, "b") < crowding(SHORT, "a")


@pytest.mark.parametrize("changes", [{}, {"chunk_size": 5, "orthogonal": 1.0}])
def test_a_killed_run_ends_as_an_uninterrupted_one(changes, small_dataset, tiny_bert, tmp_path):
    """The base vectors lie in the saved state: the half-tuned model reads the texts otherwise."""
    config = dataclasses.replace(CLOSE, **changes)
    straight = run(
        *(small_dataset, tiny_bert, tmp_path / "straight"),
        config=config,
        neutral=NEUTRAL,
        evaluate=rising(),
    )
    with pytest.raises(Killed):
        run(
            *(small_dataset, tiny_bert, tmp_path / "killed", Recorder(die_at=3)),
            config,
            neutral=NEUTRAL,
            evaluate=rising(),
        )
    resumed = run(
        *(small_dataset, tiny_bert, tmp_path / "killed"),
        config=config,
        neutral=NEUTRAL,
        evaluate=lambda *_: 0.9,
    )
    assert resumed.best_step == straight.best_step == 5
    assert same(resumed.model_folder, straight.model_folder)


def test_chunks_give_the_same_gradients(small_dataset, tiny_static, tmp_path):
    """Without dropout nothing may depend on how the texts are dealt into chunks."""
    config = dataclasses.replace(CLOSE, orthogonal=1.0, learning_rate=1e-4)
    losses = []
    for chunk in (0, 5):
        report = Recorder()
        one = dataclasses.replace(config, chunk_size=chunk)
        folder = tmp_path / str(chunk)
        run(small_dataset, tiny_static, folder, report, one, neutral=NEUTRAL)
        losses.append([values["loss"] for values in report.metrics if "loss" in values])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_too_few_sentences_are_refused_readably(small_dataset, tiny_bert, tmp_path):
    with pytest.raises(TuningError, match=r"at least 4 everyday sentences.*stay_close"):
        run(small_dataset, tiny_bert, tmp_path, config=CLOSE)
