"""How far a long import is, told while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from core.messages import Message
from core.types import Reporter, SilentReporter


@dataclass(frozen=True)
class Stretch:
    """One stretch of a longer way: 0–1 of it is ``low``–``high`` of the whole.

    Attributes
    ----------
    report : Reporter
    low, high : float in [0, 1]
    message : Message
        What is done on this stretch.
    """

    report: Reporter
    low: float
    high: float
    message: Message

    def reached(self, share: float) -> None:
        """Tell that a share in [0, 1] of the stretch is done."""
        self.report.progress(self.low + (self.high - self.low) * share, self.message)

    def part(self, low: float, high: float, message: Message | None = None) -> Stretch:
        """Return the stretch from ``low`` to ``high`` of this one."""
        width = self.high - self.low
        low, high = self.low + width * low, self.low + width * high
        return Stretch(self.report, low, high, message or self.message)


def silent() -> Stretch:
    """Return a stretch that nobody hears of."""
    return Stretch(SilentReporter(), 0.0, 1.0, Message(""))
