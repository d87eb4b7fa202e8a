"""Between base and tuned: both ends exactly, nothing half written, how much is kept."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from core.errors import TuningError
from core.experts.encoding import load_model
from core.tuning import mixing as interpolation
from core.tuning.mixing import (
    ALPHAS,
    all_forget,
    chosen,
    interpolated_model,
    interpolated_weights,
    mix_into,
    mixed,
    only_rows,
)
from core.tuning.task import GeneralityCheck
from core.types.tuning import SweepPoint
from tests.tuning.tiny_runs import CONFIG, Recorder, run, same, weights

TEXTS = ["parcel late", "refund money"]


@pytest.fixture
def tuned(tiny_bert, tmp_path):
    model = load_model(tiny_bert, "cpu")
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(1)
        for weight in model.parameters():
            weight += 0.05 * torch.randn_like(weight)
    model.save_pretrained(str(tmp_path / "tuned"), create_model_card=False)
    return tmp_path / "tuned"


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_every_weight_lies_where_alpha_says(tiny_bert, tuned, tmp_path, alpha):
    made = interpolated_model(tiny_bert, tuned, alpha, tmp_path / "made")
    before, after, between = (load_model(f, "cpu").state_dict() for f in (tiny_bert, tuned, made))
    for name, value in between.items():
        if value.is_floating_point():
            expected = (1 - alpha) * before[name].double() + alpha * after[name].double()
            assert torch.allclose(value.double(), expected, atol=1e-7), name
    if alpha in (0.0, 1.0):
        end = load_model(tiny_bert if alpha == 0 else tuned, "cpu")
        ours = load_model(made, "cpu")
        assert np.array_equal(ours.encode(TEXTS), end.encode(TEXTS))


def test_prompts_and_length_survive_and_weights_are_safetensors(tiny_bert, tuned, tmp_path):
    made = interpolated_model(tiny_bert, tuned, 0.5, tmp_path / "made")
    model = load_model(made, "cpu")
    assert model.prompts["query"] == "query : " and model.max_seq_length == 40
    assert list(made.rglob("*.safetensors")) and not list(made.rglob("*.bin"))


def test_static_models_are_mixed_too(tiny_static, tmp_path):
    made = interpolated_model(tiny_static, tiny_static, 0.5, tmp_path / "made")
    assert np.allclose(
        load_model(made, "cpu").encode(TEXTS), load_model(tiny_static, "cpu").encode(TEXTS)
    )


def test_a_made_model_is_not_made_again(tiny_bert, tuned, tmp_path, monkeypatch):
    made = interpolated_model(tiny_bert, tuned, 0.5, tmp_path / "made")
    monkeypatch.setattr(interpolation, "load_model", None)  # calling it would fail
    assert interpolated_model(tiny_bert, tuned, 0.5, tmp_path / "made") == made


def test_a_failure_leaves_nothing_behind(tiny_bert, tuned, tmp_path, monkeypatch):
    def full(*_args, **_more):
        raise OSError("no space left")

    monkeypatch.setattr("sentence_transformers.SentenceTransformer.save_pretrained", full)
    with pytest.raises(OSError, match="no space"):
        interpolated_model(tiny_bert, tuned, 0.5, tmp_path / "between" / "made")
    assert list((tmp_path / "between").iterdir()) == []


def test_models_of_another_build_are_refused(tiny_bert, tiny_static, tmp_path):
    with pytest.raises(TuningError, match="not of the same build"):
        interpolated_model(tiny_bert, tiny_static, 0.5, tmp_path / "made")
    with pytest.raises(TuningError, match=r"α is 1\.5"):
        interpolated_weights({}, {}, 1.5)


def test_whole_numbers_are_not_mixed_and_half_precision_is_kept():
    base = {"positions": torch.arange(4), "weight": torch.zeros(4, dtype=torch.float16)}
    after = {"positions": torch.arange(4), "weight": torch.ones(4, dtype=torch.float16)}
    mixed = interpolated_weights(base, after, 0.25)
    assert mixed["positions"].tolist() == [0, 1, 2, 3]
    assert mixed["weight"].dtype == torch.float16 and mixed["weight"].tolist() == [0.25] * 4


def test_a_kept_mix_is_followed_to_what_was_learned():
    """α means the same whether the model that was kept is a mix itself or not."""
    torch.manual_seed(0)
    base, learned = ({"weight": torch.randn(50)} for _ in range(2))
    kept = interpolated_weights(base, learned, 0.4)
    for alpha in (0.0, 0.25, 0.75, 1.0):
        direct = interpolated_weights(base, learned, alpha)["weight"]
        line = interpolated_weights(base, kept, alpha, kept=0.4)["weight"]
        torch.testing.assert_close(line, direct, atol=2e-6, rtol=0)
    same = interpolated_weights(base, kept, 0.4, kept=0.4)["weight"]
    assert (same == kept["weight"]).all()
    with pytest.raises(TuningError):
        interpolated_weights(base, kept, 0.5, kept=0.0)


ALL = [0.0, *ALPHAS, 1.0]


def check(limit):
    return GeneralityCheck(lambda encode: 0.0, limit)


def points(scores, general):
    both = zip(ALL, scores, general, strict=True)
    return [SweepPoint(alpha, score, {}, good) for alpha, score, good in both]


def test_the_best_search_wins_inside_the_limit():
    made = points([0.5, 0.6, 0.7, 0.8, 0.9], [0.80, 0.80, 0.79, 0.785, 0.70])
    assert chosen(made, check(0.02)).alpha == 0.8
    assert chosen(made, check(0.5)).alpha == 1
    assert chosen(made, None).alpha == 1


def test_of_equals_the_one_nearest_to_the_base_is_kept():
    assert chosen(points([0.5, 0.7, 0.7, 0.7, 0.6], [None] * 5), None).alpha == ALPHAS[0]


def test_nothing_inside_the_limit_keeps_the_base():
    made = points([0.5, 0.6, 0.7, 0.8, 0.9], [0.80, 0.5, 0.4, 0.3, 0.2])
    assert chosen(made, check(0.02)).alpha == 0
    assert all_forget(made, check(0.02))


@pytest.mark.parametrize(
    ("scores", "noise", "alpha"),
    [
        ([0.50, 0.62, 0.60, 0.58, 0.55], 0.0, 0.4),
        ([0.50, 0.62, 0.60, 0.58, 0.55], 0.05, 0.8),
        ([0.50, 0.62, 0.60, 0.58, 0.55], 0.10, 1.0),
        ([0.50, 0.52, 0.49, 0.49, 0.50], 0.10, 0.4),  # never at or below the base model
        ([0.50, 0.49, 0.48, 0.47, 0.46], 0.10, 0.0),
    ],
)
def test_of_mixtures_that_differ_by_chance_most_of_what_was_learned_is_kept(scores, noise, alpha):
    assert chosen(points(scores, [None] * 5), None, noise=noise).alpha == alpha


def test_chance_excuses_no_forgetting():
    made = points([0.50, 0.62, 0.61, 0.60, 0.60], [0.80, 0.80, 0.79, 0.70, 0.60])
    assert chosen(made, check(0.02), noise=0.1).alpha == 0.6


def test_mixtures_that_only_search_no_better_are_not_said_to_forget():
    made = points([0.5, 0.4, 0.4, 0.8, 0.9], [0.80, 0.80, 0.79, 0.3, 0.2])
    assert chosen(made, check(0.02)).alpha == 0
    assert not all_forget(made, check(0.02))


unit = st.floats(0, 1)
five = st.lists(unit, min_size=5, max_size=5)


@given(five, five, unit)
def test_never_worse_than_the_base_by_either_measure(scores, general, limit):
    made = points(scores, general)
    found = chosen(made, check(limit))
    assert found.score >= made[0].score
    assert made[0].generality - found.generality <= limit


def test_scaled_adapters_add_the_share_to_the_base():
    """The mixture of merged weights is base + alpha * (B A): exactly what scaling B gives."""
    import torch

    a, b = torch.randn(2, 5), torch.randn(4, 2)
    name = "0.auto_model.layer.{}.default.weight"
    adapters = {name.format("lora_A"): a, name.format("lora_B"): b}
    found = mixed({}, adapters, 0.3)
    product = found[name.format("lora_B")] @ found[name.format("lora_A")]
    torch.testing.assert_close(product, 0.3 * (b @ a))


@pytest.mark.parametrize("rank", [0, 2])
def test_a_run_measures_mixtures_and_keeps_the_chosen_one(rank, small_dataset, tiny_bert, tmp_path):
    """The limit lets only mixtures through that stay near the base: the model must be one."""
    config = dataclasses.replace(CONFIG, lora_rank=rank, learning_rate=2e-2 if rank else 5e-3)
    texts = list(small_dataset.answers)
    seen = []

    def distance(encode):
        seen.append(encode(texts))
        return -float(np.abs(seen[-1] - seen[0]).max())

    plain = run(small_dataset, tiny_bert, tmp_path / "plain", config=config)
    assert [point.alpha for point in plain.alpha_sweep] == ALL
    assert plain.alpha_sweep[0].score == plain.base_score
    free = GeneralityCheck(distance, 1e9)
    every = run(small_dataset, tiny_bert, tmp_path / "free", config=config, generality=free)
    moved = [-point.generality for point in every.alpha_sweep]
    assert moved[0] == 0 and moved == sorted(moved) and moved[1] > 0
    seen.clear()
    tight = GeneralityCheck(distance, (moved[1] + moved[2]) / 2)
    near = run(small_dataset, tiny_bert, tmp_path / "near", config=config, generality=tight)
    assert near.alpha in (0.0, ALPHAS[0])
    if near.alpha != plain.alpha:
        assert not same(near.model_folder, plain.model_folder)
    seen.clear()
    none = GeneralityCheck(distance, moved[1] / 2)
    report = Recorder()
    kept = run(small_dataset, tiny_bert, tmp_path / "base", report, config, generality=none)
    assert (kept.alpha, kept.best_step) == (0.0, 0)
    assert any("even mixed with the base model" in warning for warning in report.warnings)
    before = weights(tiny_bert)
    assert all(np.allclose(before[k], v) for k, v in weights(kept.model_folder).items())


def test_why_the_base_is_kept_is_said_as_it_was(small_dataset, tiny_bert, tmp_path):
    """Mixtures inside the limit that search no better have not "lost general ability"."""
    seen = []

    def forgets_at_the_end(encode):
        seen.append(0)
        return 0.0 if len(seen) == len(ALL) else 1.0

    asked = []

    def evaluate(*_):
        """The base 0.5, learning 0.9 (two regimes each), then every mixture 0.4."""
        asked.append(0)
        return 0.5 if len(asked) <= 2 else 0.9 if len(asked) <= 10 else 0.4

    report, limit = Recorder(), GeneralityCheck(forgets_at_the_end, 0.01)
    kept = run(small_dataset, tiny_bert, tmp_path, report, evaluate=evaluate, generality=limit)
    assert (kept.alpha, kept.best_step, kept.best_score) == (0.0, 0, 0.5)
    (said,) = report.warnings
    assert "mixed with the base model it stays inside the limit but searches no better" in said
    assert "0.500 nDCG@10" in said


def test_mixing_can_be_left_out(small_dataset, tiny_bert, tmp_path):
    config = dataclasses.replace(CONFIG, interpolation="off")
    outcome = run(small_dataset, tiny_bert, tmp_path, config=config)
    assert (outcome.alpha, outcome.alpha_sweep) == (1.0, ())


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
def test_rows_that_did_not_learn_are_left_alone_and_nothing_else_changes(tiny_bert, alpha):
    """Bit for bit what mixing whole tables gives, without reading or writing the other rows."""
    rows = torch.tensor([2, 5])
    whole, sparing = load_model(tiny_bert, "cpu"), load_model(tiny_bert, "cpu")
    name = next(n for n, _ in whole.named_parameters() if n.endswith("word_embeddings.weight"))
    base = {n: t.detach().clone() for n, t in whole.state_dict().items()}
    tuned = {n: t.clone() for n, t in base.items()}
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(3)
        for key, weight in tuned.items():
            if key == name:
                weight[rows] += torch.randn_like(weight[rows])
            elif weight.is_floating_point():
                weight += torch.randn_like(weight)
    mix_into(whole, base, tuned, alpha)
    poisoned = {**tuned, name: tuned[name].clone()}
    poisoned[name][0] = float("nan")  # a row that did not learn: nobody looks at it
    learned = {name: rows}
    sides = (only_rows(weights, learned) for weights in (base, poisoned))
    mix_into(sparing, *sides, alpha, learned)
    for key, weight in sparing.state_dict().items():
        assert torch.equal(weight, whole.state_dict()[key]), key
