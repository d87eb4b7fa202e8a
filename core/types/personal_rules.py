"""What people decided about personal data and rules: placeholders, leave to share, terms, risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.messages import N_

KEEP, MASK, DROP = "keep", "mask", "drop"
RISK_LEVELS: Mapping[str, str] = {
    "low": N_("low: go on"),
    "medium": N_("medium: go on with the measures named"),
    "high": N_("high: do not go on"),
}


@dataclass(frozen=True)
class Pseudonyms:
    """Which placeholder stands for whom in a project, without the values themselves.

    Attributes
    ----------
    salt : str
        Key of the hashes, drawn at random for each project.
    numbers : mapping of kind to mapping of hash to int
        ``[EMAIL-3]`` is the third e-mail address that was met.
    """

    salt: str = ""
    numbers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class SharingLeave:
    """A person's word that the personal data of a dataset may leave this machine.

    Attributes
    ----------
    kinds : tuple of str
        Kinds of personal data that were found when it was given; another kind asks anew.
    who, at : str
        Name, and time in UTC (ISO 8601).
    """

    dataset_id: str
    kinds: tuple[str, ...]
    reason: str
    who: str
    at: str


@dataclass(frozen=True)
class TermsConfirmed:
    """A person's word that they read the terms of an expert and that it may be used.

    Attributes
    ----------
    key : str
        Of the expert.
    sheet : str
        Id of the terms sheet that was confirmed: where it says something else, it counts no more.
    who, at : str
    """

    key: str
    sheet: str
    who: str
    at: str


@dataclass(frozen=True)
class RiskAssessment:
    """What people said about the risks of using the tuned search; all in their own words.

    Attributes
    ----------
    purpose, affected, harm, measures, oversight : str
        What it is for, whom it concerns, what a wrong answer can do, what is done against it, and
        who looks after it.
    level : str
        What remains: ``low``, ``medium`` or ``high``; "" = not said.
    who, at : str
    """

    purpose: str = ""
    affected: str = ""
    harm: str = ""
    measures: str = ""
    oversight: str = ""
    level: str = ""
    who: str = ""
    at: str = ""
