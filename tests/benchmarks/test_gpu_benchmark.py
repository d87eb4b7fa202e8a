"""The benchmark of a graphics card says what it needs, and measures what it says on a processor."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import gpu
from core.experts import encoding
from core.types import TRAIN


def test_without_a_card_it_says_so_and_how_to_try_it(capsys):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a card")
    assert gpu.main([]) == 2
    said = capsys.readouterr().err
    assert "no cuda device" in said and "--device cpu --quick" in said


def test_the_sample_stands_in_where_the_public_data_are_absent():
    with gpu.english_sample(quick=True) as setting:
        rows = setting.dataset.rows(TRAIN)[:5]
        targets, mask = setting.labels.block(rows, np.arange(len(setting.dataset.answers)))
        assert mask.any() and 0 <= targets[mask].min() < targets[mask].max() <= 1
        assert (setting.base / "modules.json").is_file()


def test_both_ways_of_encoding_are_timed_and_give_the_same_vectors():
    found = gpu.encoding("cpu", 10)
    assert found["encode_texts_per_s"] > 0
    assert all(found[f"encode_ratio_{way}"] > 0 for way in ("waiting", "default", "batch_256"))
    assert found["encode_least_cosine_to_cpu"] == pytest.approx(1.0, abs=1e-3)


def test_copies_wait_only_while_it_is_asked_for():
    before = set(encoding.COPIES_BESIDE)
    with pytest.raises(KeyError), gpu.copies_that_wait():
        assert not encoding.COPIES_BESIDE
        raise KeyError
    assert before == encoding.COPIES_BESIDE
