"""What was decided about personal data: placeholders of a project, and leave to share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KEEP, MASK, DROP = "keep", "mask", "drop"


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
