"""Questions that come in at once go through the model together.

Nothing waits for others to come: whatever is waiting when the model is free is the next batch.
Where one person searches, a batch is one question; where thirty do, it is thirty. Several workers
share what waits: while one answers, another computes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from core.errors import BusyError

MOST_AT_ONCE = 64  # texts that go through the model together
MOST_WAITING = 512  # texts


@dataclass(frozen=True)
class _Asked:
    texts: Sequence[str]
    vectors: Future[np.ndarray]


class MicroBatcher:
    """Threads that encode what is waiting, as many texts at once as there are.

    Parameters
    ----------
    encode : callable
        Texts → float32 array [n, d]; called by as many threads at once as there are workers.
    at_once, waiting : int
        Texts in one batch at most, and texts that may wait at most.
    workers : int
        How many batches may be encoded at the same time.

    Attributes
    ----------
    batches, texts : int
        Encoded so far.
    """

    def __init__(
        self,
        encode: Callable[[list[str]], np.ndarray],
        *,
        at_once: int = MOST_AT_ONCE,
        waiting: int = MOST_WAITING,
        workers: int = 1,
    ) -> None:
        self._encode, self._at_once, self._most = encode, at_once, waiting
        self._queue: deque[_Asked] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._is_closed = False
        self.batches = self.texts = 0
        self._threads = [
            threading.Thread(target=self._work, name=f"micro-batcher-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Texts that wait for the model now."""
        return self._waiting

    def submit(self, texts: Sequence[str]) -> Future[np.ndarray]:
        """Ask for the vectors of some texts.

        Raises
        ------
        BusyError
            If too many texts are waiting; none of these is taken then.
        """
        asked = _Asked(texts, Future())
        with self._changed:
            # A request alone may be larger than what may wait: it would never be taken otherwise.
            if self._is_closed or (self._waiting and self._waiting + len(texts) > self._most):
                raise BusyError(
                    "More is asked at this moment than can be answered ({count} texts wait). Try "
                    "again in a second.",
                    count=self._waiting,
                )
            self._queue.append(asked)
            self._waiting += len(texts)
            self._changed.notify()
        return asked.vectors

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of some texts, float32 [n, d]; raises as :meth:`submit`."""
        return self.submit(texts).result()

    def close(self) -> None:
        """Take nothing more; what waits is still encoded."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _next(self) -> list[_Asked]:
        with self._changed:
            while not self._queue and not self._is_closed:
                self._changed.wait()
            batch: list[_Asked] = []
            count = 0
            # A part for each worker: one that took all would leave the others without work.
            most = min(self._at_once, -(-self._waiting // len(self._threads)))
            while self._queue and (not batch or count + len(self._queue[0].texts) <= most):
                batch.append(self._queue.popleft())
                count += len(batch[-1].texts)
            self._waiting -= count
            return batch

    def _work(self) -> None:
        while batch := self._next():
            asked = [one for one in batch if one.vectors.set_running_or_notify_cancel()]
            texts = [text for one in asked for text in one.texts]
            if not texts:
                for one in asked:
                    one.vectors.set_result(np.zeros((0, 0), np.float32))
                continue
            try:
                vectors = self._encode(texts)
            except Exception as error:  # those who asked get it; the thread lives on
                for one in asked:
                    one.vectors.set_exception(error)
                continue
            with self._changed:
                self.batches += 1
                self.texts += len(texts)
            start = 0
            for one in asked:
                one.vectors.set_result(vectors[start : start + len(one.texts)])
                start += len(one.texts)
