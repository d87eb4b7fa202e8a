"""Between base and tuned: both ends exactly, the middle in the middle, nothing half written."""

import numpy as np
import pytest
import torch

from core.errors import TuningError
from core.experts.encoding import load_model
from core.tuning import mixing as interpolation
from core.tuning.mixing import interpolated_model, interpolated_weights

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
