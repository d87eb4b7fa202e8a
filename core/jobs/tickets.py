"""What a worker asks of the queue, and how it stands in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


def _no_environment(_slots: Sequence[str]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Need:
    """What a job needs before it may start.

    Attributes
    ----------
    slots : tuple of str
        Names of devices, any of which will do; the first free one is taken.
    count : int
        How many of them it computes on at once.
    environment : callable
        From the slots that were got to what the worker's environment has to say then.
    """

    slots: tuple[str, ...]
    count: int = 1
    environment: Callable[[Sequence[str]], Mapping[str, str]] = _no_environment


@dataclass(frozen=True)
class Ticket:
    """One living worker in the queue.

    Attributes
    ----------
    run : str
        Run id.
    joined : str
        ISO time at which the run was launched, or resumed: earlier ones come first.
    slots : tuple of str
        Devices that it could take.
    taken : tuple of str
        Devices that it computes on; empty while it waits.
    folder : str
        Run folder, where it lies elsewhere than the workspace's runs (a command's own).
    """

    run: str
    joined: str
    slots: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    folder: str = ""

    @property
    def key(self) -> str:
        """Name in the chosen order: a resumed run is a new one there."""
        return f"{self.run}@{self.joined}"

    @property
    def waits(self) -> bool:
        """Whether its turn has yet to come."""
        return not self.taken


def read_ticket(file: Path) -> Ticket | None:
    """Return the ticket in a file, None where it is missing or damaged."""
    try:
        told = json.loads(file.read_bytes())
        slots, taken = (tuple(str(slot) for slot in told[name]) for name in ("slots", "taken"))
        folder = str(told.get("folder", ""))
        return Ticket(file.stem, str(told["joined"]), slots, taken, folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
