"""How far an encoding is and how long it will take."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.messages import N_, Message
from core.progress import Progress, Reporter

_MINUTE = 90.0  # seconds from which minutes are told
_FEW_SECONDS = 2.0  # before that an estimate is a guess
# Work per text that does not depend on its length, in characters; and the length from which a
# model cuts anyway, so that one huge text does not look like an hour.
_PER_TEXT, _LONGEST = 40, 2000


class Pace:
    """Tell a reporter the share of work done and the time left.

    Parameters
    ----------
    lengths : sequence of int
        Characters of each text in the order of encoding: long texts take longer.
    report : Reporter
    clock : function
        Seconds.
    """

    told = N_("{done} of {total} texts read")
    told_minutes = N_("{done} of {total} texts read, about {left} minutes left")
    told_seconds = N_("{done} of {total} texts read, about {left} seconds left")

    def __init__(
        self, lengths: Sequence[int], report: Reporter, clock: Callable[[], float]
    ) -> None:
        weights = np.minimum(np.asarray(lengths, np.float64), _LONGEST) + _PER_TEXT
        self._shares = np.concatenate([[0.0], np.cumsum(weights) / max(weights.sum(), 1.0)])
        self._report, self._clock, self._start = report, clock, clock()

    def done(self, count: int) -> None:
        """Say that the first ``count`` texts are encoded."""
        self.reached(float(self._shares[count]))

    def reached(self, share: float) -> None:
        """Say that a share in [0, 1] of the work is done."""
        count = int(np.searchsorted(self._shares, share + 1e-9, side="right")) - 1
        values: dict[str, str | int | float] = {"done": count, "total": len(self._shares) - 1}
        passed = self._clock() - self._start
        text = self.told
        if passed >= _FEW_SECONDS and 0 < share < 1:
            left = passed * (1 - share) / share
            if left >= _MINUTE:
                text = self.told_minutes
                values["left"] = round(left / 60)
            else:
                text = self.told_seconds
                values["left"] = max(1, round(left))
        self._report.progress(min(share, 1.0), Message(text, values))

    def chunk(self, start: int, end: int) -> Reporter:
        """Return a reporter for the texts from ``start`` to ``end``, which tells of all texts."""
        return _Chunk(self, self._report, float(self._shares[start]), float(self._shares[end]))


class PairPace(Pace):
    """The same for pairs; lengths are those of question and answer together."""

    told = N_("{done} of {total} pairs scored")
    told_minutes = N_("{done} of {total} pairs scored, about {left} minutes left")
    told_seconds = N_("{done} of {total} pairs scored, about {left} seconds left")


class _Chunk(Progress):
    """Progress within a chunk, told as progress of all texts."""

    def __init__(self, pace: Pace, report: Reporter, low: float, high: float) -> None:
        super().__init__(report, low, high)
        self._pace = pace

    def progress(self, fraction: float, message: Message) -> None:
        """Say how far all texts are instead of passing the chunk's own message on."""
        self._pace.reached(self._low + (self._high - self._low) * fraction)
