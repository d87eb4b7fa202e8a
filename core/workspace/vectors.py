"""The embedding cache: a text is never encoded twice by the same model.

On disk ``<root>/<fingerprint>/<name>.safetensors``, immutable segments of
``keys`` uint8 [n, 16] (:func:`core.hashing.text_key`) and ``vectors`` float32 [n, d]. A segment
appears by a rename, so several processes may write at once and a killed one loses only what it
had not written yet. Lexical experts keep their sparse tables beside them in ``matrices-*``.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import WorkspaceError
from core.hashing import content_id
from core.workspace.files import TEMPORARY_PREFIX, read_tensors, write_tensors

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


MOST_SEGMENTS = 64
SMALL_SEGMENT = 50_000  # rows; larger segments are left alone when small ones are merged
_SEGMENT = "segment-"
_MATRICES = "matrices-"
_STALE_SECONDS = 3600.0  # a temporary file that old belongs to a process that was killed
_log = logging.getLogger(__name__)


class VectorCache:
    """Vectors of texts by model fingerprint and text key; safe for threads and processes.

    Parameters
    ----------
    root : Path
        The vectors folder of the workspace; made when first needed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._indexes: dict[str, VectorIndex] = {}
        self._damaged: dict[Path, int] = {}  # damaged file → its time of change
        self._lock = threading.RLock()

    def get(self, fingerprint: str, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Look texts up.

        Parameters
        ----------
        keys : uint8 array [n, 16]

        Returns
        -------
        vectors : float32 array [n, d]
            Rows of texts that are not in the cache are zero; d = 0 if the cache is empty.
        found : bool array [n]
        """
        with self._lock:
            index = self._index(fingerprint)
        return index.look_up(keys)

    def index(self, fingerprint: str) -> VectorIndex:
        """Return where the vectors of a model lie now; what comes later is not in it."""
        with self._lock:
            return self._index(fingerprint)

    def put(self, fingerprint: str, keys: np.ndarray, vectors: np.ndarray) -> None:
        """Add vectors; they are on disk when this returns.

        Parameters
        ----------
        keys : uint8 array [n, 16]
        vectors : float32 array [n, d], finite

        Raises
        ------
        WorkspaceError
            If the shapes do not match, a value is not finite or the disk refuses.
        """
        parted = halves(keys)
        if vectors.ndim != 2 or len(vectors) != len(keys) or not np.isfinite(vectors).all():
            raise WorkspaceError(
                "{keys} texts came with a table of vectors of shape {shape}; one row of finite "
                "numbers per text is needed. The model may be damaged: fetch or build it again.",
                keys=len(keys),
                shape=str(vectors.shape),
            )
        if not len(keys):
            return
        folder = self._folder(fingerprint)
        # Named by content: the same batch written twice is one file.
        name = f"{_SEGMENT}{content_id([np.sort(parted, axis=0)])}.safetensors"
        table = np.asarray(vectors, np.float32)
        _write(folder / name, {"keys": keys, "vectors": table})
        if len(_names(folder, _SEGMENT)) > MOST_SEGMENTS:
            self.merge(fingerprint)

    def merge(self, fingerprint: str) -> None:
        """Join the small segments into one; does nothing if another process is doing it.

        The new segment is in place before the old ones go, so a reader or a kill in between finds
        some vectors twice, never none.
        """
        from filelock import FileLock, Timeout

        folder = self._folder(fingerprint)
        try:
            with FileLock(folder / ".merge.lock", timeout=0):
                parts = {name: self._read(folder / name) for name in _names(folder, _SEGMENT)}
                small = {n: s for n, s in parts.items() if s and len(s.keys) < SMALL_SEGMENT}
                if len(small) > 1:
                    keys = np.concatenate([s.keys for s in small.values()])
                    vectors = np.concatenate([s.vectors for s in small.values()])
                    _, once = np.unique(halves(keys), axis=0, return_index=True)
                    name = f"{_SEGMENT}{content_id(list(small))}.safetensors"
                    _write(folder / name, {"keys": keys[once], "vectors": vectors[once]})
                    with self._lock:
                        self._indexes.pop(fingerprint, None)
                    parts.clear()
                    for old in small.keys() - {name}:
                        _remove(folder / old)
                for left in folder.glob(f"{TEMPORARY_PREFIX}*"):
                    _remove(left, older_than=_STALE_SECONDS)
        except Timeout:
            return

    def erase(self, keys: set[bytes]) -> int:
        """Delete the vectors of texts from the caches of all models; returns how many there were.

        Tables of lexical experts hold the words of texts: they are all deleted and made anew when
        they are needed.

        Parameters
        ----------
        keys : set of 16 bytes each
            See :func:`core.hashing.text_key`.
        """
        from filelock import FileLock

        count = 0
        for folder in sorted(p for p in self.root.glob("*") if p.is_dir()):
            for name in _names(folder, _MATRICES):
                (folder / name).unlink(missing_ok=True)
            with FileLock(folder / ".merge.lock"), self._lock:
                for name in _names(folder, _SEGMENT):
                    segment = self._read(folder / name)
                    if segment is None:
                        continue
                    gone = np.array([row.tobytes() in keys for row in segment.keys], bool)
                    if not gone.any():
                        continue
                    count += int(gone.sum())
                    kept = np.array(segment.keys[~gone]), np.array(segment.vectors[~gone])
                    if len(kept[0]):
                        left = f"{_SEGMENT}{content_id([np.sort(halves(kept[0]), axis=0)])}"
                        _write(
                            folder / f"{left}.safetensors", {"keys": kept[0], "vectors": kept[1]}
                        )
                    (folder / name).unlink(missing_ok=True)
                self._indexes.pop(folder.name, None)
        return count

    def get_matrices(self, fingerprint: str, name: str) -> dict[str, np.ndarray] | None:
        """Return named arrays that :meth:`put_matrices` kept, None where there are none."""
        path = self._folder(fingerprint) / f"{_MATRICES}{_checked(name)}.safetensors"
        try:
            return read_tensors(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _log.warning("Unreadable cache file is ignored: %s (%s)", path, error)
            return None

    def put_matrices(self, fingerprint: str, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep named arrays, for example the parts of a sparse table."""
        _write(self._folder(fingerprint) / f"{_MATRICES}{_checked(name)}.safetensors", arrays)

    def _folder(self, fingerprint: str) -> Path:
        return self.root / _checked(fingerprint)

    def _read(self, path: Path) -> Segment | None:
        """Return a segment, None if it is damaged or was merged away meanwhile."""
        try:
            arrays = read_tensors(path)
            keys, vectors = arrays["keys"], arrays["vectors"]
            if keys.shape != (len(vectors), KEY_BYTES) or vectors.ndim != 2:
                raise ValueError(f"shapes {keys.shape} and {vectors.shape}")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError) as error:
            self._ignore(path, str(error))
            return None
        return Segment(np.asarray(keys), vectors)

    def _ignore(self, path: Path, reason: str) -> None:
        """Leave a damaged file aside until it changes; its texts are encoded again."""
        self._damaged[path] = _changed(path)
        _log.warning("Damaged cache file is ignored: %s (%s)", path, reason)

    def _index(self, fingerprint: str) -> VectorIndex:
        """Return the index, made again if segments came or went since the last look."""
        folder = self._folder(fingerprint)
        known = self._indexes.get(fingerprint)
        names = [
            name
            for name in _names(folder, _SEGMENT)
            if folder / name not in self._damaged
            or self._damaged[folder / name] != _changed(folder / name)
        ]
        if known is not None and set(names) == set(known.segments):
            return known
        segments: dict[str, Segment] = {}
        for name in names:
            segment = self._read(folder / name)
            if segment is None:
                continue
            first = next(iter(segments.values()), segment)
            if segment.vectors.shape[1] != first.vectors.shape[1]:
                self._ignore(folder / name, f"{segment.vectors.shape[1]} columns")
                continue
            segments[name] = segment
        self._indexes[fingerprint] = VectorIndex.of(segments)
        return self._indexes[fingerprint]


def _changed(path: Path) -> int:
    """Return the time of the last change in nanoseconds, 0 if the file is gone."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _checked(name: str) -> str:
    """Return a fingerprint that is safe as a file name."""
    if not re.fullmatch(r"[0-9A-Za-z_-]{4,80}", name):
        raise WorkspaceError("{name} is not a fingerprint.", name=name)
    return name


def _names(folder: Path, prefix: str) -> list[str]:
    """Return file names in a stable order; [] if the folder is not there."""
    try:
        return sorted(p.name for p in folder.iterdir() if p.name.startswith(prefix))
    except FileNotFoundError:
        return []


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    try:
        write_tensors(path, arrays)
    except OSError as error:
        raise WorkspaceError(
            "The cache file {file} cannot be written: {reason}. Free disk space or make the "
            "workspace writable, then repeat the step; what was encoded before is kept.",
            file=str(path),
            reason=error.strerror or str(error),
        ) from error


def _remove(path: Path, older_than: float = 0.0) -> None:
    """Delete a file if it may be deleted; Windows refuses while another process maps it."""
    try:
        if time.time() - path.stat().st_mtime >= older_than:
            path.unlink()
    except OSError:
        return
