"""Curve adjustments after the blend: gain around a threshold, then temperature, METHOD §3."""

from __future__ import annotations

import numpy as np


def bend(
    labels: np.ndarray, gain: float = 1.0, threshold: float = 0.5, temperature: float = 1.0
) -> np.ndarray:
    """Return adjusted soft labels.

    ``clip(gain * (y - threshold) + threshold, 0, 1)``, then ``sigmoid(logit(y) / temperature)``.

    Parameters
    ----------
    labels : float32 array [...] in [0, 1]; NaN stays NaN
    gain : float > 0
        Above 1 pushes labels away from the threshold, below 1 towards it.
    threshold : float
        The label that the gain leaves where it is.
    temperature : float > 0
        Below 1 makes labels more decided (towards 0 and 1), above 1 less (towards 0.5).
        Labels of exactly 0 and 1 stay: their log-odds are infinite.

    Returns
    -------
    float32 array [...] in [0, 1]
    """
    if gain != 1:
        labels = np.clip(gain * (labels - threshold) + threshold, 0, 1)
    if temperature != 1:
        from scipy.special import expit, logit

        labels = expit(logit(np.asarray(labels, np.float64)) / temperature)
    return np.asarray(labels, np.float32)
