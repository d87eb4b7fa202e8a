"""Find texts in the segments of the embedding cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.errors import WorkspaceError

KEY_BYTES = 16


@dataclass(frozen=True, eq=False)
class Segment:
    """One batch of cached vectors.

    Attributes
    ----------
    keys : uint8 array [n, 16]
    vectors : float32 array [n, d], usually a memory map
    """

    keys: np.ndarray
    vectors: np.ndarray


@dataclass(frozen=True, eq=False)
class VectorIndex:
    """Where each key lies: sorted by the first half of the key, checked by the second.

    The halves are compared as integers, which numpy sorts and searches far faster than 16-byte
    strings. Should two keys share their first half (a 64-bit collision), one of them is simply
    not found and encoded again; a wrong vector is never returned.

    Attributes
    ----------
    segments : mapping of file name to Segment, in reading order
    first, second : uint64 arrays [N], ``first`` ascending
    segment, row : int32 arrays [N]
    dimension : int
        0 if there are no segments.
    """

    segments: Mapping[str, Segment]
    first: np.ndarray
    second: np.ndarray
    segment: np.ndarray
    row: np.ndarray
    dimension: int

    @classmethod
    def of(cls, segments: Mapping[str, Segment]) -> VectorIndex:
        """Index segments of one dimension."""
        parts = list(segments.values())
        keys = [part.keys for part in parts] or [np.empty((0, KEY_BYTES), np.uint8)]
        parted = halves(np.concatenate(keys))
        lengths = [len(part.keys) for part in parts]
        number = np.repeat(np.arange(len(parts), dtype=np.int32), lengths)
        row = np.concatenate([np.arange(n, dtype=np.int32) for n in [*lengths, 0]])
        order = np.argsort(parted[:, 0], kind="stable")
        dimension = parts[0].vectors.shape[1] if parts else 0
        return cls(
            segments, parted[order, 0], parted[order, 1], number[order], row[order], dimension
        )

    def look_up(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return vectors float32 [n, d], zero where not found, and found bool [n]."""
        wanted = halves(keys)
        vectors = np.zeros((len(keys), self.dimension), np.float32)
        if not len(keys) or not len(self.first):
            return vectors, np.zeros(len(keys), bool)
        place = np.minimum(np.searchsorted(self.first, wanted[:, 0]), len(self.first) - 1)
        found = (self.first[place] == wanted[:, 0]) & (self.second[place] == wanted[:, 1])
        for number, segment in enumerate(self.segments.values()):
            here = np.flatnonzero(found & (self.segment[place] == number))
            vectors[here] = segment.vectors[self.row[place[here]]]
        return vectors, found


def halves(keys: np.ndarray) -> np.ndarray:
    """Return text keys uint8 [n, 16] as uint64 [n, 2]."""
    if keys.dtype != np.uint8 or keys.ndim != 2 or keys.shape[1] != KEY_BYTES:
        raise WorkspaceError(
            "Text keys of shape {shape} were given; {bytes} bytes per text are needed.",
            shape=str(keys.shape),
            bytes=KEY_BYTES,
        )
    return np.ascontiguousarray(keys).view("<u8").reshape(-1, 2)
