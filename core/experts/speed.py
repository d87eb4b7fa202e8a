"""How fast a model encodes on this machine, measured for a few seconds, past every cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.experts.encoders import Encoder, SentenceEncoder
from core.experts.encoding import FP32
from core.experts.onnx_form import OnnxForm
from core.types.expert_entry import DOCUMENT, QUERY

ROUNDS, SECONDS = 5, 4.0
TEXTS, QUERIES = 64, 12


@dataclass(frozen=True)
class Speed:
    """What was measured.

    Attributes
    ----------
    texts_per_second, slowest, fastest : float
        Median, slowest and fastest round; mixed questions and answers of the data, in batches.
    query_ms, query_ms_slowest : float
        Median and slowest single question, milliseconds.
    weights_mb : float
        Memory of the weights; 0 where the model does not tell.
    device : str
        With the form where that is not plain fp32, for example ``cpu, bf16``.
    texts, rounds : int
        Texts per round, rounds.
    """

    texts_per_second: float
    slowest: float
    fastest: float
    query_ms: float
    query_ms_slowest: float
    weights_mb: float
    device: str
    texts: int
    rounds: int


def measure_speed(
    encoder: Encoder,
    questions: Sequence[str],
    answers: Sequence[str],
    *,
    seed: int,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Speed:
    """Encode a sample of the user's own texts, several times, and single questions.

    Loading the model and one warm-up call are not counted.

    Parameters
    ----------
    seconds : float
        No further round is started after this time; at least two are made.
    """
    rng = np.random.default_rng(seed)
    half = TEXTS // 2
    asked = _drawn(rng, questions, half)
    texts = asked + _drawn(rng, answers, half)
    encoder.encode(texts[:1], QUERY)
    began = clock()
    rates: list[float] = []
    while len(rates) < 2 or (len(rates) < ROUNDS and clock() - began < seconds):
        start = clock()
        encoder.encode(texts, DOCUMENT)
        rates.append(len(set(texts)) / max(clock() - start, 1e-9))
    single: list[float] = []
    for text in asked[:QUERIES]:
        start = clock()
        encoder.encode([text], QUERY)
        single.append((clock() - start) * 1000)
    return Speed(
        float(np.median(rates)),
        min(rates),
        max(rates),
        float(np.median(single)),
        max(single),
        _weights_mb(encoder),
        _device(encoder),
        len(set(texts)),
        len(rates),
    )


def _drawn(rng: np.random.Generator, texts: Sequence[str], count: int) -> list[str]:
    chosen = rng.permutation(len(texts))[:count]
    return [texts[i] for i in chosen]


def _device(encoder: Encoder) -> str:
    if not isinstance(encoder, SentenceEncoder):
        return str(getattr(encoder, "device", "cpu"))
    return encoder.device if encoder.precision == FP32 else f"{encoder.device}, {encoder.precision}"


def _weights_mb(encoder: Encoder) -> float:
    if not isinstance(encoder, SentenceEncoder):
        return 0.0
    form = encoder.encoding_model
    model = encoder.model if form is None or isinstance(form, OnnxForm) else form
    parts = [*model.parameters(), *model.buffers()]
    return sum(part.numel() * part.element_size() for part in parts) / 1e6
