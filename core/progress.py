"""Where a long step tells how far it is, and how a part of it tells its share of the whole."""

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


class Progress:
    """A :class:`Reporter` for a part of a longer step: 0–1 of it is ``low``–``high`` of the whole.

    Parameters
    ----------
    report : Reporter or None
        Of the whole step; None = nobody listens.
    low, high : float in [0, 1]
    message : Message
        What is done in this part; for :meth:`reached`.
    """

    def __init__(
        self,
        report: Reporter | None = None,
        low: float = 0.0,
        high: float = 1.0,
        message: Message | None = None,
    ) -> None:
        self._report = report or SilentReporter()
        self._low, self._high = low, high
        self._message = message or Message("")

    def part(self, low: float, high: float, message: Message | None = None) -> Progress:
        """Return the part from ``low`` to ``high`` of this one, the message as told or the same."""
        width = self._high - self._low
        return Progress(
            self._report,
            self._low + width * low,
            self._low + width * high,
            message or self._message,
        )

    def reached(self, share: float) -> None:
        """Tell that a share in [0, 1] of this part is done."""
        self.progress(share, self._message)

    def progress(self, fraction: float, message: Message) -> None:
        """Pass on, scaled to the part."""
        self._report.progress(self._low + (self._high - self._low) * fraction, message)

    def metric(self, values: Mapping[str, float]) -> None:
        """Pass on."""
        self._report.metric(values)

    def warning(self, message: Message) -> None:
        """Pass on."""
        self._report.warning(message)

    def should_stop(self) -> bool:
        """Pass on."""
        return self._report.should_stop()
