"""Which texts go through a model together: of like length, and few enough for its memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CPU, CUDA, MPS = "cpu", "cuda", "mps"
FP32, BF16 = "fp32", "bf16"
# Tokens of a batch, padding included: enough to keep the device busy, little enough to stay in
# its fast memory. On one core in fp32, 4096 took a third longer than 512; in
# bf16, 1024 took a quarter longer than 4096.
BATCH_TOKENS = {
    (CPU, FP32): 512,
    (CPU, BF16): 4096,
    (MPS, FP32): 8192,
    (CUDA, FP32): 65_536,
    (CUDA, BF16): 65_536,
}
MOST_TEXTS = {CPU: 128, MPS: 128, CUDA: 1024}
# No text is padded to more than this much of its length, or by this many tokens: of few texts of
# very different length most would be padding.
STRETCH, SLACK = 1.3, 8
# A token is about four bytes of UTF-8, in English as in Japanese, plus begin and end signs.
_BYTES_PER_TOKEN, _SIGNS = 4, 2
USUAL_LONGEST = 512  # tokens, where a model names no limit


def token_estimates(texts: Sequence[str], longest: int | None) -> np.ndarray:
    """Return about how many tokens a model reads of each text, int64 [n].

    Parameters
    ----------
    longest : int or None
        Where the model cuts; None where it does not say.
    """
    sizes = [len(text.encode("utf-8", "replace")) for text in texts]
    tokens = np.asarray(sizes, np.int64) // _BYTES_PER_TOKEN + _SIGNS
    return np.minimum(tokens, longest or USUAL_LONGEST)


def length_batches(
    tokens: np.ndarray,
    device: str = CPU,
    precision: str = FP32,
    most_tokens: int | None = None,
) -> list[np.ndarray]:
    """Part texts into batches of like length, shortest first.

    Parameters
    ----------
    tokens : int array [n]
        Length of each text.
    device : str
        Type of the device that computes.
    precision : str
        What it computes in: ``fp32`` or ``bf16``.
    most_tokens : int or None
        Tokens of a batch, padding included; None takes what suits both.

    Returns
    -------
    list of int64 array
        Rows of the texts; each row is in one batch.
    """
    budget = most_tokens or BATCH_TOKENS.get((device, precision), BATCH_TOKENS[CPU, FP32])
    most = MOST_TEXTS.get(device, MOST_TEXTS[CPU])
    order = np.argsort(tokens, kind="stable")
    batches: list[np.ndarray] = []
    start = 0
    while start < len(order):
        stop = min(start + most, len(order))
        # All are padded to the longest, which is the last: take as many as fit, of like length.
        lengths = tokens[order[start:stop]]
        fitting = int(np.searchsorted(lengths * np.arange(1, stop - start + 1), budget, "right"))
        alike = int(
            np.searchsorted(lengths, max(STRETCH * lengths[0], lengths[0] + SLACK), "right")
        )
        stop = start + max(1, min(fitting, alike))
        batches.append(order[start:stop])
        start = stop
    return batches
