"""In which form a model encodes on this processor: measured, never assumed.

Beside the model itself (torch, fp32) there are a copy of it in bf16, for processors that multiply
bf16 matrices by themselves (AMX; AVX-512 BF16), and the same fp32 numbers computed by ONNX Runtime
(:mod:`core.experts.onnx_form`), for the others. Whether a model gains by one, and whether its
vectors stay the same, is measured on some of the texts at hand the first time that the model
encodes on a machine, and remembered.

Measured on an AMD EPYC with AVX-512 BF16, one thread, 500 texts, against this module's fp32, with
the least cosine: all-MiniLM-L6-v2 in bf16 2.5 times as fast (0.9999), ONNX Runtime fp32 1.8 (1.0).
Also tried there, and not used: ONNX Runtime with dynamic int8 weights per channel 3.0, but 0.981;
int8 in blocks of 128 (MatMulNBits, accuracy level 4) 1.9, but 0.996; OpenVINO 2026.4 in fp32 2.0
(1.0) and in bf16 3.2 (0.9999): a quarter above torch's bf16 for 180 MB to install. The fusions of
onnxruntime.transformers find no attention in what torch exports and change nothing. Backends of
sentence-transformers need optimum, which does not go together with present transformers.
"""

from __future__ import annotations

import copy
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.experts.encoding import BF16, FP32, is_static
from core.experts.onnx_form import can_convert, convert, is_converted, runtime_version
from core.workspace.modelstore import ModelStore

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

ONNX = "onnx"
LEAST_COSINE = 0.999  # between the two vectors of a text; 0.9999 is usual
LEAST_GAIN = 1.05  # below that another copy of the weights is not worth its memory
CLEAR_GAIN = 2.0  # from which on no further form is tried
# Converting takes as long as encoding some hundred texts, and is no help for one question.
WORTH_CONVERTING = 2000  # texts
PROBE_TEXTS = 24
# Rounds go on until the three fastest of each form agree: a busy processor only ever makes slower.
LEAST_ROUNDS, MOST_ROUNDS, AGREE = 6, 14, 0.03
SURE_ROUNDS = 3  # enough where no round of the one comes near any round of the other
MOST_SECONDS = 10.0  # after which no further round is begun
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


Form = Any  # a SentenceTransformer in fp32 or bf16, or an OnnxForm
Encode = Callable[[Form, Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class PrecisionProbe:
    """What was measured of one model on one machine.

    Attributes
    ----------
    precision : str
        ``fp32``, ``bf16`` or ``onnx``: what was chosen.
    gain : float
        Time of fp32 over time of what was chosen; of the best of the others where that is fp32.
    cosine : float
        Of the two vectors of one text, the least of all texts.
    machine : str
        Processor and versions that it holds for.
    tried : str
        All forms that were measured, with commas.
    """

    precision: str
    gain: float
    cosine: float
    machine: str
    tried: str


def _machine_name() -> str:
    """Return what decides how fast a form is here: processor and versions."""
    import torch

    processor = f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    bf16 = " bf16" if computes_bf16() else ""
    return f"{processor}{bf16} {torch.__version__} {runtime_version()}"


def multiplies_bf16() -> bool:
    """Return True if this processor multiplies matrices in bf16 by itself, with AMX."""
    import torch

    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def computes_bf16() -> bool:
    """Return True if computing in bf16 is worth a try: AMX, or products of AVX-512."""
    import torch

    has = torch.cpu.get_capabilities()
    return bool(multiplies_bf16() or has.get("avx512_bf16", False))


def choose_encoding_model(
    model: SentenceTransformer,
    fingerprint: str,
    texts: Sequence[str],
    encode: Encode,
    store: ModelStore,
    clock: Callable[[], float],
) -> Form:
    """Return what encodes: the given model, a copy of it in bf16, or its ONNX form.

    Parameters
    ----------
    model : SentenceTransformer
        In fp32.
    fingerprint : str
        Of its weights: another model is probed by itself.
    texts : sequence of str
        All that are about to be read; some of them are probed with. Fewer than WORTH_CONVERTING
        make no ONNX form.
    encode : function
        ``(form, texts)`` to unit vectors [n, d].
    store : ModelStore
        Remembers the probe and keeps the ONNX form.
    clock : function
        Seconds.
    """
    if model.device.type != "cpu" or is_static(model):
        return model
    makers: dict[str, Callable[[], Form | None]] = {}
    if computes_bf16():
        makers[BF16] = lambda: in_bf16(model)
    if is_converted(fingerprint, store) or (len(texts) >= WORTH_CONVERTING and can_convert(model)):
        makers[ONNX] = lambda: convert(model, fingerprint, store)
    known = _recall(store, fingerprint)
    if known is None or _leaves_open(known, makers):
        known, form = probe(model, makers, _sample(texts), encode, clock)
        if known.tried:
            store.record_probe(fingerprint, asdict(known))
        return form
    if known.precision not in makers:
        return model
    return makers[known.precision]() or model


def in_bf16(model: SentenceTransformer) -> SentenceTransformer:
    """Return a copy of a model that computes in bf16, with the tokenizer of the model itself.

    Nothing is copied in fp32 on the way: of a multilingual model that would be half a gigabyte.
    """
    from torch.nn import Parameter

    kept: dict[int, Any] = {}  # what takes the place of a part, by the part's id
    for parameter in model.parameters():
        kept[id(parameter)] = Parameter(parameter.detach().bfloat16(), requires_grad=False)
    for part in model.modules():
        for tokenizer in (getattr(part, name, None) for name in ("tokenizer", "processor")):
            if tokenizer is not None:
                kept[id(tokenizer)] = tokenizer
    return copy.deepcopy(model, kept).bfloat16()


def _leaves_open(known: PrecisionProbe, makers: Mapping[str, object]) -> bool:
    """Return True if something may be faster than what was chosen, and was not measured."""
    if known.precision != FP32 and known.gain >= CLEAR_GAIN:
        return False
    return not set(makers) <= set(known.tried.split(","))


def probe(
    model: SentenceTransformer,
    makers: Mapping[str, Callable[[], Form | None]],
    texts: Sequence[str],
    encode: Encode,
    clock: Callable[[], float],
) -> tuple[PrecisionProbe, Form]:
    """Make one form after the other, measure each beside the model, and choose.

    Parameters
    ----------
    makers : mapping of name to function
        In the order in which they are tried; one that gives None cannot be had.
    """
    best = FP32, 1.0, 1.0, model
    nearest = 0.0, 0.0
    tried = []
    for name, make in makers.items():
        form = make()
        tried.append(name)
        if form is None:
            continue
        gain, cosine = measure_gain(model, form, texts, encode, clock)
        nearest = max(nearest, (gain, cosine))
        # Written so that what is not a number is not chosen.
        if cosine >= LEAST_COSINE and gain >= LEAST_GAIN * best[1]:
            best = name, gain, cosine, form
        if best[1] >= CLEAR_GAIN:
            break
    name, gain, cosine, form = best
    if name == FP32 and nearest > (0.0, 0.0):
        gain, cosine = nearest
    return PrecisionProbe(name, gain, cosine, _machine_name(), ",".join(tried)), form


def measure_gain(
    model: SentenceTransformer,
    form: Form,
    texts: Sequence[str],
    encode: Encode,
    clock: Callable[[], float],
) -> tuple[float, float]:
    """Encode texts with both in turns; return how many times as fast it is, and least cosine."""
    both = (model, form)
    times: tuple[list[float], list[float]] = ([], [])
    vectors: list[np.ndarray] = [np.zeros(0), np.zeros(0)]
    for number in range(MOST_ROUNDS):
        for place in (0, 1) if number % 2 else (1, 0):  # a busy moment meets both
            start = clock()
            vectors[place] = encode(both[place], texts)
            times[place].append(clock() - start)
        long = sum(map(sum, times)) >= MOST_SECONDS
        if number + 1 >= LEAST_ROUNDS and (long or all(_agree(taken) for taken in times)):
            break
        if number + 1 >= SURE_ROUNDS and _are_far_apart(*times):
            break
    cosine = float((vectors[0] * vectors[1]).sum(axis=1).min())
    return min(times[0]) / max(min(times[1]), 1e-9), cosine


def _are_far_apart(plain: Sequence[float], other: Sequence[float]) -> bool:
    """Return True if any two rounds say the same: one form takes far longer."""
    return min(plain) > CLEAR_GAIN * max(other) or min(other) > CLEAR_GAIN * max(plain)


def _agree(taken: Sequence[float]) -> bool:
    first, _, third = sorted(taken)[:3]
    return third <= first * (1 + AGREE)


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
