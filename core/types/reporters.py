"""Where a long step tells how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from core.messages import Message


class Reporter(Protocol):
    """Where a long step tells how far it is, and where it learns that it should stop."""

    def progress(self, fraction: float, message: Message) -> None:
        """Say what is being done now and which share in [0, 1] of the step is done."""
        ...

    def metric(self, values: Mapping[str, float]) -> None:
        """Record numbers of one moment, for example ``{"step": 20, "loss": 0.31}``."""
        ...

    def warning(self, message: Message) -> None:
        """Record something the user should know that does not stop the step."""
        ...

    def should_stop(self) -> bool:
        """Return True once somebody asked to stop; long steps look about once a second."""
        ...


class SilentReporter:
    """A :class:`Reporter` for notebooks and tests: says nothing, never stops."""

    def progress(self, fraction: float, message: Message) -> None:
        """Do nothing."""

    def metric(self, values: Mapping[str, float]) -> None:
        """Do nothing."""

    def warning(self, message: Message) -> None:
        """Do nothing."""

    def should_stop(self) -> bool:
        """Return False."""
        return False
