"""Which device a job waits for: each graphics card is a place of its own, found without torch."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from core.errors import TuningError
from core.journey.jobs import COMPARE, RACE, SCORE, TUNE, device_told, need_of, pinned_to, slots_for
from core.tuning import device as device_module

CARDS = ("GPU-aaaa-1", "GPU-bbbb-2", "GPU-cccc-3")


@pytest.fixture
def three_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a driver in the path that knows three cards, and a torch that can use them."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nprintf '%s\\n' " + " ".join(CARDS))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(device_module, "version", lambda _: "2.9.0+cu128")


@pytest.mark.usefixtures("three_cards")
@pytest.mark.parametrize(
    ("visible", "device", "slots"),
    [
        (None, "auto", CARDS),
        (None, "cuda", CARDS),
        (None, "cuda:1", CARDS[1:2]),
        ("2,0", "auto", ("GPU-cccc-3", "GPU-aaaa-1")),
        ("2,0", "cuda:0", ("GPU-cccc-3",)),
        ("GPU-bbbb", "auto", CARDS[1:2]),
        ("MIG-1", "auto", ("MIG-1",)),
        (None, "cuda:7", (f"cuda:7@{platform.node()}",)),
        (None, "cpu", (f"cpu@{platform.node()}",)),
    ],
)
def test_cards_that_a_job_may_take(visible, device, slots, monkeypatch):
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert slots_for(device) == slots


@pytest.mark.usefixtures("three_cards")
def test_devices_are_offered_and_refused_as_they_are_there(monkeypatch):
    """A slot for a card that is not there would let the run start, to fail after an hour's wait."""
    numbered = ("cuda:0", "cuda:1", "cuda:2")
    assert device_module.devices_here() == ("auto", "cuda", *numbered, "cuda_all", "cpu")
    for device in device_module.devices_here():
        device_module.check_device(device)
    with pytest.raises(TuningError, match=r"no graphics card cuda:3. Cards here: 3"):
        need_of({"kind": TUNE, "config": {"tuning": {"device": "cuda:3"}}})
    with pytest.raises(TuningError, match=r"no mps device. It has: cuda, cuda:0"):
        device_module.check_device("mps")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert device_module.devices_here() == ("auto", "cuda", "cpu")
    device_module.check_device(
        "cuda_all"
    )  # settings of a larger machine: one card is all there are
    with pytest.raises(TuningError, match=r"Cards here: 1"):
        device_module.check_device("cuda:1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert device_module.devices_here() == ("auto", "cpu")
    for device in ("cuda", "cuda:0", "cuda_all"):
        with pytest.raises(TuningError, match=f"This machine has no {device} device. It has: cpu"):
            need_of({"kind": TUNE, "config": {"tuning": {"device": device}}})


@pytest.mark.usefixtures("three_cards")
def test_short_measurement_uses_the_card_that_was_chosen():
    assert pinned_to("cuda:1") == {"CUDA_VISIBLE_DEVICES": "GPU-bbbb-2"}
    assert pinned_to("cuda") == pinned_to("auto") == pinned_to("cuda_all") == pinned_to("cpu") == {}


def test_machine_without_cards_has_one_slot(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert len(slots_for("auto")) == 1
    assert slots_for("auto")[0].endswith(f"@{platform.node()}")


def test_only_what_computes_for_long_waits():
    """A comparison that a person waits for on the page must not stand behind hours of tuning."""
    needs = {kind: need_of({"kind": kind}) for kind in (SCORE, COMPARE, TUNE, RACE)}
    assert [kind for kind, need in needs.items() if need is not None] == [TUNE, RACE]


@pytest.mark.parametrize(
    ("config", "told"),
    [({"tuning": {"device": "cpu"}}, "cpu"), ({"device": "mps"}, "mps"), ({}, "auto")],
)
def test_device_comes_from_the_request(config, told):
    assert device_told(config) == told


@pytest.mark.usefixtures("three_cards")
def test_worker_sees_only_the_card_it_got():
    """Otherwise a library that takes the first card would join another run on it."""
    need = need_of({"kind": TUNE})
    assert need is not None
    assert need.environment(CARDS[1:2]) == {"CUDA_VISIBLE_DEVICES": "GPU-bbbb-2"}
    assert need.environment(("cpu@here",)) == {}
