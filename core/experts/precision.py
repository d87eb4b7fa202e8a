"""Whether a processor encodes in half the number of bits: measured, never assumed.

Processors with AMX (Intel from Sapphire Rapids on) multiply bf16 matrices several times as fast
as fp32 ones. Whether a model gains by it, and whether its vectors stay the same, is measured on
a few of the texts at hand the first time that the model encodes on a machine, and remembered.

Also tried, and not used here: int8 (ONNX Runtime, dynamic) was slower than bf16 and turned
vectors by up to 30 degrees; OpenVINO and ONNX Runtime through sentence-transformers' ``backend=``
need optimum, which does not go together with present transformers.
"""

from __future__ import annotations

import copy
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.experts.encoding import BF16, FP32, is_static
from core.workspace.modelstore import ModelStore

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

LEAST_COSINE = 0.999  # between the two vectors of a text; 0.9999 is usual
LEAST_GAIN = 1.2  # below that the second copy of the weights is not worth its memory
PROBE_TEXTS, ROUNDS = 24, 3
# Beside fewer texts than PROBE_TEXTS, for example one question typed by hand.
SENTENCES = (
    "How do I send a parcel back that arrived broken?",
    "Opening hours",
    "You can change the address of an order until it has left our warehouse; afterwards please "
    "ask the carrier, whose number is in the message that we sent you when the parcel left.",
    "返品の手続きを教えてください。",
    "ご注文の商品が届かない場合は、お手数ですが注文番号を添えてサポート窓口までご連絡ください。",
    "Where is my invoice?",
)


@dataclass(frozen=True)
class PrecisionProbe:
    """What was measured of one model on one machine.

    Attributes
    ----------
    precision : str
        ``bf16`` or ``fp32``: what was chosen.
    gain : float
        Time of fp32 over time of bf16.
    cosine : float
        Of the two vectors of one text, the least of all texts.
    machine : str
        Processor and torch version that it holds for.
    """

    precision: str
    gain: float
    cosine: float
    machine: str


def _machine_name() -> str:
    """Return what decides how fast a number format is here: processor and torch version."""
    import torch

    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()} {torch.__version__}"


def multiplies_bf16() -> bool:
    """Return True if this processor multiplies matrices in bf16 by itself."""
    import torch

    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def choose_encoding_model(
    model: SentenceTransformer,
    fingerprint: str,
    texts: Sequence[str],
    encode: Callable[[SentenceTransformer, Sequence[str]], np.ndarray],
    store: ModelStore,
    clock: Callable[[], float],
) -> SentenceTransformer:
    """Return the model that encodes: the given one, or a copy of it in bf16.

    Parameters
    ----------
    model : SentenceTransformer
        In fp32.
    fingerprint : str
        Of its weights: another model is probed by itself.
    texts : sequence of str
        Some of them are probed with.
    encode : function
        ``(model, texts)`` to unit vectors [n, d].
    store : ModelStore
        Remembers the probe.
    clock : function
        Seconds.
    """
    if model.device.type != "cpu" or is_static(model) or not multiplies_bf16():
        return model
    known = _recall(store, fingerprint)
    if known is not None and known.precision == FP32:
        return model
    half = copy.deepcopy(model).bfloat16()
    if known is None:
        known = probe(model, half, _sample(texts), encode, clock)
        store.record_probe(fingerprint, asdict(known))
    return half if known.precision == BF16 else model


def probe(
    model: SentenceTransformer,
    half: SentenceTransformer,
    texts: Sequence[str],
    encode: Callable[[SentenceTransformer, Sequence[str]], np.ndarray],
    clock: Callable[[], float],
) -> PrecisionProbe:
    """Encode some texts with both, several times, and choose."""
    times: dict[bool, list[float]] = {False: [], True: []}
    vectors: dict[bool, np.ndarray] = {}
    for _ in range(ROUNDS):  # in turns, so that a busy moment meets both
        for is_half in times:
            start = clock()
            vectors[is_half] = encode(half if is_half else model, texts)
            times[is_half].append(clock() - start)
    # Fastest rounds: the first one sets things up.
    gain = min(times[False]) / max(min(times[True]), 1e-9)
    cosine = float((vectors[False] * vectors[True]).sum(axis=1).min())
    wanted = gain >= LEAST_GAIN and cosine >= LEAST_COSINE  # False where something is not a number
    return PrecisionProbe(BF16 if wanted else FP32, gain, cosine, _machine_name())


def _sample(texts: Sequence[str]) -> list[str]:
    """Return texts of usual length and long ones, filled up with sentences of our own.

    Neighbours in length, as batches have them: single texts of all lengths would mostly measure
    what a call costs.
    """
    by_length = sorted({text for text in texts if text.strip()}, key=lambda text: (len(text), text))
    if len(by_length) < PROBE_TEXTS:
        return [*by_length, *SENTENCES]
    part = PROBE_TEXTS // 3
    starts = [int(share * (len(by_length) - part)) for share in (0.5, 0.8, 1.0)]
    return list(dict.fromkeys(t for start in starts for t in by_length[start : start + part]))


def _recall(store: ModelStore, fingerprint: str) -> PrecisionProbe | None:
    """Return the probe of a model, None if there is none that holds for this machine."""
    found: Any = store.probe(fingerprint)
    try:
        known = PrecisionProbe(**found)
    except TypeError:
        return None
    return known if known.machine == _machine_name() else None
