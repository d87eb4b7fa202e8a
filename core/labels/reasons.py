"""Why a pair deserves a look, in words: which experts contradict, and how far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.labels.pair_sample import RIGHT, PairSample
from core.labels.suspects import PairFindings, usual_levels
from core.messages import N_, Message

_FAR = 0.3  # experts further apart than this disagree in a way that a reader sees


@dataclass(frozen=True)
class Voice:
    """What one expert says about one pair, beside what it usually says.

    Attributes
    ----------
    score : float in [0, 1]
        NaN = no opinion.
    usual_right, usual_other : float in [0, 1]
        What it gives right answers and other pairs on average; NaN where it cannot tell them apart.
    against : bool
        It contradicts the hard label.
    """

    name: str
    score: float
    usual_right: float
    usual_other: float
    against: bool


def voices(
    sample: PairSample, calibrated: np.ndarray, names: Sequence[str], position: int
) -> list[Voice]:
    """Return what each expert says about one pair of a sample.

    Parameters
    ----------
    calibrated : float array [K, n] in [0, 1]
    names : sequence of str, K long
    position : int
        Of the pair in the sample.
    """
    right = sample.kind[position] == RIGHT
    found = []
    for name, values in zip(names, calibrated, strict=True):
        levels = usual_levels(values, sample)
        score = float(values[position])
        of_right, of_other = levels or (float("nan"), float("nan"))
        against = score <= of_other if right else score >= of_right  # False with NaN
        found.append(Voice(name, score, of_right, of_other, bool(against)))
    return found


def reason(heard: Sequence[Voice], findings: PairFindings, sample: PairSample, at: int) -> Message:
    """Return in one or two sentences why this pair stands in the list.

    Parameters
    ----------
    heard : sequence of Voice
        As :func:`voices` gives them for the pair.
    at : int
        Position of the pair in the sample.
    """
    with_opinion = [voice for voice in heard if not np.isnan(voice.score)]
    if not with_opinion:
        return Message(N_("No expert has an opinion on this pair."))
    together = round(float(findings.consensus[at]) * 100)
    against = sorted((v for v in with_opinion if v.against), key=lambda voice: voice.score)
    right = sample.kind[at] == RIGHT
    if against:
        template = (
            N_(
                "Your data call this answer right, but {count} of {total} experts contradict: "
                "{listed}; in brackets what right answers usually get from them. All experts "
                "together give it {together} of 100."
            )
            if right
            else N_(
                "Your data do not list this answer as right, but {count} of {total} experts "
                "find it as good as a right one: {listed}; in brackets what right answers usually "
                "get from them. All experts together give it {together} of 100."
            )
        )
        listed = _listed(against if right else against[::-1])
        return Message(
            template,
            {
                "count": len(against),
                "total": len(with_opinion),
                "listed": listed,
                "together": together,
            },
        )
    ordered = sorted(with_opinion, key=lambda voice: voice.score)
    low, high = ordered[0], ordered[-1]
    if high.score - low.score >= _FAR:
        return Message(
            N_(
                "The experts are {gap} points apart: {high} gives it {high_score}, {low} gives it "
                "{low_score}."
            ),
            {
                "gap": round((high.score - low.score) * 100),
                "high": high.name,
                "high_score": round(high.score * 100),
                "low": low.name,
                "low_score": round(low.score * 100),
            },
        )
    return Message(
        N_("No expert contradicts your data; together they give this pair {together} of 100."),
        {"together": together},
    )


def _listed(against: Sequence[Voice]) -> str:
    """Return ``BM25 3 (61), …``: each score with what right answers usually get from the expert."""
    return ", ".join(
        f"{voice.name} {voice.score * 100:.0f} ({voice.usual_right * 100:.0f})" for voice in against
    )
