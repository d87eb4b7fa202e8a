"""Which device a run finds, and what settings may name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import TuningError
from core.tuning import device
from core.tuning.device import find_device, take
from core.tuning.presets import from_document, to_document
from core.types.tuning_config import TuningConfig

ROOT = Path(__file__).resolve().parents[2]


def test_device_is_found_and_a_missing_one_is_refused_readably(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": False})
    found = find_device("cpu")
    assert (found.kind, found.precision, found.memory_gb) == ("cpu", "fp32", None)
    assert found.cores >= 1
    with pytest.raises(TuningError, match="This machine has no cuda device") as caught:
        find_device("cuda")
    assert "cpu" in str(caught.value)
    with pytest.raises(TuningError) as caught:
        find_device("cpu", "bf16")
    assert "bf16" in str(caught.value)


@pytest.mark.parametrize("has", ["amx_bf16", "avx512_bf16"])
def test_processors_that_multiply_in_bf16_use_it(has, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {has: True})
    assert [find_device("cpu", p).precision for p in ("auto", "bf16", "fp32")] == [
        *("bf16", "bf16", "fp32")
    ]


def test_bf16_is_taken_only_where_the_card_computes_in_it(monkeypatch):
    """Older cards emulate it, slower than fp32; torch calls that supported, too."""
    import torch

    card = type("Card", (), {"name": "Card", "total_memory": 8 * 2**30})()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: card)
    for real in (True, False):
        monkeypatch.setattr(
            torch.cuda,
            "is_bf16_supported",
            lambda including_emulation=True, real=real: including_emulation or real,
        )
        found = find_device("auto")
        assert (found.kind, found.precision) == ("cuda", "bf16" if real else "fp32")
        assert (found.name, found.memory_gb) == ("Card", 8.0)
    assert find_device("cuda", "fp32").precision == "fp32"


@pytest.fixture
def cards(monkeypatch):
    """Give torch as many graphics cards as a test asks for."""
    import torch

    def card(number):
        uuid = f"0000-{number}"
        return type("Card", (), {"name": f"Card {number}", "total_memory": 2**33, "uuid": uuid})()

    def have(count):
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
        monkeypatch.setattr(torch.cuda, "get_device_properties", card)

    return have


def test_one_card_of_several_is_found_by_its_number(cards, monkeypatch):
    """Computing on the first card instead would disturb whoever computes there."""
    import torch

    cards(3)
    found = find_device("cuda:2")
    assert (found.kind, found.name, found.index) == ("cuda", "Card 2", 2)
    taken = []
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    take(found)
    assert taken == [2]
    take(find_device("cuda"))
    take(find_device("auto"))
    assert taken == [2]
    with pytest.raises(TuningError, match=r"no graphics card cuda:3. Cards here: 3, counted from"):
        find_device("cuda:3")
    cards(0)
    with pytest.raises(TuningError, match="This machine has no cuda device"):
        find_device("cuda:0")


def test_card_that_the_queue_gave_is_found_under_any_number(cards, monkeypatch):
    """A worker that sees only card 2 knows it as card 0; one that looked earlier sees them all."""
    cards(1)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-0000-2")
    assert find_device("cuda:2").index is None
    cards(3)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-0000-1")
    assert [find_device(name).index for name in ("cuda:1", "cuda", "auto")] == [1, 1, 1]


@pytest.mark.parametrize("device", ["auto", "cuda", "cuda:0", "cuda:12", "cuda_all", "mps", "cpu"])
def test_devices_that_settings_may_name(device):
    assert from_document(to_document(TuningConfig(device=device))).device == device


@pytest.mark.parametrize(
    "device", ["cuda:", "cuda:-1", "cuda:01", "cuda:x", "cuda:100", "cuda:١", "gpu", "cuda:1\n", 0]
)
def test_names_that_are_no_device_are_refused_with_those_there_are(device):
    with pytest.raises(TuningError, match="auto, cuda, cuda_all, mps, cpu, cuda:NUMBER"):
        TuningConfig(device=device)


def test_nothing_is_left_on_the_processor_by_mistake():
    """On a device that refuses to mix; in a process of its own, for torch keeps a device."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "tests/second_device/checks.py"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]


@pytest.mark.parametrize(("free", "capacity"), [("3000", "16"), ("20000", None)])
def test_a_worker_keeps_less_where_memory_is_short(free, capacity, monkeypatch):
    for name in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        monkeypatch.setenv(name, "")  # so that it is put back after the test
        monkeypatch.delenv(name)
    monkeypatch.setenv(device.FREE_MEMORY_VARIABLE, free)
    device.spare_memory()
    assert os.environ.get("LRU_CACHE_CAPACITY") == capacity
    assert os.environ.get("ONEDNN_PRIMITIVE_CACHE_CAPACITY") == capacity
    monkeypatch.setenv("LRU_CACHE_CAPACITY", "7")
    device.spare_memory()
    assert os.environ["LRU_CACHE_CAPACITY"] == "7"  # the user's own


def test_a_worker_says_so_before_torch_is_loaded():
    """torch reads it once: said later it would be said to nobody."""
    code = "import sys, core.journey.steps; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
